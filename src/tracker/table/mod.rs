//! Who takes part in which swarm.
//!
//! Built for a million peers in one swarm and for a million swarms of one peer alike: a peer costs 8
//! bytes and its share of an index, a swarm of up to three costs a cache line. No call does work in
//! proportion to the table: swarms grow a segment at a time, samples are drawn by position, and who
//! has fallen silent is found by a sweep of bounded steps.
//!
//! A peer is its address and port. Whoever holds them may change and withdraw what it announced.
//! When the table is full, newcomers are not taken in, and those who are in it stay; newcomers are
//! still told of others.

mod ahead;
mod changes;
mod chunked;
mod enter;
mod index;
mod primes;
mod roster;
mod sample;
mod slot;
mod swarm;
mod walk;

#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod tests;

use self::changes::Fact as F;
use self::chunked::Chunked;
use self::enter::{Entered, Entry};
use self::index::Index;
use self::roster::Roster;
use self::sample::{Excluded, sample};
use self::slot::{LIFETIME_S_MAX, Tick};
use self::swarm::{PeersV4, Swarm, with_v4};
use self::walk::Cursor;
use super::keyed::TableHasher;
use super::{Family, Peer, Secret};
use crate::base::limits::TRACKER_POSITIONS_MAX;
use crate::base::{Rng, Sha1Digest};
use crate::wire::Event;

pub use ahead::{Asker, Sight};
pub use changes::{Change, ChangeQueue, Fact};
pub use roster::Role;
pub use walk::Walk;

/// Seconds since some moment before the first call; never goes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub u32);

#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// How long a peer counts that is not heard of.
    pub lifetime_s: u32,
    /// How long a sweep through the table takes; so much longer may a peer be counted, though it is
    /// told to nobody.
    pub sweep_s: u32,
    pub peers_max: usize,
    pub swarms_max: usize,
}

/// What share of a lifetime a restored peer has behind it: what is left is more than the longest
/// interval between two announces.
const RESTORED_AGE_SHARE: u32 = 4;

impl Bounds {
    /// As far as ticks and positions reach.
    fn within_reach(self) -> Self {
        Self {
            lifetime_s: self.lifetime_s.min(LIFETIME_S_MAX),
            sweep_s: self.sweep_s.max(1),
            swarms_max: self.swarms_max.min(TRACKER_POSITIONS_MAX),
            ..self
        }
    }
}

#[derive(Debug)]
pub struct Table {
    hasher: TableHasher,
    bounds: Bounds,
    swarms: Chunked<Swarm>,
    index: Index,
    totals: Totals,
    changes: Option<ChangeQueue>,
    swept_at: Time,
    sweep: Cursor,
    snapshot: Option<Cursor>,
    /// Leechers that were moved up past a walk that is under way.
    moved_up: Option<Vec<(Sha1Digest, Peer)>>,
}

#[derive(Clone, Copy, Debug)]
pub struct Announce {
    pub info_hash: Sha1Digest,
    pub peer: Peer,
    pub role: Role,
    pub event: Event,
}

/// What became of an announce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Added,
    Refreshed,
    /// Heard of before, in the other role.
    Turned,
    Removed,
    /// Withdrawn, though never heard of.
    Absent,
    /// The table is full.
    Refused,
}

/// Where an announce found its place; good until the next one.
#[derive(Clone, Copy, Debug)]
pub struct Seat {
    pub outcome: Outcome,
    role: Role,
    swarm: Option<usize>,
    family: Family,
    position: Option<usize>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub seeders: u32,
    pub leechers: u32,
    pub downloads: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub swarms: usize,
    pub peers_v4: usize,
    pub peers_v6: usize,
    pub seeders: usize,
}

impl Totals {
    pub fn peers(&self) -> usize {
        self.peers_v4 + self.peers_v6
    }
}

impl Table {
    pub fn new(bounds: Bounds, secret: Secret) -> Self {
        Self {
            hasher: TableHasher::new(secret),
            bounds: bounds.within_reach(),
            swarms: Chunked::default(),
            index: Index::default(),
            totals: Totals::default(),
            changes: None,
            swept_at: Time::default(),
            sweep: Cursor::default(),
            snapshot: None,
            moved_up: None,
        }
    }

    /// Who is in the table stays, also where it is now too full.
    pub fn set_bounds(&mut self, bounds: Bounds) {
        self.bounds = bounds.within_reach();
    }

    /// From now on, changes are queued here; without a queue they are not told.
    pub fn log_changes_to(&mut self, queue: ChangeQueue) {
        self.changes = Some(queue);
    }

    pub fn changes(&mut self) -> Option<&mut ChangeQueue> {
        self.changes.as_mut()
    }

    pub fn totals(&self) -> Totals {
        self.totals
    }

    pub fn announce(&mut self, now: Time, announce: &Announce) -> Seat {
        self.announce_seen(now, announce, Sight::default())
    }

    /// An announce of somebody who was looked for ahead.
    pub fn announce_seen(&mut self, now: Time, announce: &Announce, sight: Sight) -> Seat {
        self.hear(now, 0, announce, sight)
    }

    /// Takes an announce that was made some seconds ago, and is told of by somebody else. What is known
    /// to be younger stays so.
    pub fn hear_of(&mut self, now: Time, age_s: u32, announce: &Announce) -> Seat {
        self.hear(now, age_s, announce, Sight::default())
    }

    fn hear(&mut self, now: Time, age_s: u32, announce: &Announce, sight: Sight) -> Seat {
        let is_stop = announce.event == Event::Stopped;
        let mut seat = Seat {
            outcome: if is_stop {
                Outcome::Absent
            } else {
                Outcome::Refused
            },
            role: announce.role,
            swarm: self.find_seen(&announce.info_hash, sight),
            family: announce.peer.family(),
            position: None,
        };
        let has_room = self.totals.peers() < self.bounds.peers_max;
        if seat.swarm.is_none() && !is_stop && has_room {
            seat.swarm = self.add_swarm(announce.info_hash);
        }
        let Some(number) = seat.swarm else {
            return seat;
        };
        let entry = Entry {
            role: announce.role,
            is_stop,
            now: Tick::at(now),
            age_s,
            gives_way: age_s > 0,
            has_room,
            seen_at: sight.position,
        };
        let entered = self.enter(number, announce.peer, entry);
        seat.outcome = entered.outcome;
        seat.position = entered.position;
        self.log_announce(announce, &entered);
        self.note_moved_up(announce.info_hash, entered.displaced);
        let newly_completed = matches!(entered.outcome, Outcome::Added | Outcome::Turned);
        if announce.event == Event::Completed && announce.role == Role::Seeder && newly_completed {
            self.count_download(number);
        }
        seat
    }

    /// A look at a swarm by someone who cannot be told to others.
    pub fn look(&self, info_hash: &Sha1Digest, role: Role) -> Seat {
        Seat {
            outcome: Outcome::Absent,
            role,
            swarm: self.find(info_hash),
            family: Family::V4,
            position: None,
        }
    }

    /// Of the swarm of a seat, the asker included.
    pub fn counts(&self, seat: &Seat) -> Counts {
        seat.swarm
            .and_then(|number| self.swarms.get(number))
            .map(counts)
            .unwrap_or_default()
    }

    /// What a scrape tells; `None` for a swarm that nobody takes part in.
    pub fn scrape(&self, info_hash: &Sha1Digest) -> Option<Counts> {
        self.find(info_hash)
            .map(|number| counts(&self.swarms[number]))
    }

    /// Appends up to `wanted` random peers of one family, packed, and gives their number. Leechers are
    /// told of everybody else, since everybody may hold what they lack; seeders of leechers only.
    pub fn sample(
        &self,
        now: Time,
        seat: &Seat,
        family: Family,
        wanted: u32,
        rng: &mut Rng,
        out: &mut Vec<u8>,
    ) -> u32 {
        let Some(swarm) = seat.swarm.and_then(|number| self.swarms.get(number)) else {
            return 0;
        };
        let excluded = Excluded {
            asker: seat.position.filter(|_| seat.family == family),
            now: Tick::at(now),
            lifetime_s: self.bounds.lifetime_s,
        };
        let first = |seeders: usize| match seat.role {
            Role::Leecher => 0,
            Role::Seeder => seeders,
        };
        match (family, &swarm.v4, &swarm.v6) {
            (Family::V4, PeersV4::Few(few), _) => sample(
                few,
                first(few.seeders())..few.len(),
                excluded,
                wanted,
                rng,
                out,
            ),
            (Family::V4, PeersV4::Many(many), _) => {
                let range = first(many.seeders())..many.len();
                sample(many.as_ref(), range, excluded, wanted, rng, out)
            }
            (Family::V6, _, Some(many)) => {
                let range = first(many.seeders())..many.len();
                sample(many.as_ref(), range, excluded, wanted, rng, out)
            }
            (Family::V6, _, None) => 0,
        }
    }

    /// In which role a peer takes part, counted or overdue.
    pub fn role_of(&self, info_hash: &Sha1Digest, peer: Peer) -> Option<Role> {
        self.known_of(info_hash, peer).map(|(role, _)| role)
    }

    /// In which role, and when it was last heard of.
    fn known_of(&self, info_hash: &Sha1Digest, peer: Peer) -> Option<(Role, Tick)> {
        let swarm = &self.swarms[self.find(info_hash)?];
        match peer {
            Peer::V4(key) => with_v4!(&swarm.v4, roster => {
                let at = roster.find(&key, self.hasher)?;
                Some((roster.role(at), roster.slot(at).last_heard))
            }),
            Peer::V6(key) => {
                let roster = swarm.v6.as_ref()?;
                let at = roster.find(&key, self.hasher)?;
                Some((roster.role(at), roster.slot(at).last_heard))
            }
        }
    }

    /// Takes over what was written down before a restart; `false` where the table is full. When its
    /// peers were last heard of is not known: they count for most of a lifetime from now on, and
    /// whoever was told of them lately knows better.
    pub fn restore(&mut self, now: Time, change: &Change) -> bool {
        let (peer, role, is_stop) = match change.fact {
            Fact::Here(peer, role) => (peer, role, false),
            Fact::Gone(peer) => (peer, Role::Leecher, true),
            Fact::Downloads(downloads) => {
                let number = self.find(&change.info_hash);
                let Some(number) = number.or_else(|| self.add_swarm(change.info_hash)) else {
                    return false;
                };
                self.swarms[number].downloads = downloads;
                return true;
            }
        };
        let has_room = self.totals.peers() < self.bounds.peers_max;
        let known = self.find(&change.info_hash);
        let may_add = !is_stop && has_room;
        let number = known.or_else(|| {
            if may_add {
                self.add_swarm(change.info_hash)
            } else {
                None
            }
        });
        let Some(number) = number else {
            return is_stop;
        };
        let entry = Entry {
            role,
            is_stop,
            now: Tick::at(now),
            age_s: self.bounds.lifetime_s / RESTORED_AGE_SHARE,
            gives_way: false,
            has_room,
            seen_at: None,
        };
        self.enter(number, peer, entry).outcome != Outcome::Refused
    }

    /// All that the table occupies, the allocator's share included. Looks at every swarm: for tests
    /// and for people who ask, not for every turn.
    pub fn memory_bytes(&self) -> usize {
        let swarms: usize = self.swarms.iter().map(Swarm::heap_bytes).sum();
        size_of::<Self>() + self.swarms.heap_bytes() + self.index.heap_bytes() + swarms
    }

    fn find(&self, info_hash: &Sha1Digest) -> Option<usize> {
        let hash = self.hasher.hash(&info_hash.0);
        self.index
            .find(hash, |at| self.swarms[at].info_hash == *info_hash)
    }

    fn add_swarm(&mut self, info_hash: Sha1Digest) -> Option<usize> {
        let number = self.swarms.len();
        if number >= self.bounds.swarms_max {
            return None;
        }
        let (hasher, swarms) = (self.hasher, &self.swarms);
        let hash_at = |at: usize| hasher.hash(&swarms[at].info_hash.0);
        self.index
            .insert(hasher.hash(&info_hash.0), number, hash_at)
            .ok()?;
        self.swarms.push(Swarm::new(info_hash));
        self.totals.swarms += 1;
        Some(number)
    }

    fn remove_swarm(&mut self, number: usize) {
        let (hasher, swarms) = (self.hasher, &self.swarms);
        let hash_at = |at: usize| hasher.hash(&swarms[at].info_hash.0);
        let last = swarms.len() - 1;
        if number != last {
            self.index
                .swap((hash_at(number), number), (hash_at(last), last));
        }
        // The index holds them as swapped already.
        let hash_swapped = |at: usize| hash_at(if at == number { last } else { at });
        self.index.remove(hash_at(number), last, hash_swapped);
        self.swarms.swap_remove(number);
        self.totals.swarms -= 1;
    }

    fn count_download(&mut self, number: usize) {
        let swarm = &mut self.swarms[number];
        swarm.downloads = swarm.downloads.saturating_add(1);
        let (info_hash, fact) = (swarm.info_hash, F::Downloads(swarm.downloads));
        self.log(Change { info_hash, fact });
    }

    fn log(&mut self, change: Change) {
        if let Some(changes) = &mut self.changes {
            changes.push(change);
        }
    }

    fn log_announce(&mut self, announce: &Announce, entered: &Entered) {
        if self.changes.is_none() {
            return;
        }
        let info_hash = announce.info_hash;
        let fact = match entered.outcome {
            Outcome::Added | Outcome::Turned => F::Here(announce.peer, announce.role),
            Outcome::Removed => F::Gone(announce.peer),
            Outcome::Refreshed | Outcome::Absent | Outcome::Refused => return,
        };
        self.log(Change { info_hash, fact });
        // A snapshot that walks downwards would miss whoever was moved up past it.
        if let (Some(_), Some(displaced)) = (&self.snapshot, entered.displaced) {
            let fact = F::Here(displaced, Role::Leecher);
            self.log(Change { info_hash, fact });
        }
    }
}

fn counts(swarm: &Swarm) -> Counts {
    let seeders = swarm.seeders();
    let count = |peers: usize| u32::try_from(peers).unwrap_or(u32::MAX);
    Counts {
        seeders: count(seeders),
        leechers: count(swarm.peers() - seeders),
        downloads: swarm.downloads,
    }
}
