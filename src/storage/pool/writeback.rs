//! Dirty bytes on their way to the disk, no more of them than a cap.
//!
//! What was received is given to the disk soon, in order, and not when the kernel finds that there
//! is too much of it. Whoever adds to it waits while there is more than the cap, and the
//! engine waits for whoever adds: so a slow disk slows the requests down, and memory stays free.
#![allow(unsafe_code)]

use std::collections::VecDeque;
use std::io;
use std::os::fd::AsRawFd as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::lane::Lane;
use super::place::Received;
use crate::base::limits::WRITEBACK_RANGES_MAX;

#[derive(Debug)]
pub(super) struct Writeback {
    max_bytes: u64,
    queue: Mutex<Queue>,
    /// To begin a write waits where the disk has enough to do; nobody else waits for that.
    starting: Lane,
}

#[derive(Debug, Default)]
struct Queue {
    ranges: VecDeque<Received>,
    total_bytes: u64,
}

impl Writeback {
    pub(super) fn start_threads(max_bytes: u64) -> io::Result<Self> {
        Ok(Self {
            max_bytes,
            queue: Mutex::default(),
            starting: Lane::start("writeback")?,
        })
    }

    /// Has the writing of what was received begun.
    pub(super) fn start(&self, received: Received) {
        let begun = received.clone();
        self.starting
            .run(move || synchronize(&begun, libc::SYNC_FILE_RANGE_WRITE));
        let mut queue = self.lock();
        queue.total_bytes += received.segment.len_bytes as u64;
        queue.ranges.push_back(received);
    }

    /// Waits until no more than the cap is on its way.
    pub(super) fn settle(&self) {
        while let Some(oldest) = self.next_beyond_cap() {
            let how = libc::SYNC_FILE_RANGE_WAIT_BEFORE
                | libc::SYNC_FILE_RANGE_WRITE
                | libc::SYNC_FILE_RANGE_WAIT_AFTER;
            synchronize(&oldest, how);
            self.lock().total_bytes -= oldest.segment.len_bytes as u64;
        }
    }

    /// The oldest range, where there is too much. Its bytes count until they are written.
    fn next_beyond_cap(&self) -> Option<Received> {
        let mut queue = self.lock();
        // Each range holds a descriptor.
        let is_beyond =
            queue.total_bytes > self.max_bytes || queue.ranges.len() > WRITEBACK_RANGES_MAX;
        if is_beyond {
            queue.ranges.pop_front()
        } else {
            None
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What fails here was announced already: the torrent hears of it with its next job.
fn synchronize(received: &Received, how: libc::c_uint) {
    let segment = &received.segment;
    let offset = libc::off64_t::try_from(segment.offset_in_file_bytes);
    let len = libc::off64_t::try_from(segment.len_bytes);
    let (Ok(offset), Ok(len)) = (offset, len) else {
        return;
    };
    // SAFETY: the call takes numbers and touches no memory of the program.
    let result = unsafe { libc::sync_file_range(received.file.as_raw_fd(), offset, len, how) };
    if result == 0 {
        return;
    }
    let error = io::Error::last_os_error();
    // Some file systems have no such call; they write when they see fit.
    if !matches!(
        error.raw_os_error(),
        Some(libc::ESPIPE | libc::ENOSYS | libc::EINVAL)
    ) {
        let files = &received.torrent.files;
        files.remember(files.fault_of(segment.file, error.to_string()));
    }
}
