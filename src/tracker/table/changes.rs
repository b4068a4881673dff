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

/// Of so many swarms the sums of downloads are gathered before they are queued.
const SUMS_LEN: usize = 1 << 12;

/// Changes that wait to be written. Of the downloads of a swarm only the last sum counts, so that of a
/// busy swarm few are ever queued. Where the writer falls so far behind that they outgrow the bound,
/// they are forgotten, and the queue says so until it is emptied: what was written is then to be
/// replaced by a snapshot.
#[derive(Debug)]
pub struct ChangeQueue {
    waiting: VecDeque<Change>,
    /// Each at a place that its info-hash tells; whom another takes the place of is queued.
    sums: Box<[Option<(Sha1Digest, u32)>]>,
    has_sums: bool,
    len_max: usize,
    overflowed: bool,
}

impl ChangeQueue {
    pub fn new(len_max: usize) -> Self {
        Self {
            waiting: VecDeque::new(),
            sums: vec![None; SUMS_LEN].into_boxed_slice(),
            has_sums: false,
            len_max,
            overflowed: false,
        }
    }

    pub fn push(&mut self, change: Change) {
        match change.fact {
            Fact::Downloads(sum) => self.push_sum(change.info_hash, sum),
            Fact::Here(..) | Fact::Gone(_) => self.queue(change),
        }
    }

    fn push_sum(&mut self, info_hash: Sha1Digest, sum: u32) {
        let [.., high, low] = info_hash.0;
        let place = usize::from(u16::from_be_bytes([high, low])) % SUMS_LEN;
        let before = self.sums[place].replace((info_hash, sum));
        self.has_sums = true;
        if let Some(before) = before.filter(|before| before.0 != info_hash) {
            self.queue(downloads(before));
        }
    }

    /// Queues the sums that were gathered. To be called about once a second.
    pub fn queue_sums(&mut self) {
        if std::mem::take(&mut self.has_sums) {
            for place in 0..SUMS_LEN {
                if let Some(sum) = self.sums[place].take() {
                    self.queue(downloads(sum));
                }
            }
        }
    }

    fn queue(&mut self, change: Change) {
        if self.waiting.len() < self.len_max {
            self.waiting.push_back(change);
        } else {
            self.overflow();
        }
    }

    /// Forgets what waits, for more has happened than can be told.
    pub(super) fn overflow(&mut self) {
        self.waiting.clear();
        self.sums.fill(None);
        self.has_sums = false;
        self.overflowed = true;
    }

    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty() && !self.has_sums
    }

    /// Whether everything was handed over and nothing was lost.
    pub fn has_nothing(&self) -> bool {
        self.is_empty() && !self.overflowed
    }

    /// Hands over up to `count` in their order. Sums come in their turn, or when nothing else waits.
    pub fn take(&mut self, count: usize) -> impl Iterator<Item = Change> {
        if self.waiting.is_empty() {
            self.queue_sums();
        }
        self.waiting.drain(..count.min(self.waiting.len()))
    }

    /// Whether changes were lost since this was last asked.
    pub fn take_overflow(&mut self) -> bool {
        std::mem::take(&mut self.overflowed)
    }
}

fn downloads((info_hash, sum): (Sha1Digest, u32)) -> Change {
    Change {
        info_hash,
        fact: Fact::Downloads(sum),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum_of(swarm: u8, sum: u32) -> Change {
        let mut hash = [0; 20];
        hash[0] = swarm;
        downloads((Sha1Digest(hash), sum))
    }

    #[test]
    fn of_the_downloads_of_a_swarm_the_last_sum_is_told() {
        let mut queue = ChangeQueue::new(10);
        for sum in 1..=100 {
            queue.push(sum_of(1, sum));
        }
        assert!(!queue.is_empty(), "a sum is gathered");
        // Another swarm at the same place.
        queue.push(sum_of(2, 7));
        assert_eq!(queue.len(), 1);
        queue.queue_sums();
        let told: Vec<Change> = queue.take(10).collect();
        assert_eq!(told, [sum_of(1, 100), sum_of(2, 7)]);
        assert!(queue.has_nothing());
    }

    #[test]
    fn what_is_lost_is_lost_with_the_sums() {
        let mut queue = ChangeQueue::new(1);
        for swarm in 1..=3 {
            queue.push(sum_of(swarm, 1));
        }
        queue.queue_sums();
        assert!(queue.is_empty() && !queue.has_nothing());
        assert!(queue.take_overflow() && queue.has_nothing());
    }
}
