//! Where rate, memory or patience is short, and everybody still gets on.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use super::support::{
    add_leecher, add_seeder, assert_complete, greeting, medium_content, promiser, seconds,
    small_content, with_seeds,
};
use crate::base::{ConnId, Instant};
use crate::engine::MappableRun;
use crate::sim::{Client, Content, Disk, Heard, Line, Reply, ScriptedPeer, World};
use crate::wire::peer::{Message, request_bytes};

#[test]
fn limits_on_both_directions_do_not_wait_for_each_other() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = medium_content(seed);
        let seeder = add_seeder(&mut world, &content);
        let mut middle = Client::new(Disk::empty(&content));
        middle.peers = vec![world.address(seeder)];
        middle.config.down_bytes_per_second_max = Some(400_000);
        middle.config.up_bytes_per_second_max = Some(4000);
        let middle = world.add_client(middle);
        // It can only get what the other passes on, slowly.
        let taker = add_leecher(&mut world, &content, &[middle]);
        assert_complete(&mut world, &[middle], seconds(20));
        assert!(!world.is_complete(taker));
    });
}

#[test]
fn a_low_limit_ends_no_connection() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = medium_content(seed);
        let seeder = add_seeder(&mut world, &content);
        let mut leecher = Client::new(Disk::empty(&content));
        leecher.peers = vec![world.address(seeder)];
        leecher.config.down_bytes_per_second_max = Some(2000);
        let leecher = world.add_client(leecher);
        world.run_for(seconds(2));
        for _ in 0..400 {
            world.run_for(seconds(1));
            assert_eq!(world.connection_count(leecher), 1);
        }
        let report = world.report(leecher).unwrap();
        assert_eq!(report.wasted_bytes, 0);
        assert!(report.downloaded_bytes < 900_000, "{report:?}");
    });
}

#[test]
fn who_owes_blocks_and_only_keeps_alive_is_left() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = small_content(seed);
        let promiser = promiser(&content, 0, seconds(1), |heard, reply| {
            if matches!(heard, Heard::Tick) {
                Message::KeepAlive.write(&mut reply.say);
            }
        });
        let promiser = world.add_scripted(Line::default(), promiser);
        let leecher = add_leecher(&mut world, &content, &[promiser]);
        world.run_for(seconds(10));
        assert_eq!(world.connection_count(leecher), 1);
        let is_alone = |world: &World| world.connection_count(leecher) == 0;
        assert!(world.run_until(seconds(80), is_alone));
    });
}

#[test]
fn noise_is_no_progress() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = small_content(seed);
        // A block that was never asked for, since it is none.
        let mut noise = Vec::from([0, 0, 0, 12, 7]);
        noise.extend([0; 8]);
        noise.extend([1, 2, 3]);
        let noisy = promiser(&content, 0, seconds(1), move |heard, reply| {
            if matches!(heard, Heard::Tick) {
                reply.say.extend(&noise);
            }
        });
        let noisy = world.add_scripted(Line::default(), noisy);
        let mut client = Client::new(Disk::empty(&content));
        client.peers = vec![world.address(noisy)];
        client.config.gives_up_after = Some(seconds(20));
        let leecher = world.add_client(client);
        world.run_for(seconds(15));
        assert!(world.report(leecher).unwrap().wasted_bytes > 0);
        assert!(world.run_until(seconds(15), |world| world.has_stopped(leecher)));
    });
}

#[test]
fn memory_that_a_peer_leaves_behind_is_for_those_who_wait() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        // Four pieces are read together, and one peer may hold all the memory that there is.
        let content = medium_content(seed).without_runs();
        let mut client = Client::new(Disk::full(&content));
        client.config.budget.send_bytes = 4 << 18;
        let seeder = world.add_client(client);
        let mut wanted = Vec::new();
        Message::Interested.write(&mut wanted);
        for piece in content.geometry.pieces() {
            let block = content.geometry.block(piece, 0).unwrap();
            wanted.extend(request_bytes(block));
        }
        let hello = greeting(content.info_hash, *b"-XX0000-hog000000000");
        let to = world.address(seeder);
        let ticks = Rc::new(Cell::new(0));
        let script =
            move |_: Instant, _: Option<ConnId>, heard: Heard<'_>, reply: &mut Reply| match heard {
                Heard::Begins => reply.dial.push(to),
                Heard::Opened { .. } => {
                    reply.say.extend(&hello);
                    Message::Interested.write(&mut reply.say);
                }
                Heard::Tick => {
                    ticks.set(ticks.get() + 1);
                    if ticks.get() == 2 {
                        reply.say.extend(&wanted);
                        reply.is_deaf = true;
                    }
                    reply.ends = ticks.get() == 10;
                }
                Heard::Bytes(_) | Heard::Closed => {}
            };
        let hog = ScriptedPeer::new(seconds(1), Box::new(script));
        let line = Line {
            buffer_bytes: 1 << 10,
            ..Line::default()
        };
        world.add_scripted(line, hog);
        world.run_for(seconds(5));
        let leecher = add_leecher(&mut world, &content, &[seeder]);
        world.run_for(seconds(3));
        assert_complete(&mut world, &[leecher], Duration::from_secs(12));
    });
}

#[test]
fn who_takes_nothing_keeps_no_memory_from_those_who_wait() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        // Four pieces are read together, and two peers may hold all the memory that there is.
        let content = medium_content(seed).without_runs();
        let mut client = Client::new(Disk::full(&content));
        client.config.budget.send_bytes = 8 << 18;
        let seeder = world.add_client(client);
        for number in 0..2 {
            let mut wanted = Vec::new();
            for piece in content.geometry.pieces().skip(16 * usize::from(number)) {
                let block = content.geometry.block(piece, 0).unwrap();
                wanted.extend(request_bytes(block));
            }
            let hog = hog(&content, number, world.address(seeder), wanted);
            let line = Line {
                buffer_bytes: 1 << 10,
                ..Line::default()
            };
            world.add_scripted(line, hog);
        }
        world.run_for(seconds(4));
        let leecher = add_leecher(&mut world, &content, &[seeder]);
        assert_complete(&mut world, &[leecher], seconds(30));
    });
}

/// A peer that asks for all it can, and then reads nothing.
fn hog(content: &Content, number: u8, to: SocketAddr, mut wanted: Vec<u8>) -> ScriptedPeer {
    let mut peer_id = *b"-XX0000-hog000000000";
    peer_id[19] = number;
    let hello = greeting(content.info_hash, peer_id);
    let script =
        move |now: Instant, _: Option<ConnId>, heard: Heard<'_>, reply: &mut Reply| match heard {
            Heard::Begins => reply.dial.push(to),
            Heard::Opened { .. } => {
                reply.say.extend(&hello);
                Message::Interested.write(&mut reply.say);
            }
            Heard::Tick if now - Instant::ZERO >= seconds(2) => {
                reply.say.append(&mut wanted);
                reply.is_deaf = true;
            }
            Heard::Bytes(_) | Heard::Closed | Heard::Tick => {}
        };
    ScriptedPeer::new(seconds(1), Box::new(script))
}

#[test]
fn a_peer_that_wakes_up_may_still_be_the_first_to_send() {
    with_seeds(|seed| {
        for wait_ms in [15_400, 16_000, 17_000, 18_000] {
            let mut world = World::new(seed);
            let content = medium_content(seed);
            let mut slow_seeder = || {
                let mut client = Client::new(Disk::full(&content));
                client.line.up_bytes_per_second = 60_000;
                world.add_client(client)
            };
            let [sleeper, other] = [slow_seeder(), slow_seeder()];
            let leecher = add_leecher(&mut world, &content, &[sleeper, other]);
            world.run_for(seconds(1));
            world.freeze(sleeper);
            // By now what it owes was asked of the other, which has not sent it yet.
            world.run_for(Duration::from_millis(wait_ms));
            world.thaw(sleeper);
            assert_complete(&mut world, &[leecher], seconds(300));
        }
    });
}

#[test]
fn who_takes_slowly_holds_up_no_window() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let mut content = medium_content(seed);
        // Windows of four pieces, and memory for two of them.
        let windows = content.geometry.pieces().step_by(4);
        content.runs = windows
            .filter(|first| first.get() + 4 <= content.geometry.piece_count())
            .map(|first_piece| MappableRun {
                first_piece,
                piece_count: 4,
            })
            .collect();
        let mut client = Client::new(Disk::full(&content));
        client.line.up_bytes_per_second = 400_000;
        let seeder = world.add_client(client);
        let mut client = Client::new(Disk::empty(&content));
        client.peers = vec![world.address(seeder)];
        client.config.budget.receive_bytes = 8 << 16;
        let leecher = world.add_client(client);
        let mut wanted = Vec::new();
        for piece in content.geometry.pieces() {
            wanted.extend(request_bytes(content.geometry.block(piece, 0).unwrap()));
        }
        let hello = greeting(content.info_hash, *b"-XX0000-deaf00000000");
        let to = world.address(leecher);
        let script =
            move |_: Instant, _: Option<ConnId>, heard: Heard<'_>, reply: &mut Reply| match heard {
                Heard::Begins => reply.dial.push(to),
                Heard::Opened { .. } => {
                    reply.say.extend(&hello);
                    Message::Interested.write(&mut reply.say);
                }
                Heard::Tick => {
                    reply.say.extend(&wanted);
                    reply.is_deaf = true;
                }
                Heard::Bytes(_) | Heard::Closed => {}
            };
        let deaf = ScriptedPeer::new(Duration::from_millis(100), Box::new(script));
        let line = Line {
            buffer_bytes: 1 << 10,
            ..Line::default()
        };
        world.add_scripted(line, deaf);
        assert_complete(&mut world, &[leecher], seconds(60));
    });
}

#[test]
fn who_brings_slowly_holds_up_nobody_who_brings_fast() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        world.set_choppy(false);
        // Windows of four pieces, and memory for four of them.
        let mut content = Content::of_one_file(seed, 24 << 20, 256 << 10).unwrap();
        let firsts = content.geometry.pieces().step_by(4);
        content.runs = firsts
            .map(|first_piece| MappableRun {
                first_piece,
                piece_count: 4,
            })
            .collect();
        let mut peers = Vec::new();
        for rate in [10_000; 6].into_iter().chain([4_000_000]) {
            let mut client = Client::new(Disk::full(&content));
            client.line.up_bytes_per_second = rate;
            // What waits on the line comes in parts of that length.
            client.line.buffer_bytes = usize::try_from(rate / 10).unwrap();
            let peer = world.add_client(client);
            peers.push(world.address(peer));
        }
        let mut client = Client::new(Disk::empty(&content));
        client.config.budget.receive_bytes = 4 << 20;
        client.peers = peers;
        let leecher = world.add_client(client);
        // The fast one alone takes eight.
        assert_complete(&mut world, &[leecher], seconds(16));
    });
}
