//! Room for those who come: where there are as many connections as there may be, in one torrent or
//! in all, the one of the least use is closed for a newcomer.
//!
//! Never one on which anything moved in the last half minute, nor one that came in the last minute,
//! nor one that would bring what is wanted. Of the others first those that fail at what they are
//! asked for, then those that neither want nor have anything (who is served and asks for nothing
//! wants nothing), then those that only choke us, at last those that have waited for a slot for five
//! minutes; of equals the one on which nothing moved for longest. And only one in a second, so that a
//! crowd of newcomers cannot take everybody's place. Who comes when nobody may be closed is turned
//! away.
//!
//! While downloading, somebody of no use also makes room for an address that could be called.

use std::time::Duration;

use super::job::TorrentId;
use super::{Conn, Engine};
use crate::base::{ConnId, Instant};

/// What a connection is good for that might be done without, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Use {
    /// It does not bring what it is asked for.
    Fails,
    /// It wants nothing and has nothing.
    Nothing,
    /// It has something, and chokes us.
    MayBring,
    /// It waits to be served.
    Waits,
}

/// How often somebody is closed for a newcomer, and for somebody to be called.
const SHED_EVERY: Duration = Duration::from_secs(1);
const SHED_TO_DIAL_EVERY: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
pub(super) struct Shedding {
    next: Instant,
    next_to_dial: Instant,
    /// Connections that were closed and whose end was not told yet.
    ending: usize,
}

impl Engine {
    /// How many connections there are that count, those being made included.
    pub(super) fn conn_count(&self) -> usize {
        self.conns.len() + self.dials.len() - self.door.silent_count() - self.shedding.ending
    }

    /// Closes somebody, if anybody may be, for a newcomer to a torrent.
    pub(super) fn make_room(&mut self, now: Instant, newcomer_to: TorrentId) -> bool {
        if now < self.shedding.next {
            return false;
        }
        self.shedding.next = now + SHED_EVERY;
        self.shed(now, newcomer_to, Use::Waits)
    }

    /// Where somebody could be called and there is no room, somebody of no use goes.
    pub(super) fn make_room_to_dial(&mut self, now: Instant) {
        if now < self.shedding.next_to_dial {
            return;
        }
        let is_full = self.conn_count() >= self.config.connections_max;
        let mut missing = self.torrents.iter().filter(|(_, torrent)| {
            (is_full || !torrent.has_room(&self.config)) && torrent.misses_somebody(now)
        });
        if let Some(id) = missing.next().map(|(id, _)| *id) {
            self.shedding.next_to_dial = now + SHED_TO_DIAL_EVERY;
            self.shed(now, id, Use::Nothing);
        }
    }

    fn shed(&mut self, now: Instant, for_torrent: TorrentId, most: Use) -> bool {
        let has_room = |id| {
            let torrent = self.torrents.get(&id);
            torrent.is_some_and(|torrent| torrent.has_room(&self.config))
        };
        let only = Some(for_torrent).filter(|id| !has_room(*id));
        let candidates = self.torrents.iter().filter_map(|(id, torrent)| {
            let (of_use, since, conn) = torrent.least_useful(now)?;
            let is_meant = only.is_none_or(|only| only == *id) && of_use <= most;
            is_meant.then_some((of_use, since, conn, *id))
        });
        let Some((.., conn, id)) = candidates.min() else {
            return false;
        };
        self.with_torrent(now, id, |torrent, ctx| torrent.shed(ctx, conn));
        self.note_ending(conn);
        true
    }

    /// Closes a connection that has said nothing, for one that may.
    pub(super) fn shed_silent(&mut self, conn: ConnId) {
        self.end_now(conn);
        self.note_ending(conn);
    }

    fn note_ending(&mut self, conn: ConnId) {
        self.door.left(conn);
        if let Some(kind) = self.conns.get_mut(conn) {
            *kind = Conn::Ending;
            self.shedding.ending += 1;
        }
    }

    /// The end of a connection was told that counts no more.
    pub(super) fn ended(&mut self) {
        self.shedding.ending -= 1;
    }
}
