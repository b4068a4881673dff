//! Room for what will be asked for: which places are opened ahead, made writable again, and given up.

use std::cmp::Reverse;
use std::collections::BTreeSet;
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
            self.without_window.retain(|piece| !group.holds(*piece));
            self.landing.push(ctx.now, place, group);
        }
    }

    /// A window where much comes at once, and a buffer where little does: a window that is filled
    /// slowly is written back under the hands of who fills it. Where a piece of the window has
    /// another place already, it is a buffer, too.
    fn group_to_open(&mut self, now: Instant, piece: PieceIndex) -> Group {
        if self.traffic.down.bytes_per_s(now) >= WINDOWS_BYTES_PER_S_MIN {
            self.prefers_buffers = false;
        }
        let has_no_place = |piece| self.landing.of(piece).is_none();
        if self.without_window.contains(&piece)
            && let Some(window) = self.grouping.window_around(piece, has_no_place)
        {
            // Some of it is in the file already, where no buffer would have it.
            return window;
        }
        let window = self.grouping.window_of(piece).filter(|window| {
            let mut pieces = window.pieces();
            !self.prefers_buffers
                && pieces.all(|index| self.geometry.piece(index).is_some_and(has_no_place))
        });
        let may_share = |other| {
            has_no_place(other)
                && self.picker.is_lacking(other)
                && !self.without_window.contains(&other)
        };
        window.unwrap_or_else(|| self.grouping.buffer_around(piece, may_share))
    }

    /// A piece that is to be brought into memory so that a peer can be asked for it.
    fn next_without_place(&self, peer: &Peer, ctx: &mut Context<'_>) -> Option<PieceIndex> {
        let reach = peer.in_reach()?;
        let mut begun = self.without_window.iter().copied();
        let begun = begun.find(|piece| reach.has(*piece));
        let has_no_place = |piece| self.landing.of(piece).is_none();
        begun.or_else(|| self.picker.pick(reach, has_no_place, ctx.rng))
    }

    /// How much has a place and is not asked for yet.
    fn bytes_ahead(&self) -> u64 {
        let pieces = self.landing.iter().map(|place| place.group.pieces());
        let pieces: u32 = pieces.map(|range| self.picker.free_within(range)).sum();
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
        if self.has_failed() {
            self.landing.opened(ctx.now, place);
            return self.give_memory_back(ctx);
        }
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
        if self.has_failed() {
            return self.give_memory_back(ctx);
        }
        for conn in self.peers.keys() {
            ctx.replan(*conn);
        }
        self.fetch_from_all(ctx);
    }

    /// Where places are all taken and somebody could bring what has none, one is given up that does
    /// not get on. Where all of them do, but slowly, the best of those who have nothing to do is asked
    /// for what is to come into them.
    pub(super) fn make_room(&mut self, ctx: &mut Context<'_>) {
        if !self.is_downloading() || self.landing.is_any_opening() {
            return;
        }
        let is_starving = |peer: &Peer| {
            peer.interest.is_any()
                && !peer.conn.is_choking_us()
                && !peer.is_late()
                && peer.conn.standing_requests() == 0
        };
        let starving = self.peers.iter().filter(|(_, peer)| is_starving(peer));
        let mut starving: Vec<_> = starving.collect();
        starving.sort_by_key(|(_, peer)| Reverse(peer.conn.downloaded_bytes()));
        let mut starving = starving.into_iter();
        let best = starving.find(|(_, peer)| self.next_without_place(peer, ctx).is_some());
        let Some(conn) = best.map(|(conn, _)| *conn) else {
            return;
        };
        let used = self.places_in_use();
        let is_idle = |place: &&LandingPlace| place.is_ready() && !used.contains(&place.id);
        let idle = self.landing.iter().find(is_idle);
        if let Some(place) = idle.copied() {
            self.give_up(ctx, &place);
        } else if self.in_pool.is_empty() && self.to_hash.is_empty() {
            // Slower peers hold all of it, with little that is to come.
            self.ask_for_what_is_held(ctx, conn);
        }
    }

    /// The places that something is on its way into, or that a job works on. What was asked of a
    /// peer that stalls is not waited for; and what is sent can be sent from elsewhere.
    fn places_in_use(&self) -> BTreeSet<PlaceId> {
        let asked = self.peers.values().flat_map(|peer| {
            let asked = peer.conn.asked().filter(|_| !peer.is_late());
            let asked = asked.map(|asked| asked.block);
            asked.chain(peer.conn.landing_block())
        });
        let asked = asked.filter_map(|block| self.landing.of(block.piece()));
        let in_pool = self.in_pool.values().copied();
        let to_hash = self.to_hash.iter().map(|piece| piece.range.place);
        let in_use = asked.map(|place| place.id);
        in_use.chain(in_pool).chain(to_hash).collect()
    }

    /// What a buffer holds is nowhere else; what a window holds is in its file, and goes on there.
    fn give_up(&mut self, ctx: &mut Context<'_>, place: &LandingPlace) {
        self.landing.remove(place.id);
        let pieces = place.group.pieces();
        let pieces = pieces.filter_map(|index| self.geometry.piece(index));
        let begun: Vec<_> = pieces
            .filter(|piece| self.blocks.is_in_progress(*piece))
            .collect();
        for piece in begun {
            if place.is_window() {
                self.without_window.insert(piece);
            } else {
                self.begin_anew(ctx, piece);
            }
        }
        ctx.close_when_unused(place.id);
        self.send_from_elsewhere(ctx, place.id);
    }

    /// A torrent that failed keeps no memory from the others: what its peers and its jobs no longer
    /// use is given up, and the rest when its turn comes.
    pub(super) fn give_memory_back(&mut self, ctx: &mut Context<'_>) {
        if !self.has_failed() || !self.peers.is_empty() {
            return;
        }
        self.to_hash.clear();
        let in_pool: BTreeSet<_> = self.in_pool.values().copied().collect();
        let is_free = |place: &&LandingPlace| place.is_ready() && !in_pool.contains(&place.id);
        let landing = self.landing.iter().filter(is_free);
        let landing: Vec<_> = landing.map(|place| place.id).collect();
        for place in landing {
            self.landing.remove(place);
            ctx.close(place);
        }
        let reads = self.reading.values().copied();
        let reads: Vec<_> = reads.filter(|place| ctx.places.is_live(*place)).collect();
        for place in reads {
            ctx.close(place);
        }
    }

    fn begin_anew(&mut self, ctx: &mut Context<'_>, piece: PieceIndex) {
        for (block, conn) in self.blocks.abandon(piece) {
            if let Some(peer) = self.peers.get_mut(&conn) {
                peer.conn.cancel(block);
                ctx.replan(conn);
            }
        }
        self.picker.put_back(piece);
    }
}
