//! What scenarios share.

use std::net::SocketAddr;
use std::time::Duration;

use crate::base::{Bitfield, Block, ConnId, Instant, Sha1Digest};
use crate::sim::{Client, Content, Disk, Heard, MachineId, Reply, ScriptedPeer, World};
use crate::wire::peer::{Capabilities, Handshake, Message, PeerId, write_bitfield};

/// How many seeds each scenario runs with, unless `MT_SIM_SEED` names one or `MT_SIM_SEEDS` says
/// how many.
const SEEDS: u64 = 3;

/// Runs a scenario with some seeds; the world says on failure which one it was.
pub(super) fn with_seeds(scenario: impl Fn(u64)) {
    let number = |name| std::env::var(name).ok()?.parse::<u64>().ok();
    if let Some(seed) = number("MT_SIM_SEED") {
        return scenario(seed);
    }
    for seed in 1..=number("MT_SIM_SEEDS").unwrap_or(SEEDS) {
        scenario(seed);
    }
}

pub(super) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Ten pieces and a bit of one file.
pub(super) fn small_content(seed: u64) -> Content {
    Content::of_one_file(seed, 700_001, 64 << 10).unwrap()
}

/// Forty-five pieces of one file.
pub(super) fn medium_content(seed: u64) -> Content {
    Content::of_one_file(seed, (45 << 16) - 1000, 64 << 10).unwrap()
}

/// The handshake of a peer that speaks the fast extension.
pub(super) fn greeting(info_hash: Sha1Digest, peer_id: [u8; 20]) -> Vec<u8> {
    let handshake = Handshake {
        capabilities: Capabilities::FAST,
        info_hash,
        peer_id: PeerId(peer_id),
    };
    handshake.to_bytes().to_vec()
}

/// A peer of a name of its own that greets whoever comes, and whomever it dials, says one thing when
/// it has, and then another at every tick.
pub(super) fn talker(
    content: &Content,
    number: u64,
    dial: Vec<SocketAddr>,
    first: Vec<u8>,
    mut next: impl FnMut(&mut Reply) + 'static,
) -> ScriptedPeer {
    let mut peer_id = *b"-XX0000-talker000000";
    peer_id[12..].copy_from_slice(&number.to_be_bytes());
    let hello = greeting(content.info_hash, peer_id);
    let script =
        move |_: Instant, _: Option<ConnId>, heard: Heard<'_>, reply: &mut Reply| match heard {
            Heard::Begins => reply.dial.clone_from(&dial),
            Heard::Opened { .. } => {
                reply.say.extend(&hello);
                reply.say.extend(&first);
            }
            Heard::Tick => next(reply),
            Heard::Bytes(_) | Heard::Closed => {}
        };
    ScriptedPeer::new(Duration::from_millis(50), Box::new(script))
}

/// A peer of a name of its own that says to whoever comes that it has everything, unchokes, and then does as
/// it is told here.
pub(super) fn promiser(
    content: &Content,
    number: u64,
    tick: Duration,
    mut then: impl FnMut(Heard<'_>, &mut Reply) + 'static,
) -> ScriptedPeer {
    let mut peer_id = *b"-XX0000-promises0000";
    peer_id[12..].copy_from_slice(&number.to_be_bytes());
    let hello = greeting(content.info_hash, peer_id);
    let piece_count = content.geometry.piece_count();
    let script = move |_: Instant, _: Option<ConnId>, heard: Heard<'_>, reply: &mut Reply| {
        if matches!(heard, Heard::Opened { .. }) {
            reply.say.extend(&hello);
            write_bitfield(&Bitfield::all(piece_count), &mut reply.say);
            Message::Unchoke.write(&mut reply.say);
        } else {
            then(heard, reply);
        }
    };
    ScriptedPeer::new(tick, Box::new(script))
}

/// The block that a message asks for, if it does.
pub(super) fn requested(content: &Content, message: &[u8]) -> Option<Block> {
    let (6, numbers) = message.split_first()? else {
        return None;
    };
    let numbers = numbers.as_chunks().0.iter();
    let numbers: Vec<_> = numbers.map(|number| u32::from_be_bytes(*number)).collect();
    let block = content.geometry.part(numbers[0], numbers[1], numbers[2]);
    Some(block.unwrap())
}

/// Messages one after the other.
pub(super) fn words(messages: &[Message]) -> Vec<u8> {
    let mut words = Vec::new();
    for message in messages {
        message.write(&mut words);
    }
    words
}

/// Takes whole messages off the front of what was received, the handshake first; each begins with
/// its id, and keep-alives are left out.
pub(super) fn take_messages(unread: &mut Vec<u8>) -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    if unread.first() == Some(&19) {
        if unread.len() < 68 {
            return messages;
        }
        unread.drain(..68);
    }
    while let Some(len) = unread.first_chunk().map(|len| u32::from_be_bytes(*len)) {
        let end = 4 + len as usize;
        if unread.len() < end {
            break;
        }
        let message: Vec<u8> = unread.drain(..end).skip(4).collect();
        if !message.is_empty() {
            messages.push(message);
        }
    }
    messages
}

/// Who has everything receives nothing, and has no memory for it any more.
pub(super) fn assert_places_are_given_up(world: &World, clients: &[MachineId]) {
    for client in clients {
        assert_eq!(world.receiving_places(*client), Some(0), "{client:?}");
    }
}

pub(super) fn add_seeder(world: &mut World, content: &Content) -> MachineId {
    world.add_client(Client::new(Disk::full(content)))
}

pub(super) fn add_leecher(world: &mut World, content: &Content, peers: &[MachineId]) -> MachineId {
    let mut client = Client::new(Disk::empty(content));
    client.peers = peers.iter().map(|peer| world.address(*peer)).collect();
    world.add_client(client)
}

/// Fails with what each client says where not all of them complete in time.
pub(super) fn assert_complete(world: &mut World, clients: &[MachineId], limit: Duration) {
    let all = |world: &World| clients.iter().all(|client| world.is_complete(*client));
    if !world.run_until(limit, all) {
        for client in clients {
            eprintln!("{client:?}: {:#?}", world.report(*client));
        }
        panic!("not all are complete after {limit:?}");
    }
}
