//! Any sequence of announces, silences, snapshots and restarts leaves the table with what a plain map
//! holds.

#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use mt::base::{Rng, Sha1Digest};
use mt::tracker::state_file::{Reader, write_change};
use mt::tracker::table::{Announce, Bounds, Change, ChangeQueue, Outcome, Role, Seat, Table, Time};
use mt::tracker::{Family, Peer, Secret};
use mt::wire::Event;

const LIFETIME_S: u32 = 600;
const SWEEP_S: u32 = 60;
/// Ticks are some seconds long.
const TICK_SLACK_S: u32 = 8;
const PEERS_MAX: usize = 300;
/// A file that is longer when it is read is written anew, as an operator's would be.
const TEXT_LEN_BYTES_MAX: usize = 64 << 10;
/// One operation may be hundreds of announces.
const OPERATIONS_MAX: usize = 200;

fuzz_target!(|data: &[u8]| {
    let mut world = World::new();
    for operation in data.as_chunks::<4>().0.iter().take(OPERATIONS_MAX) {
        world.perform(*operation);
    }
    world.check();
});

struct World {
    table: Table,
    /// The state file.
    text: Vec<u8>,
    model: BTreeMap<(u8, Peer), (Role, Time)>,
    now: Time,
    rng: Rng,
}

fn fresh_table() -> Table {
    let bounds = Bounds {
        lifetime_s: LIFETIME_S,
        sweep_s: SWEEP_S,
        peers_max: PEERS_MAX,
        swarms_max: 100,
    };
    let secret = Secret([1, 2, 3, 4].map(|n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    let mut table = Table::new(bounds, secret);
    table.log_changes_to(ChangeQueue::new(1 << 20));
    table
}

fn info_hash(swarm: u8) -> Sha1Digest {
    Sha1Digest([swarm; 20])
}

impl World {
    fn new() -> Self {
        Self {
            table: fresh_table(),
            text: Vec::new(),
            model: BTreeMap::new(),
            now: Time(1000),
            rng: Rng::new(1),
        }
    }

    fn perform(&mut self, [kind, swarm, high, low]: [u8; 4]) {
        match kind % 16 {
            0 => self.wait(u32::from(low)),
            1 => self.restart(),
            2 => self.compact(usize::from(low) + 1),
            3 => (0..=low).for_each(|number| self.announce(kind >> 4, swarm, 0, number)),
            4 => self.check(),
            _ => self.announce(kind >> 4, swarm, high % 4, low),
        }
    }

    fn announce(&mut self, what: u8, swarm: u8, high: u8, low: u8) {
        let swarm = swarm % 8;
        let peer = match what & 8 {
            0 => Peer::V4([10, 0, high, low, 0, 80]),
            _ => Peer::V6([
                0x20, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, high, low, 0, 80,
            ]),
        };
        let role = if what & 4 == 0 {
            Role::Leecher
        } else {
            Role::Seeder
        };
        let event = match what & 3 {
            0 => Event::Stopped,
            1 => Event::Completed,
            _ => Event::None,
        };
        let info_hash = info_hash(swarm);
        let announce = Announce {
            info_hash,
            peer,
            role,
            event,
        };
        let seat = self.table.announce(self.now, &announce);
        self.write_down();
        if seat.outcome == Outcome::Refused {
            assert!(!self.model.contains_key(&(swarm, peer)) || self.is_overdue(swarm, peer));
            assert!(self.table.totals().peers() >= PEERS_MAX);
        } else if event == Event::Stopped {
            self.model.remove(&(swarm, peer));
        } else {
            self.model.insert((swarm, peer), (role, self.now));
        }
        self.check_sample(swarm, peer, role, &seat);
    }

    fn is_overdue(&self, swarm: u8, peer: Peer) -> bool {
        let known = self.model.get(&(swarm, peer));
        known.is_some_and(|(_, heard_at)| self.now.0 - heard_at.0 > LIFETIME_S - TICK_SLACK_S)
    }

    fn check_sample(&mut self, swarm: u8, asker: Peer, role: Role, seat: &Seat) {
        let mut out = Vec::new();
        self.table
            .sample(self.now, seat, Family::V4, 30, &mut self.rng, &mut out);
        let mut told: Vec<_> = out
            .as_chunks()
            .0
            .iter()
            .map(|packed| Peer::V4(*packed))
            .collect();
        out.clear();
        self.table
            .sample(self.now, seat, Family::V6, 30, &mut self.rng, &mut out);
        told.extend(out.as_chunks().0.iter().map(|packed| Peer::V6(*packed)));
        for peer in &told {
            let (known_role, heard_at) = self.model[&(swarm, *peer)];
            assert!(*peer != asker);
            assert!(role == Role::Leecher || known_role == Role::Leecher);
            assert!(self.now.0 - heard_at.0 <= LIFETIME_S + TICK_SLACK_S);
        }
        let count = told.len();
        told.sort();
        told.dedup();
        assert_eq!(told.len(), count);
    }

    fn wait(&mut self, seconds: u32) {
        for _ in 0..seconds {
            self.now.0 += 1;
            self.table.sweep(self.now);
        }
        self.write_down();
    }

    fn write_down(&mut self) {
        if let Some(changes) = self.table.changes() {
            changes.queue_sums();
            changes
                .take(usize::MAX)
                .for_each(|change| write_change(&change, &mut self.text));
        }
    }

    /// Writes the file anew, while it goes on.
    fn compact(&mut self, steps: usize) {
        let mut text = Vec::new();
        self.text.clear();
        self.table.begin_snapshot();
        while self
            .table
            .continue_snapshot(steps, |change| write_change(&change, &mut text))
        {
            self.now.0 += 1;
            self.table.sweep(self.now);
            self.announce(7, 1, 0, self.now.0.to_le_bytes()[0]);
            let before = std::mem::take(&mut self.text);
            text.extend_from_slice(&before);
        }
        self.write_down();
        text.append(&mut self.text);
        self.text = text;
    }

    fn restart(&mut self) {
        self.table = fresh_table();
        let mut changes: Vec<Change> = Vec::new();
        let mut reader = Reader::default();
        reader.read(&self.text, |change| changes.push(change));
        assert_eq!(reader.unreadable_lines(), 0);
        for change in &changes {
            assert!(self.table.restore(self.now, change));
        }
        self.write_down();
        for ((swarm, peer), (_, heard_at)) in &mut self.model {
            if self.table.role_of(&info_hash(*swarm), *peer).is_some() {
                *heard_at = Time(self.now.0 - LIFETIME_S / 4);
            }
        }
        if self.text.len() > TEXT_LEN_BYTES_MAX {
            self.compact(usize::MAX);
        }
    }

    fn check(&self) {
        for ((swarm, peer), (role, heard_at)) in &self.model {
            let age_s = self.now.0 - heard_at.0;
            let found = self.table.role_of(&info_hash(*swarm), *peer);
            if age_s <= LIFETIME_S - TICK_SLACK_S {
                assert_eq!(found, Some(*role));
            }
        }
        let mut peers = 0;
        for swarm in 0..8 {
            let counts = self.table.scrape(&info_hash(swarm)).unwrap_or_default();
            peers += (counts.seeders + counts.leechers) as usize;
        }
        assert_eq!(self.table.totals().peers(), peers);
        assert!(peers <= PEERS_MAX);
    }
}
