//! Looking for those who ask before the first of them is served.

use std::hint::black_box;

use super::Table;
use super::roster::Roster;
use super::swarm::{Swarm, with_v4};
use crate::base::Sha1Digest;
use crate::base::limits::DATAGRAM_BATCH_LEN_MAX;
use crate::tracker::Peer;
use crate::tracker::keyed::TableHasher;

impl Table {
    /// Finds who is about to announce, and forgets where. In a large table, to wait for memory is most
    /// of what it costs to find somebody; a processor that has nothing else to do between two of them
    /// waits for several at once, and has them at hand when they are served.
    pub fn look_ahead(&self, askers: &[(Sha1Digest, Peer)]) {
        for askers in askers.chunks(DATAGRAM_BATCH_LEN_MAX) {
            let mut swarms = [None; DATAGRAM_BATCH_LEN_MAX];
            for ((info_hash, _), swarm) in askers.iter().zip(&mut swarms) {
                *swarm = self.find(info_hash);
            }
            for ((_, peer), number) in askers.iter().zip(swarms) {
                if let Some(number) = number {
                    black_box(look_for(&self.swarms[number], *peer, self.hasher));
                }
            }
        }
    }
}

fn look_for(swarm: &Swarm, peer: Peer, hasher: TableHasher) -> Option<usize> {
    match peer {
        Peer::V4(key) => with_v4!(&swarm.v4, roster => roster.find(&key, hasher)),
        Peer::V6(key) => swarm.v6.as_ref()?.find(&key, hasher),
    }
}
