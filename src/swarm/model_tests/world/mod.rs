//! A swarm of a few peers, kept twice: by the blocks and the picker, and by plain sets. Shared with the
//! fuzz target, so the parent module says where the names come from.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::{BLOCK_LEN_BYTES, Bitfield, Block, ConnId, Geometry, PieceIndex, Rng};
use super::{Blocks, Claim, Contributor, Interest, Order, Picker, Priority};

mod checks;

const PEERS: u8 = 5;
const PIECES: u32 = 12;
const BLOCKS: u32 = 3;
/// Until so many pieces are had, rare ones are not preferred.
const RANDOM_PIECES: usize = 4;
/// How many may be asked for one block, its holder included.
const ASKED_MAX: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Missing,
    Expected(u8),
    Arriving(u8),
    Filled(Option<u8>),
}

impl State {
    fn holder(self) -> Option<u8> {
        match self {
            Self::Expected(peer) | Self::Arriving(peer) => Some(peer),
            Self::Missing | Self::Filled(_) => None,
        }
    }
}

/// A piece in progress: its blocks, and who was asked for one without holding it.
#[derive(Default)]
struct Begun {
    states: Vec<State>,
    asked: BTreeSet<(usize, u8)>,
}

impl Begun {
    fn is_filled(&self) -> bool {
        let mut states = self.states.iter();
        states.all(|state| matches!(state, State::Filled(_)))
    }

    fn can_lease(&self, peer: u8) -> bool {
        let mut states = self.states.iter().enumerate();
        states.any(|(at, state)| *state == State::Missing && !self.asked.contains(&(at, peer)))
    }

    fn missing(&self) -> usize {
        let missing = self.states.iter().filter(|state| **state == State::Missing);
        missing.count()
    }
}

pub(crate) struct World {
    geometry: Geometry,
    blocks: Blocks,
    picker: Picker,
    rng: Rng,
    begun: BTreeMap<PieceIndex, Begun>,
    had: BTreeSet<PieceIndex>,
    priorities: Vec<Priority>,
    order: Order,
    peers: BTreeMap<u8, (Bitfield, Interest)>,
}

fn conn(peer: u8) -> ConnId {
    ConnId::new(peer.into(), 1)
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let piece_len = BLOCKS * BLOCK_LEN_BYTES;
        let total = u64::from(PIECES * piece_len - BLOCK_LEN_BYTES - 7);
        let geometry = Geometry::new(total, piece_len).unwrap();
        let none = Bitfield::none(PIECES);
        Self {
            geometry,
            picker: Picker::new(geometry, &none),
            blocks: Blocks::new(geometry, none),
            rng: Rng::new(seed),
            begun: BTreeMap::new(),
            had: BTreeSet::new(),
            priorities: vec![Priority::NORMAL; PIECES as usize],
            order: Order::RarestFirst,
            peers: BTreeMap::new(),
        }
    }

    pub(crate) fn perform(&mut self, [kind, who, what, more]: [u8; 4]) {
        let peer = who % PEERS;
        match kind % 24 {
            0 | 1 => self.join(peer, what, more),
            2 => self.leave(peer),
            3 => self.got(peer, what),
            4 | 5 => self.pick(peer, what, more),
            6 => self.pick_within(peer, what, more),
            7..=10 => self.lease(peer, what),
            11 | 12 => self.claim(peer, what, more),
            13..=15 => self.fill(what),
            16 => self.give_back(peer, what, more),
            17 => self.loosen(peer),
            18 => self.ask_also(peer, what),
            19 => self.judge(what, more),
            20 => self.abandon(what),
            21 => self.set_priorities(what, more),
            22 => self.set_order(what),
            _ => self.pick_begun(peer, what),
        }
    }

    fn join(&mut self, peer: u8, what: u8, more: u8) {
        if self.peers.contains_key(&peer) {
            return;
        }
        let bits = u16::from_le_bytes([what, more]);
        let mut field = Bitfield::none(PIECES);
        for piece in self.geometry.pieces() {
            if what == u8::MAX || bits >> piece.get() & 1 == 1 {
                field.set(piece);
            }
        }
        self.picker.peer_joined(&field);
        let interest = Interest::of(&self.picker, &field);
        self.peers.insert(peer, (field, interest));
    }

    fn leave(&mut self, peer: u8) {
        if let Some((field, _)) = self.peers.remove(&peer) {
            self.picker.peer_left(&field);
            self.blocks.give_back_all(conn(peer));
            for begun in self.begun.values_mut() {
                begun.asked.retain(|(_, asked)| *asked != peer);
                let held = begun.states.iter_mut();
                held.filter(|state| state.holder() == Some(peer))
                    .for_each(|state| *state = State::Missing);
            }
        }
    }

    fn got(&mut self, peer: u8, what: u8) {
        let piece = self.geometry.piece(u32::from(what) % PIECES).unwrap();
        if let Some((field, interest)) = self.peers.get_mut(&peer)
            && field.set(piece)
        {
            self.picker.peer_got(piece);
            interest.peer_got(&self.picker, piece);
        }
    }

    fn pick(&mut self, peer: u8, what: u8, more: u8) {
        let may_begin = |piece: PieceIndex| piece.get() % 8 != u32::from(what % 16);
        let candidates = self.candidates(peer, may_begin);
        let picked = self
            .peers
            .get(&peer)
            .and_then(|(field, _)| self.picker.pick(field, may_begin, &mut self.rng));
        self.check_picked(picked, &candidates);
        if let Some(piece) = picked {
            self.begin(piece, more);
        }
    }

    fn pick_within(&mut self, peer: u8, what: u8, more: u8) {
        let ranges = [what, more].map(|packed| -> Range<u32> {
            let start = u32::from(packed % 16);
            start..start + u32::from(packed / 16)
        });
        let candidates = self.candidates(peer, |piece| {
            ranges.iter().any(|range| range.contains(&piece.get()))
        });
        let before = self.geometry.piece(u32::from(what ^ more) % 16);
        let picked = self.peers.get(&peer).and_then(|(field, _)| {
            self.picker
                .pick_within(&ranges, field, before, &mut self.rng)
        });
        self.check_picked(picked, &candidates);
        if let Some(piece) = picked {
            self.begin(piece, more);
        }
    }

    fn begin(&mut self, piece: PieceIndex, padding: u8) {
        self.picker.begin(piece);
        self.blocks.begin(piece);
        let count = self.geometry.block_count_of(piece);
        let mut begun = Begun::default();
        begun.states.resize(count as usize, State::Missing);
        for number in 0..count {
            if padding >> number & 9 == 9 {
                begun.states[number as usize] = State::Filled(None);
                let block = self.geometry.block(piece, number).unwrap();
                assert_eq!(self.blocks.prefill(block), begun.is_filled());
            }
        }
        self.begun.insert(piece, begun);
    }

    fn nth_begun(&self, what: u8) -> Option<PieceIndex> {
        let pieces = self.begun.keys().copied();
        pieces.cycle().nth(what.into())
    }

    /// Any block of a piece in progress, its piece and its number.
    fn any_block(&self, what: u8, more: u8) -> Option<(Block, usize)> {
        let piece = self.nth_begun(what)?;
        let number = u32::from(more) % self.geometry.block_count_of(piece);
        Some((self.geometry.block(piece, number)?, number as usize))
    }

    fn lease(&mut self, peer: u8, what: u8) {
        let Some(piece) = self.nth_begun(what) else {
            return;
        };
        if let Some(begun) = self.begun.get_mut(&piece)
            && self.peers.contains_key(&peer)
        {
            let expected = begun.can_lease(peer);
            let leased = self.blocks.lease_next(piece, conn(peer));
            assert_eq!(leased.is_some(), expected);
            if let Some(block) = leased {
                let number = block.number() as usize;
                assert_eq!(block.piece(), piece);
                assert_eq!(begun.states[number], State::Missing);
                assert!(!begun.asked.contains(&(number, peer)));
                begun.states[number] = State::Expected(peer);
            }
        }
    }

    fn claim(&mut self, peer: u8, what: u8, more: u8) {
        let Some((block, number)) = self.any_block(what, more) else {
            return;
        };
        let begun = self.begun.get_mut(&block.piece()).unwrap();
        let was_asked = begun.asked.remove(&(number, peer));
        let state = &mut begun.states[number];
        let expected = match *state {
            State::Filled(_) => Claim::NotWanted,
            State::Expected(holder) | State::Arriving(holder) if holder == peer => Claim::Yours,
            State::Arriving(_) if was_asked => Claim::Taken,
            State::Missing | State::Expected(_) if was_asked => Claim::Yours,
            State::Missing | State::Expected(_) | State::Arriving(_) => Claim::NotWanted,
        };
        if expected == Claim::Yours {
            let robbed = state.holder().filter(|holder| *holder != peer);
            begun.asked.extend(robbed.map(|holder| (number, holder)));
            *state = State::Arriving(peer);
        }
        assert_eq!(self.blocks.claim(block, conn(peer)), expected);
    }

    /// The last byte arrives of one of the blocks that are arriving.
    fn fill(&mut self, what: u8) {
        let mut arriving = Vec::new();
        for (piece, begun) in &self.begun {
            for (number, state) in begun.states.iter().enumerate() {
                if let State::Arriving(peer) = state {
                    arriving.push((*piece, number, *peer));
                }
            }
        }
        let Some((piece, number, peer)) = arriving.into_iter().cycle().nth(what.into()) else {
            return;
        };
        let begun = self.begun.get_mut(&piece).unwrap();
        begun.states[number] = State::Filled(Some(peer));
        let asked: Vec<_> = begun.asked.iter().filter(|(at, _)| *at == number).collect();
        let asked: Vec<_> = asked.into_iter().map(|(_, peer)| conn(*peer)).collect();
        begun.asked.retain(|(at, _)| *at != number);
        let block = self.geometry.block(piece, u32::try_from(number).unwrap());
        let by = Contributor(peer.into());
        let filled = self.blocks.filled(block.unwrap(), conn(peer), by);
        assert_eq!(filled.also_asked, asked);
        assert_eq!(filled.is_piece_filled, begun.is_filled());
    }

    fn give_back(&mut self, peer: u8, what: u8, more: u8) {
        if let Some((block, number)) = self.any_block(what, more) {
            let begun = self.begun.get_mut(&block.piece()).unwrap();
            let held = begun.states[number].holder() == Some(peer);
            if held {
                begun.states[number] = State::Missing;
            }
            let had_any = begun.asked.remove(&(number, peer)) || held;
            assert_eq!(self.blocks.give_back(block, conn(peer)), had_any);
        }
    }

    fn loosen(&mut self, peer: u8) {
        self.blocks.loosen_all(conn(peer));
        for begun in self.begun.values_mut() {
            for (number, state) in begun.states.iter_mut().enumerate() {
                if state.holder() == Some(peer) {
                    if *state == State::Expected(peer) {
                        begun.asked.insert((number, peer));
                    }
                    *state = State::Missing;
                }
            }
        }
    }

    fn ask_also(&mut self, peer: u8, what: u8) {
        let Some((field, _)) = self.peers.get(&peer) else {
            return;
        };
        let is_ready = |piece: PieceIndex| piece.get() % 8 != u32::from(what % 16);
        let can = |begun: &Begun, number: usize| {
            let others = begun.asked.iter().filter(|(at, _)| *at == number);
            matches!(begun.states[number], State::Expected(holder) if holder != peer)
                && !begun.asked.contains(&(number, peer))
                && others.count() + 1 < ASKED_MAX
        };
        let asked = self.blocks.ask_also(conn(peer), field, is_ready);
        if let Some(block) = asked {
            assert!(field.has(block.piece()) && is_ready(block.piece()));
            let begun = self.begun.get_mut(&block.piece()).unwrap();
            assert!(can(begun, block.number() as usize));
            begun.asked.insert((block.number() as usize, peer));
        } else {
            for (piece, begun) in &self.begun {
                let count = begun.states.len();
                let none = !(0..count).any(|number| can(begun, number));
                assert!(none || !field.has(*piece) || !is_ready(*piece));
            }
        }
    }

    /// A piece that is filled was hashed.
    fn judge(&mut self, what: u8, more: u8) {
        let filled = self.begun.iter().filter(|(_, begun)| begun.is_filled());
        let filled: Vec<_> = filled.map(|(piece, _)| *piece).collect();
        let Some(piece) = filled.into_iter().cycle().nth(what.into()) else {
            return;
        };
        if !more.is_multiple_of(4) {
            self.keep(piece);
            return;
        }
        let begun = self.begun.get_mut(&piece).unwrap();
        let mut brought = Vec::new();
        for state in &mut begun.states {
            if let State::Filled(by) = *state {
                brought.push(by.map(|peer| Contributor(peer.into())));
                if by.is_some() {
                    *state = State::Missing;
                }
            }
        }
        assert_eq!(self.blocks.reject(piece), brought);
    }

    fn keep(&mut self, piece: PieceIndex) {
        let was_lacking = self.picker.is_lacking(piece);
        self.begun.remove(&piece);
        self.had.insert(piece);
        self.blocks.keep(piece);
        self.picker.keep(piece);
        if was_lacking {
            for (field, interest) in self.peers.values_mut() {
                interest.we_got(field, piece);
            }
        }
    }

    fn abandon(&mut self, what: u8) {
        let Some(piece) = self.nth_begun(what) else {
            return;
        };
        let begun = self.begun.remove(&piece).unwrap();
        let held = begun.states.iter().enumerate();
        let held = held.filter_map(|(number, state)| Some((number, state.holder()?)));
        let mut expected: Vec<_> = held.chain(begun.asked.iter().copied()).collect();
        expected.sort_unstable();
        let mut cancelled = self.blocks.abandon(piece);
        cancelled.sort_unstable();
        let cancelled = cancelled.iter().map(|(block, conn)| {
            assert_eq!(block.piece(), piece);
            (block.number() as usize, u8::try_from(conn.slot()).unwrap())
        });
        assert!(cancelled.eq(expected));
        self.picker.put_back(piece);
    }

    fn set_priorities(&mut self, what: u8, more: u8) {
        for (index, priority) in (0_u8..).zip(&mut self.priorities) {
            let level = what.wrapping_add(index.wrapping_mul(more)) % 8;
            *priority = Priority::new(level).unwrap();
        }
        let priorities = &self.priorities;
        self.picker
            .set_priorities(|piece| priorities[piece.as_usize()]);
        for (field, interest) in self.peers.values_mut() {
            *interest = Interest::of(&self.picker, field);
        }
    }

    fn set_order(&mut self, what: u8) {
        self.order = match what % 2 {
            0 => Order::Sequential,
            _ => Order::RarestFirst,
        };
        self.picker.set_order(self.order);
    }
}
