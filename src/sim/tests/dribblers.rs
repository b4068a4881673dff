//! Peers that send, but hardly.

use super::support::{
    add_seeder, assert_complete, greeting, medium_content, seconds, take_messages, with_seeds,
};
use crate::base::{ConnId, Instant};
use crate::sim::{Client, Content, Disk, Heard, Line, Reply, ScriptedPeer, World};
use crate::wire::peer::{Message, piece_head};

/// A peer that has everything, and answers the first request with a byte every five seconds.
fn dribbler(content: &Content) -> ScriptedPeer {
    let hello = greeting(content.info_hash, *b"-XX0000-dribbler0000");
    let content = content.clone();
    let (mut unread, mut left) = (Vec::new(), None);
    let script =
        move |_: Instant, _: Option<ConnId>, heard: Heard<'_>, reply: &mut Reply| match heard {
            Heard::Opened { .. } => {
                reply.say.extend(&hello);
                Message::HaveAll.write(&mut reply.say);
                Message::Unchoke.write(&mut reply.say);
            }
            Heard::Bytes(bytes) => {
                unread.extend_from_slice(bytes);
                for message in take_messages(&mut unread) {
                    if message[0] == 6 && left.is_none() {
                        let number =
                            |at: usize| u32::from_be_bytes(message[at..at + 4].try_into().unwrap());
                        let block = content.geometry.part(number(1), number(5), number(9));
                        let block = block.unwrap();
                        reply.say.extend(piece_head(block));
                        left = Some(content.block(block).to_vec().into_iter());
                    }
                }
            }
            Heard::Tick => reply.say.extend(left.as_mut().and_then(Iterator::next)),
            Heard::Begins | Heard::Closed => {}
        };
    ScriptedPeer::new(seconds(5), Box::new(script))
}

#[test]
fn a_peer_that_sends_a_byte_now_and_then_holds_nobody_up() {
    with_seeds(|seed| {
        for limit in [None, Some(200_000)] {
            nobody_is_held_up(seed, limit);
        }
    });
}

fn nobody_is_held_up(seed: u64, down_bytes_per_second_max: Option<u64>) {
    let mut world = World::new(seed);
    let content = medium_content(seed);
    let dribbler = world.add_scripted(Line::default(), dribbler(&content));
    let mut client = Client::new(Disk::empty(&content));
    client.config.down_bytes_per_second_max = down_bytes_per_second_max;
    client.peers = vec![world.address(dribbler)];
    let leecher = world.add_client(client);
    // It is asked for something before anybody else is there.
    world.run_for(seconds(7));
    let seeder = add_seeder(&mut world, &content);
    let mut helper = Client::new(Disk::empty(&content));
    helper.peers = vec![world.address(leecher), world.address(seeder)];
    let helper = world.add_client(helper);
    assert_complete(&mut world, &[leecher, helper], seconds(90));
}

#[test]
fn a_slow_peer_that_is_alone_brings_everything_in_the_end() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = Content::of_one_file(seed, 100_000, 64 << 10).unwrap();
        let mut slow = Client::new(Disk::full(&content));
        slow.line.up_bytes_per_second = 300;
        // What waits on the line comes in parts of that length.
        slow.line.buffer_bytes = 1 << 10;
        let slow = world.add_client(slow);
        let mut leecher = Client::new(Disk::empty(&content));
        leecher.line.buffer_bytes = 1 << 10;
        leecher.peers = vec![world.address(slow)];
        let leecher = world.add_client(leecher);
        assert_complete(&mut world, &[leecher], seconds(500));
    });
}
