//! The peers of one swarm and one address family: seeders first, then leechers, without gaps. So
//! either kind, and both together, are a range, and a sample is a handful of positions in it.

use super::chunked::{ALLOCATION_OVERHEAD_BYTES, Chunked};
use super::index::{Index, Overfull};
use super::slot::{Slot, Tick};
use crate::base::limits::TRACKER_POSITIONS_MAX;
use crate::tracker::keyed::TableHasher;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Seeder,
    Leecher,
}

/// Where slots are kept. A key stands at one position only.
pub(super) trait Roster<const N: usize> {
    fn len(&self) -> usize;
    fn seeders(&self) -> usize;
    fn set_seeders(&mut self, seeders: usize);
    fn slot(&self, at: usize) -> &Slot<N>;
    fn slot_mut(&mut self, at: usize) -> &mut Slot<N>;
    fn find(&self, key: &[u8; N], hasher: TableHasher) -> Option<usize>;
    fn push(&mut self, slot: Slot<N>, hasher: TableHasher) -> Result<(), Overfull>;
    fn pop(&mut self, hasher: TableHasher);
    fn swap(&mut self, a: usize, b: usize, hasher: TableHasher);

    /// As `find`, for who was seen at a position, and may have been moved since.
    fn find_seen(
        &self,
        key: &[u8; N],
        seen_at: Option<usize>,
        hasher: TableHasher,
    ) -> Option<usize> {
        seen_at
            .filter(|at| *at < self.len() && self.slot(*at).key == *key)
            .or_else(|| self.find(key, hasher))
    }

    fn role(&self, at: usize) -> Role {
        if at < self.seeders() {
            Role::Seeder
        } else {
            Role::Leecher
        }
    }

    /// The position of the new peer.
    fn add(&mut self, slot: Slot<N>, role: Role, hasher: TableHasher) -> Result<usize, Overfull> {
        self.push(slot, hasher)?;
        Ok(self.assume(self.len() - 1, role, hasher))
    }

    /// Gives a peer another role. Its new position; whoever stood there now stands at the old one.
    fn assume(&mut self, at: usize, role: Role, hasher: TableHasher) -> usize {
        if self.role(at) == role {
            return at;
        }
        let border = match role {
            Role::Seeder => self.seeders(),
            Role::Leecher => self.seeders() - 1,
        };
        if at != border {
            self.swap(at, border, hasher);
        }
        self.set_seeders(match role {
            Role::Seeder => border + 1,
            Role::Leecher => border,
        });
        border
    }

    fn remove(&mut self, at: usize, hasher: TableHasher) {
        let at = self.assume(at, Role::Leecher, hasher);
        let last = self.len() - 1;
        if at != last {
            self.swap(at, last, hasher);
        }
        self.pop(hasher);
    }
}

pub(super) const FEW_MAX: usize = 3;

/// Most swarms of the world: up to three peers of IPv4, without an allocation.
#[derive(Clone, Debug)]
pub(super) struct Few {
    len: u8,
    seeders: u8,
    slots: [Slot<6>; FEW_MAX],
}

impl Default for Few {
    fn default() -> Self {
        Self {
            len: 0,
            seeders: 0,
            slots: [Slot::NONE; FEW_MAX],
        }
    }
}

impl Roster<6> for Few {
    fn len(&self) -> usize {
        usize::from(self.len)
    }

    fn seeders(&self) -> usize {
        usize::from(self.seeders)
    }

    fn set_seeders(&mut self, seeders: usize) {
        self.seeders = u8::try_from(seeders).unwrap_or(u8::MAX);
    }

    fn slot(&self, at: usize) -> &Slot<6> {
        &self.slots[at]
    }

    fn slot_mut(&mut self, at: usize) -> &mut Slot<6> {
        &mut self.slots[at]
    }

    fn find(&self, key: &[u8; 6], _: TableHasher) -> Option<usize> {
        self.slots[..self.len()]
            .iter()
            .position(|slot| slot.key == *key)
    }

    fn push(&mut self, slot: Slot<6>, _: TableHasher) -> Result<(), Overfull> {
        *self.slots.get_mut(usize::from(self.len)).ok_or(Overfull)? = slot;
        self.len += 1;
        Ok(())
    }

    fn pop(&mut self, _: TableHasher) {
        self.len -= 1;
    }

    fn swap(&mut self, a: usize, b: usize, _: TableHasher) {
        self.slots.swap(a, b);
    }
}

/// Up to so many are found by looking at each.
const SCANNED_MAX: usize = 128;

/// Any number of peers.
#[derive(Debug)]
pub(super) struct Many<const N: usize> {
    slots: Chunked<Slot<N>>,
    seeders: u32,
    index: Option<Box<Index>>,
}

impl<const N: usize> Default for Many<N> {
    fn default() -> Self {
        Self {
            slots: Chunked::default(),
            seeders: 0,
            index: None,
        }
    }
}

impl<const N: usize> Many<N> {
    pub(super) fn heap_bytes(&self) -> usize {
        let index = self.index.as_ref().map_or(0, |index| {
            index.heap_bytes() + size_of::<Index>() + ALLOCATION_OVERHEAD_BYTES
        });
        self.slots.heap_bytes() + index
    }

    /// Touches the memory that a search for this key begins with.
    pub(super) fn glance(&self, key: &[u8; N], hasher: TableHasher) -> u32 {
        match &self.index {
            Some(index) => index.glance(hasher.hash(key)),
            None => 0,
        }
    }

    fn build_index(&mut self, hasher: TableHasher) -> Result<(), Overfull> {
        let slots = &self.slots;
        let mut index = Box::new(Index::default());
        for (at, slot) in slots.iter().enumerate() {
            index.insert(hasher.hash(&slot.key), at, |at| hasher.hash(&slots[at].key))?;
        }
        self.index = Some(index);
        Ok(())
    }
}

impl<const N: usize> Roster<N> for Many<N> {
    fn len(&self) -> usize {
        self.slots.len()
    }

    fn seeders(&self) -> usize {
        self.seeders as usize
    }

    fn set_seeders(&mut self, seeders: usize) {
        self.seeders = u32::try_from(seeders).unwrap_or(u32::MAX);
    }

    fn slot(&self, at: usize) -> &Slot<N> {
        &self.slots[at]
    }

    fn slot_mut(&mut self, at: usize) -> &mut Slot<N> {
        &mut self.slots[at]
    }

    fn find(&self, key: &[u8; N], hasher: TableHasher) -> Option<usize> {
        match &self.index {
            Some(index) => index.find(hasher.hash(key), |at| self.slots[at].key == *key),
            None => self.slots.iter().position(|slot| slot.key == *key),
        }
    }

    fn push(&mut self, slot: Slot<N>, hasher: TableHasher) -> Result<(), Overfull> {
        let at = self.slots.len();
        if at == TRACKER_POSITIONS_MAX {
            return Err(Overfull);
        }
        if at == SCANNED_MAX && self.index.is_none() {
            self.build_index(hasher)?;
        }
        self.slots.push(slot);
        let Some(index) = &mut self.index else {
            return Ok(());
        };
        let slots = &self.slots;
        let inserted = index.insert(hasher.hash(&slot.key), at, |at| hasher.hash(&slots[at].key));
        if inserted.is_err() {
            self.slots.pop();
        }
        inserted
    }

    fn pop(&mut self, hasher: TableHasher) {
        let last = self.slots.len() - 1;
        if let Some(index) = &mut self.index {
            let slots = &self.slots;
            let hash_at = |at: usize| hasher.hash(&slots[at].key);
            index.remove(hash_at(last), last, hash_at);
            if last < SCANNED_MAX / 2 {
                self.index = None;
            }
        }
        self.slots.pop();
    }

    fn swap(&mut self, a: usize, b: usize, hasher: TableHasher) {
        let (slot_a, slot_b) = (self.slots[a], self.slots[b]);
        if let Some(index) = &mut self.index {
            index.swap((hasher.hash(&slot_a.key), a), (hasher.hash(&slot_b.key), b));
        }
        self.slots[a] = slot_b;
        self.slots[b] = slot_a;
    }
}

impl<const N: usize> Slot<N> {
    pub(super) fn is_overdue(&self, now: Tick, lifetime_s: u32) -> bool {
        self.last_heard.age_s(now) > lifetime_s
    }
}
