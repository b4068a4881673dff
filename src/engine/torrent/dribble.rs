//! Peers that send a block, but hardly: a byte now and then would keep its lease for ever, and with
//! it the memory that it lands in.

use std::time::Duration;

use super::peer::Pace;
use super::{Peer, Torrent};
use crate::base::{Block, ConnId, Instant};
use crate::engine::context::Context;

/// Who brings blocks at this rate is slow, and honest.
const SLOW_BYTES_PER_S: u32 = 1 << 10;

impl Torrent {
    /// A block that is on its way for longer than a slow peer takes, and than would stall another
    /// peer, is taken from its peer where somebody else could bring it; alone, a peer may be as slow
    /// as it likes.
    pub(super) fn look_for_dribblers(&mut self, ctx: &mut Context<'_>) {
        for peer in self.peers.values_mut() {
            // It has worked off what it was asked for: it may try again.
            if peer.pace == Pace::Dribbles && peer.conn.is_clear() {
                peer.pace = Pace::Brings;
            }
        }
        // Under a limit of ours, who sends little may be who is hardly listened to.
        if ctx.config.down_bytes_per_second_max.is_some() || !self.is_downloading() {
            return;
        }
        let late: Vec<_> = self
            .peers
            .iter()
            .filter(|(_, peer)| peer.pace != Pace::Dribbles)
            .filter_map(|(conn, peer)| Some((*conn, peer.late_block(ctx)?)))
            .collect();
        let mut is_any = false;
        for (conn, block) in late {
            if self.others_could_bring(ctx.now, conn, block) {
                self.take_from_dribbler(ctx, conn);
                is_any = true;
            }
        }
        if is_any {
            self.fetch_from_all(ctx);
        }
    }

    fn others_could_bring(&mut self, now: Instant, conn: ConnId, block: Block) -> bool {
        let others = self.peers.iter_mut().filter(|(other, _)| **other != conn);
        let mut able = others
            .map(|(_, peer)| peer)
            .filter(|peer| !peer.conn.is_choking_us() && peer.has.has(block.piece()))
            .filter(|peer| !peer.is_late());
        // Where all are slow, it is the line that is.
        able.any(|peer| {
            let is_fast = peer.down.bytes_per_s(now) > 2 * u64::from(SLOW_BYTES_PER_S);
            is_fast || peer.conn.standing_requests() == 0
        })
    }

    fn take_from_dribbler(&mut self, ctx: &mut Context<'_>, conn: ConnId) {
        if let Some(peer) = self.peers.get(&conn) {
            log::debug!("peer {}: it takes too long for a block", peer.remote);
        }
        self.take_leases(ctx, conn, Pace::Dribbles);
    }
}

impl Peer {
    /// The block that is coming from it, if that takes too long.
    fn late_block(&self, ctx: &Context<'_>) -> Option<Block> {
        let block = self.conn.landing_block()?;
        let slow = Duration::from_secs(u64::from(block.len_bytes() / SLOW_BYTES_PER_S));
        let patience = ctx.config.stall_patience + slow;
        (self.conn.landing_for(ctx.now) >= patience).then_some(block)
    }
}
