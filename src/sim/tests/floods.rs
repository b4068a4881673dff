//! Peers that say too much: what is borne of them, and what it costs.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use super::support::{
    add_leecher, add_seeder, assert_complete, medium_content, seconds, small_content,
    take_messages, talker, with_seeds, words,
};
use crate::base::{ConnId, Instant};
use crate::sim::{Heard, Line, Reply, ScriptedPeer, World};
use crate::wire::peer::{Capabilities, Handshake, Message, PeerId, RawBlock, write_extended};

const BLOCK: RawBlock = RawBlock {
    piece_index: 0,
    offset_bytes: 0,
    len_bytes: 16 << 10,
};

/// Whether a seeder still keeps a peer after some seconds that says one thing first and another so
/// often at each tick, and whether it serves others.
fn keeps(seed: u64, first: &[u8], word: &[u8], times: usize, after: Duration) -> bool {
    let mut world = World::new(seed);
    let content = small_content(seed);
    let seeder = add_seeder(&mut world, &content);
    let word = word.repeat(times);
    let dial = vec![world.address(seeder)];
    let flooder = talker(&content, 7, dial, first.to_vec(), move |reply| {
        reply.say.extend(&word);
    });
    world.add_scripted(Line::default(), flooder);
    world.run_for(after);
    let is_kept = world.connection_count(seeder) == 1;
    let leecher = add_leecher(&mut world, &content, &[seeder]);
    assert_complete(&mut world, &[leecher], seconds(60));
    is_kept
}

/// A message that nobody here reads.
fn unknown(len_bytes: usize) -> Vec<u8> {
    let mut message = u32::try_from(len_bytes + 1).unwrap().to_be_bytes().to_vec();
    message.push(200);
    message.resize(len_bytes + 5, 0);
    message
}

#[test]
fn who_says_what_is_of_no_use_is_borne_for_a_while() {
    let mut extended = Vec::new();
    write_extended(3, b"nobody asked for this", &mut extended);
    let floods = [
        words(&[Message::Have { piece_index: 1 }]),
        words(&[Message::Interested]),
        words(&[Message::NotInterested]),
        words(&[Message::Interested, Message::NotInterested]),
        words(&[Message::Choke, Message::Unchoke]),
        words(&[Message::Cancel(BLOCK)]),
        words(&[Message::KeepAlive]),
        words(&[Message::Port(1)]),
        words(&[Message::SuggestPiece { piece_index: 1 }]),
        words(&[Message::AllowedFast { piece_index: 1 }]),
        unknown(10),
        extended,
    ];
    with_seeds(|seed| {
        for flood in &floods {
            let first = words(&[Message::HaveNone]);
            assert!(keeps(seed, &first, flood, 1, seconds(60)), "{flood:?}");
            assert!(!keeps(seed, &first, flood, 700, seconds(5)), "{flood:?}");
        }
    });
}

#[test]
fn who_asks_while_it_is_choked_is_borne_for_a_while() {
    with_seeds(|seed| {
        let first = words(&[Message::HaveNone]);
        let request = words(&[Message::Request(BLOCK)]);
        assert!(keeps(seed, &first, &request, 1, seconds(60)));
        assert!(!keeps(seed, &first, &request, 700, seconds(5)));
    });
}

#[test]
fn who_answers_what_it_was_not_asked_is_not_borne_for_long() {
    let mut block = Vec::new();
    block.extend(9_u32.to_be_bytes());
    block.extend([7, 0, 0, 0, 0, 0, 0, 0, 0]);
    block[3] += 4;
    block.extend([1; 4]);
    let refusal = words(&[Message::RejectRequest(BLOCK)]);
    with_seeds(|seed| {
        let first = words(&[Message::HaveNone]);
        for answer in [&block, &refusal] {
            assert!(keeps(seed, &first, answer, 1, seconds(2)));
            assert!(!keeps(seed, &first, answer, 1, seconds(5)));
        }
    });
}

#[test]
fn who_tells_again_and_again_what_it_has_is_borne_for_a_while() {
    with_seeds(|seed| {
        let first = words(&[Message::HaveNone]);
        let again = words(&[Message::Have { piece_index: 0 }, Message::HaveNone]);
        assert!(keeps(seed, &first, &again, 1, seconds(3)));
        assert!(!keeps(seed, &first, &again, 20, seconds(3)));
    });
}

/// A peer without the fast extension that chokes and unchokes; counts what it is asked for.
fn waverer(info_hash: crate::base::Sha1Digest, asked: &Rc<RefCell<usize>>) -> ScriptedPeer {
    let hello = Handshake {
        capabilities: Capabilities::NONE,
        info_hash,
        peer_id: PeerId(*b"-XX0000-waverer00000"),
    };
    let asked = Rc::clone(asked);
    let mut unread = Vec::new();
    let script =
        move |_: Instant, _: Option<ConnId>, heard: Heard<'_>, reply: &mut Reply| match heard {
            Heard::Opened { .. } => {
                reply.say.extend(hello.to_bytes());
                for piece_index in 0..40 {
                    Message::Have { piece_index }.write(&mut reply.say);
                }
            }
            Heard::Bytes(bytes) => {
                unread.extend_from_slice(bytes);
                let heard = take_messages(&mut unread);
                *asked.borrow_mut() += heard.iter().filter(|message| message[0] == 6).count();
            }
            Heard::Tick => {
                let turn = words(&[Message::Unchoke, Message::Choke]);
                reply.say.extend(turn.repeat(4));
                Message::Unchoke.write(&mut reply.say);
            }
            Heard::Begins | Heard::Closed => {}
        };
    ScriptedPeer::new(Duration::from_millis(10), Box::new(script))
}

#[test]
fn who_chokes_and_unchokes_is_not_asked_each_time() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = medium_content(seed);
        let asked = Rc::new(RefCell::new(0));
        let waverer = waverer(content.info_hash, &asked);
        let waverer = world.add_scripted(Line::default(), waverer);
        let leecher = add_leecher(&mut world, &content, &[waverer]);
        world.run_for(seconds(10));
        let asked = *asked.borrow();
        // Some 24 requests at a time, four times a second.
        assert!((1..=1100).contains(&asked), "asked {asked} times");
        let seeder = add_seeder(&mut world, &content);
        let mut other = crate::sim::Client::new(crate::sim::Disk::empty(&content));
        other.peers = vec![world.address(leecher), world.address(seeder)];
        let other = world.add_client(other);
        assert_complete(&mut world, &[leecher, other], seconds(60));
    });
}
