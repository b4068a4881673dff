//! Walks through the whole table, a bounded stretch at a time, while it changes: to sweep out who has
//! fallen silent, and to write everything down.
//!
//! A walk goes downwards. What is removed is replaced from above, where the walk has been, so nothing
//! is passed over; the one thing that moves a peer up is a leecher making way for a seeder. While a
//! snapshot runs that is told as a change (in `log_announce`), and a walk that is under way is told of
//! them between its steps. Who is met twice does no harm.

use super::roster::{Many, Role, Roster};
use super::slot::{LIFETIME_S_MAX, Slot, Tick};
use super::swarm::{PeersV4, Swarm, with_v4};
use super::{Change, Fact, Table, Time};
use crate::base::Sha1Digest;
use crate::base::limits::WALK_MOVED_UP_MAX;
use crate::tracker::Peer;
use crate::tracker::keyed::TableHasher;

/// A step looks at one peer or leaves one swarm, so that every step gets on; so many are made in one call at most, whatever has
/// piled up.
const SWEEP_STEPS_MAX: usize = 1 << 16;
const SWEEP_STEPS_MIN: usize = 64;

/// Where a walk stands: what is still to be seen lies below.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cursor {
    swarms_left: usize,
    /// The swarm that the walk is in, and what is left of it.
    within: Option<Within>,
}

/// A walk that is under way.
#[derive(Clone, Copy, Debug)]
pub struct Walk(Cursor);

#[derive(Clone, Copy, Debug)]
struct Within {
    info_hash: Sha1Digest,
    v4_left: usize,
    v6_left: usize,
}

impl Cursor {
    fn over(swarms: usize) -> Self {
        Self {
            swarms_left: swarms,
            within: None,
        }
    }

    /// The swarm that the walk is in; swarms may have been removed or moved since the last call.
    fn settle(&mut self, table: &Table) -> Option<(usize, Within)> {
        self.swarms_left = self.swarms_left.min(table.swarms.len());
        let number = self.swarms_left.checked_sub(1)?;
        let swarm = &table.swarms[number];
        let v4_len = with_v4!(&swarm.v4, roster => roster.len());
        let v6_len = swarm.v6.as_ref().map_or(0, |roster| roster.len());
        let within = self
            .within
            .filter(|within| within.info_hash == swarm.info_hash);
        let within = within.unwrap_or(Within {
            info_hash: swarm.info_hash,
            v4_left: usize::MAX,
            v6_left: usize::MAX,
        });
        let within = Within {
            v4_left: within.v4_left.min(v4_len),
            v6_left: within.v6_left.min(v6_len),
            ..within
        };
        self.within = Some(within);
        Some((number, within))
    }

    fn leave_swarm(&mut self) {
        self.swarms_left -= 1;
        self.within = None;
    }
}

impl Table {
    /// Removes some of those whose time is over, and swarms that nobody is left in. To be called about
    /// once a second; each call does the share of a sweep that is due since the last.
    pub fn sweep(&mut self, now: Time) {
        let elapsed_s = now.0.saturating_sub(self.swept_at.0);
        self.swept_at = now;
        if let Some(changes) = &mut self.changes {
            changes.queue_sums();
        }
        if elapsed_s > LIFETIME_S_MAX {
            // Everybody's time is over, and the ticks can no longer tell.
            self.forget_everything();
            return;
        }
        let steps_of_a_sweep = (self.totals.peers() + self.totals.swarms) as u64;
        let due = steps_of_a_sweep * u64::from(elapsed_s) / u64::from(self.bounds.sweep_s);
        let due = usize::try_from(due).unwrap_or(usize::MAX);
        self.sweep_steps(
            now,
            due.saturating_add(SWEEP_STEPS_MIN).min(SWEEP_STEPS_MAX),
        );
    }

    fn sweep_steps(&mut self, now: Time, steps: usize) {
        let mut steps_left = steps;
        let mut turned_round = false;
        while steps_left > 0 {
            let mut cursor = self.sweep;
            let Some((number, within)) = cursor.settle(self) else {
                if std::mem::replace(&mut turned_round, true) {
                    return;
                }
                self.sweep = Cursor::over(self.swarms.len());
                continue;
            };
            let left = self.sweep_swarm(number, within, now, &mut steps_left);
            cursor.within = Some(left);
            if left.v4_left == 0 && left.v6_left == 0 {
                if self.swarms[number].is_empty() {
                    self.remove_swarm(number);
                }
                cursor.leave_swarm();
                steps_left = steps_left.saturating_sub(1);
            }
            self.sweep = cursor;
        }
    }

    /// What is left of the swarm when the steps are used up.
    fn sweep_swarm(
        &mut self,
        number: usize,
        within: Within,
        now: Time,
        steps: &mut usize,
    ) -> Within {
        let mut left = within;
        let now = Tick::at(now);
        while *steps > 0 && (left.v4_left > 0 || left.v6_left > 0) {
            *steps -= 1;
            let swarm = &mut self.swarms[number];
            let sweep = Sweep {
                now,
                lifetime_s: self.bounds.lifetime_s,
                hasher: self.hasher,
            };
            let removed = if left.v6_left > 0 {
                left.v6_left -= 1;
                sweep.v6(swarm, left.v6_left)
            } else {
                left.v4_left -= 1;
                sweep.v4(swarm, left.v4_left)
            };
            if let Some((peer, role)) = removed {
                match peer {
                    Peer::V4(_) => self.totals.peers_v4 -= 1,
                    Peer::V6(_) => self.totals.peers_v6 -= 1,
                }
                self.totals.seeders -= usize::from(role == Role::Seeder);
                let fact = Fact::Gone(peer);
                self.log(Change {
                    info_hash: within.info_hash,
                    fact,
                });
            }
        }
        left
    }

    fn forget_everything(&mut self) {
        let mut changes = self.changes.take();
        if let Some(changes) = &mut changes {
            changes.overflow();
        }
        self.swarms = Default::default();
        self.index = Default::default();
        self.totals = Default::default();
        self.sweep = Cursor::default();
        self.changes = changes;
    }

    /// From now on, [`Table::continue_snapshot`] tells of everybody who is here now. What changes
    /// meanwhile is queued as ever: the snapshot and the changes, in the order in which they were
    /// told, give the table.
    pub fn begin_snapshot(&mut self) {
        self.snapshot = Some(Cursor::over(self.swarms.len()));
    }

    /// Tells of some more; `false` when the snapshot is complete, or none was begun. Changes that were
    /// queued before this call belong before what it tells.
    pub fn continue_snapshot(&mut self, steps: usize, mut tell: impl FnMut(Change)) -> bool {
        let Some(mut cursor) = self.snapshot else {
            return false;
        };
        let goes_on = self.walk_steps(&mut cursor, steps, |change, _| tell(change));
        self.snapshot = goes_on.then_some(cursor);
        goes_on
    }

    /// One walk at a time: it meets everybody who is here from now until its end.
    pub fn begin_walk(&mut self) -> Walk {
        self.moved_up = Some(Vec::new());
        Walk(Cursor::over(self.swarms.len()))
    }

    /// Beyond the limit they are passed over. Whoever walks that slowly could not keep up with those who
    /// announced either, and begins again.
    pub(super) fn note_moved_up(&mut self, info_hash: Sha1Digest, displaced: Option<Peer>) {
        if let (Some(moved_up), Some(peer)) = (&mut self.moved_up, displaced)
            && moved_up.len() < WALK_MOVED_UP_MAX
        {
            moved_up.push((info_hash, peer));
        }
    }

    /// Tells of some more, and how many seconds ago they were heard of; `false` at the end.
    pub fn walk(
        &mut self,
        walk: &mut Walk,
        now: Time,
        steps: usize,
        mut tell: impl FnMut(Change, u32),
    ) -> bool {
        let now = Tick::at(now);
        let mut steps_left = steps;
        while steps_left > 0
            && let Some((info_hash, peer)) = self.moved_up.as_mut().and_then(Vec::pop)
        {
            steps_left -= 1;
            if let Some((role, last_heard)) = self.known_of(&info_hash, peer) {
                let fact = Fact::Here(peer, role);
                tell(Change { info_hash, fact }, last_heard.age_s(now));
            }
        }
        let goes_on = self.walk_steps(&mut walk.0, steps_left, |change, last_heard| {
            tell(change, last_heard.age_s(now));
        });
        if !goes_on {
            self.moved_up = None;
        }
        goes_on
    }

    fn walk_steps(
        &self,
        cursor: &mut Cursor,
        steps: usize,
        mut tell: impl FnMut(Change, Tick),
    ) -> bool {
        let mut steps_left = steps;
        while steps_left > 0 {
            let Some((number, mut within)) = cursor.settle(self) else {
                return false;
            };
            let swarm = &self.swarms[number];
            let info_hash = swarm.info_hash;
            if swarm.downloads > 0 && within.is_untouched(swarm) {
                let fact = Fact::Downloads(swarm.downloads);
                tell(Change { info_hash, fact }, self.swept_tick());
            }
            while steps_left > 0 && (within.v4_left > 0 || within.v6_left > 0) {
                steps_left -= 1;
                let (peer, role, last_heard) = within.next_down(swarm);
                let fact = Fact::Here(peer, role);
                tell(Change { info_hash, fact }, last_heard);
            }
            cursor.within = Some(within);
            if within.v4_left == 0 && within.v6_left == 0 {
                cursor.leave_swarm();
                steps_left = steps_left.saturating_sub(1);
            }
        }
        true
    }

    fn swept_tick(&self) -> Tick {
        Tick::at(self.swept_at)
    }
}

impl Within {
    fn is_untouched(&self, swarm: &Swarm) -> bool {
        self.v4_left + self.v6_left == swarm.peers()
    }

    /// The next peer of a walk that does not remove.
    fn next_down(&mut self, swarm: &Swarm) -> (Peer, Role, Tick) {
        match &swarm.v6 {
            Some(roster) if self.v6_left > 0 => {
                self.v6_left -= 1;
                let slot = roster.slot(self.v6_left);
                (
                    Peer::V6(slot.key),
                    roster.role(self.v6_left),
                    slot.last_heard,
                )
            }
            _ => {
                self.v4_left -= 1;
                with_v4!(&swarm.v4, roster => {
                    let slot = roster.slot(self.v4_left);
                    (Peer::V4(slot.key), roster.role(self.v4_left), slot.last_heard)
                })
            }
        }
    }
}

/// The removal of one peer, if its time is over.
#[derive(Clone, Copy)]
struct Sweep {
    now: Tick,
    lifetime_s: u32,
    hasher: TableHasher,
}

impl Sweep {
    fn v4(self, swarm: &mut Swarm, at: usize) -> Option<(Peer, Role)> {
        let removed = match &mut swarm.v4 {
            PeersV4::Few(roster) => self.remove(roster, at),
            PeersV4::Many(roster) => self.remove(roster.as_mut(), at),
        };
        if removed.is_some() {
            swarm.v4.give_room_back(self.hasher);
        }
        removed.map(|(key, role)| (Peer::V4(key), role))
    }

    fn v6(self, swarm: &mut Swarm, at: usize) -> Option<(Peer, Role)> {
        let roster: &mut Many<18> = swarm.v6.as_deref_mut()?;
        let removed = self.remove(roster, at);
        if roster.len() == 0 {
            swarm.v6 = None;
        }
        removed.map(|(key, role)| (Peer::V6(key), role))
    }

    fn remove<const N: usize>(
        self,
        roster: &mut impl Roster<N>,
        at: usize,
    ) -> Option<([u8; N], Role)> {
        let slot: &Slot<N> = roster.slot(at);
        if !slot.is_overdue(self.now, self.lifetime_s) {
            return None;
        }
        let (key, role) = (slot.key, roster.role(at));
        roster.remove(at, self.hasher);
        Some((key, role))
    }
}
