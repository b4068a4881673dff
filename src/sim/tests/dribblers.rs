//! Peers that send, but hardly.

use super::support::{
    add_seeder, assert_complete, medium_content, promiser, requested, seconds, take_messages,
    with_seeds,
};
use crate::sim::{Client, Content, Disk, Heard, Line, ScriptedPeer, World};
use crate::wire::peer::piece_head;

/// A peer that has everything, and answers the first request with a byte every five seconds.
fn dribbler(content: &Content) -> ScriptedPeer {
    let its_content = content.clone();
    let (mut unread, mut left) = (Vec::new(), None);
    promiser(content, 0, seconds(5), move |heard, reply| match heard {
        Heard::Bytes(bytes) => {
            unread.extend_from_slice(bytes);
            for message in take_messages(&mut unread) {
                if let Some(block) = requested(&its_content, &message)
                    && left.is_none()
                {
                    reply.say.extend(piece_head(block));
                    left = Some(its_content.block(block).to_vec().into_iter());
                }
            }
        }
        Heard::Tick => reply.say.extend(left.as_mut().and_then(Iterator::next)),
        _ => {}
    })
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
