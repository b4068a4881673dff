//! What went through a torrent, and what it waited for.

use std::time::Duration;

use crate::base::Instant;
use crate::engine::report::{Limit, Waits};
use crate::swarm::Rate;

/// Often enough for transfers that take a tenth of a second, and seldom enough to cost nothing.
const WAITS_NOTED_EVERY: Duration = Duration::from_millis(2);

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
    /// What has been waited for since then.
    waits_for: Limit,
    waits_noted_at: Instant,
    wait_due_at: Option<Instant>,
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
            waits_for: Limit::Peers,
            waits_noted_at: now,
            wait_due_at: None,
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

    pub(super) fn completed(&mut self, now: Instant) {
        self.note_wait(now, self.waits_for);
        self.completed_at = Some(now);
    }

    /// Something has happened: whether to look now at what is waited for, or soon.
    pub(super) fn is_wait_due(&mut self, now: Instant) -> bool {
        let due_at = self.waits_noted_at + WAITS_NOTED_EVERY;
        self.wait_due_at = (now < due_at).then_some(due_at);
        now >= due_at
    }

    /// When to look at it though nothing more happens.
    pub(super) fn wait_due_at(&self) -> Option<Instant> {
        self.wait_due_at
    }

    /// Nothing is waited for any more.
    pub(super) fn waits_no_more(&mut self) {
        self.wait_due_at = None;
    }

    /// What is waited for from now on.
    pub(super) fn note_wait(&mut self, now: Instant, limit: Limit) {
        let before = std::mem::replace(&mut self.waits_for, limit);
        self.waits.add(before, now - self.waits_noted_at);
        self.waits_noted_at = now;
    }
}
