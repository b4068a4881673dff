//! What a torrent needs of the process while one input is handled.

use std::collections::VecDeque;

use super::Config;
use super::job::{Job, PlaceSource, TorrentId};
use super::places::{Place, PlaceState, Places};
use crate::base::{Action, ConnId, Ending, Instant, PlaceId, Rng};

#[derive(Debug)]
pub(super) struct Context<'a> {
    pub(super) now: Instant,
    pub(super) config: &'a Config,
    pub(super) places: &'a mut Places,
    pub(super) actions: &'a mut VecDeque<Action<Job>>,
    pub(super) rng: &'a mut Rng,
    /// How many connections there are, of all torrents.
    pub(super) conn_count: usize,
    /// How many of these are being made.
    pub(super) dial_count: usize,
}

impl Context<'_> {
    /// Whether there may be one connection more, of all torrents.
    pub(super) fn has_room(&self) -> bool {
        self.conn_count < self.config.connections_max
    }

    pub(super) fn replan(&mut self, conn: ConnId) {
        self.actions.push_back(Action::Replan(conn));
    }

    pub(super) fn end(&mut self, conn: ConnId, how: Ending) {
        self.actions.push_back(Action::End { conn, how });
    }

    pub(super) fn submit(&mut self, job: Job) {
        self.actions.push_back(Action::Submit(job));
    }

    pub(super) fn open(&mut self, torrent: TorrentId, what: PlaceSource) -> PlaceId {
        let (place, job) = self.places.open(self.now, torrent, what);
        self.submit(job);
        place
    }

    /// Gives up a place that nobody uses.
    pub(super) fn close(&mut self, place: PlaceId) {
        if let Some(job) = self.places.close(place) {
            self.submit(job);
        }
    }

    /// Gives up a place as soon as nobody uses it.
    pub(super) fn close_when_unused(&mut self, place: PlaceId) {
        match self.places.get(place) {
            Some(known) if known.users == 0 => self.close(place),
            Some(_) => self.places.abandon(place),
            None => {}
        }
    }

    /// Gives up what nobody uses of the places to send from, the stalest first, until what is
    /// wanted will fit; stops at one that may not go.
    pub(super) fn make_room_to_send(&mut self, what: PlaceSource, may_go: impl Fn(&Place) -> bool) {
        while !self.places.will_fit(what) {
            let stalest = self.places.stalest_idle_read();
            let known = stalest.and_then(|id| Some((id, self.places.get(id)?)));
            match known {
                Some((id, place)) if may_go(place) => self.close(id),
                _ => return,
            }
        }
    }

    /// Somebody relies on a place no more; true where nobody does now.
    pub(super) fn release(&mut self, place: PlaceId) -> bool {
        self.places.release(place);
        let is_unused = self.places.get(place).is_none_or(|known| known.users == 0);
        let is_left = self.places.get(place).is_some_and(|known| {
            known.users == 0 && known.is_abandoned && known.state == PlaceState::Live
        });
        if is_left {
            self.close(place);
        }
        is_unused
    }
}
