//! Which connection of a torrent is closed where somebody comes and there is no room.

use std::time::Duration;

use super::{Peer, Torrent};
use crate::base::limits::REFUSALS_BORNE_MAX;
use crate::base::{ConnId, Ending, Instant};
use crate::engine::Config;
use crate::engine::context::Context;
use crate::engine::shed::Use;

/// Nobody is closed who came later than this, or gave or took anything since.
const TENURE: Duration = Duration::from_secs(60);
const IDLE: Duration = Duration::from_secs(30);

/// Who waits for a slot waits undisturbed for this long.
const WAITING: Duration = Duration::from_secs(300);

impl Torrent {
    pub(in crate::engine) fn has_room(&self, config: &Config) -> bool {
        self.peers.len() < config.torrent_connections_max
    }

    /// Whether it knows of somebody whom it could call, if there were room.
    pub(in crate::engine) fn misses_somebody(&self, now: Instant) -> bool {
        let is_due = self.roster.deadline().is_some_and(|due| due <= now);
        is_due && self.is_downloading() && !self.is_over()
    }

    /// The connection that is of the least use, and since when it is so; none where each is of use or
    /// may be yet.
    pub(in crate::engine) fn least_useful(&self, now: Instant) -> Option<(Use, Instant, ConnId)> {
        let peers = self.peers.iter();
        peers
            .filter_map(|(conn, peer)| Some((peer.doubtful_use(now)?, peer.last_moved, *conn)))
            .min()
    }

    /// Closes a connection and forgets it at once: its place is taken.
    pub(in crate::engine) fn shed(&mut self, ctx: &mut Context<'_>, conn: ConnId) {
        if let Some(peer) = self.peers.get(&conn) {
            log::debug!("peer {}: it makes room for another", peer.remote);
        }
        self.leave(ctx, conn);
        ctx.end(conn, Ending::Now);
    }
}

impl Peer {
    /// What it is good for, where it might be done without.
    fn doubtful_use(&self, now: Instant) -> Option<Use> {
        let idle_for = now - self.last_moved;
        if now - self.joined_at < TENURE || idle_for < IDLE {
            return None;
        }
        let is_served = !self.conn.is_choked_by_us();
        let asks_for_nothing = is_served && now - self.unchoked_at >= IDLE;
        let wants = self.conn.is_interested() && !asks_for_nothing;
        let brings = self.conn.is_interesting() && !self.conn.is_choking_us();
        if self.is_late() || self.refusals >= REFUSALS_BORNE_MAX {
            Some(Use::Fails)
        } else if brings {
            None
        } else if !wants && !self.conn.is_interesting() {
            Some(Use::Nothing)
        } else if !wants {
            Some(Use::MayBring)
        } else {
            (!is_served && idle_for >= WAITING).then_some(Use::Waits)
        }
    }
}
