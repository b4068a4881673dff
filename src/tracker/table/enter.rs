//! One announce, applied to one roster.

use super::roster::{Many, Role, Roster};
use super::slot::{Slot, Tick};
use super::swarm::{PeersV4, Swarm, with_v4};
use super::{Outcome, Table};
use crate::tracker::Peer;
use crate::tracker::keyed::TableHasher;

#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) role: Role,
    pub(super) is_stop: bool,
    pub(super) now: Tick,
    /// How long ago the announce was made.
    pub(super) age_s: u32,
    /// Whether what is known to be younger stays.
    pub(super) gives_way: bool,
    /// Whether the table takes newcomers in.
    pub(super) has_room: bool,
    /// Where the peer may stand.
    pub(super) seen_at: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Entered {
    pub(super) outcome: Outcome,
    pub(super) position: Option<usize>,
    /// A leecher that had to give its position to a new seeder, and was moved up.
    pub(super) displaced: Option<Peer>,
}

impl Table {
    pub(super) fn enter(&mut self, number: usize, peer: Peer, entry: Entry) -> Entered {
        let hasher = self.hasher;
        let swarm = &mut self.swarms[number];
        let (peers_before, seeders_before) = (swarm.peers(), swarm.seeders());
        let entered = match peer {
            Peer::V4(key) => enter_v4(&mut swarm.v4, key, entry, hasher),
            Peer::V6(key) => enter_v6(swarm, key, entry, hasher),
        };
        let peers = match peer {
            Peer::V4(_) => &mut self.totals.peers_v4,
            Peer::V6(_) => &mut self.totals.peers_v6,
        };
        *peers = *peers + swarm.peers() - peers_before;
        self.totals.seeders = self.totals.seeders + swarm.seeders() - seeders_before;
        entered
    }
}

fn enter_v4(peers: &mut PeersV4, key: [u8; 6], entry: Entry, hasher: TableHasher) -> Entered {
    let found = with_v4!(peers, roster => roster.find_seen(&key, entry.seen_at, hasher));
    if found.is_none() && entry.takes_newcomers() {
        peers.make_room(hasher);
    }
    let entered = match peers {
        PeersV4::Few(roster) => enter(roster, found, key, entry, hasher),
        PeersV4::Many(roster) => enter(roster.as_mut(), found, key, entry, hasher),
    };
    if entered.outcome == Outcome::Removed {
        peers.give_room_back(hasher);
    }
    entered.into_entered(Peer::V4)
}

fn enter_v6(swarm: &mut Swarm, key: [u8; 18], entry: Entry, hasher: TableHasher) -> Entered {
    if swarm.v6.is_none() && entry.takes_newcomers() {
        swarm.v6 = Some(Box::new(Many::default()));
    }
    let Some(roster) = swarm.v6.as_deref_mut() else {
        return Placed::<18>::nowhere(entry).into_entered(Peer::V6);
    };
    let found = roster.find_seen(&key, entry.seen_at, hasher);
    let entered = enter(roster, found, key, entry, hasher);
    if roster.len() == 0 {
        swarm.v6 = None;
    }
    entered.into_entered(Peer::V6)
}

/// As [`Entered`], with the displaced peer as it is kept.
struct Placed<const N: usize> {
    outcome: Outcome,
    position: Option<usize>,
    displaced: Option<[u8; N]>,
}

fn enter<const N: usize>(
    roster: &mut impl Roster<N>,
    found: Option<usize>,
    key: [u8; N],
    entry: Entry,
    hasher: TableHasher,
) -> Placed<N> {
    let (outcome, before, after) = match found {
        Some(at) if !entry.is_news_of(roster.slot(at), roster.role(at)) => {
            (Outcome::Refreshed, at, at)
        }
        Some(at) if entry.is_stop => {
            roster.remove(at, hasher);
            return Placed {
                outcome: Outcome::Removed,
                position: None,
                displaced: None,
            };
        }
        Some(at) => {
            let is_turned = roster.role(at) != entry.role;
            let after = roster.assume(at, entry.role, hasher);
            roster.slot_mut(after).last_heard = entry.heard();
            let outcome = if is_turned {
                Outcome::Turned
            } else {
                Outcome::Refreshed
            };
            (outcome, at, after)
        }
        None if !entry.takes_newcomers() => return Placed::nowhere(entry),
        None => {
            let slot = Slot {
                key,
                last_heard: entry.heard(),
            };
            let Ok(after) = roster.add(slot, entry.role, hasher) else {
                return Placed::nowhere(entry);
            };
            (Outcome::Added, roster.len() - 1, after)
        }
    };
    let was_moved_up = entry.role == Role::Seeder && before != after;
    Placed {
        outcome,
        position: Some(after),
        displaced: was_moved_up.then(|| roster.slot(before).key),
    }
}

impl Entry {
    fn heard(self) -> Tick {
        self.now.before(self.age_s)
    }

    /// Of what was heard in one tick, a leecher may have become a seeder, and both may have left: so two
    /// who tell each other end with the same.
    fn is_news_of<const N: usize>(self, known: &Slot<N>, role: Role) -> bool {
        let known_age_s = known.last_heard.age_s(self.now);
        let told_age_s = self.heard().age_s(self.now);
        let is_onward = self.is_stop || self.role == role || self.role == Role::Seeder;
        !self.gives_way || told_age_s < known_age_s || (told_age_s == known_age_s && is_onward)
    }

    fn takes_newcomers(self) -> bool {
        self.has_room && !self.is_stop
    }
}

impl<const N: usize> Placed<N> {
    fn nowhere(entry: Entry) -> Self {
        Self {
            outcome: if entry.is_stop {
                Outcome::Absent
            } else {
                Outcome::Refused
            },
            position: None,
            displaced: None,
        }
    }

    fn into_entered(self, peer: impl Fn([u8; N]) -> Peer) -> Entered {
        Entered {
            outcome: self.outcome,
            position: self.position,
            displaced: self.displaced.map(peer),
        }
    }
}
