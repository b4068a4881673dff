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

    /// Of the content, without padding.
    pub(super) fn left_bytes(&self) -> u64 {
        self.left_bytes
    }

    /// What a piece counts in the content.
    pub(super) fn content_bytes_of(&self, piece: PieceIndex) -> u64 {
        let start = self.geometry.start_of(piece);
        let end = start + u64::from(self.geometry.len_of(piece));
        let behind = self.padding.partition_point(|(_, to)| *to <= start);
        let within = self.padding[behind..]
            .iter()
            .take_while(|(from, _)| *from < end)
            .map(|(from, to)| (*to).min(end) - (*from).max(start));
        end - start - within.sum::<u64>()
    }
}
