//! Who left lately. The table keeps nothing of them, so without this a tracker that heard of an end
//! would take the peer in again from the other one, which did not.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::base::Sha1Digest;
use crate::base::limits::PAIR_STOPS_KEPT_MAX;
use crate::tracker::Peer;

#[derive(Debug, Default)]
pub(super) struct Stops {
    stopped_at: BTreeMap<(Sha1Digest, Peer), Duration>,
    /// In the order in which they left; one that came back, or left again, is there in vain.
    order: VecDeque<Stop>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stop {
    pub(super) at: Duration,
    pub(super) info_hash: Sha1Digest,
    pub(super) peer: Peer,
}

impl Stops {
    pub(super) fn add(&mut self, stop: Stop) {
        if self.is_current(&stop) {
            return;
        }
        if self.order.len() == PAIR_STOPS_KEPT_MAX
            && let Some(oldest) = self.order.pop_front()
            && self.is_current(&oldest)
        {
            self.came_back(oldest.info_hash, oldest.peer);
        }
        self.order.push_back(stop);
        self.stopped_at.insert((stop.info_hash, stop.peer), stop.at);
    }

    pub(super) fn came_back(&mut self, info_hash: Sha1Digest, peer: Peer) {
        if !self.stopped_at.is_empty() {
            self.stopped_at.remove(&(info_hash, peer));
        }
    }

    /// Whether the peer left at that time or later.
    pub(super) fn has_left_since(&self, at: Duration, info_hash: Sha1Digest, peer: Peer) -> bool {
        let stopped_at = self.stopped_at.get(&(info_hash, peer));
        stopped_at.is_some_and(|stopped_at| *stopped_at >= at)
    }

    /// Those who have not come back, in the order in which they left.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Stop> {
        self.order.iter().filter(|stop| self.is_current(stop))
    }

    fn is_current(&self, stop: &Stop) -> bool {
        self.stopped_at.get(&(stop.info_hash, stop.peer)) == Some(&stop.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stop(at_s: u64, port: u32) -> Stop {
        let [_, b, c, d] = port.to_be_bytes();
        Stop {
            at: Duration::from_secs(at_s),
            info_hash: Sha1Digest([1; 20]),
            peer: Peer::V4([10, b, 0, 0, c, d]),
        }
    }

    fn has_left(stops: &Stops, since: Stop) -> bool {
        stops.has_left_since(since.at, since.info_hash, since.peer)
    }

    #[test]
    fn who_came_back_has_not_left() {
        let mut stops = Stops::default();
        stops.add(stop(10, 1));
        stops.add(stop(11, 2));
        assert!(has_left(&stops, stop(10, 1)) && !has_left(&stops, stop(11, 1)));
        stops.came_back(stop(0, 1).info_hash, stop(0, 1).peer);
        assert!(!has_left(&stops, stop(10, 1)));
        stops.add(stop(12, 1));
        stops.add(stop(13, 2));
        assert_eq!(
            stops.iter().copied().collect::<Vec<_>>(),
            [stop(12, 1), stop(13, 2)]
        );
    }

    #[test]
    fn of_many_the_last_are_kept() {
        let mut stops = Stops::default();
        let kept = u32::try_from(PAIR_STOPS_KEPT_MAX).unwrap();
        for port in 0..2 * kept {
            stops.add(stop(u64::from(port), port));
        }
        assert_eq!(stops.stopped_at.len(), PAIR_STOPS_KEPT_MAX);
        let ends = [kept, 2 * kept - 1].map(|port| has_left(&stops, stop(0, port)));
        assert_eq!(
            (ends, has_left(&stops, stop(0, kept - 1))),
            ([true, true], false)
        );
        for at_s in 0..2 * u64::from(kept) {
            stops.add(stop(1_000_000 + at_s / 2, 7));
        }
        assert_eq!((stops.stopped_at.len(), stops.iter().count()), (1, 1));
    }
}
