//! Seeders that keep to the protocol and use all the freedom that it leaves: answers in any order,
//! refusals, chokes in the middle, blocks sent twice, words between blocks.

use std::collections::VecDeque;
use std::time::Duration;

use super::support::{assert_complete, medium_content, seconds, with_seeds};
use crate::base::{Bitfield, ConnId, Instant, Rng, Sha1Digest};
use crate::sim::{Client, Content, Disk, Heard, Line, Reply, ScriptedPeer, World};
use crate::wire::peer::{
    Capabilities, Handshake, Message, PeerId, RawBlock, piece_head, reject_bytes, write_bitfield,
};

struct OddSeeder {
    content: Content,
    is_fast: bool,
    rng: Rng,
    unread: VecDeque<u8>,
    has_greeted: bool,
    asked: Vec<RawBlock>,
    choked_ticks_left: u32,
    told_pieces: u32,
}

impl OddSeeder {
    fn new(content: &Content, is_fast: bool, seed: u64) -> Self {
        Self {
            content: content.clone(),
            is_fast,
            rng: Rng::new(seed),
            unread: VecDeque::new(),
            has_greeted: false,
            asked: Vec::new(),
            choked_ticks_left: 3,
            told_pieces: 0,
        }
    }

    fn hear(&mut self, heard: Heard<'_>, reply: &mut Reply) {
        match heard {
            Heard::Opened { .. } => reply.say.extend(self.greeting(self.content.info_hash)),
            Heard::Bytes(bytes) => {
                self.unread.extend(bytes);
                self.read(reply);
            }
            Heard::Tick if self.has_greeted => self.act(reply),
            Heard::Tick | Heard::Begins => {}
            Heard::Closed => {
                let (is_fast, seed) = (self.is_fast, self.rng.next_u64());
                *self = Self::new(&self.content, is_fast, seed);
            }
        }
    }

    fn greeting(&mut self, info_hash: Sha1Digest) -> [u8; 68] {
        let mut peer_id = *b"-XX0000-odd000000000";
        peer_id[12..].copy_from_slice(&self.rng.next_u64().to_le_bytes());
        let handshake = Handshake {
            capabilities: match self.is_fast {
                true => Capabilities::FAST,
                false => Capabilities::NONE,
            },
            info_hash,
            peer_id: PeerId(peer_id),
        };
        handshake.to_bytes()
    }

    fn read(&mut self, reply: &mut Reply) {
        if !self.has_greeted {
            if self.unread.len() < 68 {
                return;
            }
            self.unread.drain(..68);
            self.has_greeted = true;
            self.tell_pieces(reply);
        }
        let received = self.unread.make_contiguous();
        let mut at = 0;
        while let Some(len) = received[at..].first_chunk() {
            let end = at + 4 + u32::from_be_bytes(*len) as usize;
            let Some(message) = received.get(at + 4..end) else {
                break;
            };
            at = end;
            let number = |from: usize| {
                let bytes = message.get(from..).and_then(|rest| rest.first_chunk());
                bytes.map_or(0, |bytes| u32::from_be_bytes(*bytes))
            };
            let block = RawBlock {
                piece_index: number(1),
                offset_bytes: number(5),
                len_bytes: number(9),
            };
            match message.first() {
                Some(6) if self.choked_ticks_left == 0 => self.asked.push(block),
                Some(6) if self.is_fast => reply.say.extend(reject_bytes(block)),
                // It may have been sent before the cancel came.
                Some(8) if self.rng.below(2) == 0 => {
                    self.asked.retain(|asked| *asked != block);
                    if self.is_fast {
                        reply.say.extend(reject_bytes(block));
                    }
                }
                _ => {}
            }
        }
        self.unread.drain(..at);
    }

    /// All at once, or one after the other.
    fn tell_pieces(&mut self, reply: &mut Reply) {
        let count = self.content.geometry.piece_count();
        match self.rng.below(3) {
            0 if self.is_fast => Message::HaveAll.write(&mut reply.say),
            1 if self.is_fast => Message::HaveNone.write(&mut reply.say),
            1 => {}
            _ => write_bitfield(&Bitfield::all(count), &mut reply.say),
        }
    }

    fn act(&mut self, reply: &mut Reply) {
        let out = &mut reply.say;
        for _ in 0..self.rng.below(4) {
            if self.told_pieces < self.content.geometry.piece_count() {
                let piece_index = self.told_pieces;
                Message::Have { piece_index }.write(out);
                self.told_pieces += 1;
            }
        }
        if self.choked_ticks_left > 0 {
            self.choked_ticks_left -= 1;
            if self.choked_ticks_left == 0 {
                Message::Unchoke.write(out);
            }
            return;
        }
        if self.rng.below(60) == 0 {
            self.choke(reply);
            return;
        }
        for _ in 0..self
            .rng
            .below(12)
            .min(u32::try_from(self.asked.len()).unwrap())
        {
            let count = u32::try_from(self.asked.len()).unwrap();
            let next = match self.rng.below(3) {
                0 => self.rng.below(count) as usize,
                _ => 0,
            };
            let block = self.asked.remove(next);
            self.answer(block, &mut reply.say);
        }
    }

    fn choke(&mut self, reply: &mut Reply) {
        self.choked_ticks_left = 1 + self.rng.below(20);
        Message::Choke.write(&mut reply.say);
        for block in std::mem::take(&mut self.asked) {
            if self.is_fast {
                reply.say.extend(reject_bytes(block));
            }
        }
    }

    fn answer(&mut self, raw: RawBlock, out: &mut Vec<u8>) {
        let block = raw.within(&self.content.geometry).unwrap();
        match self.rng.below(20) {
            0 if self.is_fast => return out.extend(reject_bytes(raw)),
            1 => Message::KeepAlive.write(out),
            2 => Message::Port(7).write(out),
            3 => {
                out.extend(piece_head(block));
                out.extend(self.content.block(block));
            }
            _ => {}
        }
        out.extend(piece_head(block));
        out.extend(self.content.block(block));
    }
}

fn odd_seeder(content: &Content, is_fast: bool, seed: u64) -> ScriptedPeer {
    let mut seeder = OddSeeder::new(content, is_fast, seed);
    let script = move |_: Instant, _: Option<ConnId>, heard: Heard<'_>, reply: &mut Reply| {
        seeder.hear(heard, reply);
    };
    ScriptedPeer::new(Duration::from_millis(20), Box::new(script))
}

#[test]
fn all_comes_from_seeders_that_answer_as_they_like() {
    with_seeds(|seed| {
        for (is_fast, count) in [(true, 1), (false, 1), (true, 3), (false, 3)] {
            let mut world = World::new(seed);
            let content = medium_content(seed);
            let seeders: Vec<_> = (0..count)
                .map(|number| {
                    let peer = odd_seeder(&content, is_fast, seed + number);
                    let id = world.add_scripted(Line::default(), peer);
                    world.address(id)
                })
                .collect();
            let mut client = Client::new(Disk::empty(&content));
            client.peers = seeders;
            let leecher = world.add_client(client);
            assert_complete(&mut world, &[leecher], seconds(120));
            if count == 1 {
                assert!(world.misplaced_bytes() > 0, "some guesses were wrong");
            }
        }
    });
}
