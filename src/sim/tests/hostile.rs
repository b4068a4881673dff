//! Peers that follow no rule, or none in time.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use super::support::{
    add_leecher, add_seeder, assert_complete, greeting, medium_content, promiser, seconds,
    small_content, take_messages, talker, with_seeds,
};
use crate::base::{PieceIndex, Rng};
use crate::sim::{Client, Content, Disk, Heard, Line, Reply, ScriptedPeer, World};
use crate::wire::peer::{Message, RawBlock};

fn say(message: Message) -> impl FnMut(&mut Reply) {
    move |reply| message.write(&mut reply.say)
}

#[test]
fn others_take_over_from_a_peer_that_stalls() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = medium_content(seed);
        let mut client = Client::new(Disk::full(&content));
        client.line.up_bytes_per_second = 400_000;
        let stalling = world.add_client(client);
        let mut client = Client::new(Disk::full(&content));
        client.line.up_bytes_per_second = 400_000;
        let seeder = world.add_client(client);
        let leecher = add_leecher(&mut world, &content, &[stalling, seeder]);
        let ms = 200 + seed * 37 % 2000;
        world.run_for(Duration::from_millis(ms));
        world.freeze(stalling);
        assert_complete(&mut world, &[leecher], seconds(60));
    });
}

#[test]
fn a_peer_that_stalls_for_a_while_goes_on_later() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = medium_content(seed);
        let mut client = Client::new(Disk::full(&content));
        client.line.up_bytes_per_second = 400_000;
        let seeder = world.add_client(client);
        let leecher = add_leecher(&mut world, &content, &[seeder]);
        for _ in 0..3 {
            world.run_for(Duration::from_millis(700));
            world.freeze(seeder);
            world.run_for(seconds(20));
            world.thaw(seeder);
        }
        assert_complete(&mut world, &[leecher], seconds(60));
    });
}

#[test]
fn a_peer_that_stalls_keeps_no_memory_from_the_others() {
    with_seeds(|seed| {
        for has_windows in [true, false] {
            let mut world = World::new(seed);
            let mut content =
                Content::of_files(seed, &[512 << 10, 0, 512 << 10], 64 << 10).unwrap();
            let mut receive_bytes = 512 << 10;
            if !has_windows {
                content = content.without_runs();
                receive_bytes = 128 << 10;
            }
            let is_first_half = |piece: PieceIndex| piece.get() < 8;
            let mut stalling = Client::new(Disk::with_pieces(&content, is_first_half));
            stalling.line.up_bytes_per_second = 100_000;
            let stalling = world.add_client(stalling);
            let mut leecher = Client::new(Disk::empty(&content));
            leecher.config.budget.receive_bytes = receive_bytes;
            leecher.peers = vec![world.address(stalling)];
            let leecher = world.add_client(leecher);
            world.run_for(Duration::from_millis(1500 + seed * 100));
            world.freeze(stalling);
            let mut other = Client::new(Disk::with_pieces(&content, |piece| !is_first_half(piece)));
            other.peers = vec![world.address(leecher)];
            world.add_client(other);
            let has_half = |world: &World| {
                world.with_disk(leecher, |disk| {
                    disk.have().has(content.geometry.piece(15).unwrap())
                        && disk.verified_count() >= 8
                }) == Some(true)
            };
            assert!(world.run_until(seconds(60), has_half), "{has_windows}");
            world.thaw(stalling);
            assert_complete(&mut world, &[leecher], seconds(60));
        }
    });
}

#[test]
fn seeders_that_come_and_go_never_write_the_same_block() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = Content::of_one_file(seed, 2 << 20, 1 << 20).unwrap();
        let mut rng = Rng::new(seed);
        let seeders: Vec<_> = (0..5)
            .map(|_| {
                let mut client = Client::new(Disk::full(&content));
                client.line.up_bytes_per_second = 30_000 + u64::from(rng.below(100_000));
                client.config.slots.rotating = 0;
                world.add_client(client)
            })
            .collect();
        let mut client = Client::new(Disk::empty(&content));
        client.peers = seeders.iter().map(|peer| world.address(*peer)).collect();
        client.config.stall_patience = Duration::from_millis(600);
        let leecher = world.add_client(client);
        for _ in 0..40 {
            let seeder = seeders[rng.below(5) as usize];
            world.freeze(seeder);
            world.run_for(Duration::from_millis(300 + u64::from(rng.below(1200))));
            world.thaw(seeder);
        }
        assert_complete(&mut world, &[leecher], seconds(200));
    });
}

#[test]
fn who_vanishes_is_given_up_for_its_silence() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = medium_content(seed);
        let mut client = Client::new(Disk::full(&content));
        client.line.up_bytes_per_second = 200_000;
        let vanishing = world.add_client(client);
        let leecher = add_leecher(&mut world, &content, &[vanishing]);
        world.run_for(seconds(2));
        world.unplug(vanishing);
        // Nobody is told that it is gone; its silence tells.
        let is_alone = |world: &World| world.connection_count(leecher) == 0;
        assert!(world.run_until(seconds(200), is_alone));
    });
}

#[test]
fn a_peer_that_has_all_and_gives_nothing_holds_nobody_up() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = medium_content(seed);
        let liar = promiser(&content, 0, seconds(1), |_, _| {});
        let liar = world.add_scripted(Line::default(), liar);
        let seeder = add_seeder(&mut world, &content);
        let leecher = add_leecher(&mut world, &content, &[liar, seeder]);
        assert_complete(&mut world, &[leecher], seconds(90));
    });
}

#[test]
fn floods_cost_a_seeder_nothing_but_the_flooder() {
    let block = |offset_bytes, len_bytes| RawBlock {
        piece_index: 0,
        offset_bytes,
        len_bytes,
    };
    let floods = [
        Message::Request(block(0, 16 << 10)),
        Message::Cancel(block(0, 16 << 10)),
        Message::Have { piece_index: 1 },
        Message::Interested,
        Message::NotInterested,
        Message::Choke,
        Message::HaveNone,
        Message::KeepAlive,
        Message::RejectRequest(block(0, 16 << 10)),
        Message::Request(block(60_000, 16 << 10)),
        Message::Request(block(0, 1 << 17)),
        Message::Request(block(0, u32::MAX)),
        Message::Have {
            piece_index: u32::MAX,
        },
    ];
    with_seeds(|seed| {
        for flood in floods {
            let mut world = World::new(seed);
            let content = small_content(seed);
            let seeder = add_seeder(&mut world, &content);
            let mut tell = say(flood);
            let dial = vec![world.address(seeder)];
            let flooder = talker(&content, 0, dial, Vec::new(), move |reply| {
                Message::Interested.write(&mut reply.say);
                (0..500).for_each(|_| tell(reply));
            });
            world.add_scripted(Line::default(), flooder);
            world.run_for(seconds(2));
            let leecher = add_leecher(&mut world, &content, &[seeder]);
            assert_complete(&mut world, &[leecher], seconds(60));
        }
    });
}

#[test]
fn bytes_without_meaning_harm_nobody() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = small_content(seed);
        let seeder = add_seeder(&mut world, &content);
        for talker_seed in 0..8 {
            let mut rng = Rng::new(seed * 100 + talker_seed);
            let dial = vec![world.address(seeder)];
            let noise = talker(&content, talker_seed, dial, Vec::new(), move |reply| {
                for _ in 0..rng.below(40) {
                    let len = rng.below(30);
                    reply.say.extend(len.to_be_bytes());
                    let id = rng.below(24);
                    reply.say.push(u8::try_from(id).unwrap());
                    let body = (1..len).map(|_| rng.below(256).min(rng.below(256)));
                    reply
                        .say
                        .extend(body.map(|byte| u8::try_from(byte).unwrap()));
                }
            });
            world.add_scripted(Line::default(), noise);
        }
        let leecher = add_leecher(&mut world, &content, &[seeder]);
        assert_complete(&mut world, &[leecher], seconds(60));
        world.run_for(seconds(20));
    });
}

#[test]
fn a_peer_that_never_reads_is_shed() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = medium_content(seed);
        let seeder = add_seeder(&mut world, &content);
        let hello = greeting(content.info_hash, *b"-XX0000-deaf00000000");
        let mut wanted = Vec::new();
        Message::Interested.write(&mut wanted);
        for piece in content.geometry.pieces() {
            for number in 0..content.geometry.block_count_of(piece) {
                let block = content.geometry.block(piece, number).unwrap();
                wanted.extend(crate::wire::peer::request_bytes(block));
            }
        }
        let mut waits = 20;
        let open = Rc::new(RefCell::new(false));
        let is_open = Rc::clone(&open);
        let to = world.address(seeder);
        let script = move |_: crate::base::Instant,
                           _: Option<_>,
                           heard: Heard<'_>,
                           reply: &mut Reply| match heard {
            Heard::Begins => reply.dial.push(to),
            Heard::Opened { .. } => {
                *open.borrow_mut() = true;
                reply.say.extend(&hello);
                Message::Interested.write(&mut reply.say);
            }
            Heard::Tick => {
                waits -= 1;
                if waits == 10 {
                    reply.say.extend(&wanted);
                    reply.is_deaf = true;
                } else if waits < 10 {
                    // It is not silent, but it does not listen.
                    Message::KeepAlive.write(&mut reply.say);
                }
            }
            Heard::Bytes(_) => {}
            Heard::Closed => *open.borrow_mut() = false,
        };
        let deaf = ScriptedPeer::new(seconds(1), Box::new(script));
        world.add_scripted(Line::default(), deaf);
        world.run_for(seconds(30));
        assert!(*is_open.borrow(), "it is given some time");
        let leecher = add_leecher(&mut world, &content, &[seeder]);
        assert_complete(&mut world, &[leecher], seconds(60));
        assert!(
            world.run_until(seconds(150), |_| !*is_open.borrow()),
            "and no more"
        );
    });
}

#[test]
fn a_peer_that_asks_for_a_bit_of_everything_and_reads_nothing_starves_nobody() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        // Four pieces at a time are read into memory, and there is memory to do so ten times.
        let content = medium_content(seed).without_runs();
        let mut client = Client::new(Disk::full(&content));
        client.config.budget.send_bytes = 10 << 18;
        let seeder = world.add_client(client);
        let hello = greeting(content.info_hash, *b"-XX0000-hog000000000");
        let mut wanted = Vec::new();
        Message::Interested.write(&mut wanted);
        for piece in content.geometry.pieces() {
            let block = content.geometry.block(piece, 0).unwrap();
            wanted.extend(crate::wire::peer::request_bytes(block));
        }
        let mut waits = 3;
        let to = world.address(seeder);
        let script =
            move |_: crate::base::Instant, _: Option<_>, heard: Heard<'_>, reply: &mut Reply| {
                match heard {
                    Heard::Begins => reply.dial.push(to),
                    Heard::Opened { .. } => {
                        reply.say.extend(&hello);
                        Message::Interested.write(&mut reply.say);
                    }
                    Heard::Tick => {
                        waits -= 1;
                        if waits == 0 {
                            reply.say.extend(&wanted);
                            reply.is_deaf = true;
                        }
                    }
                    Heard::Bytes(_) | Heard::Closed => {}
                }
            };
        let hog = ScriptedPeer::new(seconds(1), Box::new(script));
        let line = Line {
            buffer_bytes: 1 << 10,
            ..Line::default()
        };
        world.add_scripted(line, hog);
        world.run_for(seconds(5));
        let leecher = add_leecher(&mut world, &content, &[seeder]);
        assert_complete(&mut world, &[leecher], seconds(60));
    });
}

#[test]
fn a_peer_that_refuses_all_it_is_asked_for_is_not_asked_without_end() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = medium_content(seed);
        let asked = Rc::new(RefCell::new(0));
        let counted = Rc::clone(&asked);
        let mut unread = Vec::new();
        let refuser = promiser(&content, 0, seconds(1), move |heard, reply| {
            if let Heard::Bytes(bytes) = heard {
                unread.extend_from_slice(bytes);
                *counted.borrow_mut() += refuse_requests(&mut unread, reply);
            }
        });
        let refuser = world.add_scripted(Line::default(), refuser);
        let seeder = add_seeder(&mut world, &content);
        let leecher = add_leecher(&mut world, &content, &[refuser]);
        world.run_for(seconds(20));
        let asked = *asked.borrow();
        assert!(asked > 0 && asked < 1_000, "asked {asked} times in vain");
        world.kill(leecher);
        let leecher = add_leecher(&mut world, &content, &[refuser, seeder]);
        assert_complete(&mut world, &[leecher], seconds(60));
    });
}

/// Refuses the requests among what was received after the handshake; says how many.
fn refuse_requests(unread: &mut Vec<u8>, reply: &mut Reply) -> usize {
    let mut count = 0;
    for request in take_messages(unread) {
        if request[0] == 6 {
            count += 1;
            reply.say.extend(13_u32.to_be_bytes());
            reply.say.push(16);
            reply.say.extend(&request[1..]);
        }
    }
    count
}
