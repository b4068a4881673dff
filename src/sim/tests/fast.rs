//! What peers give each other while they choke (BEP 6).

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use super::support::{
    add_leecher, greeting, medium_content, seconds, take_messages, with_seeds, words,
};
use crate::base::{ConnId, Instant};
use crate::sim::{Client, Content, Disk, Heard, Line, MachineId, Reply, ScriptedPeer, World};
use crate::swarm::Slots;
use crate::wire::peer::{Message, RawBlock};

/// Of 45 pieces an eighth is allowed.
const ALLOWED: u32 = 5;

/// A seeder that serves nobody.
fn add_miser(world: &mut World, content: &Content) -> MachineId {
    let mut client = Client::new(Disk::full(content));
    client.config.slots = Slots {
        total: 0,
        rotating: 0,
    };
    world.add_client(client)
}

#[test]
fn who_has_nothing_gets_a_few_pieces_while_it_is_choked() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = medium_content(seed);
        let miser = add_miser(&mut world, &content);
        let leecher = add_leecher(&mut world, &content, &[miser]);
        let has = |world: &World| world.with_disk(leecher, |disk| disk.verified_count());
        let has_some = |world: &World| has(world) == Some(ALLOWED as usize);
        assert!(world.run_until(seconds(20), has_some), "{:?}", has(&world));
        world.run_for(seconds(20));
        assert!(has_some(&world), "and no more: {:?}", has(&world));
    });
}

/// A peer that asks for the pieces that it is allowed again and again; counts the blocks that come.
fn glutton(content: &Content, to: std::net::SocketAddr, blocks: &Rc<RefCell<u32>>) -> ScriptedPeer {
    let hello = greeting(content.info_hash, *b"-XX0000-glutton00000");
    let blocks = Rc::clone(blocks);
    let (mut unread, mut allowed) = (Vec::new(), Vec::new());
    let script =
        move |_: Instant, _: Option<ConnId>, heard: Heard<'_>, reply: &mut Reply| match heard {
            Heard::Begins => reply.dial.push(to),
            Heard::Opened { .. } => {
                reply.say.extend(&hello);
                reply
                    .say
                    .extend(words(&[Message::HaveNone, Message::Interested]));
            }
            Heard::Bytes(bytes) => {
                unread.extend_from_slice(bytes);
                for message in take_messages(&mut unread) {
                    match message[..] {
                        [17, a, b, c, d] => allowed.push(u32::from_be_bytes([a, b, c, d])),
                        [7, ..] => *blocks.borrow_mut() += 1,
                        _ => {}
                    }
                }
            }
            Heard::Tick => {
                for piece_index in &allowed {
                    let block = RawBlock {
                        piece_index: *piece_index,
                        offset_bytes: 0,
                        len_bytes: 16 << 10,
                    };
                    Message::Request(block).write(&mut reply.say);
                }
            }
            Heard::Closed => {}
        };
    ScriptedPeer::new(Duration::from_millis(200), Box::new(script))
}

#[test]
fn what_is_given_to_who_is_choked_is_bounded() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = medium_content(seed);
        let miser = add_miser(&mut world, &content);
        let blocks = Rc::new(RefCell::new(0));
        let glutton = glutton(&content, world.address(miser), &blocks);
        world.add_scripted(Line::default(), glutton);
        world.run_for(seconds(60));
        let blocks = *blocks.borrow();
        let whole_set = ALLOWED * 4;
        assert!(blocks > whole_set, "{blocks} blocks came");
        assert!(blocks <= 2 * whole_set, "{blocks} blocks came");
    });
}
