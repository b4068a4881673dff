//! Peers that send something else than the content.

use std::collections::BTreeSet;

use super::support::{
    add_seeder, assert_complete, medium_content, promiser, requested, seconds, take_messages,
    with_seeds,
};
use crate::sim::{Client, Content, Disk, Heard, Line, MachineId, ScriptedPeer, World};
use crate::wire::peer::{Message, piece_head};

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

/// A peer that sends wrong blocks once, and when it is asked for one again says that it has nothing any
/// more, but answers what it was asked for.
fn deserter(content: &Content, number: u64) -> ScriptedPeer {
    let its_content = content.clone();
    let mut unread = Vec::new();
    let (mut asked, mut has_deserted) = (BTreeSet::new(), false);
    promiser(content, number, seconds(1), move |heard, reply| {
        let Heard::Bytes(bytes) = heard else {
            return;
        };
        unread.extend_from_slice(bytes);
        for message in take_messages(&mut unread) {
            let Some(block) = requested(&its_content, &message) else {
                continue;
            };
            let is_again = !asked.insert(message);
            if is_again && !std::mem::replace(&mut has_deserted, true) {
                Message::HaveNone.write(&mut reply.say);
            }
            reply.say.extend(piece_head(block));
            let right = its_content.block(block).iter();
            let spoils = if has_deserted { 0 } else { 0x40 };
            reply.say.extend(right.map(|byte| byte ^ spoils));
        }
    })
}

#[test]
fn who_is_tried_alone_and_has_nothing_any_more_holds_nobody_up() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = Content::of_one_file(seed, 4 << 20, 4 << 20).unwrap();
        let line = Line {
            up_bytes_per_second: 400_000,
            ..Line::default()
        };
        let deserters = (0..4).map(|number| world.add_scripted(line, deserter(&content, number)));
        let mut peers: Vec<_> = deserters.collect();
        let mut client = Client::new(Disk::full(&content));
        client.line.up_bytes_per_second = 400_000;
        let seeder = world.add_client(client);
        let mut client = Client::new(Disk::empty(&content));
        peers.push(seeder);
        client.peers = peers.iter().map(|peer| world.address(*peer)).collect();
        let leecher = world.add_client(client);
        assert_complete(&mut world, &[leecher], seconds(120));
    });
}
