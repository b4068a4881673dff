//! What changed in the table, for whoever writes it down.

use std::collections::VecDeque;

use crate::base::Sha1Digest;
use crate::tracker::Peer;

use super::Role;

/// One fact, true from now on. Later facts on the same peer or swarm replace earlier ones, and hearing
/// one twice changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    pub info_hash: Sha1Digest,
    pub fact: Fact,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    Here(Peer, Role),
    Gone(Peer),
    /// The sum so far.
    Downloads(u32),
}

/// Changes that wait to be written. Where the writer falls so far behind that they outgrow the bound,
/// they are forgotten, and the queue says so until it is emptied: what was written is then to be
/// replaced by a snapshot.
#[derive(Debug)]
pub struct ChangeQueue {
    waiting: VecDeque<Change>,
    len_max: usize,
    overflowed: bool,
}

impl ChangeQueue {
    pub fn new(len_max: usize) -> Self {
        Self {
            waiting: VecDeque::new(),
            len_max,
            overflowed: false,
        }
    }

    pub fn push(&mut self, change: Change) {
        if self.waiting.len() < self.len_max {
            self.waiting.push_back(change);
        } else {
            self.overflow();
        }
    }

    /// Forgets what waits, for more has happened than can be told.
    pub(super) fn overflow(&mut self) {
        self.waiting.clear();
        self.overflowed = true;
    }

    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether everything was handed over and nothing was lost.
    pub fn has_nothing(&self) -> bool {
        self.waiting.is_empty() && !self.overflowed
    }

    /// Hands over up to `count` in their order.
    pub fn take(&mut self, count: usize) -> impl Iterator<Item = Change> {
        self.waiting.drain(..count.min(self.waiting.len()))
    }

    /// Whether changes were lost since this was last asked.
    pub fn take_overflow(&mut self) -> bool {
        std::mem::take(&mut self.overflowed)
    }
}
