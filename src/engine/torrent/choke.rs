//! Who of the peers is served.

use super::{Peer, Torrent};
use crate::base::{ConnId, Ending};
use crate::engine::context::Context;
use crate::swarm::{Aim, PeerFacts};

impl Torrent {
    pub(super) fn hear_interested(&mut self, ctx: &mut Context<'_>, conn: ConnId) {
        if self.choker.newcomer_fits(self.unchoked_count) {
            self.unchoke(ctx, conn);
        } else {
            // Who is served and wants nothing now makes room.
            self.look_for_slots(ctx);
        }
    }

    fn unchoke(&mut self, ctx: &mut Context<'_>, conn: ConnId) {
        if let Some(peer) = self.peers.get_mut(&conn)
            && peer.conn.is_choked_by_us()
        {
            peer.conn.unchoke();
            peer.unchoked_at = ctx.now;
            self.unchoked_count += 1;
            ctx.replan(conn);
        }
    }

    /// Somebody may have left a slot that others wait for. To see whether, and to deal slots anew,
    /// costs as much as there are peers: between two ticks it is done once, however often peers
    /// change their minds.
    pub(super) fn look_for_slots(&mut self, ctx: &mut Context<'_>) {
        if std::mem::replace(&mut self.since_tick.has_dealt_slots, true) {
            self.since_tick.wants_slots = true;
        } else {
            self.deal_free_slots(ctx);
        }
    }

    pub(super) fn deal_free_slots(&mut self, ctx: &mut Context<'_>) {
        let is_idle = |peer: &Peer| !peer.conn.is_choked_by_us() && !peer.conn.is_interested();
        let waits = |peer: &Peer| peer.conn.is_choked_by_us() && peer.conn.is_interested();
        let has_free = self.choker.newcomer_fits(self.unchoked_count);
        if self.peers.values().any(waits) && (has_free || self.peers.values().any(is_idle)) {
            self.choker.hurry(ctx.now);
            self.choke_round(ctx);
        }
    }

    pub(super) fn choke_round(&mut self, ctx: &mut Context<'_>) {
        if ctx.now < self.choker.deadline() || self.has_failed() {
            return;
        }
        let aim = if self.is_downloading() {
            Aim::Download
        } else {
            Aim::Seed
        };
        let now = ctx.now;
        let facts: Vec<_> = self
            .peers
            .iter_mut()
            .map(|(conn, peer)| PeerFacts {
                conn: *conn,
                is_interested: peer.conn.is_interested(),
                is_unchoked: !peer.conn.is_choked_by_us(),
                since: peer.unchoked_at,
                down_bytes_per_s: peer.down.bytes_per_s(now),
                up_bytes_per_s: peer.up.bytes_per_s(now),
                is_snubbing: peer.is_late(),
                is_seed: peer.is_seed() || peer.is_upload_only,
            })
            .collect();
        let changes = self.choker.round(now, aim, &facts, ctx.rng);
        for conn in changes.choke {
            self.choke(ctx, conn);
        }
        for conn in changes.unchoke {
            self.unchoke(ctx, conn);
        }
    }

    fn choke(&mut self, ctx: &mut Context<'_>, conn: ConnId) {
        let Some(peer) = self.peers.get_mut(&conn) else {
            return;
        };
        if peer.conn.is_choked_by_us() {
            return;
        }
        for range in peer.conn.choke() {
            ctx.release(range.place);
        }
        peer.unchoked_at = ctx.now;
        self.unchoked_count -= 1;
        // What it may have while it is choked is still on its way.
        if peer.conn.waiting_uploads() == 0 {
            self.waiting_for_reads.remove(&conn);
        } else {
            self.waiting_for_reads.insert(conn);
        }
        ctx.replan(conn);
    }

    /// Where both sides have everything, neither wants anything of the other.
    pub(super) fn part_from_seeds(&mut self, ctx: &mut Context<'_>) {
        for (conn, peer) in &self.peers {
            if peer.is_seed() || peer.is_upload_only {
                ctx.end(*conn, Ending::Flush);
            }
        }
    }
}

#[cfg(test)]
#[path = "choke_tests.rs"]
mod tests;
