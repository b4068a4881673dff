//! Log lines that a thread of its own writes: whoever logs never waits for a terminal or a pipe.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use indicatif::ProgressBar;

/// Lines beyond are lost: what logs so much says little.
const LINES_WAITING_MAX: usize = 1024;

/// How long the last lines may take at the end.
const END_PATIENCE: Duration = Duration::from_secs(1);

enum Entry {
    Line(Vec<u8>),
    /// Tell when everything before was written.
    End(SyncSender<()>),
}

/// Where a logger writes: the front of the queue.
pub(super) struct LineQueue {
    entries: SyncSender<Entry>,
    begun: Vec<u8>,
}

/// While it lives, lines are written; dropped, it waits for the last of them.
#[must_use]
pub(in crate::cli) struct LogThread {
    entries: SyncSender<Entry>,
}

/// What lines have to be written around of.
static BAR: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Has log lines written above this bar, or above none.
pub(in crate::cli) fn write_above(bar: Option<&ProgressBar>) {
    *lock_bar() = bar.cloned();
}

pub(super) fn start() -> (LineQueue, LogThread) {
    let (entries, waiting) = sync_channel(LINES_WAITING_MAX);
    thread::spawn(move || write_all(&waiting));
    let queue = LineQueue {
        entries: entries.clone(),
        begun: Vec::new(),
    };
    (queue, LogThread { entries })
}

fn write_all(entries: &Receiver<Entry>) {
    for entry in entries {
        match entry {
            Entry::Line(line) => {
                // Nobody is there to be told that nobody reads.
                let write = || drop(io::stderr().write_all(&line));
                match &*lock_bar() {
                    Some(bar) => bar.suspend(write),
                    None => write(),
                }
            }
            Entry::End(written) => drop(written.try_send(())),
        }
    }
}

fn lock_bar() -> std::sync::MutexGuard<'static, Option<ProgressBar>> {
    BAR.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Write for LineQueue {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.begun.extend_from_slice(bytes);
        if self.begun.ends_with(b"\n") {
            let line = std::mem::take(&mut self.begun);
            drop(self.entries.try_send(Entry::Line(line)));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for LogThread {
    fn drop(&mut self) {
        let (written, is_written) = sync_channel(1);
        if self.entries.try_send(Entry::End(written)).is_ok() {
            let _ = is_written.recv_timeout(END_PATIENCE);
        }
    }
}
