//! Serving what peers ask for: a request waits until its bytes are in memory, and its place stays
//! until they are gone.

use std::collections::BTreeSet;

use super::Torrent;
use crate::base::limits::{
    READ_LEN_BYTES_MAX, READ_LEN_BYTES_MIN, UPLOAD_PLACES_MAX, UPLOADS_AHEAD,
};
use crate::base::{Block, ConnId, PlaceId, PlaceRange};
use crate::engine::context::Context;
use crate::engine::job::PlaceSource;
use crate::engine::landing::Stretch;

/// Where the bytes of a block are.
enum Found {
    Here(PlaceRange),
    OnItsWay(PlaceId),
    /// Nothing more fits into memory now.
    NoRoom,
}

impl Torrent {
    pub(super) fn hear_request(&mut self, ctx: &mut Context<'_>, conn: ConnId, block: Block) {
        let has = self.blocks.have().has(block.piece());
        let Some(peer) = self.peers.get(&conn) else {
            return;
        };
        let is_given = has && (!peer.conn.is_choked_by_us() || self.gives_fast(conn, block));
        let Some(peer) = self.peers.get_mut(&conn) else {
            return;
        };
        if !is_given {
            peer.conn.refuse(block);
            return;
        }
        peer.conn.was_of_use();
        peer.conn.grant(block);
        if peer.conn.waiting_uploads() <= UPLOADS_AHEAD {
            self.serve(ctx, conn);
        }
    }

    pub(super) fn hear_cancel(&mut self, ctx: &mut Context<'_>, conn: ConnId, block: Block) {
        let Some(peer) = self.peers.get_mut(&conn) else {
            return;
        };
        if let Some(place) = peer.conn.take_back_upload(block) {
            peer.conn.refuse(block);
            if let Some(range) = place {
                ctx.release(range.place);
            }
            self.serve(ctx, conn);
        }
    }

    /// Brings the next blocks that a peer waits for into memory.
    ///
    /// Blocks leave in order, so a place is held for a peer only when all before it have theirs:
    /// peers that hold what others need, and wait for what others hold, would wait for ever.
    fn serve(&mut self, ctx: &mut Context<'_>, conn: ConnId) {
        let Some(peer) = self.peers.get(&conn) else {
            return;
        };
        let missing: Vec<_> = peer.conn.uploads_without_place(UPLOADS_AHEAD).collect();
        let mut places: BTreeSet<_> = peer.conn.upload_places().collect();
        self.waiting_for_reads.remove(&conn);
        let mut is_next = true;
        for block in missing {
            // A peer that asks for a bit of everything takes no memory from the others.
            if places.len() >= UPLOAD_PLACES_MAX {
                return;
            }
            match self.find(ctx, block) {
                Found::Here(range) => {
                    places.insert(range.place);
                    if is_next {
                        self.put_upload(ctx, conn, block, range);
                    }
                }
                Found::OnItsWay(place) => {
                    places.insert(place);
                    self.waiting_for_reads.insert(conn);
                    is_next = false;
                }
                Found::NoRoom => {
                    self.waiting_for_reads.insert(conn);
                    return;
                }
            }
        }
    }

    fn put_upload(&mut self, ctx: &mut Context<'_>, conn: ConnId, block: Block, range: PlaceRange) {
        if let Some(peer) = self.peers.get_mut(&conn)
            && peer.conn.put_upload(block, range)
        {
            ctx.places.hold(ctx.now, range.place);
        }
    }

    /// Memory has come, or come free. What has come for somebody is taken before room is made for
    /// others: it would be given up before it was ever used.
    pub(super) fn serve_all_waiting(&mut self, ctx: &mut Context<'_>) {
        let waiting: Vec<_> = self.waiting_for_reads.iter().copied().collect();
        for conn in &waiting {
            self.take_what_is_here(ctx, *conn);
        }
        for conn in waiting {
            self.serve(ctx, conn);
            ctx.replan(conn);
        }
    }

    /// What was to be sent from a place that is given up is read again when its turn comes: peers
    /// that take it slowly would hold memory that others are to send into.
    pub(super) fn send_from_elsewhere(&mut self, ctx: &mut Context<'_>, place: PlaceId) {
        let mut moved = Vec::new();
        for (conn, peer) in &mut self.peers {
            let count = peer.conn.take_upload_place(place);
            (0..count).for_each(|_| ctx.release(place));
            if count > 0 {
                moved.push(*conn);
            }
        }
        for conn in moved {
            self.serve(ctx, conn);
        }
    }

    fn take_what_is_here(&mut self, ctx: &mut Context<'_>, conn: ConnId) {
        let Some(peer) = self.peers.get(&conn) else {
            return;
        };
        let missing: Vec<_> = peer.conn.uploads_without_place(UPLOADS_AHEAD).collect();
        for block in missing {
            match self.find_here(ctx, block) {
                Some(range) => self.put_upload(ctx, conn, block, range),
                None => return,
            }
        }
    }

    fn find(&mut self, ctx: &mut Context<'_>, block: Block) -> Found {
        if let Some(range) = self.find_landed(block) {
            return Found::Here(range);
        }
        let stretch = self.read_for(block);
        let found = match self.find_read(ctx, stretch, block) {
            Some(range) => Found::Here(range),
            None => match self.reading.get(&stretch) {
                Some(place) => Found::OnItsWay(*place),
                None => self.start_read(ctx, stretch),
            },
        };
        if !matches!(found, Found::NoRoom) {
            self.read_ahead(ctx, stretch);
        }
        found
    }

    /// Where a block is in memory already.
    fn find_here(&self, ctx: &Context<'_>, block: Block) -> Option<PlaceRange> {
        self.find_landed(block)
            .or_else(|| self.find_read(ctx, self.read_for(block), block))
    }

    fn find_landed(&self, block: Block) -> Option<PlaceRange> {
        self.landing.place_of_block(&self.geometry, block)
    }

    fn find_read(&self, ctx: &Context<'_>, stretch: Stretch, block: Block) -> Option<PlaceRange> {
        let place = *self.reading.get(&stretch)?;
        let into_place = self.start_of(block) - stretch.offset_bytes;
        ctx.places.is_live(place).then_some(PlaceRange {
            place,
            offset_bytes: u32::try_from(into_place).ok()?,
            len_bytes: block.len_bytes(),
        })
    }

    fn start_of(&self, block: Block) -> u64 {
        self.geometry.start_of(block.piece()) + u64::from(block.offset_bytes())
    }

    /// What is read so that a block is in memory: as much around it as pays.
    fn read_for(&self, block: Block) -> Stretch {
        let start_bytes = self.start_of(block);
        let around =
            self.grouping
                .read_around(block.piece(), block.offset_bytes(), self.read_len_bytes());
        if start_bytes + u64::from(block.len_bytes()) > around.end_bytes() {
            // A block that is cut unlike ours lies across two of them.
            return Stretch {
                offset_bytes: start_bytes,
                len_bytes: block.len_bytes(),
            };
        }
        around
    }

    /// Many peers that want different parts have to share the memory.
    fn read_len_bytes(&self) -> u32 {
        let served = self
            .peers
            .values()
            .filter(|peer| peer.conn.waiting_uploads() > 0);
        let sharing = u32::try_from(served.count()).unwrap_or(u32::MAX).max(1);
        let share = (4 * READ_LEN_BYTES_MAX / sharing).max(1);
        let power = 1 << share.ilog2();
        power.clamp(READ_LEN_BYTES_MIN, READ_LEN_BYTES_MAX)
    }

    fn start_read(&mut self, ctx: &mut Context<'_>, stretch: Stretch) -> Found {
        let what = stretch.source();
        if !ctx.places.fits(what) {
            // Its memory comes back when storage says so; then all that wait are served again.
            if let Some(stalest) = ctx.places.stalest_idle_read() {
                ctx.close(stalest);
            }
            return Found::NoRoom;
        }
        let place = ctx.open(self.id, what);
        self.reading.insert(stretch, place);
        Found::OnItsWay(place)
    }

    /// Where a peer reads on from what was read before, the next part is brought in before it is
    /// asked for.
    fn read_ahead(&mut self, ctx: &mut Context<'_>, from: Stretch) {
        let before = from.offset_bytes.checked_sub(u64::from(from.len_bytes));
        let came_from_before = before.is_some_and(|offset_bytes| {
            self.reading.contains_key(&Stretch {
                offset_bytes,
                ..from
            })
        });
        let next_bytes = from.end_bytes();
        let Some(piece) = self.geometry.piece_at(next_bytes) else {
            return;
        };
        if !came_from_before || !self.blocks.have().has(piece) {
            return;
        }
        let into_piece = next_bytes - self.geometry.start_of(piece);
        let into_piece = u32::try_from(into_piece).unwrap_or(0);
        let next = self.grouping.read_around(piece, into_piece, from.len_bytes);
        if !self.reading.contains_key(&next) && ctx.places.fits(next.source()) {
            self.start_read(ctx, next);
        }
    }

    /// Forgets a place to send from that is given up.
    pub(in crate::engine) fn forget_read(&mut self, what: PlaceSource) {
        if let PlaceSource::Read {
            offset_bytes,
            len_bytes,
        } = what
        {
            self.reading.remove(&Stretch {
                offset_bytes,
                len_bytes,
            });
        }
    }

    pub(in crate::engine) fn sent(
        &mut self,
        ctx: &mut Context<'_>,
        conn: ConnId,
        len_bytes: usize,
    ) {
        let Some(peer) = self.peers.get_mut(&conn) else {
            return;
        };
        let before = peer.conn.uploaded_bytes();
        if peer.conn.waiting_uploads() > 0 {
            peer.last_moved = ctx.now;
        }
        let gone = peer.conn.sent(ctx.now, len_bytes);
        let block_bytes = peer.conn.uploaded_bytes() - before;
        if block_bytes > 0 {
            peer.up.add(ctx.now, block_bytes);
            self.traffic.uploaded(ctx.now, block_bytes);
        }
        let waits = peer.conn.uploads_without_place(UPLOADS_AHEAD).next();
        let waits = waits.is_some();
        let is_any = !gone.is_empty();
        for range in gone {
            ctx.release(range.place);
        }
        if is_any && waits {
            self.serve(ctx, conn);
        }
        if is_any && !self.waiting_for_reads.is_empty() {
            self.serve_all_waiting(ctx);
        }
    }
}
