//! The memory that all torrents of a process share: who holds how much of it, within budgets.

use std::collections::BTreeSet;

use super::job::{Job, PlaceSource, TorrentId};
use crate::base::limits::{PLACES_MAX, RECEIVING_PLACES_MAX};
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
    /// Somebody has relied on it by now.
    pub(super) was_used: bool,
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
    receiving: Taken,
    sending: Taken,
    /// Places to send from that nobody uses now: those first that somebody did, longest ago.
    idle_reads: BTreeSet<(Idle, PlaceId)>,
}

/// What is given up first, of what nobody uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Idle {
    is_unused_yet: bool,
    since: Instant,
}

/// How much is taken for one purpose.
#[derive(Clone, Copy, Debug, Default)]
struct Taken {
    in_all: Amount,
    /// Of that, what is given up already.
    closing: Amount,
}

#[derive(Clone, Copy, Debug, Default)]
struct Amount {
    bytes: u64,
    places: usize,
}

impl Amount {
    fn add(&mut self, what: PlaceSource) {
        self.bytes += what.len_bytes();
        self.places += 1;
    }

    fn remove(&mut self, what: PlaceSource) {
        self.bytes -= what.len_bytes();
        self.places -= 1;
    }

    fn without(self, part: Self) -> Self {
        Self {
            bytes: self.bytes - part.bytes,
            places: self.places - part.places,
        }
    }
}

impl Places {
    pub(super) fn new(budget: PlaceBudget) -> Self {
        Self {
            budget,
            slots: Vec::new(),
            free: Vec::new(),
            receiving: Taken::default(),
            sending: Taken::default(),
            idle_reads: BTreeSet::new(),
        }
    }

    /// Whether a place of this size is within the budget.
    pub(super) fn fits(&self, what: PlaceSource) -> bool {
        self.would_fit(what, self.taken_for(what).in_all)
    }

    /// Whether it is when everything is free that was given up.
    pub(super) fn will_fit(&self, what: PlaceSource) -> bool {
        let Taken { in_all, closing } = self.taken_for(what);
        self.would_fit(what, in_all.without(closing))
    }

    fn would_fit(&self, what: PlaceSource, beside: Amount) -> bool {
        let (budget_bytes, places_max) = match what {
            PlaceSource::Read { .. } => (self.budget.send_bytes, PLACES_MAX - RECEIVING_PLACES_MAX),
            _ => (self.budget.receive_bytes, RECEIVING_PLACES_MAX),
        };
        beside.places < places_max
            && (beside.places == 0 || beside.bytes + what.len_bytes() <= budget_bytes)
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
        self.taken_for_mut(what).in_all.add(what);
        let slot = &mut self.slots[index as usize];
        slot.place = Some(Place {
            torrent,
            what,
            state: PlaceState::Opening,
            users: 0,
            is_abandoned: false,
            last_used: now,
            was_used: false,
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
            self.note_idle(id);
        }
    }

    /// A place to send from may be given up for others as soon as nobody uses it.
    fn note_idle(&mut self, id: PlaceId) {
        if let Some(place) = self.get(id)
            && place.is_idle_read()
        {
            self.idle_reads.insert((place.idle(), id));
        }
    }

    fn note_used(&mut self, id: PlaceId) {
        if let Some(place) = self.get(id) {
            let idle = place.idle();
            self.idle_reads.remove(&(idle, id));
        }
    }

    /// Gives up a place that nobody uses.
    pub(super) fn close(&mut self, id: PlaceId) -> Option<Job> {
        self.note_used(id);
        let place = self.get_mut(id)?;
        assert_eq!(place.users, 0, "nobody relies on a place that is given up");
        if place.state == PlaceState::Closing {
            return None;
        }
        assert_eq!(place.state, PlaceState::Live, "what is there is given up");
        place.state = PlaceState::Closing;
        let what = place.what;
        self.taken_for_mut(what).closing.add(what);
        Some(Job::Close { place: id })
    }

    /// Its memory is free again; or storage could not make it.
    pub(super) fn closed(&mut self, id: PlaceId) -> Option<Place> {
        self.get_mut(id)?;
        let slot = &mut self.slots[id.slot()];
        let place = slot.place.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(u32::try_from(id.slot()).unwrap_or(u32::MAX));
        let taken = self.taken_for_mut(place.what);
        taken.in_all.remove(place.what);
        if place.state == PlaceState::Closing {
            taken.closing.remove(place.what);
        }
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
        self.note_used(id);
        if let Some(place) = self.get_mut(id) {
            place.users += 1;
            place.last_used = now;
            place.was_used = true;
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
            self.note_idle(id);
        }
    }

    /// The place to send from that nobody has used for longest.
    pub(super) fn stalest_idle_read(&self) -> Option<PlaceId> {
        self.idle_reads.first().map(|(_, id)| *id)
    }

    fn taken_for(&self, what: PlaceSource) -> Taken {
        match what {
            PlaceSource::Read { .. } => self.sending,
            _ => self.receiving,
        }
    }

    fn taken_for_mut(&mut self, what: PlaceSource) -> &mut Taken {
        match what {
            PlaceSource::Read { .. } => &mut self.sending,
            _ => &mut self.receiving,
        }
    }
}

impl Place {
    fn idle(&self) -> Idle {
        Idle {
            is_unused_yet: !self.was_used,
            since: self.last_used,
        }
    }

    fn is_idle_read(&self) -> bool {
        self.users == 0
            && self.state == PlaceState::Live
            && matches!(self.what, PlaceSource::Read { .. })
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
