//! Which block is asked of whom next, and where it lands.

use std::time::Duration;

use super::{Peer, Torrent};
use crate::base::limits::{LANDING_AHEAD_BYTES, REFUSALS_BORNE_MAX};
use crate::base::{Bitfield, Block, ConnId, Instant, PieceIndex, PlaceId};
use crate::engine::context::Context;
use crate::engine::job::{Job, PieceInPlace, PlaceSource, StorageFault};
use crate::engine::landing::{Group, LandingPlace};
use crate::peer::{Extensions, Fault, Landing};
use crate::swarm::{Claim, Interest};

/// How long a window is received into before it is made writable again.
const WINDOW_FRESH_FOR: Duration = Duration::from_secs(4);

/// From this rate on, all windows together are filled within that time, and well before.
const WINDOWS_BYTES_PER_S_MIN: u64 = 32 << 20;

/// A window that takes longer to come tells of a disk that is better written to in pieces.
pub(super) const WINDOW_PATIENCE: Duration = Duration::from_millis(500);

/// A peer that stalls for so many times the patience with it is left.
const OWING_PATIENCES: u32 = 4;

impl Torrent {
    pub(super) fn hear_has(&mut self, ctx: &mut Context<'_>, conn: ConnId, piece: PieceIndex) {
        let Some(peer) = self.peers.get_mut(&conn) else {
            return;
        };
        if !peer.has.set(piece) {
            return;
        }
        self.picker.peer_got(piece);
        peer.interest.peer_got(&self.picker, piece);
        self.look_at_interest(ctx, conn);
    }

    pub(super) fn hear_has_some(&mut self, ctx: &mut Context<'_>, conn: ConnId, has: Bitfield) {
        let Some(peer) = self.peers.get_mut(&conn) else {
            return;
        };
        self.picker.peer_left(&peer.has);
        self.picker.peer_joined(&has);
        peer.interest = Interest::of(&self.picker, &has);
        peer.has = has;
        self.look_at_interest(ctx, conn);
    }

    pub(super) fn hear_extensions(
        &mut self,
        ctx: &mut Context<'_>,
        conn: ConnId,
        said: &Extensions,
    ) {
        let Some(peer) = self.peers.get_mut(&conn) else {
            return;
        };
        peer.is_upload_only = said.is_upload_only;
        if let (Some(port), None) = (said.listen_port, peer.listens_at) {
            let mut address = peer.remote;
            address.set_port(port);
            peer.listens_at = Some(address);
        }
        self.look_at_interest(ctx, conn);
    }

    /// Says whether we want something of a peer, and ends what is of no use to either side.
    fn look_at_interest(&mut self, ctx: &mut Context<'_>, conn: ConnId) {
        let Some(peer) = self.peers.get_mut(&conn) else {
            return;
        };
        peer.conn.set_interesting(peer.interest.is_any());
        let wants_nothing = peer.is_seed() || peer.is_upload_only;
        if wants_nothing && self.blocks.have().is_full() {
            log::debug!("peer {}: {}", peer.remote, super::Refusal::BothSeeds);
            ctx.end(conn, crate::base::Ending::Flush);
        }
    }

    pub(super) fn fetch_from_all(&mut self, ctx: &mut Context<'_>) {
        if !self.is_downloading() {
            return;
        }
        let conns: Vec<_> = self.peers.keys().copied().collect();
        for conn in conns {
            if self.fetch(ctx, conn) {
                ctx.replan(conn);
            }
        }
    }

    /// Asks a peer for blocks, where it is worth it; true where something was asked.
    pub(super) fn fetch(&mut self, ctx: &mut Context<'_>, conn: ConnId) -> bool {
        let Some(peer) = self.peers.get(&conn) else {
            return false;
        };
        let can_ask = self.is_downloading() && !peer.conn.is_choking_us();
        let is_worth_it = !peer.is_snubbing && peer.refusals < REFUSALS_BORNE_MAX;
        if !can_ask || !peer.interest.is_any() || !is_worth_it {
            return false;
        }
        let room = peer.conn.request_room();
        // Requests go out several at a time, but before the peer runs out of them.
        if room < peer.conn.pipeline_depth().div_ceil(4) {
            return false;
        }
        let mut asked = 0;
        while asked < room && self.ask_one(ctx, conn) {
            asked += 1;
        }
        self.look_ahead(ctx, conn);
        asked > 0
    }

    fn ask_one(&mut self, ctx: &mut Context<'_>, conn: ConnId) -> bool {
        let Some(block) = self.lease(ctx, conn) else {
            return self.ask_in_endgame(ctx, conn);
        };
        let range = self.landing.locate(
            &self.geometry,
            block.piece(),
            block.offset_bytes(),
            block.len_bytes(),
        );
        let (Some(range), Some(peer)) = (range, self.peers.get_mut(&conn)) else {
            unreachable!("only pieces with a place are begun");
        };
        peer.conn.request(ctx.now, block, Landing::Leased(range));
        true
    }

    fn lease(&mut self, ctx: &mut Context<'_>, conn: ConnId) -> Option<Block> {
        loop {
            let peer = self.peers.get(&conn)?;
            if let Some(piece) = peer.working_on
                && self.landing.is_ready(piece)
                && self.may_bring(conn, piece)
                && let Some(block) = self.blocks.lease_next(piece, conn)
            {
                self.try_alone(conn, piece);
                return Some(block);
            }
            let next = self.choose_piece(ctx, conn);
            let peer = self.peers.get_mut(&conn)?;
            peer.working_on = next;
            next?;
        }
    }

    /// The piece that a peer works on next, begun where it was not.
    fn choose_piece(&mut self, ctx: &mut Context<'_>, conn: ConnId) -> Option<PieceIndex> {
        let peer = self.peers.get(&conn)?;
        let is_ready = |piece| self.landing.is_ready(piece) && self.may_bring(conn, piece);
        if let Some(piece) = self.blocks.pick_orphan(conn, &peer.has, is_ready) {
            return Some(piece);
        }
        let live: Vec<_> = self.landing.live_ranges().collect();
        if let Some(piece) = self.picker.pick_within(&live, &peer.has, ctx.rng) {
            self.begin(ctx, piece);
            return Some(piece);
        }
        // Others work on what is left; where a new place is on its way, that is better waited for.
        if self.landing.is_any_opening() && peer.conn.standing_requests() > 0 {
            return None;
        }
        self.blocks.pick_shared(conn, &peer.has, is_ready)
    }

    fn begin(&mut self, ctx: &mut Context<'_>, piece: PieceIndex) {
        self.picker.begin(piece);
        self.blocks.begin(piece);
        let mut is_filled = false;
        for number in 0..self.geometry.block_count_of(piece) {
            let block = self.geometry.block(piece, number);
            if let Some(block) = block.filter(|block| self.is_padding(*block)) {
                is_filled = self.blocks.prefill(block);
            }
        }
        if is_filled {
            self.piece_filled(ctx, piece);
        }
    }

    /// Everything is asked for: what has not begun to come is asked of others, too.
    fn ask_in_endgame(&mut self, ctx: &mut Context<'_>, conn: ConnId) -> bool {
        if !self.picker.is_all_begun() || !self.blocks.is_all_leased() {
            return false;
        }
        let Some(peer) = self.peers.get_mut(&conn) else {
            return false;
        };
        let (landing, tried_alone) = (&self.landing, &self.tried_alone);
        let is_ready = |piece| landing.is_ready(piece) && !tried_alone.contains_key(&piece);
        let Some(block) = self.blocks.ask_also(conn, &peer.has, is_ready) else {
            return false;
        };
        peer.conn.request(ctx.now, block, Landing::Contested);
        // Whoever was asked first has no claim any more before its answer begins.
        if let Some(holder) = self.blocks.holder(block)
            && let Some(holder) = self.peers.get_mut(&holder)
        {
            holder.conn.contest(block);
        }
        true
    }

    /// Sees to it that there is room for what will be asked for next.
    fn look_ahead(&mut self, ctx: &mut Context<'_>, conn: ConnId) {
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

    /// A piece that is to be brought into memory so that a peer can be asked for it.
    fn next_without_place(&self, peer: &Peer, ctx: &mut Context<'_>) -> Option<PieceIndex> {
        let begun = self.blocks.in_progress().find(|piece| {
            self.landing.of(*piece).is_none()
                && !self.in_pool.contains_key(piece)
                && peer.has.has(*piece)
        });
        let has_no_place = |piece| self.landing.of(piece).is_none();
        begun.or_else(|| self.picker.pick(&peer.has, has_no_place, ctx.rng))
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

    /// The bytes of a block come next: decides where they go.
    pub(super) fn block_begins(&mut self, conn: ConnId, block: Block, landing: Landing) {
        let former = self.blocks.holder(block).filter(|former| *former != conn);
        let claim = self.blocks.claim(block, conn);
        // Whoever lost the lease by this may not write any more, though it was asked first.
        if claim == Claim::Yours
            && let Some(former) = former.and_then(|former| self.peers.get_mut(&former))
        {
            former.conn.contest(block);
        }
        let Some(peer) = self.peers.get_mut(&conn) else {
            return;
        };
        let range = match (claim, landing) {
            (Claim::Yours, Landing::Leased(range)) => Some(range),
            (Claim::Yours, Landing::Contested) => self.landing.locate(
                &self.geometry,
                block.piece(),
                block.offset_bytes(),
                block.len_bytes(),
            ),
            (Claim::Taken | Claim::NotWanted, _) => None,
        };
        match range {
            Some(range) => peer.conn.land(range),
            None => {
                self.blocks.give_back(block, conn);
                peer.conn.throw_away();
            }
        }
    }

    /// A peer that refuses all it is asked for would otherwise be asked again as fast as it refuses.
    pub(super) fn hear_refuses(&mut self, ctx: &mut Context<'_>, conn: ConnId, block: Block) {
        self.blocks.give_back(block, conn);
        self.try_with_others(conn);
        if let Some(peer) = self.peers.get_mut(&conn)
            && !peer.conn.is_choking_us()
        {
            peer.refusals = peer.refusals.saturating_add(1);
        }
        self.fetch_from_all(ctx);
    }

    pub(super) fn block_landed(&mut self, ctx: &mut Context<'_>, conn: ConnId, block: Block) {
        let Some(peer) = self.peers.get_mut(&conn) else {
            return;
        };
        peer.is_snubbing = false;
        peer.refusals = 0;
        let contributor = peer.contributor;
        let filled = self.blocks.filled(block, conn, contributor);
        for other in filled.also_asked {
            if let Some(other_peer) = self.peers.get_mut(&other) {
                other_peer.conn.cancel(block);
                ctx.replan(other);
            }
        }
        if filled.is_piece_filled {
            self.piece_filled(ctx, block.piece());
        }
    }

    fn piece_filled(&mut self, ctx: &mut Context<'_>, piece: PieceIndex) {
        let whole = self
            .landing
            .locate(&self.geometry, piece, 0, self.geometry.len_of(piece));
        let Some(range) = whole else {
            unreachable!("a piece that was received has its place");
        };
        self.to_hash.push_back(PieceInPlace { piece, range });
        self.submit_hashes(ctx);
    }

    /// Peers that owe blocks and send none lose what they have not begun to send. In the end they
    /// are left: what they were asked for holds on to its memory as long as they might send it, and
    /// who forgot what it was asked for would never be asked again.
    pub(super) fn look_for_stalled(&mut self, ctx: &mut Context<'_>) {
        // Under a limit of ours, who sends nothing may be who is not listened to.
        if ctx.config.down_bytes_per_second_max.is_none() {
            let patience = ctx.config.stall_patience * OWING_PATIENCES;
            let conns = self.peers.iter();
            let owing = conns.filter(|(_, peer)| peer.conn.stalled_for(ctx.now) >= patience);
            let owing: Vec<_> = owing.map(|(conn, _)| *conn).collect();
            for conn in owing {
                self.end(ctx, conn, &Fault::OwesBlocks);
            }
        }
        let mut is_any = false;
        for (conn, peer) in &mut self.peers {
            let patience = ctx.config.stall_patience;
            if peer.is_snubbing || peer.conn.stalled_for(ctx.now) < patience {
                continue;
            }
            log::debug!("peer {}: it stalls", peer.remote);
            peer.is_snubbing = true;
            peer.working_on = None;
            peer.conn.contest_all();
            if peer.conn.landing_block().is_some() {
                peer.conn.throw_away();
            }
            self.blocks.loosen_all(*conn);
            self.tried_alone.retain(|_, chosen| chosen != conn);
            ctx.replan(*conn);
            is_any = true;
        }
        if is_any {
            self.fetch_from_all(ctx);
        }
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
