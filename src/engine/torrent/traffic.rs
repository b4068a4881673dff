//! What went through a torrent, and what it waited for.

use crate::base::Instant;
use crate::engine::report::{Limit, Waits};
use crate::swarm::Rate;

#[derive(Debug)]
pub(super) struct Traffic {
    pub(super) down: Rate,
    pub(super) up: Rate,
    pub(super) downloaded_bytes: u64,
    pub(super) uploaded_bytes: u64,
    pub(super) wasted_bytes: u64,
    /// How often a peer asked for what had to be read first.
    pub(super) reads_waited_for: u64,
    pub(super) waits: Waits,
    waits_noted_at: Instant,
    /// When bytes of the content came last, or the torrent began.
    pub(super) last_progress: Instant,
    pub(super) started_at: Instant,
    pub(super) completed_at: Option<Instant>,
}

impl Traffic {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            down: Rate::new(now),
            up: Rate::new(now),
            downloaded_bytes: 0,
            uploaded_bytes: 0,
            wasted_bytes: 0,
            reads_waited_for: 0,
            waits: Waits::default(),
            waits_noted_at: now,
            last_progress: now,
            started_at: now,
            completed_at: None,
        }
    }

    pub(super) fn downloaded(&mut self, now: Instant, len_bytes: u64) {
        self.downloaded_bytes += len_bytes;
        self.down.add(now, len_bytes);
        self.last_progress = now;
    }

    /// Bytes came that are of no use: no progress.
    pub(super) fn wasted(&mut self, now: Instant, len_bytes: u64) {
        self.downloaded_bytes += len_bytes;
        self.wasted_bytes += len_bytes;
        self.down.add(now, len_bytes);
    }

    pub(super) fn uploaded(&mut self, now: Instant, len_bytes: u64) {
        self.uploaded_bytes += len_bytes;
        self.up.add(now, len_bytes);
    }

    /// What was waited for since the last time that this was noted.
    pub(super) fn note_wait(&mut self, now: Instant, limit: Limit) {
        self.waits.add(limit, now - self.waits_noted_at);
        self.waits_noted_at = now;
    }
}
