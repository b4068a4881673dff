//! What is to be written down of the table, and when.
//!
//! Changes are appended once a second, or sooner where many wait. When the file has grown to several
//! times what holds, or where it cannot be trusted any more (changes were lost, a write failed), a
//! snapshot is written beside it, a stretch at a time, and takes its place. Changes meanwhile go to
//! both files: until the new one is whole, the old one is what a restart reads.

use std::time::Duration;

use serde_json::{Value, json};

use crate::base::Instant;
use crate::tracker::state_file::{HEADER, write_change};
use crate::tracker::table::Table;

/// What one job carries at most, in changes and in steps of a snapshot.
const CHANGES_PER_JOB: usize = 1 << 15;
const SNAPSHOT_STEPS_PER_JOB: usize = 1 << 15;

/// A file this long is never too long.
const LINES_FREE: usize = 100_000;

/// How long a writer that failed is left alone.
const RETRY_AFTER: Duration = Duration::from_secs(10);

/// One step of the writer. The steps of a snapshot come in order.
#[derive(Debug, PartialEq, Eq)]
pub enum JournalJob {
    /// Append this to the file.
    Append(Vec<u8>),
    /// Begin a new file beside the old one, with this.
    BeginSnapshot(Vec<u8>),
    /// Append the changes to both files, and then the snapshot to the new one.
    Snapshot { changes: Vec<u8>, snapshot: Vec<u8> },
    /// The same, and then make the new file durable and put it in the place of the old one.
    EndSnapshot { changes: Vec<u8>, snapshot: Vec<u8> },
}

/// What the operator's pages show of the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct JournalView {
    /// For how long it has lacked something that could not be written.
    lacks_for_s: Option<u64>,
    /// Changes that are still to be written.
    waiting: usize,
}

impl JournalView {
    pub(super) fn json(&self) -> Value {
        json!({
            "written": self.lacks_for_s.is_none(),
            "unwritten_s": self.lacks_for_s,
            "waiting": self.waiting,
        })
    }

    pub(super) fn write_metrics(&self, out: &mut Vec<u8>) {
        let text = format!(
            "# HELP mt_tracker_state_file_up Whether the state file holds all that it should.\n\
             # TYPE mt_tracker_state_file_up gauge\n\
             mt_tracker_state_file_up {}\n\
             # HELP mt_tracker_state_file_waiting Changes that are still to be written.\n\
             # TYPE mt_tracker_state_file_waiting gauge\n\
             mt_tracker_state_file_waiting {}\n",
            u8::from(self.lacks_for_s.is_none()),
            self.waiting,
        );
        out.extend_from_slice(text.as_bytes());
    }
}

/// The writer failed, and has told people why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the state file could not be written")]
pub struct JournalError;

#[derive(Debug)]
pub(super) struct Journal {
    is_busy: bool,
    needs_snapshot: bool,
    is_in_snapshot: bool,
    /// The file that the snapshot is to replace lacks something.
    is_snapshot_needed: bool,
    /// The last job failed.
    has_failed: bool,
    /// Since when the file lacks something, because a job failed.
    lacks_since: Option<Instant>,
    /// The job under way makes a whole file.
    is_ending_snapshot: bool,
    /// In the file, as far as they are known.
    lines: usize,
    /// Nothing is tried before.
    rests_until: Instant,
}

impl Journal {
    /// The file has this many lines so far.
    pub(super) fn new(needs_snapshot: bool, lines: usize) -> Self {
        Self {
            is_busy: false,
            needs_snapshot,
            is_in_snapshot: false,
            is_snapshot_needed: false,
            has_failed: false,
            lacks_since: None,
            is_ending_snapshot: false,
            lines,
            rests_until: Instant::ZERO,
        }
    }

    /// What to do next, if anything and if the last job is done. In a hurry, no snapshot is begun.
    pub(super) fn next_job(
        &mut self,
        now: Instant,
        table: &mut Table,
        in_a_hurry: bool,
    ) -> Option<JournalJob> {
        if self.is_busy || now < self.rests_until {
            return None;
        }
        if table.changes().is_some_and(|queue| queue.take_overflow()) {
            self.needs_snapshot = true;
        }
        let is_long = self.lines > LINES_FREE.max(4 * table.totals().peers());
        let job = if self.is_in_snapshot {
            Some(self.continue_snapshot(table))
        } else if self.needs_snapshot || (is_long && !in_a_hurry) {
            self.is_snapshot_needed = std::mem::take(&mut self.needs_snapshot);
            self.is_in_snapshot = true;
            self.lines = 0;
            table.begin_snapshot();
            Some(JournalJob::BeginSnapshot(HEADER.as_bytes().to_vec()))
        } else {
            let changes = self.changes(table);
            (!changes.is_empty()).then_some(JournalJob::Append(changes))
        };
        self.is_busy = job.is_some();
        self.is_ending_snapshot = matches!(job, Some(JournalJob::EndSnapshot { .. }));
        job
    }

    pub(super) fn job_done(&mut self, now: Instant, result: Result<(), JournalError>) {
        self.is_busy = false;
        self.has_failed = result.is_err();
        if self.has_failed {
            // What that job carried is lost; only the whole can replace it.
            self.needs_snapshot = true;
            self.is_in_snapshot = false;
            self.rests_until = now + RETRY_AFTER;
            self.lacks_since = self.lacks_since.or(Some(now));
        } else if self.is_ending_snapshot {
            self.lacks_since = None;
        }
    }

    pub(super) fn view(&self, now: Instant, table: &mut Table) -> JournalView {
        let changes = table.changes();
        JournalView {
            lacks_for_s: self
                .lacks_since
                .map(|at| now.saturating_since(at).as_secs()),
            waiting: changes.map_or(0, |queue| queue.len()),
        }
    }

    /// Whether more waits than may wait for the next second.
    pub(super) fn has_backlog(&self, table: &mut Table) -> bool {
        let queued = table.changes().map_or(0, |queue| queue.len());
        self.is_in_snapshot || queued >= CHANGES_PER_JOB / 4
    }

    /// The end is near: what failed is tried once more, and no time is spent on tidying up.
    pub(super) fn hurry(&mut self) {
        self.rests_until = Instant::ZERO;
        self.has_failed = false;
        self.is_in_snapshot &= self.is_snapshot_needed;
    }

    /// Whether nothing is left to be written. A writer that fails is not waited for.
    pub(super) fn is_written(&self, table: &mut Table) -> bool {
        let is_told = table.changes().is_none_or(|queue| queue.has_nothing());
        let is_whole = is_told && !self.is_in_snapshot && !self.needs_snapshot;
        !self.is_busy && (self.has_failed || is_whole)
    }

    fn continue_snapshot(&mut self, table: &mut Table) -> JournalJob {
        // First the changes: they belong before what the snapshot tells from now on.
        let changes = self.changes(table);
        let mut snapshot = Vec::new();
        let mut lines = 0;
        let goes_on = table.continue_snapshot(SNAPSHOT_STEPS_PER_JOB, |change| {
            write_change(&change, &mut snapshot);
            lines += 1;
        });
        self.lines += lines;
        self.is_in_snapshot = goes_on;
        if goes_on {
            JournalJob::Snapshot { changes, snapshot }
        } else {
            JournalJob::EndSnapshot { changes, snapshot }
        }
    }

    fn changes(&mut self, table: &mut Table) -> Vec<u8> {
        let mut text = Vec::new();
        if let Some(queue) = table.changes() {
            for change in queue.take(CHANGES_PER_JOB) {
                write_change(&change, &mut text);
                self.lines += 1;
            }
        }
        text
    }
}
