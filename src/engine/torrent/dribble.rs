//! Peers that send a block, but hardly: a byte now and then would keep its lease for ever, and with
//! it the memory that it lands in.

use std::time::Duration;

use super::peer::Pace;
use super::{Peer, Torrent};
use crate::base::{BLOCK_LEN_BYTES, Block, ConnId, Instant};
use crate::engine::context::Context;

/// Who brings blocks at this rate is slow, and honest.
const SLOW_BYTES_PER_S: u32 = 1 << 10;

/// Within as many blocks of each peer as a limit lets through, each has had its turn: who comes next
/// is chosen at random.
const LIMITED_ROUNDS: u64 = 8;

impl Torrent {
    /// A block that is on its way for longer than a slow peer takes, and than would stall another
    /// peer, is taken from its peer where somebody else could bring it; alone, a peer may be as slow
    /// as it likes.
    pub(super) fn look_for_dribblers(&mut self, ctx: &mut Context<'_>) {
        if !self.is_downloading() {
            return;
        }
        let limited = self.waits_for_our_limit(ctx);
        for peer in self.peers.values_mut() {
            // It has worked off what it was asked for: it may try again.
            if peer.pace == Pace::Dribbles && peer.conn.is_clear() {
                peer.pace = Pace::Brings;
            }
        }
        let late: Vec<_> = self
            .peers
            .iter()
            .filter(|(_, peer)| peer.pace != Pace::Dribbles)
            .filter_map(|(conn, peer)| Some((*conn, peer.late_block(ctx, limited)?)))
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

    /// Under a limit of ours, who sends little may be who is hardly listened to: for how long, where
    /// all have their turns.
    fn waits_for_our_limit(&self, ctx: &Context<'_>) -> Duration {
        let Some(bytes_per_s) = ctx.config.down_bytes_per_second_max else {
            return Duration::ZERO;
        };
        let round_bytes = self.peers.len() as u64 * u64::from(BLOCK_LEN_BYTES);
        let rounds_ms = LIMITED_ROUNDS * round_bytes * 1000 / bytes_per_s.max(1);
        Duration::from_millis(rounds_ms)
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
    fn late_block(&self, ctx: &Context<'_>, limited: Duration) -> Option<Block> {
        let block = self.conn.landing_block()?;
        let slow = Duration::from_secs(u64::from(block.len_bytes() / SLOW_BYTES_PER_S));
        let patience = ctx.config.stall_patience + slow + limited;
        (self.conn.landing_for(ctx.now) >= patience).then_some(block)
    }
}
