//! The table against a plain map, through random announces, silence and restarts.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::tests::{SECRET, hash, unpacked};
use super::*;
use crate::base::Rng;

const LIFETIME_S: u32 = 600;
const SWEEP_S: u32 = 60;
/// A tick in length, and three sweeps: a leecher may be moved past one.
const FORGOTTEN_S: u32 = LIFETIME_S + 8 + 3 * SWEEP_S;

const BOUNDS: Bounds = Bounds {
    lifetime_s: LIFETIME_S,
    sweep_s: SWEEP_S,
    peers_max: 1_000_000,
    swarms_max: 1_000_000,
};

#[derive(Clone, Debug)]
enum Step {
    Announce {
        swarm: u8,
        peer: u16,
        is_v6: bool,
        role: Role,
        event: Event,
    },
    Many {
        swarm: u8,
        count: u16,
    },
    Wait {
        seconds: u32,
    },
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let role = prop_oneof![Just(Role::Seeder), Just(Role::Leecher)];
    let event = prop_oneof![
        4 => Just(Event::None),
        1 => Just(Event::Started),
        1 => Just(Event::Completed),
        2 => Just(Event::Stopped),
    ];
    let announce = (0..6_u8, 0..400_u16, any::<bool>(), role, event);
    prop_oneof![
        60 => announce.prop_map(|(swarm, peer, is_v6, role, event)| Step::Announce {
            swarm, peer, is_v6, role, event
        }),
        2 => (0..2_u8, 1..400_u16).prop_map(|(swarm, count)| Step::Many { swarm, count }),
        6 => (1..300_u32).prop_map(|seconds| Step::Wait { seconds }),
        1 => Just(Step::Restart),
    ]
}

#[derive(Clone, Copy, Debug)]
struct Known {
    role: Role,
    heard_at: Time,
}

/// The table, and what it should hold.
struct Pair {
    table: Table,
    written: Vec<Change>,
    model: BTreeMap<(u8, Peer), Known>,
    now: Time,
    rng: Rng,
}

fn peer(number: u16, is_v6: bool) -> Peer {
    let [high, low] = number.to_be_bytes();
    if is_v6 {
        let mut packed = [0; 18];
        packed[14..].copy_from_slice(&[high, low, 0, 80]);
        Peer::V6(packed)
    } else {
        Peer::V4([10, 0, high, low, 0, 80])
    }
}

fn fresh_table() -> Table {
    let mut table = Table::new(BOUNDS, SECRET);
    table.log_changes_to(ChangeQueue::new(1_000_000));
    table
}

impl Pair {
    fn step(&mut self, step: &Step) {
        match *step {
            Step::Announce {
                swarm,
                peer: number,
                is_v6,
                role,
                event,
            } => {
                self.announce(swarm, peer(number, is_v6), role, event);
            }
            Step::Many { swarm, count } => {
                for number in 0..count {
                    self.announce(swarm, peer(number, false), Role::Leecher, Event::None);
                }
            }
            Step::Wait { seconds } => {
                for _ in 0..seconds {
                    self.now.0 += 1;
                    self.table.sweep(self.now);
                }
            }
            Step::Restart => {
                let changes = self.table.changes().unwrap();
                changes.queue_sums();
                self.written.extend(changes.take(usize::MAX));
                self.table = fresh_table();
                for change in &self.written {
                    assert!(self.table.restore(self.now, change));
                }
                // Those whose end had not been written yet get their grace, as all do.
                let heard_at = Time(self.now.0 - LIFETIME_S / 4);
                for ((swarm, peer), known) in &mut self.model {
                    if self.table.role_of(&hash((*swarm).into()), *peer).is_some() {
                        known.heard_at = heard_at;
                    }
                }
            }
        }
        self.check_presence();
    }

    fn announce(&mut self, swarm: u8, peer: Peer, role: Role, event: Event) {
        let announce = Announce {
            info_hash: hash(swarm.into()),
            peer,
            role,
            event,
        };
        let seat = self.table.announce(self.now, &announce);
        if event == Event::Stopped {
            self.model.remove(&(swarm, peer));
        } else {
            let heard_at = self.now;
            self.model.insert((swarm, peer), Known { role, heard_at });
            self.check_sample(swarm, peer, role, &seat);
        }
    }

    fn check_sample(&mut self, swarm: u8, asker: Peer, role: Role, seat: &Seat) {
        let family = asker.family();
        let mut out = Vec::new();
        let given = self
            .table
            .sample(self.now, seat, family, 20, &mut self.rng, &mut out);
        let told = unpacked(family, &out);
        assert_eq!(told.len(), given as usize);
        for peer in &told {
            assert_ne!(*peer, asker);
            let known = self.model[&(swarm, *peer)];
            assert!(
                self.now.0 - known.heard_at.0 <= LIFETIME_S + 8,
                "nobody overdue is told of"
            );
            assert!(role == Role::Leecher || known.role == Role::Leecher);
        }
    }

    /// Everybody heard of lately is there in the right role, and nobody for long beyond their time.
    fn check_presence(&self) {
        for ((swarm, peer), known) in &self.model {
            let age_s = self.now.0 - known.heard_at.0;
            let role = self.table.role_of(&hash((*swarm).into()), *peer);
            if age_s <= LIFETIME_S - 8 {
                assert_eq!(role, Some(known.role), "{peer} of {swarm}, {age_s} s old");
            } else if age_s > FORGOTTEN_S {
                assert_eq!(role, None, "{peer} of {swarm}, {age_s} s old");
            }
        }
        let (mut seeders, mut peers) = (0, 0);
        for swarm in 0..6 {
            let counts = self.table.scrape(&hash(swarm)).unwrap_or_default();
            seeders += counts.seeders as usize;
            peers += (counts.seeders + counts.leechers) as usize;
        }
        let totals = self.table.totals();
        assert_eq!((totals.seeders, totals.peers()), (seeders, peers));
        assert!(peers <= self.model.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_table_holds_what_a_plain_map_holds(steps in vec(step(), 1..120)) {
        let mut pair = Pair {
            table: fresh_table(),
            written: Vec::new(),
            model: BTreeMap::new(),
            now: Time(1000),
            rng: Rng::new(steps.len() as u64),
        };
        for step in &steps {
            pair.step(step);
        }
    }
}
