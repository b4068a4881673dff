//! Which position holds a key: a hash table of positions, which grows and shrinks a small segment at
//! a time, so that no call ever pays for the whole.
//!
//! A directory, addressed by the low bits of a hash, names a segment of 256 entries; a segment that is
//! full splits in two, and two that are nearly empty merge (extendible hashing). An entry is a position
//! and eight bits of its hash. The keys stay where the positions point to.

use std::mem::size_of;

use super::chunked::ALLOCATION_OVERHEAD_BYTES;
use crate::base::limits::TRACKER_POSITIONS_MAX;

const SEGMENT_LEN: usize = 256;
/// Beyond this, probes grow long.
const SEGMENT_FILLED_MAX: u16 = 208;
/// Two segments that hold no more together become one, with room to grow.
const MERGED_FILLED_MAX: u16 = 96;
/// So deep go only hashes that someone found collisions for.
const DEPTH_MAX: u8 = 20;

const POSITION_BITS: u32 = 24;
const POSITION_MASK: u32 = (1 << POSITION_BITS) - 1;
/// No entry: the position would be beyond [`TRACKER_POSITIONS_MAX`].
const EMPTY: u32 = u32::MAX;

#[derive(Debug)]
pub(super) struct Index {
    /// Numbers of segments; its length is a power of two.
    directory: Vec<u32>,
    #[expect(
        clippy::vec_box,
        reason = "a vector that grows is to move pointers, not segments"
    )]
    segments: Vec<Box<Segment>>,
}

#[derive(Debug)]
struct Segment {
    /// The low bits that all hashes in here have in common, and how many they are.
    prefix: u32,
    depth: u8,
    filled: u16,
    entries: [u32; SEGMENT_LEN],
}

/// More keys collide than can be told apart; with a secret hash, not to be met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Overfull;

impl Default for Index {
    fn default() -> Self {
        Self {
            directory: vec![0],
            segments: vec![Box::new(Segment::new(0, 0))],
        }
    }
}

impl Index {
    /// The position for which `is_key` holds.
    pub(super) fn find(&self, hash: u64, is_key: impl Fn(usize) -> bool) -> Option<usize> {
        let segment = self.segment(hash);
        let tag = tag(hash);
        let mut at = home(hash);
        loop {
            let entry = segment.entries[at];
            if entry == EMPTY {
                return None;
            }
            if entry & !POSITION_MASK == tag && is_key(position(entry)) {
                return Some(position(entry));
            }
            at = (at + 1) % SEGMENT_LEN;
        }
    }

    /// Touches the memory that a search for this hash begins with.
    pub(super) fn glance(&self, hash: u64) -> u32 {
        self.segment(hash).entries[home(hash)]
    }

    /// `hash_at` gives the hash of the key at a position.
    pub(super) fn insert(
        &mut self,
        hash: u64,
        position: usize,
        hash_at: impl Fn(usize) -> u64,
    ) -> Result<(), Overfull> {
        while self.segment(hash).filled >= SEGMENT_FILLED_MAX {
            self.split(hash, &hash_at)?;
        }
        self.segment_mut(hash).insert(hash, entry(hash, position));
        Ok(())
    }

    /// Two keys, given by hash and position, change places.
    pub(super) fn swap(&mut self, a: (u64, usize), b: (u64, usize)) {
        // Both are looked up before either is changed: afterwards they could be taken for each other.
        let place_a = self.segment(a.0).place(a.0, a.1);
        let place_b = self.segment(b.0).place(b.0, b.1);
        self.segment_mut(a.0).entries[place_a] = entry(a.0, b.1);
        self.segment_mut(b.0).entries[place_b] = entry(b.0, a.1);
    }

    /// `hash_at` gives the hash of the key at a position; that of `position` itself is not asked for.
    pub(super) fn remove(&mut self, hash: u64, position: usize, hash_at: impl Fn(usize) -> u64) {
        let segment = self.segment_mut(hash);
        let place = segment.place(hash, position);
        segment.remove(place, &hash_at);
        if segment.filled < MERGED_FILLED_MAX / 4 {
            self.merge(hash, &hash_at);
        }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.directory.capacity() * size_of::<u32>()
            + self.segments.capacity() * size_of::<Box<Segment>>()
            + self.segments.len() * (size_of::<Segment>() + ALLOCATION_OVERHEAD_BYTES)
            + 2 * ALLOCATION_OVERHEAD_BYTES
    }

    fn number(&self, hash: u64) -> usize {
        self.directory[low_bits(hash) as usize & (self.directory.len() - 1)] as usize
    }

    fn segment(&self, hash: u64) -> &Segment {
        &self.segments[self.number(hash)]
    }

    fn segment_mut(&mut self, hash: u64) -> &mut Segment {
        let number = self.number(hash);
        &mut self.segments[number]
    }

    /// Parts the segment of a hash by one more bit.
    fn split(&mut self, hash: u64, hash_at: &impl Fn(usize) -> u64) -> Result<(), Overfull> {
        let number = self.number(hash);
        let Segment { prefix, depth, .. } = *self.segments[number];
        if depth == DEPTH_MAX {
            return Err(Overfull);
        }
        if 1 << depth == self.directory.len() {
            self.directory.extend_from_within(..);
        }
        let bit = 1 << depth;
        let mut halves =
            [prefix, prefix | bit].map(|prefix| Box::new(Segment::new(prefix, depth + 1)));
        for old in self.segments[number]
            .entries
            .iter()
            .filter(|entry| **entry != EMPTY)
        {
            let hash = hash_at(position(*old));
            let half = usize::from(low_bits(hash) & bit != 0);
            halves[half].insert(hash, *old);
        }
        let [kept, new] = halves;
        self.segments[number] = kept;
        self.segments.push(new);
        self.point_directory_to(self.segments.len() - 1);
        Ok(())
    }

    /// Joins the segment of a hash with the one it was split from, if both are nearly empty.
    fn merge(&mut self, hash: u64, hash_at: &impl Fn(usize) -> u64) {
        let number = self.number(hash);
        let Segment {
            prefix,
            depth,
            filled,
            ..
        } = *self.segments[number];
        if depth == 0 {
            return;
        }
        let buddy_number = self.number(u64::from(prefix ^ (1 << (depth - 1))));
        let buddy = &self.segments[buddy_number];
        if buddy.depth != depth || buddy.filled + filled > MERGED_FILLED_MAX {
            return;
        }
        let common = prefix & !(1 << (depth - 1));
        let mut merged = Box::new(Segment::new(common, depth - 1));
        for old in [number, buddy_number] {
            for entry in self.segments[old]
                .entries
                .iter()
                .filter(|entry| **entry != EMPTY)
            {
                merged.insert(hash_at(position(*entry)), *entry);
            }
        }
        let (kept, freed) = (number.min(buddy_number), number.max(buddy_number));
        self.segments[kept] = merged;
        self.point_directory_to(kept);
        self.segments.swap_remove(freed);
        if freed < self.segments.len() {
            self.point_directory_to(freed);
        }
        if self.segments.len() < self.segments.capacity() / 4 {
            self.segments.shrink_to(self.segments.capacity() / 2);
        }
    }

    fn point_directory_to(&mut self, number: usize) {
        let Segment { prefix, depth, .. } = *self.segments[number];
        #[expect(
            clippy::cast_possible_truncation,
            reason = "there are fewer segments than positions"
        )]
        let name = number as u32;
        for entry in self.directory[prefix as usize..]
            .iter_mut()
            .step_by(1 << depth)
        {
            *entry = name;
        }
    }
}

impl Segment {
    fn new(prefix: u32, depth: u8) -> Self {
        Self {
            prefix,
            depth,
            filled: 0,
            entries: [EMPTY; SEGMENT_LEN],
        }
    }

    fn insert(&mut self, hash: u64, entry: u32) {
        let mut at = home(hash);
        while self.entries[at] != EMPTY {
            at = (at + 1) % SEGMENT_LEN;
        }
        self.entries[at] = entry;
        self.filled += 1;
    }

    /// Where the entry of a key stands that is known to be here.
    fn place(&self, hash: u64, position: usize) -> usize {
        let wanted = entry(hash, position);
        let mut at = home(hash);
        while self.entries[at] != wanted {
            assert!(self.entries[at] != EMPTY, "every position is indexed");
            at = (at + 1) % SEGMENT_LEN;
        }
        at
    }

    /// Moves entries back over the gap, so that no search ends at it too early.
    fn remove(&mut self, place: usize, hash_at: &impl Fn(usize) -> u64) {
        let mut gap = place;
        let mut at = place;
        loop {
            at = (at + 1) % SEGMENT_LEN;
            let entry = self.entries[at];
            if entry == EMPTY {
                break;
            }
            let distance = |from: usize, to: usize| (to + SEGMENT_LEN - from) % SEGMENT_LEN;
            let home = home(hash_at(position(entry)));
            if distance(home, at) >= distance(gap, at) {
                self.entries[gap] = entry;
                gap = at;
            }
        }
        self.entries[gap] = EMPTY;
        self.filled -= 1;
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the low half is what is wanted"
)]
fn low_bits(hash: u64) -> u32 {
    hash as u32
}

/// The place in a segment at which the search for a hash begins.
fn home(hash: u64) -> usize {
    usize::from(hash.to_be_bytes()[2])
}

/// Bits of the hash that neither the directory nor the place in the segment tells.
fn tag(hash: u64) -> u32 {
    u32::from(hash.to_be_bytes()[0]) << POSITION_BITS
}

fn entry(hash: u64, position: usize) -> u32 {
    debug_assert!(position < TRACKER_POSITIONS_MAX);
    #[expect(clippy::cast_possible_truncation, reason = "positions have 24 bits")]
    let position = position as u32;
    tag(hash) | position
}

fn position(entry: u32) -> usize {
    (entry & POSITION_MASK) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Rng;

    /// Keys, their positions in a vector, and the index over them.
    #[derive(Default)]
    struct Keys {
        keys: Vec<u64>,
        index: Index,
    }

    impl Keys {
        fn insert(&mut self, key: u64) {
            self.keys.push(key);
            let keys = &self.keys;
            self.index
                .insert(key, keys.len() - 1, |at| keys[at])
                .unwrap();
        }

        fn swap(&mut self, a: usize, b: usize) {
            self.index.swap((self.keys[a], a), (self.keys[b], b));
            self.keys.swap(a, b);
        }

        fn remove_last(&mut self) {
            let keys = &self.keys;
            self.index
                .remove(keys[keys.len() - 1], keys.len() - 1, |at| keys[at]);
            self.keys.pop();
        }

        fn find(&self, key: u64) -> Option<usize> {
            self.index.find(key, |at| self.keys[at] == key)
        }
    }

    #[test]
    fn finds_what_was_inserted_through_growth_swaps_and_shrinking() {
        let mut keys = Keys::default();
        let mut rng = Rng::new(11);
        for round in 0..30_000_u32 {
            if rng.below(30_000) > round {
                keys.insert(rng.next_u64());
            } else if let Ok(len @ 1..) = u32::try_from(keys.keys.len()) {
                let at = rng.below(len) as usize;
                let last = keys.keys.len() - 1;
                if at != last {
                    keys.swap(at, last);
                }
                let gone = keys.keys[last];
                keys.remove_last();
                assert_eq!(keys.find(gone), None);
            }
            if round % 500 == 0 {
                for (at, key) in keys.keys.iter().enumerate() {
                    assert_eq!(keys.find(*key), Some(at));
                }
            }
        }
        assert_eq!(keys.find(rng.next_u64()), None);
    }

    #[test]
    fn gives_memory_back() {
        let mut keys = Keys::default();
        let mut rng = Rng::new(5);
        for _ in 0..100_000 {
            keys.insert(rng.next_u64());
        }
        let most_bytes = keys.index.heap_bytes();
        assert!(most_bytes < 100_000 * 11, "{most_bytes}");
        while keys.keys.len() > 1000 {
            keys.remove_last();
        }
        assert!(
            keys.index.heap_bytes() < most_bytes / 10,
            "{}",
            keys.index.heap_bytes()
        );
        assert!((0..1000).all(|at| keys.find(keys.keys[at]) == Some(at)));
    }

    /// Keys with the same low bits are told apart by the higher ones, until no bit is left.
    #[test]
    fn hashes_that_collide_end_in_an_error() {
        let mut index = Index::default();
        let mut inserted = 0;
        while inserted < 1000 && index.insert(7, inserted, |_| 7).is_ok() {
            inserted += 1;
        }
        assert_eq!(inserted, usize::from(SEGMENT_FILLED_MAX));
    }
}
