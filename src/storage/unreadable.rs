//! Files that are there and cannot be read.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, PoisonError};

use rustix::io::Errno;

/// The files that a job could not read, and why; each by the first reason that was met.
#[derive(Debug, Default)]
pub struct Unreadable(Mutex<BTreeMap<usize, Errno>>);

impl Unreadable {
    pub(super) fn note(&self, file: usize, reason: Errno) {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        files.entry(file).or_insert(reason);
    }

    pub(super) fn into_files(self) -> BTreeMap<usize, Errno> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the system said, or that the disk did not give what it should have.
pub(super) fn reason_of(error: &io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}
