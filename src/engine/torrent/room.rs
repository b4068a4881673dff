//! Room for what will be asked for: which places are opened ahead, made writable again, and given up.

use std::time::Duration;

use super::{Peer, Torrent};
use crate::base::limits::LANDING_AHEAD_BYTES;
use crate::base::{ConnId, Instant, PieceIndex, PlaceId};
use crate::engine::context::Context;
use crate::engine::job::{Job, PlaceSource, StorageFault};
use crate::engine::landing::{Group, LandingPlace};

/// How long a window is received into before it is made writable again.
const WINDOW_FRESH_FOR: Duration = Duration::from_secs(4);

/// From this rate on, all windows together are filled within that time, and well before.
const WINDOWS_BYTES_PER_S_MIN: u64 = 32 << 20;

/// A window that takes longer to come tells of a disk that is better written to in pieces.
const WINDOW_PATIENCE: Duration = Duration::from_millis(500);

impl Torrent {
    /// Sees to it that there is room for what will be asked for next.
    pub(super) fn look_ahead(&mut self, ctx: &mut Context<'_>, conn: ConnId) {
        while self.bytes_ahead() < LANDING_AHEAD_BYTES {
            let Some(peer) = self.peers.get(&conn) else {
                return;
            };
            let Some(piece) = self.next_without_place(peer, ctx) else {
                return;
            };
            let group = self.group_to_open(ctx.now, piece);
            if !ctx.places.fits(group.what) {
                return;
            }
            let place = ctx.open(self.id, group.what);
            self.landing.push(ctx.now, place, group);
        }
    }

    /// A window where much comes at once, and a buffer where little does: a window that is filled
    /// slowly is written back under the hands of who fills it. Where a piece of the window has
    /// another place already, it is a buffer, too.
    fn group_to_open(&mut self, now: Instant, piece: PieceIndex) -> Group {
        let window = self.grouping.group_of(piece);
        let mut pieces = window
            .pieces()
            .filter_map(|index| self.geometry.piece(index));
        let is_taken = pieces.any(|other| self.landing.of(other).is_some());
        if self.traffic.down.bytes_per_s(now) >= WINDOWS_BYTES_PER_S_MIN {
            self.prefers_buffers = false;
        }
        if is_taken || self.prefers_buffers {
            self.grouping.buffer_of(piece)
        } else {
            window
        }
    }

    /// A piece that is to be brought into memory so that a peer can be asked for it.
    fn next_without_place(&self, peer: &Peer, ctx: &mut Context<'_>) -> Option<PieceIndex> {
        let reach = peer.in_reach()?;
        let begun = self.blocks.in_progress().find(|piece| {
            self.landing.of(*piece).is_none()
                && !self.in_pool.contains_key(piece)
                && reach.has(*piece)
        });
        let has_no_place = |piece| self.landing.of(piece).is_none();
        begun.or_else(|| self.picker.pick(reach, has_no_place, ctx.rng))
    }

    /// How much has a place and is not asked for yet.
    fn bytes_ahead(&self) -> u64 {
        let pieces: u32 = self
            .landing
            .iter()
            .map(|place| self.picker.free_within(place.group.pieces()))
            .sum();
        u64::from(pieces) * u64::from(self.geometry.piece_len_bytes())
    }

    /// A place is there.
    pub(in crate::engine) fn place_opened(
        &mut self,
        ctx: &mut Context<'_>,
        place: PlaceId,
        result: Result<(), StorageFault>,
    ) {
        if let Err(fault) = result {
            self.landing.remove(place);
            self.reading.retain(|_, reading| *reading != place);
            ctx.places.closed(place);
            return self.fail(ctx, fault);
        }
        ctx.places.opened(place);
        if let Some((group, asked_at)) = self.landing.opened(ctx.now, place) {
            let is_window = matches!(group.what, PlaceSource::Window { .. });
            if is_window && ctx.now - asked_at > WINDOW_PATIENCE {
                self.prefers_buffers = true;
            }
            self.fetch_from_all(ctx);
        } else {
            self.serve_all_waiting(ctx);
        }
    }

    /// The memory of a place is free again.
    pub(in crate::engine) fn place_closed(&mut self, ctx: &mut Context<'_>) {
        if !self.has_failed() {
            self.fetch_from_all(ctx);
            self.serve_all_waiting(ctx);
        }
    }

    /// Windows that the kernel may have written back by now are made writable again before more is
    /// received into them.
    pub(super) fn refresh_windows(&mut self, ctx: &mut Context<'_>) {
        for place in self.landing.take_stale(ctx.now, WINDOW_FRESH_FOR) {
            self.prefers_buffers = true;
            let torrent = self.id;
            ctx.submit(Job::Refresh { torrent, place });
        }
    }

    pub(in crate::engine) fn refreshed(
        &mut self,
        ctx: &mut Context<'_>,
        place: PlaceId,
        result: Result<(), StorageFault>,
    ) {
        self.landing.refreshed(ctx.now, place);
        if let Err(fault) = result {
            return self.fail(ctx, fault);
        }
        for conn in self.peers.keys() {
            ctx.replan(*conn);
        }
        self.fetch_from_all(ctx);
    }

    /// Where places are all taken and somebody could bring what has none, one is given up that does
    /// not get on.
    pub(super) fn make_room(&mut self, ctx: &mut Context<'_>) {
        if !self.is_downloading() || self.landing.is_any_opening() {
            return;
        }
        let is_starving = |peer: &Peer| {
            peer.interest.is_any()
                && !peer.conn.is_choking_us()
                && !peer.is_snubbing
                && peer.conn.standing_requests() == 0
        };
        let mut starving = self.peers.values().filter(|peer| is_starving(peer));
        if !starving.any(|peer| self.next_without_place(peer, ctx).is_some()) {
            return;
        }
        let idle = self.landing.iter().find(|place| self.is_idle(place, ctx));
        if let Some(place) = idle.copied() {
            self.give_up(ctx, &place);
        }
    }

    /// Whether nothing is on its way into a place or out of it. What was asked of a peer that stalls
    /// is not waited for.
    fn is_idle(&self, place: &LandingPlace, ctx: &Context<'_>) -> bool {
        let is_used = ctx.places.get(place.id).is_none_or(|known| known.users > 0);
        let is_in_pool = self.in_pool.values().any(|used| *used == place.id);
        let is_to_be_hashed = self
            .to_hash
            .iter()
            .any(|piece| piece.range.place == place.id);
        let is_leased = self.peers.values().any(|peer| {
            let asked = peer.conn.asked().map(|asked| asked.block);
            let asked = asked.filter(|_| !peer.is_snubbing);
            asked
                .chain(peer.conn.landing_block())
                .any(|block| place.group.holds(block.piece()))
        });
        place.is_live
            && !place.is_refreshing
            && !is_used
            && !is_in_pool
            && !is_to_be_hashed
            && !is_leased
    }

    fn give_up(&mut self, ctx: &mut Context<'_>, place: &LandingPlace) {
        self.landing.remove(place.id);
        if let PlaceSource::Buffer { piece, .. } = place.group.what {
            // What a buffer holds is nowhere else.
            if self.blocks.is_in_progress(piece) {
                for (block, conn) in self.blocks.abandon(piece) {
                    if let Some(peer) = self.peers.get_mut(&conn) {
                        peer.conn.cancel(block);
                        ctx.replan(conn);
                    }
                }
                self.picker.put_back(piece);
            }
        }
        ctx.close(place.id);
    }
}
