//! A limit that is shared, and what is taken of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// So many bytes may be taken at once.
#[derive(Debug)]
pub(super) struct Budget {
    max_bytes: usize,
    taken_bytes: AtomicUsize,
}

/// Some of a budget, until it is dropped.
#[derive(Debug)]
pub(super) struct Taken {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Budget {
    pub(super) fn new(max_bytes: usize) -> Arc<Self> {
        Arc::new(Self {
            max_bytes,
            taken_bytes: AtomicUsize::new(0),
        })
    }

    pub(super) fn take(self: &Arc<Self>, bytes: usize) -> Option<Taken> {
        let more = |taken: usize| {
            taken
                .checked_add(bytes)
                .filter(|sum| *sum <= self.max_bytes)
        };
        let taken = &self.taken_bytes;
        let is_there = taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        is_there.ok().map(|_| Taken {
            budget: Arc::clone(self),
            bytes,
        })
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.budget
            .taken_bytes
            .fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
