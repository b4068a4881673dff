//! One gives, others take.

use std::time::Duration;

use super::support::{
    add_leecher, add_seeder, assert_complete, medium_content, seconds, small_content, with_seeds,
};
use crate::sim::{Client, Content, Disk, World};

#[test]
fn a_torrent_comes_over_byte_for_byte() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = small_content(seed);
        let seeder = add_seeder(&mut world, &content);
        let leecher = add_leecher(&mut world, &content, &[seeder]);
        assert_complete(&mut world, &[leecher], seconds(60));
    });
}

#[test]
fn one_seed_is_one_run() {
    let run = |seed| {
        let mut world = World::new(seed);
        let content = small_content(1);
        let tracker = world.add_tracker(seconds(10));
        let clients: Vec<_> = (0..4)
            .map(|number| {
                let disk = Disk::with_pieces(&content, |piece| piece.get() % 4 == number);
                let mut client = Client::new(disk);
                client.trackers = vec![tracker];
                world.add_client(client)
            })
            .collect();
        assert_complete(&mut world, &clients, seconds(300));
        (world.now(), world.event_count())
    };
    assert_eq!(run(5), run(5));
    assert_ne!(run(5), run(6));
}

#[test]
fn who_comes_back_with_its_disk_needs_only_the_rest() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = medium_content(seed);
        let mut client = Client::new(Disk::full(&content));
        client.line.up_bytes_per_second = 500_000;
        let seeder = world.add_client(client);
        let before = add_leecher(&mut world, &content, &[seeder]);
        world.run_for(seconds(3));
        world.kill(before);
        let disk = world.with_disk(before, |disk| disk.clone()).unwrap();
        let left_pieces = disk.content().geometry.piece_count() as usize - disk.verified_count();
        assert!(
            left_pieces > 0 && disk.verified_count() > 0,
            "{left_pieces}"
        );
        let mut client = Client::new(disk);
        client.peers = vec![world.address(seeder)];
        let after = world.add_client(client);
        assert_complete(&mut world, &[after], seconds(60));
        world.run_for(seconds(1));
        let downloaded = world.report(after).unwrap().downloaded_bytes;
        let left_bytes = left_pieces as u64 * u64::from(content.geometry.piece_len_bytes());
        assert!(downloaded <= left_bytes, "{downloaded} of {left_bytes}");
    });
}

#[test]
fn a_long_path_is_filled() {
    let mut world = World::new(1);
    world.set_choppy(false);
    let content = Content::of_one_file(1, 24 << 20, 256 << 10).unwrap();
    let mut seeder = Client::new(Disk::full(&content));
    seeder.line.delay = Duration::from_millis(50);
    seeder.line.up_bytes_per_second = 10_000_000;
    seeder.line.buffer_bytes = 8 << 20;
    let line = seeder.line;
    let seeder = world.add_client(seeder);
    let mut leecher = Client::new(Disk::empty(&content));
    leecher.line = line;
    leecher.peers = vec![world.address(seeder)];
    let leecher = world.add_client(leecher);
    // Two and a half seconds for the bytes, the rest to find out what the path takes.
    assert_complete(&mut world, &[leecher], seconds(6));
}
