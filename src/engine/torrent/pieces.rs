//! What becomes of a piece that was received whole: hashed, written where it has to be, kept,
//! announced; or fetched again.

use super::blame::Verdict;
use super::{Phase, Torrent};
use crate::base::PieceIndex;
use crate::base::limits::HASH_JOB_PIECES_MAX;
use crate::engine::context::Context;
use crate::engine::job::{Job, PieceInPlace, PieceVerdict, PlaceSource, StorageFault};

impl Torrent {
    /// Has the pool hash what is queued, as soon as it has nothing better to do.
    pub(super) fn submit_hashes(&mut self, ctx: &mut Context<'_>) {
        while self.hash_jobs < ctx.config.hash_jobs_max && !self.to_hash.is_empty() {
            let count = self.to_hash.len().min(HASH_JOB_PIECES_MAX);
            let pieces: Vec<_> = self.to_hash.drain(..count).collect();
            for piece in &pieces {
                self.in_pool.insert(piece.piece, piece.range.place);
            }
            self.hash_jobs += 1;
            ctx.submit(Job::Hash {
                torrent: self.id,
                pieces,
            });
        }
    }

    pub(in crate::engine) fn hashed(
        &mut self,
        ctx: &mut Context<'_>,
        verdicts: Vec<(PieceIndex, PieceVerdict)>,
    ) {
        self.hash_jobs -= 1;
        for (piece, verdict) in verdicts {
            if self.has_failed() {
                self.in_pool.remove(&piece);
                continue;
            }
            match verdict {
                PieceVerdict::Whole => self.is_whole(ctx, piece),
                PieceVerdict::Wrong => self.is_wrong(ctx, piece),
                PieceVerdict::Gone(fault) => {
                    self.in_pool.remove(&piece);
                    self.fail(ctx, fault);
                }
            }
        }
        if self.has_failed() {
            return self.give_memory_back(ctx);
        }
        self.submit_hashes(ctx);
    }

    fn is_whole(&mut self, ctx: &mut Context<'_>, piece: PieceIndex) {
        if self.is_disputed(piece) {
            self.judge(ctx, piece, Verdict::Whole);
        } else {
            self.settle(ctx, piece);
        }
    }

    /// Puts a whole piece where it belongs.
    pub(super) fn settle(&mut self, ctx: &mut Context<'_>, piece: PieceIndex) {
        let Some(place) = self.landing.of(piece) else {
            return;
        };
        match place.group.what {
            PlaceSource::Buffer { .. } => {
                if let Some(range) = self.landing.place_of_piece(&self.geometry, piece) {
                    self.in_pool.insert(piece, range.place);
                    let piece = PieceInPlace { piece, range };
                    let torrent = self.id;
                    ctx.submit(Job::Write { torrent, piece });
                }
            }
            _ => self.keep(ctx, piece),
        }
    }

    pub(in crate::engine) fn written(
        &mut self,
        ctx: &mut Context<'_>,
        piece: PieceIndex,
        result: Result<(), StorageFault>,
    ) {
        match result {
            Ok(()) if !self.has_failed() => self.keep(ctx, piece),
            Ok(()) => {
                self.in_pool.remove(&piece);
                self.give_memory_back(ctx);
            }
            Err(fault) => {
                self.in_pool.remove(&piece);
                self.fail(ctx, fault);
            }
        }
    }

    /// A piece is where it belongs and is what it should be.
    fn keep(&mut self, ctx: &mut Context<'_>, piece: PieceIndex) {
        self.in_pool.remove(&piece);
        self.blocks.keep(piece);
        let was_lacking = self.picker.is_lacking(piece);
        if was_lacking {
            self.left_bytes -= self.content_bytes_of(piece);
        }
        self.picker.keep(piece);
        for (conn, peer) in &mut self.peers {
            if was_lacking {
                peer.interest.we_got(&peer.has, piece);
            }
            // Who has it needs not know that we do, but for who counts what others have.
            if !peer.has.has(piece) {
                peer.conn.tell_have(piece);
            }
            peer.conn.set_interesting(peer.interest.is_any());
            if peer.conn.has_words() {
                ctx.replan(*conn);
            }
        }
        self.close_if_complete(ctx, piece);
        if self.lacks_nothing() && self.is_downloading() {
            self.complete(ctx);
        }
    }

    fn close_if_complete(&mut self, ctx: &mut Context<'_>, piece: PieceIndex) {
        let Some(place) = self.landing.of(piece).copied() else {
            return;
        };
        let mut pieces = place
            .group
            .pieces()
            .filter_map(|index| self.geometry.piece(index));
        let is_complete =
            pieces.all(|piece| self.blocks.have().has(piece) || self.is_unwanted(piece));
        if is_complete {
            self.landing.remove(place.id);
            ctx.close_when_unused(place.id);
            self.send_from_elsewhere(ctx, place.id);
        }
    }

    fn is_unwanted(&self, piece: PieceIndex) -> bool {
        !self.picker.is_lacking(piece) && !self.blocks.is_in_progress(piece)
    }

    fn complete(&mut self, ctx: &mut Context<'_>) {
        self.traffic.completed(ctx.now);
        self.phase = Phase::Finishing;
        ctx.submit(Job::Finish { torrent: self.id });
    }

    pub(in crate::engine) fn finished(
        &mut self,
        ctx: &mut Context<'_>,
        result: Result<(), StorageFault>,
    ) {
        match result {
            Ok(()) => {
                self.phase = Phase::Seeding;
                if self.blocks.have().is_full() {
                    self.announcer.completed(ctx.now);
                } else {
                    self.tell_upload_only(ctx);
                }
                self.part_from_seeds(ctx);
            }
            Err(fault) => self.fail(ctx, fault),
        }
    }
}
