//! Places: shared by short pieces, given up and taken again, read ahead, given back by those who fail.

use std::cell::Cell;
use std::time::Duration;

use super::support::{
    add_leecher, assert_complete, medium_content, seconds, small_content, with_seeds,
};
use crate::engine::{MappableRun, Phase};
use crate::sim::{Client, Content, Disk, DiskFaults, World};

const SHORT_PIECE_LEN_BYTES: u32 = 16 << 10;

#[test]
fn short_pieces_share_buffers() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = Content::of_one_file(seed, 6 << 20, SHORT_PIECE_LEN_BYTES);
        let content = content.unwrap().without_runs();
        let mut client = Client::new(Disk::full(&content));
        client.config.budget.send_bytes = 5 << 18;
        let seeder = world.add_client(client);
        let leecher = add_leecher(&mut world, &content, &[seeder]);
        let most = Cell::new(0);
        let is_complete = |world: &World| {
            let places = [leecher, seeder].map(|client| world.places_of(client, 0).unwrap());
            most.set(places.into_iter().fold(most.get(), usize::max));
            world.is_complete(leecher)
        };
        assert!(world.run_until(seconds(120), is_complete));
        let pieces = content.geometry.piece_count() as usize;
        assert!(most.get() <= pieces / 16 + 1, "{} of {pieces}", most.get());
    });
}

/// What is asked for before it comes is not sent as it was before it came.
#[test]
fn what_comes_after_it_was_read_around_is_sent_as_it_came() {
    with_seeds(|seed| {
        let content = Content::of_one_file(seed, 120_000, SHORT_PIECE_LEN_BYTES).unwrap();
        for content in [content.clone(), content.without_runs()] {
            let mut world = World::new(seed);
            let mut client = Client::new(Disk::full(&content));
            client.line.up_bytes_per_second = 20_000;
            let seeder = world.add_client(client);
            let disk = Disk::with_pieces(&content, |piece| piece.get() % 2 == 0);
            let mut client = Client::new(disk);
            client.peers = vec![world.address(seeder)];
            let middle = world.add_client(client);
            let taker = add_leecher(&mut world, &content, &[middle]);
            assert_complete(&mut world, &[middle, taker], seconds(60));
        }
    });
}

/// Windows of four pieces each.
fn in_windows(mut content: Content) -> Content {
    let firsts = content.geometry.pieces().step_by(4);
    content.runs = firsts
        .map(|first_piece| MappableRun {
            first_piece,
            piece_count: 4.min(content.geometry.piece_count() - first_piece.get()),
        })
        .collect();
    content
}

/// What came into a window is in its file: a buffer that took over would be without it.
#[test]
fn a_piece_that_was_begun_in_a_window_goes_on_in_one() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = in_windows(medium_content(seed));
        let part = |is_first: bool| {
            let disk = Disk::with_pieces(&content, |piece| (piece.get() < 4) == is_first);
            let mut client = Client::new(disk);
            client.line.up_bytes_per_second = 50_000;
            client
        };
        let sleeper = world.add_client(part(true));
        let mut client = Client::new(Disk::empty(&content));
        client.config.budget.receive_bytes = 4 << 16;
        client.peers = vec![world.address(sleeper)];
        let leecher = world.add_client(client);
        // Long enough that what is asked for next would be given a buffer.
        world.run_for(Duration::from_millis(4600));
        let had = world.with_disk(leecher, |disk| disk.verified_count());
        assert!(had < Some(4), "{had:?}");
        world.freeze(sleeper);
        let mut others = part(false);
        others.peers = vec![world.address(leecher)];
        world.add_client(others);
        world.run_for(seconds(60));
        world.thaw(sleeper);
        assert_complete(&mut world, &[leecher], seconds(300));
        let wasted = world.report(leecher).unwrap().wasted_bytes;
        assert!(wasted < 1 << 16, "no piece was wrong: {wasted}");
    });
}

#[test]
fn who_reads_on_does_not_wait_for_the_disk() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        world.set_choppy(false);
        // Eight times what is read at once, and memory for half of them.
        let content = Content::of_one_file(seed, 32 << 20, 256 << 10).unwrap();
        let mut client = Client::new(Disk::full(&content));
        client.config.budget.send_bytes = 16 << 20;
        let seeder = world.add_client(client);
        let mut client = Client::new(Disk::empty(&content));
        client.is_sequential = true;
        client.peers = vec![world.address(seeder)];
        let leecher = world.add_client(client);
        assert_complete(&mut world, &[leecher], seconds(120));
        world.run_for(seconds(1));
        let report = world.report(seeder).unwrap();
        // The first, the second, which shows that it reads on, and hardly more.
        assert!(report.reads_waited_for <= 4, "{}", report.reads_waited_for);
    });
}

#[test]
fn a_torrent_that_fails_leaves_its_memory_to_the_others() {
    let faults = [
        DiskFaults {
            opens_until_failure: Some(5),
            ..DiskFaults::default()
        },
        DiskFaults {
            hashes_until_failure: Some(3),
            ..DiskFaults::default()
        },
        DiskFaults {
            writes_until_failure: Some(4),
            ..DiskFaults::default()
        },
    ];
    with_seeds(|seed| {
        for faults in faults {
            let mut world = World::new(seed);
            let failing = medium_content(seed).without_runs();
            let healthy = small_content(seed + 100);
            let mut client = Client::new(Disk::full(&failing));
            client.further = vec![Disk::full(&healthy)];
            client.line.up_bytes_per_second = 500_000;
            let seeder = world.add_client(client);
            // Some of it is there from the start, for others to read.
            let disk = Disk::with_pieces(&failing, |piece| piece.get() % 4 == 0);
            let mut client = Client::new(disk);
            client.disk.faults = faults;
            client.further = vec![Disk::empty(&healthy)];
            client.config.budget.receive_bytes = 6 << 16;
            client.config.budget.send_bytes = 6 << 16;
            client.peers = vec![world.address(seeder)];
            let both = world.add_client(client);
            let mut taker = Client::new(Disk::empty(&failing));
            taker.further = vec![Disk::empty(&healthy)];
            taker.peers = vec![world.address(both)];
            world.add_client(taker);
            let has_failed = |world: &World| {
                let report = world.report_of(both, 0);
                report.is_some_and(|report| matches!(report.phase, Phase::Failed(_)))
            };
            assert!(world.run_until(seconds(60), has_failed), "{faults:?}");
            let is_complete = |world: &World| world.is_complete_of(both, 1);
            assert!(world.run_until(seconds(60), is_complete), "{faults:?}");
            world.run_for(seconds(1));
            assert_eq!(world.places_of(both, 0), Some(0), "{faults:?}");
        }
    });
}
