//! Which piece is begun next.
//!
//! A few random pieces first, so that there is something to give; then the rarest, and of those as
//! rare a random one; or in order, where that was asked for. Pieces of a higher priority come
//! before all of a lower one.
//!
//! How many peers have a piece is kept as a number for all pieces together and a rung on a
//! [`Ladder`] for each, so that a peer that has everything, or nearly, costs nearly nothing. A pick
//! looks at a bounded number of pieces near the foot of the ladder. Where the peer has none of
//! them, one pass over its bits finds a bounded sample of what it has, and the rarest of that is
//! taken. So a pick takes about as long whether a torrent has a thousand pieces or a hundred
//! thousand.

use std::ops::Range;

use crate::base::{Bitfield, Geometry, PieceIndex, Rng};

mod interest;
mod ladder;
mod search;
#[cfg(test)]
mod tests;

pub use interest::Interest;
use ladder::Ladder;
use search::{count_in, in_both, indices, lowest};

/// How many pieces at the foot of the ladder are tried for one that the peer has.
const PROBES_MAX: u32 = 128;

/// Of how many pieces that a peer has the rarest is looked for.
const SAMPLE_LEN: usize = 256;

/// Until so many pieces are had, random ones are picked.
const RANDOM_PIECES: u32 = 4;

/// How many rungs stay free on either side when pieces are arranged, besides a quarter of those
/// taken.
const RUNGS_SPARE: u32 = 16;

/// How much a piece is wanted: from 1 to 7, or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Priority(u8);

impl Priority {
    pub const UNWANTED: Self = Self(0);
    pub const NORMAL: Self = Self(4);
    pub const HIGHEST: Self = Self(7);

    /// `None` beyond the highest.
    pub const fn new(level: u8) -> Option<Self> {
        if level <= Self::HIGHEST.0 {
            Some(Self(level))
        } else {
            None
        }
    }

    /// The highest comes first.
    const fn class(self) -> u8 {
        Self::HIGHEST.0 - self.0
    }
}

/// How many priorities there are, the one of what is not wanted included.
const CLASSES: u8 = Priority::HIGHEST.0 + 1;

/// What comes first among pieces of one priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    RarestFirst,
    Sequential,
}

#[derive(Debug)]
pub struct Picker {
    geometry: Geometry,
    order: Order,
    ladder: Ladder,
    /// Rungs of one class of priority; those of the next come after them.
    class_rungs: u32,
    /// How many peers have a piece on the first rung of its class. Below zero where rungs stay free.
    first_rung_peers: i64,
    /// By piece: its class of priority.
    classes: Box<[u8]>,
    /// By class: what could be begun.
    free: [Bitfield; CLASSES as usize],
    /// Wanted and not had.
    lacking: Bitfield,
    had: Bitfield,
    /// Had or begun.
    taken: Bitfield,
}

impl Picker {
    /// Everything is wanted, and nobody has anything but what is had here.
    pub fn new(geometry: Geometry, had: &Bitfield) -> Self {
        let len = geometry.piece_count();
        assert_eq!(had.len(), len, "a bit for each piece");
        let mut picker = Self {
            geometry,
            order: Order::RarestFirst,
            ladder: Ladder::new(geometry.pieces()),
            class_rungs: 1,
            first_rung_peers: 0,
            classes: vec![0; len as usize].into_boxed_slice(),
            free: std::array::from_fn(|_| Bitfield::none(len)),
            lacking: Bitfield::none(len),
            had: had.clone(),
            taken: had.clone(),
        };
        picker.set_priorities(|_| Priority::NORMAL);
        picker
    }

    pub const fn set_order(&mut self, order: Order) {
        self.order = order;
    }

    /// Says anew how much each piece is wanted. Goes over all pieces.
    pub fn set_priorities(&mut self, priority_of: impl Fn(PieceIndex) -> Priority) {
        let len = self.geometry.piece_count();
        let counts: Vec<_> = self.geometry.pieces().map(|p| self.peers(p)).collect();
        self.free = std::array::from_fn(|_| Bitfield::none(len));
        self.lacking = Bitfield::none(len);
        for piece in self.geometry.pieces() {
            let priority = priority_of(piece);
            let class = priority.class();
            self.classes[piece.as_usize()] = class;
            if priority == Priority::UNWANTED {
                continue;
            }
            if !self.taken.has(piece) {
                self.free[usize::from(class)].set(piece);
            }
            if !self.had.has(piece) {
                self.lacking.set(piece);
            }
        }
        self.arrange(&counts);
    }

    /// Makes room on both sides of the rungs that are taken.
    fn arrange(&mut self, peer_counts: &[i64]) {
        let fewest = peer_counts.iter().min().copied().unwrap_or(0);
        let most = peer_counts.iter().max().copied().unwrap_or(0);
        let spread = u32::try_from(most - fewest).unwrap_or(u32::MAX);
        let spare = RUNGS_SPARE + spread / 4;
        let first = fewest - i64::from(spare);
        let class_rungs = spread + 1 + 2 * spare;
        let (classes, free) = (&self.classes, &self.free);
        self.ladder
            .arrange(class_rungs * u32::from(CLASSES), |piece| {
                let class = classes[piece.as_usize()];
                let level = u32::try_from(peer_counts[piece.as_usize()] - first).unwrap_or(0);
                let is_free = free[usize::from(class)].has(piece);
                (u32::from(class) * class_rungs + level, is_free)
            });
        self.class_rungs = class_rungs;
        self.first_rung_peers = first;
    }

    fn peers(&self, piece: PieceIndex) -> i64 {
        self.first_rung_peers + i64::from(self.level(piece))
    }

    fn level(&self, piece: PieceIndex) -> u32 {
        self.ladder.rung(piece) % self.class_rungs
    }

    /// How many peers have a piece.
    pub fn availability(&self, piece: PieceIndex) -> u32 {
        u32::try_from(self.peers(piece)).unwrap_or(0)
    }

    /// A peer said what it has.
    pub fn peer_joined(&mut self, peer_has: &Bitfield) {
        if peer_has.count() > self.geometry.piece_count() / 2 {
            self.first_rung_peers += 1;
            self.for_each_lacked(peer_has, Self::one_peer_less);
        } else {
            self.for_each_had(peer_has, Self::one_peer_more);
        }
    }

    /// A peer is gone that had this.
    pub fn peer_left(&mut self, peer_has: &Bitfield) {
        if peer_has.count() > self.geometry.piece_count() / 2 {
            self.first_rung_peers -= 1;
            self.for_each_lacked(peer_has, Self::one_peer_more);
        } else {
            self.for_each_had(peer_has, Self::one_peer_less);
        }
    }

    /// A peer got a piece that it did not have.
    pub fn peer_got(&mut self, piece: PieceIndex) {
        self.one_peer_more(piece);
    }

    fn for_each_had(&mut self, field: &Bitfield, act: impl Fn(&mut Self, PieceIndex)) {
        let geometry = self.geometry;
        let words = field.words().iter().copied().enumerate();
        indices(words)
            .filter_map(|index| geometry.piece(index))
            .for_each(|piece| act(self, piece));
    }

    fn for_each_lacked(&mut self, field: &Bitfield, act: impl Fn(&mut Self, PieceIndex)) {
        let geometry = self.geometry;
        let words = field.words().iter().map(|word| !word).enumerate();
        indices(words)
            .filter_map(|index| geometry.piece(index))
            .for_each(|piece| act(self, piece));
    }

    fn one_peer_more(&mut self, piece: PieceIndex) {
        if self.level(piece) + 1 == self.class_rungs {
            self.arrange_as_it_is();
        }
        self.ladder.step_up(piece);
    }

    fn one_peer_less(&mut self, piece: PieceIndex) {
        if self.level(piece) == 0 {
            self.arrange_as_it_is();
        }
        self.ladder.step_down(piece);
    }

    fn arrange_as_it_is(&mut self) {
        let counts: Vec<_> = self.geometry.pieces().map(|p| self.peers(p)).collect();
        self.arrange(&counts);
    }

    /// The piece that a peer should bring next, of those that `may_begin`.
    ///
    /// Finds one where there is one. What may begin should be most of what there is: each piece
    /// that may not is looked at.
    pub fn pick(
        &self,
        peer_has: &Bitfield,
        may_begin: impl Fn(PieceIndex) -> bool,
        rng: &mut Rng,
    ) -> Option<PieceIndex> {
        let all = 0..self.geometry.piece_count();
        let mut classes = (0..CLASSES).filter(|class| !self.free_of(*class).is_empty());
        classes.find_map(|class| {
            let free = [self.free_of(class), peer_has];
            if self.order == Order::Sequential {
                let mut pieces = in_both(self.geometry, free, all.clone());
                return pieces.find(|piece| may_begin(*piece));
            }
            if !self.is_random() {
                match self.probe(class, peer_has, &may_begin, rng) {
                    Probed::Found(piece) => return Some(piece),
                    Probed::NothingThere => return None,
                    Probed::GaveUp => {}
                }
            }
            let start = rng.below(all.end);
            let [front, back] = [0..start, start..all.end];
            let pieces = in_both(self.geometry, free, back)
                .chain(in_both(self.geometry, free, front))
                .filter(|piece| may_begin(*piece));
            lowest(pieces.take(SAMPLE_LEN), |piece| self.rank(piece), rng)
        })
    }

    /// Like [`Self::pick`], of pieces in some ranges: those of the places that are live. Small
    /// ranges are looked through whole.
    ///
    /// Of equals, the one that follows on what the peer brought `before` comes first: who gives
    /// pieces in order reads its disk in order, and needs less of it in memory.
    pub fn pick_within(
        &self,
        ranges: &[Range<u32>],
        peer_has: &Bitfield,
        before: Option<PieceIndex>,
        rng: &mut Rng,
    ) -> Option<PieceIndex> {
        let mut classes = (0..CLASSES).filter(|class| !self.free_of(*class).is_empty());
        classes.find_map(|class| {
            let free = [self.free_of(class), peer_has];
            let all = ranges.iter().cloned();
            let mut pieces = all.flat_map(|range| in_both(self.geometry, free, range));
            match self.order {
                Order::Sequential => pieces.min(),
                Order::RarestFirst => {
                    let best = lowest(pieces.by_ref().take(SAMPLE_LEN), |p| self.rank(p), rng)?;
                    let next = before.and_then(|before| self.geometry.piece(before.get() + 1));
                    let next = next.filter(|next| {
                        let is_there = ranges.iter().any(|range| range.contains(&next.get()));
                        let may_be = is_there && free.iter().all(|field| field.has(*next));
                        may_be && self.rank(*next) <= self.rank(best)
                    });
                    Some(next.unwrap_or(best))
                }
            }
        })
    }

    const fn is_random(&self) -> bool {
        self.had.count() < RANDOM_PIECES
    }

    fn rank(&self, piece: PieceIndex) -> u32 {
        if self.is_random() {
            0
        } else {
            self.ladder.rung(piece)
        }
    }

    /// From the foot of the rungs of one class, on each from a random place round.
    fn probe(
        &self,
        class: u8,
        peer_has: &Bitfield,
        may_begin: impl Fn(PieceIndex) -> bool,
        rng: &mut Rng,
    ) -> Probed {
        let mut probes = 0;
        for level in 0..self.class_rungs {
            let rung = u32::from(class) * self.class_rungs + level;
            let shown = self.ladder.shown_on(rung);
            if shown.is_empty() {
                continue;
            }
            let start = rng.below(u32::try_from(shown.len()).unwrap_or(u32::MAX)) as usize;
            for piece in shown[start..].iter().chain(&shown[..start]) {
                if probes == PROBES_MAX {
                    return Probed::GaveUp;
                }
                probes += 1;
                if peer_has.has(*piece) && may_begin(*piece) {
                    return Probed::Found(*piece);
                }
            }
        }
        Probed::NothingThere
    }

    /// The piece is in progress from now on.
    pub fn begin(&mut self, piece: PieceIndex) {
        assert!(
            self.is_free(piece),
            "what is begun is wanted, and only once"
        );
        self.take(piece);
    }

    /// The piece is not in progress any more, and not had.
    pub fn put_back(&mut self, piece: PieceIndex) {
        assert!(!self.had.has(piece), "what is had stays");
        self.taken.clear(piece);
        if self.is_lacking(piece) {
            self.free_with(piece).set(piece);
            self.ladder.show(piece);
        }
    }

    /// The piece is here.
    pub fn keep(&mut self, piece: PieceIndex) {
        self.take(piece);
        self.had.set(piece);
        self.lacking.clear(piece);
    }

    fn take(&mut self, piece: PieceIndex) {
        self.taken.set(piece);
        self.free_with(piece).clear(piece);
        self.ladder.hide(piece);
    }

    fn free_of(&self, class: u8) -> &Bitfield {
        &self.free[usize::from(class)]
    }

    /// Those of the class that a piece belongs to.
    fn free_with(&mut self, piece: PieceIndex) -> &mut Bitfield {
        &mut self.free[usize::from(self.classes[piece.as_usize()])]
    }

    /// Whether the piece is wanted, not had and not in progress.
    pub fn is_free(&self, piece: PieceIndex) -> bool {
        self.free_of(self.classes[piece.as_usize()]).has(piece)
    }

    /// Whether the piece is wanted and not had.
    pub fn is_lacking(&self, piece: PieceIndex) -> bool {
        self.lacking.has(piece)
    }

    /// How many pieces are wanted and not had.
    pub const fn lacking_count(&self) -> u32 {
        self.lacking.count()
    }

    /// How many pieces of a range are wanted, not had and not in progress.
    pub fn free_within(&self, range: Range<u32>) -> u32 {
        self.free.iter().map(|free| count_in(free, &range)).sum()
    }

    /// Whether everything that is wanted and that anybody here has is in progress or had.
    pub fn is_all_begun(&self) -> bool {
        let mut classes = (0..CLASSES).filter(|class| !self.free_of(*class).is_empty());
        !classes.any(|class| {
            let first = u32::from(class) * self.class_rungs;
            let somebodys = u32::try_from(1 - self.first_rung_peers).unwrap_or(0);
            let mut rungs = first + somebodys..first + self.class_rungs;
            rungs.any(|rung| !self.ladder.shown_on(rung).is_empty())
        })
    }
}

enum Probed {
    Found(PieceIndex),
    /// The class has nothing of what the peer has.
    NothingThere,
    GaveUp,
}
