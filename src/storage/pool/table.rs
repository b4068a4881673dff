//! Where the places lie: found by the host's one thread without a lock, kept by the pools.

use std::collections::BTreeMap;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::place::Place;
use crate::base::limits::PLACES_MAX;
use crate::base::{Memory, PlaceId, PlaceRange};

/// Every place of a process.
#[derive(Debug)]
pub struct PlaceTable {
    slots: Box<[Slot]>,
    /// The same places with what they are made of, for threads that may wait.
    places: Mutex<BTreeMap<PlaceId, Arc<Place>>>,
}

/// Where a place lies. Filled under the lock of `places`, read and freed without.
#[derive(Debug, Default)]
struct Slot {
    /// The generation above, how long the place is below; 0 while the slot is free. A generation
    /// has its slot once, so whoever reads the same state twice has read one place between.
    state: AtomicU64,
    start: AtomicPtr<u8>,
    /// How much of it is for receiving: all or nothing.
    receiving_len_bytes: AtomicU32,
    is_window: AtomicBool,
}

impl PlaceTable {
    pub(super) fn new() -> Self {
        Self {
            slots: (0..PLACES_MAX).map(|_| Slot::default()).collect(),
            places: Mutex::default(),
        }
    }

    /// Lets a place be found; gives it back where its slot is taken, or no slot at all.
    pub(super) fn publish(&self, id: PlaceId, place: Place) -> Result<(), Place> {
        let mut places = self.lock();
        let is_free = |slot: &&Slot| slot.state.load(Ordering::Relaxed) == 0;
        let len_bytes = u32::try_from(place.len_bytes()).ok();
        let len_bytes = len_bytes.filter(|len| *len > 0);
        let slot = self.slots.get(id.slot()).filter(is_free);
        let (Some(slot), Some(len_bytes)) = (slot, len_bytes) else {
            return Err(place);
        };
        let receiving_len_bytes = if place.is_for_receiving() {
            len_bytes
        } else {
            0
        };
        slot.start.store(place.start().as_ptr(), Ordering::Release);
        slot.receiving_len_bytes
            .store(receiving_len_bytes, Ordering::Release);
        slot.is_window.store(place.is_window(), Ordering::Release);
        let state = u64::from(id.generation()) << 32 | u64::from(len_bytes);
        slot.state.store(state, Ordering::Release);
        places.insert(id, Arc::new(place));
        Ok(())
    }

    /// Lets the host find a place no more, without waiting for anybody who looks for others; it is
    /// still to be taken. Says whether it is a window.
    pub(super) fn hide(&self, id: PlaceId) -> bool {
        if self.find(id).is_none() {
            return false;
        }
        let slot = &self.slots[id.slot()];
        let is_window = slot.is_window.load(Ordering::Acquire);
        slot.state.store(0, Ordering::Release);
        is_window
    }

    /// Takes a place that is hidden. Its memory stays for as long as somebody holds what this gives.
    pub(super) fn take(&self, id: PlaceId) -> Option<Arc<Place>> {
        self.lock().remove(&id)
    }

    pub(super) fn get(&self, id: PlaceId) -> Option<Arc<Place>> {
        self.lock().get(&id).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<PlaceId, Arc<Place>>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The slot of a place as it is at one moment: where it starts, and how far it goes.
    fn find(&self, id: PlaceId) -> Option<(NonNull<u8>, u32, u32)> {
        let slot = self.slots.get(id.slot())?;
        let state = slot.state.load(Ordering::Acquire);
        let start = slot.start.load(Ordering::Acquire);
        let receiving_len_bytes = slot.receiving_len_bytes.load(Ordering::Acquire);
        let is_one_place = slot.state.load(Ordering::Relaxed) == state;
        let [generation, len_bytes] = [state >> 32, state & u64::from(u32::MAX)];
        let is_it = generation == u64::from(id.generation());
        let len_bytes = u32::try_from(len_bytes).ok()?;
        let start = NonNull::new(start).filter(|_| is_one_place && is_it)?;
        Some((start, len_bytes, receiving_len_bytes))
    }
}

/// Where a range starts that lies in the first bytes of a place.
fn within(start: NonNull<u8>, len_bytes: u32, range: PlaceRange) -> Option<NonNull<u8>> {
    let end_bytes = range.offset_bytes.checked_add(range.len_bytes)?;
    let address = start.as_ptr().wrapping_add(range.offset_bytes as usize);
    NonNull::new(address).filter(|_| end_bytes <= len_bytes)
}

impl Memory for PlaceTable {
    fn locate(&self, range: PlaceRange) -> Option<NonNull<u8>> {
        let (start, len_bytes, _) = self.find(range.place)?;
        within(start, len_bytes, range)
    }

    fn locate_for_receiving(&self, range: PlaceRange) -> Option<NonNull<u8>> {
        let (start, _, receiving_len_bytes) = self.find(range.place)?;
        within(start, receiving_len_bytes, range)
    }
}
