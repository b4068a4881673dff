//! Looking for those who ask before the first of them is served.

use std::hint::black_box;

use super::Table;
use super::roster::Roster;
use super::swarm::{PeersV4, Swarm, with_v4};
use crate::base::Sha1Digest;
use crate::tracker::Peer;
use crate::tracker::keyed::TableHasher;

/// Who is about to announce in which swarm.
#[derive(Clone, Copy, Debug)]
pub struct Asker {
    pub info_hash: Sha1Digest,
    pub peer: Peer,
}

/// Where an asker was seen. Others announce before it does, and may have it moved: so it is only a hint.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sight {
    pub(super) swarm: Option<usize>,
    pub(super) position: Option<usize>,
}

impl Table {
    /// Finds who is about to announce. In a large table, to wait for memory is most of what it costs to
    /// find somebody. So all of them go one step together, and then the next: a processor waits for
    /// several at once, as long as nothing depends on what it waits for.
    pub fn look_ahead(&self, askers: &[Option<Asker>], sights: &mut Vec<Sight>) {
        for asker in askers.iter().flatten() {
            black_box(self.index.glance(self.hasher.hash(&asker.info_hash.0)));
        }
        sights.clear();
        // By reference: to copy an asker that was just put together would wait for all that goes before.
        sights.extend(askers.iter().map(|asker| Sight {
            swarm: asker.as_ref().and_then(|it| self.find(&it.info_hash)),
            position: None,
        }));
        for (asker, sight) in askers.iter().zip(&*sights) {
            if let (Some(asker), Some(number)) = (asker, sight.swarm) {
                black_box(glance(&self.swarms[number], asker.peer, self.hasher));
            }
        }
        for (asker, sight) in askers.iter().zip(sights) {
            if let (Some(asker), Some(number)) = (asker, sight.swarm) {
                sight.position = look_for(&self.swarms[number], asker.peer, self.hasher);
            }
        }
    }

    /// As [`Table::find`], for who was seen.
    pub(super) fn find_seen(&self, info_hash: &Sha1Digest, sight: Sight) -> Option<usize> {
        let is_it = |number: &usize| {
            let swarm = self.swarms.get(*number);
            swarm.is_some_and(|swarm| swarm.info_hash == *info_hash)
        };
        sight.swarm.filter(is_it).or_else(|| self.find(info_hash))
    }
}

/// Touches the memory that a search for a peer begins with.
fn glance(swarm: &Swarm, peer: Peer, hasher: TableHasher) -> u32 {
    match (peer, &swarm.v4, &swarm.v6) {
        (Peer::V4(key), PeersV4::Many(roster), _) => roster.glance(&key, hasher),
        (Peer::V6(key), _, Some(roster)) => roster.glance(&key, hasher),
        _ => 0,
    }
}

fn look_for(swarm: &Swarm, peer: Peer, hasher: TableHasher) -> Option<usize> {
    match peer {
        Peer::V4(key) => with_v4!(&swarm.v4, roster => roster.find(&key, hasher)),
        Peer::V6(key) => swarm.v6.as_ref()?.find(&key, hasher),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{BOUNDS, NOW, SECRET, announce, hash, here, v4};
    use super::*;
    use crate::tracker::table::{Outcome, Role};
    use crate::wire::Event;

    #[test]
    fn who_was_seen_and_left_is_not_taken_for_who_came_in_its_place() {
        let mut table = Table::new(BOUNDS, SECRET);
        for (swarm, peer) in [(1, 1), (2, 2), (2, 3), (3, 4)] {
            table.announce(NOW, &here(swarm, v4(peer), Role::Leecher));
        }
        let asker = |swarm, peer| {
            Some(Asker {
                info_hash: hash(swarm),
                peer: v4(peer),
            })
        };
        let mut sights = Vec::new();
        table.look_ahead(&[asker(1, 1), None, asker(2, 2)], &mut sights);
        for (swarm, peer) in [(1, 1), (2, 2)] {
            table.announce(
                NOW,
                &announce(swarm, v4(peer), Role::Leecher, Event::Stopped),
            );
        }
        // The last swarm gets the number of the first, as the last peer of the other got the place.
        table.sweep(NOW);
        assert_eq!(table.totals().swarms, 2);
        for (swarm, peer, sight) in [(1, 1, sights[0]), (2, 2, sights[2])] {
            let came = here(swarm, v4(peer), Role::Seeder);
            let seat = table.announce_seen(NOW, &came, sight);
            assert_eq!(seat.outcome, Outcome::Added);
        }
        assert_eq!(table.role_of(&hash(2), v4(3)), Some(Role::Leecher));
        assert_eq!(table.scrape(&hash(3)).map(|it| it.seeders), Some(0));
        assert_eq!(table.totals().swarms, 3);
    }
}
