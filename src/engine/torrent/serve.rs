//! Serving what peers ask for: a request waits until its bytes are in memory, and its place stays
//! until they are gone.

use super::Torrent;
use crate::base::limits::{READ_LEN_BYTES_MAX, READ_LEN_BYTES_MIN, UPLOADS_AHEAD};
use crate::base::{Block, ConnId, PlaceRange};
use crate::engine::context::Context;
use crate::engine::job::PlaceSource;

/// Where the bytes of a block are.
enum Found {
    Here(PlaceRange),
    OnItsWay,
    /// Nothing more fits into memory now.
    NoRoom,
}

impl Torrent {
    pub(super) fn hear_request(&mut self, ctx: &mut Context<'_>, conn: ConnId, block: Block) {
        let has = self.blocks.have().has(block.piece());
        let Some(peer) = self.peers.get_mut(&conn) else {
            return;
        };
        if peer.conn.is_choked_by_us() || !has {
            peer.conn.refuse(block);
            return;
        }
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
    fn serve(&mut self, ctx: &mut Context<'_>, conn: ConnId) {
        let Some(peer) = self.peers.get(&conn) else {
            return;
        };
        let missing: Vec<_> = peer.conn.uploads_without_place(UPLOADS_AHEAD).collect();
        self.waiting_for_reads.remove(&conn);
        for block in missing {
            match self.find(ctx, block) {
                Found::Here(range) => {
                    ctx.places.hold(ctx.now, range.place);
                    if let Some(peer) = self.peers.get_mut(&conn) {
                        peer.conn.put_upload(block, range);
                    }
                }
                Found::OnItsWay => {
                    self.waiting_for_reads.insert(conn);
                }
                Found::NoRoom => {
                    self.waiting_for_reads.insert(conn);
                    return;
                }
            }
        }
    }

    pub(super) fn serve_all_waiting(&mut self, ctx: &mut Context<'_>) {
        let waiting: Vec<_> = self.waiting_for_reads.iter().copied().collect();
        for conn in waiting {
            self.serve(ctx, conn);
            ctx.replan(conn);
        }
    }

    fn find(&mut self, ctx: &mut Context<'_>, block: Block) -> Found {
        let landed = self.landing.locate(
            &self.geometry,
            block.piece(),
            block.offset_bytes(),
            block.len_bytes(),
        );
        if let Some(range) = landed {
            return Found::Here(range);
        }
        let start_bytes = self.geometry.start_of(block.piece()) + u64::from(block.offset_bytes());
        let what = self.read_for(block, start_bytes);
        let found = self.find_or_read(ctx, what, start_bytes, block.len_bytes());
        if matches!(found, Found::Here(_) | Found::OnItsWay) {
            self.read_ahead(ctx, what);
        }
        found
    }

    /// What is read so that a block is in memory: as much around it as pays.
    fn read_for(&self, block: Block, start_bytes: u64) -> PlaceSource {
        let around =
            self.grouping
                .read_around(block.piece(), block.offset_bytes(), self.read_len_bytes());
        if let PlaceSource::Read {
            offset_bytes,
            len_bytes,
        } = around
            && start_bytes + u64::from(block.len_bytes()) > offset_bytes + u64::from(len_bytes)
        {
            // A block that is cut unlike ours lies across two of them.
            return PlaceSource::Read {
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

    fn find_or_read(
        &mut self,
        ctx: &mut Context<'_>,
        what: PlaceSource,
        start_bytes: u64,
        block_len_bytes: u32,
    ) -> Found {
        let PlaceSource::Read {
            offset_bytes,
            len_bytes,
        } = what
        else {
            unreachable!("content is read to be sent");
        };
        let key = (offset_bytes, len_bytes);
        let Some(place) = self.reading.get(&key).copied() else {
            return self.start_read(ctx, what);
        };
        if !ctx.places.is_live(place) {
            return Found::OnItsWay;
        }
        let into_place = u32::try_from(start_bytes - offset_bytes).unwrap_or(u32::MAX);
        Found::Here(PlaceRange {
            place,
            offset_bytes: into_place,
            len_bytes: block_len_bytes,
        })
    }

    fn start_read(&mut self, ctx: &mut Context<'_>, what: PlaceSource) -> Found {
        if !ctx.places.fits(what) {
            // Its memory comes back when storage says so; then all that wait are served again.
            if let Some(stalest) = ctx.places.stalest_idle_read() {
                ctx.close(stalest);
            }
            return Found::NoRoom;
        }
        if let PlaceSource::Read {
            offset_bytes,
            len_bytes,
        } = what
        {
            let place = ctx.open(self.id, what);
            self.reading.insert((offset_bytes, len_bytes), place);
        }
        Found::OnItsWay
    }

    /// Where a peer reads on from what was read before, the next part is brought in before it is
    /// asked for.
    fn read_ahead(&mut self, ctx: &mut Context<'_>, what: PlaceSource) {
        let PlaceSource::Read {
            offset_bytes,
            len_bytes,
        } = what
        else {
            return;
        };
        let came_from_before = offset_bytes
            .checked_sub(u64::from(len_bytes))
            .is_some_and(|before| self.reading.contains_key(&(before, len_bytes)));
        let next_bytes = offset_bytes + u64::from(len_bytes);
        let Some(piece) = self.geometry.piece_at(next_bytes) else {
            return;
        };
        if !came_from_before || !self.blocks.have().has(piece) {
            return;
        }
        let into_piece = next_bytes - self.geometry.start_of(piece);
        let into_piece = u32::try_from(into_piece).unwrap_or(0);
        let next = self.grouping.read_around(piece, into_piece, len_bytes);
        if let PlaceSource::Read {
            offset_bytes,
            len_bytes,
        } = next
            && !self.reading.contains_key(&(offset_bytes, len_bytes))
            && ctx.places.fits(next)
        {
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
            self.reading.remove(&(offset_bytes, len_bytes));
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
        let gone = peer.conn.sent(ctx.now, len_bytes);
        let block_bytes = peer.conn.uploaded_bytes() - before;
        if block_bytes > 0 {
            peer.up.add(ctx.now, block_bytes);
            self.traffic.uploaded(ctx.now, block_bytes);
        }
        let waits = peer.conn.uploads_without_place(1).next().is_some()
            || peer.conn.waiting_uploads() >= UPLOADS_AHEAD;
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
