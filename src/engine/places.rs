//! The memory that all torrents of a process share: who holds how much of it, within budgets.

use super::job::{Job, PlaceSource, TorrentId};
use crate::base::limits::PLACES_MAX;
use crate::base::{Instant, PlaceId};

/// How much memory places may take together.
#[derive(Clone, Copy, Debug)]
pub struct PlaceBudget {
    /// To receive into. One place is granted even if it is larger.
    pub receive_bytes: u64,
    /// To send from. One place is granted even if it is larger.
    pub send_bytes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PlaceState {
    Opening,
    Live,
    /// Given up; its memory counts until storage says that it is free.
    Closing,
}

#[derive(Debug)]
pub(super) struct Place {
    pub(super) torrent: TorrentId,
    pub(super) what: PlaceSource,
    pub(super) state: PlaceState,
    /// How many leases, jobs and blocks on their way rely on it.
    pub(super) users: u32,
    /// To be given up when nobody uses it any more.
    pub(super) is_abandoned: bool,
    pub(super) last_used: Instant,
}

#[derive(Debug)]
struct Slot {
    generation: u32,
    place: Option<Place>,
}

#[derive(Debug)]
pub(super) struct Places {
    budget: PlaceBudget,
    slots: Vec<Slot>,
    free: Vec<u32>,
    receive_bytes: u64,
    send_bytes: u64,
}

impl Places {
    pub(super) fn new(budget: PlaceBudget) -> Self {
        Self {
            budget,
            slots: Vec::new(),
            free: Vec::new(),
            receive_bytes: 0,
            send_bytes: 0,
        }
    }

    /// Whether a place of this size is within the budget.
    pub(super) fn fits(&self, what: PlaceSource) -> bool {
        let (used_bytes, budget_bytes) = match what {
            PlaceSource::Read { .. } => (self.send_bytes, self.budget.send_bytes),
            _ => (self.receive_bytes, self.budget.receive_bytes),
        };
        let has_slot = !self.free.is_empty() || self.slots.len() < PLACES_MAX;
        has_slot && (used_bytes == 0 || used_bytes + what.len_bytes() <= budget_bytes)
    }

    /// Names a place and asks storage for it; it must fit.
    pub(super) fn open(
        &mut self,
        now: Instant,
        torrent: TorrentId,
        what: PlaceSource,
    ) -> (PlaceId, Job) {
        assert!(self.fits(what), "asked before");
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot {
                generation: 0,
                place: None,
            });
            u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
        });
        *self.used_bytes(what) += what.len_bytes();
        let slot = &mut self.slots[index as usize];
        slot.place = Some(Place {
            torrent,
            what,
            state: PlaceState::Opening,
            users: 0,
            is_abandoned: false,
            last_used: now,
        });
        let place = PlaceId::new(index, slot.generation);
        let job = Job::Open {
            torrent,
            place,
            what,
        };
        (place, job)
    }

    /// Storage has made it.
    pub(super) fn opened(&mut self, id: PlaceId) {
        if let Some(place) = self.get_mut(id) {
            assert_eq!(place.state, PlaceState::Opening, "opened once");
            place.state = PlaceState::Live;
        }
    }

    /// Gives up a place that nobody uses.
    pub(super) fn close(&mut self, id: PlaceId) -> Option<Job> {
        let place = self.get_mut(id)?;
        assert_eq!(place.users, 0, "nobody relies on a place that is given up");
        if place.state == PlaceState::Closing {
            return None;
        }
        place.state = PlaceState::Closing;
        Some(Job::Close { place: id })
    }

    /// Its memory is free again; or storage could not make it.
    pub(super) fn closed(&mut self, id: PlaceId) -> Option<Place> {
        self.get_mut(id)?;
        let slot = &mut self.slots[id.slot()];
        let place = slot.place.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(u32::try_from(id.slot()).unwrap_or(u32::MAX));
        *self.used_bytes(place.what) -= place.what.len_bytes();
        Some(place)
    }

    pub(super) fn get(&self, id: PlaceId) -> Option<&Place> {
        let slot = self.slots.get(id.slot())?;
        let place = slot.place.as_ref()?;
        (slot.generation == id.generation()).then_some(place)
    }

    fn get_mut(&mut self, id: PlaceId) -> Option<&mut Place> {
        let slot = self.slots.get_mut(id.slot())?;
        let place = slot.place.as_mut()?;
        (slot.generation == id.generation()).then_some(place)
    }

    pub(super) fn is_live(&self, id: PlaceId) -> bool {
        self.get(id)
            .is_some_and(|place| place.state == PlaceState::Live)
    }

    /// Somebody relies on it from now on.
    pub(super) fn hold(&mut self, now: Instant, id: PlaceId) {
        if let Some(place) = self.get_mut(id) {
            place.users += 1;
            place.last_used = now;
        }
    }

    /// It is given up when the last that uses it is done.
    pub(super) fn abandon(&mut self, id: PlaceId) {
        if let Some(place) = self.get_mut(id) {
            place.is_abandoned = true;
        }
    }

    /// Somebody relies on it no more.
    pub(super) fn release(&mut self, id: PlaceId) {
        if let Some(place) = self.get_mut(id) {
            assert!(place.users > 0, "held before");
            place.users -= 1;
        }
    }

    /// The place to send from that nobody has used for longest.
    pub(super) fn stalest_idle_read(&self) -> Option<PlaceId> {
        let idle = self.slots.iter().enumerate().filter_map(|(index, slot)| {
            let place = slot.place.as_ref()?;
            let is_idle = place.users == 0 && place.state == PlaceState::Live;
            (is_idle && matches!(place.what, PlaceSource::Read { .. })).then_some((
                place.last_used,
                index,
                slot.generation,
            ))
        });
        let (_, index, generation) = idle.min()?;
        Some(PlaceId::new(u32::try_from(index).ok()?, generation))
    }

    fn used_bytes(&mut self, what: PlaceSource) -> &mut u64 {
        match what {
            PlaceSource::Read { .. } => &mut self.send_bytes,
            _ => &mut self.receive_bytes,
        }
    }
}

impl PlaceSource {
    pub fn len_bytes(self) -> u64 {
        match self {
            Self::Window { len_bytes, .. }
            | Self::Buffer { len_bytes, .. }
            | Self::Read { len_bytes, .. } => u64::from(len_bytes),
        }
    }
}
