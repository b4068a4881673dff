//! Which block is asked of whom next, and where it lands.

use super::peer::Pace;
use super::{Peer, Torrent};
use crate::base::limits::REFUSALS_BORNE_MAX;
use crate::base::{Block, ConnId, PieceIndex};
use crate::engine::context::Context;
use crate::engine::job::PieceInPlace;
use crate::peer::{Fault, Landing};
use crate::swarm::Claim;

/// A peer that stalls for so many times the patience with it is left.
const OWING_PATIENCES: u32 = 4;

impl Torrent {
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
        let can_ask = self.is_downloading() && peer.in_reach().is_some() && !peer.is_resting;
        let is_worth_it = !peer.is_late() && peer.refusals < REFUSALS_BORNE_MAX;
        if !can_ask || !peer.interest.is_any() || !is_worth_it {
            return false;
        }
        let room = peer.conn.request_room();
        // Requests go out several at a time, but before the peer runs out of them.
        if room < peer.conn.pipeline_depth().div_ceil(4) {
            return false;
        }
        let has_nothing_to_do = peer.conn.standing_requests() == 0;
        let mut asked = 0;
        while asked < room && self.ask_one(ctx, conn, has_nothing_to_do) {
            asked += 1;
        }
        self.look_ahead(ctx, conn);
        asked > 0
    }

    fn ask_one(&mut self, ctx: &mut Context<'_>, conn: ConnId, has_nothing_to_do: bool) -> bool {
        let Some(block) = self.lease(ctx, conn) else {
            // Few are asked for the same: those who are slow with what they were asked for would keep
            // those away who are not.
            return has_nothing_to_do && self.ask_in_endgame(ctx, conn);
        };
        let range = self.landing.place_of_block(&self.geometry, block);
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
                && peer.in_reach()?.has(piece)
                && self.landing.is_ready(piece)
                && self.may_bring(conn, piece)
                && let Some(block) = self.blocks.lease_next(piece, conn)
            {
                self.try_alone(conn, piece);
                return Some(block);
            }
            let next = self.choose_piece(ctx, conn);
            let peer = self.peers.get_mut(&conn)?;
            // Where there is nothing now, it is remembered what to go on behind.
            peer.working_on = Some(next?);
        }
    }

    /// The piece that a peer works on next, begun where it was not.
    fn choose_piece(&mut self, ctx: &mut Context<'_>, conn: ConnId) -> Option<PieceIndex> {
        let peer = self.peers.get(&conn)?;
        let reach = peer.in_reach()?;
        let is_ready = |piece| self.landing.is_ready(piece) && self.may_bring(conn, piece);
        if let Some(piece) = self.blocks.pick_orphan(conn, reach, is_ready) {
            return Some(piece);
        }
        let ready = self.landing.ready_ranges();
        let before = peer.working_on;
        if let Some(piece) = self.picker.pick_within(ready, reach, before, ctx.rng) {
            self.begin(ctx, piece);
            return Some(piece);
        }
        // Others work on what is left; where a new place is on its way, that is better waited for.
        if self.landing.is_any_opening() && peer.conn.standing_requests() > 0 {
            return None;
        }
        self.blocks.pick_shared(conn, reach, is_ready)
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
        let is_alone = self.peers.len() < 2;
        let is_end = self.picker.is_all_begun() && self.blocks.is_all_leased();
        is_end && !is_alone && self.ask_also(ctx, conn)
    }

    /// Asks a peer for what others were asked for and have not begun to send, as much as it takes.
    pub(super) fn ask_for_what_is_held(&mut self, ctx: &mut Context<'_>, conn: ConnId) {
        let room = self.peers.get(&conn).map(|peer| peer.conn.request_room());
        let asked = (0..room.unwrap_or(0)).take_while(|_| self.ask_also(ctx, conn));
        if asked.count() > 0 {
            ctx.replan(conn);
        }
    }

    fn ask_also(&mut self, ctx: &mut Context<'_>, conn: ConnId) -> bool {
        let Some(reach) = self.peers.get(&conn).and_then(Peer::in_reach) else {
            return false;
        };
        let (landing, tried_alone) = (&self.landing, &self.tried_alone);
        let is_ready = |piece| landing.is_ready(piece) && !tried_alone.contains_key(&piece);
        let Some(block) = self.blocks.ask_also(conn, reach, is_ready) else {
            return false;
        };
        let Some(peer) = self.peers.get_mut(&conn) else {
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
            (Claim::Yours, Landing::Contested) => {
                self.landing.place_of_block(&self.geometry, block)
            }
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
        if let Some(peer) = self.peers.get_mut(&conn) {
            if !peer.conn.is_choking_us() {
                peer.refusals = peer.refusals.saturating_add(1);
            }
            peer.forget_fast(block.piece());
        }
        self.hand_on(ctx);
    }

    /// What somebody gave back may be asked of others: at once, but only once between two ticks,
    /// which ask everybody anyhow.
    pub(super) fn hand_on(&mut self, ctx: &mut Context<'_>) {
        if !std::mem::replace(&mut self.since_tick.has_handed_on, true) {
            self.fetch_from_all(ctx);
        }
    }

    pub(super) fn block_landed(&mut self, ctx: &mut Context<'_>, conn: ConnId, block: Block) {
        let Some(peer) = self.peers.get_mut(&conn) else {
            return;
        };
        peer.pace = Pace::Brings;
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
        let whole = self.landing.place_of_piece(&self.geometry, piece);
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
        let patience = ctx.config.stall_patience;
        let peers = self.peers.iter().filter(|(_, peer)| !peer.is_late());
        let stalled = peers.filter(|(_, peer)| peer.conn.stalled_for(ctx.now) >= patience);
        let stalled: Vec<_> = stalled.map(|(conn, peer)| (*conn, peer.remote)).collect();
        for (conn, remote) in &stalled {
            log::debug!("peer {remote}: it stalls");
            self.take_leases(ctx, *conn, Pace::Stalls);
        }
        if !stalled.is_empty() {
            self.fetch_from_all(ctx);
        }
    }

    /// What a peer was asked for may come from others, and what it is sending is thrown away.
    pub(super) fn take_leases(&mut self, ctx: &mut Context<'_>, conn: ConnId, pace: Pace) {
        let Some(peer) = self.peers.get_mut(&conn) else {
            return;
        };
        peer.pace = pace;
        peer.working_on = None;
        peer.conn.contest_all();
        if peer.conn.landing_block().is_some() {
            peer.conn.throw_away();
        }
        self.blocks.loosen_all(conn);
        self.try_with_others(conn);
        ctx.replan(conn);
    }
}
