//! What people are told of a torrent.

use super::Torrent;
use crate::base::{Instant, PieceIndex};
use crate::engine::report::{Phase, TorrentReport};

impl Torrent {
    pub(in crate::engine) fn report(&mut self, now: Instant) -> TorrentReport {
        let seeds = self.peers.values().filter(|peer| peer.is_seed()).count();
        TorrentReport {
            id: self.id,
            phase: self.phase.clone(),
            total_bytes: self.total_bytes,
            have_bytes: self.total_bytes - self.left_bytes(),
            downloaded_bytes: self.traffic.downloaded_bytes,
            uploaded_bytes: self.traffic.uploaded_bytes,
            wasted_bytes: self.traffic.wasted_bytes,
            reads_waited_for: self.traffic.reads_waited_for,
            down_bytes_per_second: self.traffic.down.bytes_per_s(now),
            up_bytes_per_second: self.traffic.up.bytes_per_s(now),
            connected_peers: self.peers.len(),
            connected_seeds: seeds,
            known_peers: self.roster.len(),
            trackers: self.trackers.clone(),
            waits: self.traffic.waits,
            download_took: self
                .traffic
                .completed_at
                .map(|at| at - self.traffic.started_at),
        }
    }

    pub(in crate::engine) fn is_seeding(&self) -> bool {
        matches!(self.phase, Phase::Seeding)
    }

    /// Whether it works on what has come.
    pub(in crate::engine) fn is_busy(&self) -> bool {
        matches!(self.phase, Phase::Finishing)
            || !self.in_pool.is_empty()
            || !self.to_hash.is_empty()
    }

    /// When bytes of the content came last, or the torrent began.
    pub(in crate::engine) fn last_progress(&self) -> Instant {
        self.traffic.last_progress
    }

    /// Of what is wanted, without padding.
    pub(super) fn left_bytes(&self) -> u64 {
        self.left_bytes
    }

    /// Nothing that is wanted is missing: of some files perhaps, and not of all.
    pub(super) fn lacks_nothing(&self) -> bool {
        self.picker.lacking_count() == 0
    }

    /// Counts what is wanted, or there already.
    pub(super) fn count_bytes(&mut self) {
        (self.left_bytes, self.total_bytes) = (0, 0);
        for piece in self.geometry.pieces() {
            let counted_bytes = self.content_bytes_of(piece);
            if self.picker.is_lacking(piece) {
                self.left_bytes += counted_bytes;
                self.total_bytes += counted_bytes;
            } else if self.blocks.have().has(piece) {
                self.total_bytes += counted_bytes;
            }
        }
    }

    /// What a piece counts in the content that is wanted.
    pub(super) fn content_bytes_of(&self, piece: PieceIndex) -> u64 {
        let start = self.geometry.start_of(piece);
        let end = start + u64::from(self.geometry.len_of(piece));
        let behind = self.uncounted.partition_point(|(_, to)| *to <= start);
        let within = self.uncounted[behind..]
            .iter()
            .take_while(|(from, _)| *from < end)
            .map(|(from, to)| (*to).min(end) - (*from).max(start));
        end - start - within.sum::<u64>()
    }
}
