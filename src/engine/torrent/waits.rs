//! What a download waits for: so people see what would make it faster.

use super::{Peer, Torrent};
use crate::engine::context::Context;
use crate::engine::report::Limit;

impl Torrent {
    /// To be called whenever something has happened.
    pub(in crate::engine) fn note_waits(&mut self, ctx: &Context<'_>) {
        if !self.is_downloading() {
            self.traffic.waits_no_more();
        } else if self.traffic.is_wait_due(ctx.now) {
            let limit = self.what_is_waited_for(ctx);
            self.traffic.note_wait(ctx.now, limit);
        }
    }

    fn what_is_waited_for(&mut self, ctx: &Context<'_>) -> Limit {
        // A limit holds connections back for milliseconds at a time; what shows is that the rate is it.
        let rate = self.traffic.down.bytes_per_s(ctx.now);
        let most = ctx.config.down_bytes_per_second_max;
        let is_at_limit = most.is_some_and(|most| rate >= most - most / 8);
        let asked = self
            .peers
            .values()
            .any(|peer| peer.conn.standing_requests() > 0);
        if asked {
            return if is_at_limit {
                Limit::Configured
            } else {
                Limit::Network
            };
        }
        if !self.in_pool.is_empty() || !self.to_hash.is_empty() {
            return Limit::Hash;
        }
        let could_ask = |peer: &Peer| !peer.conn.is_choking_us() && peer.interest.is_any();
        if self.peers.values().any(could_ask) && !self.picker.is_all_begun() {
            return Limit::Disk;
        }
        Limit::Peers
    }
}
