//! Peers that send something else than the content.

use super::support::{add_seeder, assert_complete, medium_content, seconds, with_seeds};
use crate::sim::{Client, Content, Disk, MachineId, World};

/// A leecher of some liars and a seeder, done within a while.
fn leecher_among(world: &mut World, content: &Content, liars: &[MachineId], seeder: MachineId) {
    let mut client = Client::new(Disk::empty(content));
    let peers = liars.iter().chain([&seeder]);
    client.peers = peers.map(|peer| world.address(*peer)).collect();
    let leecher = world.add_client(client);
    assert_complete(world, &[leecher], seconds(900));
    world.run_for(seconds(1));
    let report = world.report(leecher).unwrap();
    assert!(report.wasted_bytes > 0, "some of what came was wrong");
    for liar in liars {
        let sent = world.report(*liar).unwrap().uploaded_bytes;
        if sent > 0 {
            assert_eq!(world.connection_count(*liar), 0, "it is barred");
        }
    }
}

#[test]
fn who_sends_only_wrong_pieces_is_barred() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = medium_content(seed);
        let liar = world.add_client(Client::new(Disk::full(&content).spoiled(seed, 1)));
        let mut client = Client::new(Disk::empty(&content));
        client.peers = vec![world.address(liar)];
        let leecher = world.add_client(client);
        let is_barred = |world: &World| {
            world.report(leecher).is_some_and(|it| it.wasted_bytes > 0)
                && world.connection_count(liar) == 0
        };
        assert!(world.run_until(seconds(30), is_barred));
        world.run_for(seconds(60));
        assert_eq!(
            world.with_disk(leecher, |disk| disk.verified_count()),
            Some(0)
        );
    });
}

#[test]
fn one_of_two_that_sends_wrong_pieces_is_found_out() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = medium_content(seed);
        let liar = world.add_client(Client::new(Disk::full(&content).spoiled(seed, 1)));
        let seeder = add_seeder(&mut world, &content);
        leecher_among(&mut world, &content, &[liar], seeder);
    });
}

#[test]
fn a_liar_in_a_crowd_of_shared_pieces_is_found_out() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        // One piece of many blocks at a time, so that everybody brings some of each.
        let content = Content::of_one_file(seed, 3 << 20, 1 << 20).unwrap();
        let liar = world.add_client(Client::new(Disk::full(&content).spoiled(seed, 1)));
        let seeders: Vec<_> = (0..3).map(|_| add_seeder(&mut world, &content)).collect();
        let mut client = Client::new(Disk::empty(&content));
        let peers = seeders.iter().chain([&liar]);
        client.peers = peers.map(|peer| world.address(*peer)).collect();
        let leecher = world.add_client(client);
        assert_complete(&mut world, &[leecher], seconds(300));
        let wasted = world.report(leecher).unwrap().wasted_bytes;
        assert!(wasted < 3 * content.content_bytes(), "{wasted}");
        world.run_for(seconds(1));
        assert_eq!(world.connection_count(liar), 0);
    });
}

#[test]
fn wrong_pieces_in_buffers_are_fetched_again() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = medium_content(seed).without_runs();
        let liars: Vec<_> = (0..2)
            .map(|liar| {
                let disk = Disk::full(&content).spoiled(seed + liar, 3);
                world.add_client(Client::new(disk))
            })
            .collect();
        let seeder = add_seeder(&mut world, &content);
        let mut client = Client::new(Disk::empty(&content));
        let peers = liars.iter().chain([&seeder]);
        client.peers = peers.map(|peer| world.address(*peer)).collect();
        let leecher = world.add_client(client);
        assert_complete(&mut world, &[leecher], seconds(300));
    });
}
