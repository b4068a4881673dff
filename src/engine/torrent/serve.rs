//! Serving what peers ask for: a request waits until its bytes are in memory, and its place stays
//! until they are gone.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Peer, Torrent};
use crate::base::limits::{
    READ_LEN_BYTES_MAX, READ_LEN_BYTES_MIN, READS_AHEAD, UPLOAD_PLACES_MAX, UPLOADS_AHEAD,
};
use crate::base::{Block, ConnId, Instant, PlaceId, PlaceRange};
use crate::engine::context::Context;
use crate::engine::job::PlaceSource;
use crate::engine::landing::Stretch;
use crate::engine::places::Place;

/// After this long, what was read ahead and never asked for gives way to what is asked for next.
const UNUSED_READ: Duration = Duration::from_secs(10);

/// Who has taken nothing of what is there for it for this long is not counted on.
const TAKES_NOTHING: Duration = Duration::from_secs(5);

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
        let peers_count = self.peers.len();
        let is_given = has && (!peer.conn.is_choked_by_us() || self.gives_fast(conn, block));
        let Some(peer) = self.peers.get_mut(&conn) else {
            return;
        };
        if !is_given {
            peer.conn.refuse(block);
            return;
        }
        peer.conn.was_of_use();
        if peer.conn.waiting_uploads() == 0 {
            self.served_count = peers_count.min(self.served_count + 1);
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
    ///
    /// Blocks leave in order, so a place is held for a peer only when all before it have theirs:
    /// peers that hold what others need, and wait for what others hold, would wait for ever.
    fn serve(&mut self, ctx: &mut Context<'_>, conn: ConnId) {
        let Some(peer) = self.peers.get(&conn) else {
            return;
        };
        let missing = peer.conn.uploads_without_place(peer.uploads_ahead(ctx.now));
        let missing: Vec<_> = missing.collect();
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
            // Only now: what was found is held, and not given up to make room.
            self.read_ahead(ctx, block);
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
            for _ in 0..count {
                ctx.release(place);
            }
            if count > 0 {
                moved.push(*conn);
            }
        }
        for conn in moved {
            self.serve(ctx, conn);
        }
    }

    /// Who takes nothing keeps no more memory from those who wait for some than what it is to take
    /// next; it has the rest again when it goes on.
    pub(super) fn take_from_idle(&mut self, ctx: &mut Context<'_>) {
        for peer in self.peers.values_mut() {
            if peer.takes_nothing(ctx.now) {
                for range in peer.conn.keep_first_upload_place() {
                    ctx.release(range.place);
                }
            }
        }
    }

    fn take_what_is_here(&mut self, ctx: &mut Context<'_>, conn: ConnId) {
        let Some(peer) = self.peers.get(&conn) else {
            return;
        };
        let missing = peer.conn.uploads_without_place(peer.uploads_ahead(ctx.now));
        let missing: Vec<_> = missing.collect();
        let mut places: BTreeSet<_> = peer.conn.upload_places().collect();
        for block in missing {
            let found = self.find_here(ctx, block);
            let Some(range) = found.filter(|_| places.len() < UPLOAD_PLACES_MAX) else {
                return;
            };
            places.insert(range.place);
            self.put_upload(ctx, conn, block, range);
        }
    }

    fn find(&mut self, ctx: &mut Context<'_>, block: Block) -> Found {
        if let Some(range) = self.find_landed(block) {
            return Found::Here(range);
        }
        let mut reads = self.reads_for(block);
        let known = reads.find(|stretch| self.reading.contains_key(stretch));
        let stretch = known.unwrap_or_else(|| self.read_for(block));
        match self.find_read(ctx, stretch, block) {
            Some(range) => Found::Here(range),
            None => match self.reading.get(&stretch) {
                Some(place) => Found::OnItsWay(*place),
                None => self.start_read(ctx, stretch),
            },
        }
    }

    /// Where a block is in memory already.
    fn find_here(&self, ctx: &Context<'_>, block: Block) -> Option<PlaceRange> {
        let mut reads = self.reads_for(block);
        self.find_landed(block)
            .or_else(|| reads.find_map(|stretch| self.find_read(ctx, stretch, block)))
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
        let mut reads = self.reads_for(block);
        reads.next().unwrap_or_else(|| Stretch {
            offset_bytes: self.start_of(block),
            len_bytes: block.len_bytes(),
        })
    }

    /// What may have been read to have a block in memory, what pays most first.
    ///
    /// A copy goes on to hold what was there when it was made. So what is not there yet is never
    /// read: it would be sent as it was before it came.
    fn reads_for(&self, block: Block) -> impl Iterator<Item = Stretch> + use<> {
        let piece = block.piece();
        let len_bytes = self.read_len_bytes();
        let [with_others, alone] = [self.grouping.read_with(piece), piece.get()..piece.get() + 1]
            .map(|pieces| {
                let offset_bytes = block.offset_bytes();
                let around = self
                    .grouping
                    .read_around(&pieces, piece, offset_bytes, len_bytes);
                // A block that is cut unlike ours may lie across two of them.
                let end_bytes = self.start_of(block) + u64::from(block.len_bytes());
                Some(around).filter(|around| end_bytes <= around.end_bytes())
            });
        let with_others = with_others.filter(|stretch| self.is_there(*stretch));
        with_others.into_iter().chain(alone)
    }

    /// Whether all pieces of a part of the content were verified.
    fn is_there(&self, stretch: Stretch) -> bool {
        let have = self.blocks.have();
        let ends = [stretch.offset_bytes, stretch.end_bytes() - 1];
        let [Some(first), Some(last)] = ends.map(|at| self.geometry.piece_at(at)) else {
            return false;
        };
        let mut pieces = first.get()..=last.get();
        have.is_full()
            || pieces.all(|index| self.geometry.piece(index).is_some_and(|it| have.has(it)))
    }

    /// Many peers that want different parts have to share the memory.
    fn read_len_bytes(&self) -> u32 {
        let sharing = u32::try_from(self.served_count).unwrap_or(u32::MAX).max(1);
        let share = (4 * READ_LEN_BYTES_MAX / sharing).max(1);
        let power = 1 << share.ilog2();
        power.clamp(READ_LEN_BYTES_MIN, READ_LEN_BYTES_MAX)
    }

    /// It is asked for with each block that is looked for: between two ticks nobody is discounted.
    pub(super) fn count_served(&mut self) {
        let served = self.peers.values();
        let served = served.filter(|peer| peer.conn.waiting_uploads() > 0);
        self.served_count = served.count();
    }

    fn start_read(&mut self, ctx: &mut Context<'_>, stretch: Stretch) -> Found {
        let what = stretch.source();
        if !ctx.places.fits(what) {
            // Its memory comes back when storage says so; then all that wait are served again.
            ctx.make_room_to_send(what, |_| true);
            return Found::NoRoom;
        }
        self.traffic.reads_waited_for += 1;
        let place = ctx.open(self.id, what);
        self.reading.insert(stretch, place);
        Found::OnItsWay(place)
    }

    /// Where a peer reads on from what was read before, the next parts are brought in before they
    /// are asked for.
    fn read_ahead(&mut self, ctx: &mut Context<'_>, block: Block) {
        let mut reads = self.reads_for(block);
        let Some(from) = reads.find(|stretch| self.reading.contains_key(stretch)) else {
            return;
        };
        let before = self.reading.range(..from).next_back();
        if before.is_none_or(|(before, _)| before.end_bytes() != from.offset_bytes) {
            return;
        }
        let mut last = from;
        for _ in 0..READS_AHEAD {
            let Some(next) = self.read_behind(last) else {
                return;
            };
            last = next;
            if self.reading.contains_key(&next) {
                continue;
            }
            let what = next.source();
            if !ctx.places.fits(what) {
                // What was read ahead for others, and not long ago, is still to be used.
                let now = ctx.now;
                let is_stale = |read: &Place| read.was_used || now - read.last_used > UNUSED_READ;
                return ctx.make_room_to_send(what, is_stale);
            }
            let place = ctx.open(self.id, what);
            self.reading.insert(next, place);
        }
    }

    /// What comes behind a part of the content, if it is there.
    fn read_behind(&self, from: Stretch) -> Option<Stretch> {
        let at = from.end_bytes();
        let piece = self
            .geometry
            .piece_at(at)
            .filter(|_| at < self.geometry.total_bytes())?;
        let into_piece = u32::try_from(at - self.geometry.start_of(piece)).ok()?;
        let pieces = self.grouping.read_with(piece);
        let next = self
            .grouping
            .read_around(&pieces, piece, into_piece, self.read_len_bytes());
        Some(next).filter(|next| self.is_there(*next))
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
        let mut is_room_left = false;
        for range in gone {
            is_room_left |= ctx.release(range.place);
        }
        if is_any && waits {
            self.serve(ctx, conn);
        }
        if is_room_left && !self.waiting_for_reads.is_empty() {
            self.serve_all_waiting(ctx);
        }
    }
}

impl Peer {
    /// Whether it takes nothing of what is there for it, though it could.
    fn takes_nothing(&self, now: Instant) -> bool {
        now - self.last_moved >= TAKES_NOTHING && self.conn.upload_places().next().is_some()
    }

    /// How many of the blocks that it waits for are to be in memory.
    fn uploads_ahead(&self, now: Instant) -> usize {
        if self.takes_nothing(now) {
            1
        } else {
            UPLOADS_AHEAD
        }
    }
}
