use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::*;

pub(super) const SECRET: Secret = Secret([
    0x243f_6a88_85a3_08d3,
    0x1319_8a2e_0370_7344,
    0xa409_3822_299f_31d0,
    0x082e_fa98_ec4e_6c89,
]);

pub(super) const BOUNDS: Bounds = Bounds {
    lifetime_s: 2700,
    sweep_s: 240,
    peers_max: 10_000_000,
    swarms_max: 10_000_000,
};

pub(super) fn hash(number: u32) -> Sha1Digest {
    let mut bytes = [0; 20];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    Sha1Digest(bytes)
}

pub(super) fn v4(number: u32) -> Peer {
    let [_, a, b, c] = number.to_be_bytes();
    Peer::new(Ipv4Addr::new(10, a, b, c).into(), 6881)
}

fn v6(number: u32) -> Peer {
    let low = u128::from(number);
    Peer::new(Ipv6Addr::from(0x2001_0db8 << 96 | low).into(), 6881)
}

pub(super) fn announce(swarm: u32, peer: Peer, role: Role, event: Event) -> Announce {
    Announce {
        info_hash: hash(swarm),
        peer,
        role,
        event,
    }
}

pub(super) fn here(swarm: u32, peer: Peer, role: Role) -> Announce {
    announce(swarm, peer, role, Event::None)
}

fn table() -> Table {
    Table::new(BOUNDS, SECRET)
}

pub(super) const NOW: Time = Time(100);

/// The peers of a sample, which are packed one after the other.
pub(super) fn unpacked(family: Family, sample: &[u8]) -> Vec<Peer> {
    match family {
        Family::V4 => sample
            .as_chunks()
            .0
            .iter()
            .map(|it| Peer::V4(*it))
            .collect(),
        Family::V6 => sample
            .as_chunks()
            .0
            .iter()
            .map(|it| Peer::V6(*it))
            .collect(),
    }
}

fn told(table: &Table, seat: &Seat, family: Family, wanted: u32, seed: u64) -> Vec<Peer> {
    let mut out = Vec::new();
    let given = table.sample(NOW, seat, family, wanted, &mut Rng::new(seed), &mut out);
    let peers = unpacked(family, &out);
    assert_eq!(peers.len(), given as usize);
    peers
}

#[test]
fn two_peers_find_each_other_and_not_themselves() {
    let mut table = table();
    let first = table.announce(NOW, &here(1, v4(1), Role::Leecher));
    assert_eq!(first.outcome, Outcome::Added);
    assert_eq!(told(&table, &first, Family::V4, 50, 1), []);
    let second = table.announce(NOW, &here(1, v4(2), Role::Leecher));
    assert_eq!(told(&table, &second, Family::V4, 50, 1), [v4(1)]);
    let again = table.announce(NOW, &here(1, v4(1), Role::Leecher));
    assert_eq!(again.outcome, Outcome::Refreshed);
    assert_eq!(told(&table, &again, Family::V4, 50, 1), [v4(2)]);
    let elsewhere = table.announce(NOW, &here(2, v4(1), Role::Leecher));
    assert_eq!(told(&table, &elsewhere, Family::V4, 50, 1), []);
}

#[test]
fn seeders_are_told_of_leechers_only() {
    let mut table = table();
    table.announce(NOW, &here(1, v4(1), Role::Seeder));
    table.announce(NOW, &here(1, v4(2), Role::Leecher));
    let seeder = table.announce(NOW, &here(1, v4(3), Role::Seeder));
    assert_eq!(told(&table, &seeder, Family::V4, 50, 1), [v4(2)]);
    let leecher = table.announce(NOW, &here(1, v4(4), Role::Leecher));
    let mut all = told(&table, &leecher, Family::V4, 50, 1);
    all.sort();
    assert_eq!(all, [v4(1), v4(2), v4(3)]);
    let counts = table.counts(&leecher);
    assert_eq!((counts.seeders, counts.leechers), (2, 2));
}

#[test]
fn peers_behind_one_address_are_several() {
    let mut table = table();
    let at = |port| Peer::new(Ipv4Addr::new(192, 0, 2, 1).into(), port);
    table.announce(NOW, &here(1, at(1), Role::Leecher));
    let second = table.announce(NOW, &here(1, at(2), Role::Leecher));
    assert_eq!(told(&table, &second, Family::V4, 50, 1), [at(1)]);
}

#[test]
fn families_are_kept_apart_and_counted_together() {
    let mut table = table();
    table.announce(NOW, &here(1, v4(1), Role::Leecher));
    let seat = table.announce(NOW, &here(1, v6(1), Role::Seeder));
    assert_eq!(told(&table, &seat, Family::V6, 50, 1), []);
    assert_eq!(told(&table, &seat, Family::V4, 50, 1), [v4(1)]);
    let counts = table.scrape(&hash(1)).unwrap();
    assert_eq!((counts.seeders, counts.leechers), (1, 1));
    assert_eq!((table.totals().peers_v4, table.totals().peers_v6), (1, 1));
    table.announce(NOW, &announce(1, v6(1), Role::Seeder, Event::Stopped));
    assert_eq!(table.totals().peers_v6, 0);
    assert_eq!(table.totals().seeders, 0);
}

#[test]
fn a_download_is_counted_once() {
    let mut table = table();
    table.announce(NOW, &here(1, v4(1), Role::Leecher));
    for _ in 0..2 {
        let seat = table.announce(NOW, &announce(1, v4(1), Role::Seeder, Event::Completed));
        assert_eq!(table.counts(&seat).downloads, 1);
    }
    // Completed, it says, and has not everything: a part of the files was asked for.
    let seat = table.announce(NOW, &announce(1, v4(2), Role::Leecher, Event::Completed));
    assert_eq!(table.counts(&seat).downloads, 1);
}

#[test]
fn who_stops_is_gone_and_stopping_makes_no_swarm() {
    let mut table = table();
    let stop = announce(1, v4(1), Role::Leecher, Event::Stopped);
    assert_eq!(table.announce(NOW, &stop).outcome, Outcome::Absent);
    assert_eq!(table.totals(), Totals::default());
    table.announce(NOW, &here(1, v4(1), Role::Leecher));
    assert_eq!(table.announce(NOW, &stop).outcome, Outcome::Removed);
    assert_eq!(table.role_of(&hash(1), v4(1)), None);
    assert_eq!(table.totals().peers(), 0);
    table.sweep(NOW);
    assert_eq!(table.totals().swarms, 0);
    assert_eq!(table.scrape(&hash(1)), None);
}

#[test]
fn who_falls_silent_is_no_longer_told_of_and_then_forgotten() {
    let mut table = table();
    table.announce(NOW, &here(1, v4(1), Role::Seeder));
    let late = Time(NOW.0 + BOUNDS.lifetime_s + 8);
    let seat = table.announce(late, &here(1, v4(2), Role::Leecher));
    let mut out = Vec::new();
    assert_eq!(
        table.sample(late, &seat, Family::V4, 9, &mut Rng::new(1), &mut out),
        0
    );
    assert_eq!(table.counts(&seat).seeders, 1);
    table.sweep(late);
    assert_eq!(table.counts(&seat).seeders, 0);
    assert_eq!(table.role_of(&hash(1), v4(2)), Some(Role::Leecher));
}

#[test]
fn a_table_that_slept_for_days_forgets_everything() {
    let mut table = table();
    table.log_changes_to(ChangeQueue::new(10));
    table.announce(NOW, &here(1, v4(1), Role::Seeder));
    // Sixteen bits of ticks later, when the peer looks as if it had just been heard of.
    table.sweep(Time(NOW.0 + (1 << 18)));
    assert_eq!(table.totals(), Totals::default());
    assert!(table.changes().unwrap().take_overflow());
}

#[test]
fn a_full_table_keeps_whom_it_has_and_answers_newcomers() {
    let bounds = Bounds {
        peers_max: 2,
        ..BOUNDS
    };
    let mut table = Table::new(bounds, SECRET);
    table.announce(NOW, &here(1, v4(1), Role::Leecher));
    table.announce(NOW, &here(1, v6(2), Role::Leecher));
    let refused = table.announce(NOW, &here(1, v4(3), Role::Leecher));
    assert_eq!(refused.outcome, Outcome::Refused);
    assert_eq!(told(&table, &refused, Family::V4, 50, 1), [v4(1)]);
    let elsewhere = table.announce(NOW, &here(2, v4(3), Role::Leecher));
    assert_eq!(elsewhere.outcome, Outcome::Refused);
    assert_eq!(table.totals().swarms, 1);
    let known = table.announce(NOW, &here(1, v4(1), Role::Seeder));
    assert_eq!(known.outcome, Outcome::Turned);
    table.announce(NOW, &announce(1, v6(2), Role::Leecher, Event::Stopped));
    assert_eq!(
        table.announce(NOW, &here(2, v4(3), Role::Leecher)).outcome,
        Outcome::Added
    );

    let bounds = Bounds {
        swarms_max: 1,
        ..BOUNDS
    };
    let mut table = Table::new(bounds, SECRET);
    table.announce(NOW, &here(1, v4(1), Role::Leecher));
    assert_eq!(
        table.announce(NOW, &here(2, v4(1), Role::Leecher)).outcome,
        Outcome::Refused
    );
}

/// How often each of `others` peers is told of, over many questions.
fn times_told(others: u32, wanted: u32, asker_number: u32, questions: u64) -> BTreeMap<Peer, u32> {
    let mut table = table();
    for number in 0..=others {
        let role = if number % 3 == 0 {
            Role::Seeder
        } else {
            Role::Leecher
        };
        table.announce(NOW, &here(1, v4(number), role));
    }
    let asker = v4(asker_number);
    let seat = table.announce(NOW, &here(1, asker, Role::Leecher));
    let mut times = BTreeMap::new();
    for seed in 0..questions {
        let peers = told(&table, &seat, Family::V4, wanted, seed);
        assert_eq!(peers.len(), wanted.min(others) as usize);
        let distinct: std::collections::BTreeSet<_> = peers.iter().collect();
        assert_eq!(distinct.len(), peers.len(), "nobody is told of twice");
        assert!(!peers.contains(&asker));
        for peer in peers {
            *times.entry(peer).or_default() += 1;
        }
    }
    times
}

#[test]
fn samples_are_fair() {
    for (others, wanted, asker) in [
        (7, 3, 4),
        (100, 50, 0),
        (1000, 50, 500),
        (3000, 201, 3000),
        (2100, 2099, 7),
        (5000, 201, 4500),
    ] {
        let questions = 5000;
        let times = times_told(others, wanted, asker, questions);
        assert_eq!(times.len(), others as usize, "everybody is told of");
        let expected = questions as f64 * f64::from(wanted) / f64::from(others);
        let square = |times: &u32| (f64::from(*times) - expected).powi(2) / expected;
        let chi_square: f64 = times.values().map(square).sum();
        // Its mean is below the number of peers, its deviation the root of twice that.
        let bound = f64::from(others) + 5.0 * (2.0 * f64::from(others)).sqrt();
        assert!(
            chi_square < bound,
            "{others} {wanted}: {chi_square} >= {bound}"
        );
    }
}

/// Pairs, too: that one peer is told of says nothing about another, near it in the table or far.
#[test]
fn nobody_is_glued_to_its_neighbour() {
    const OTHERS: u32 = 1000;
    const WANTED: u32 = 100;
    const QUESTIONS: u32 = 5000;
    let mut table = table();
    for number in 0..OTHERS {
        table.announce(NOW, &here(1, v4(number), Role::Leecher));
    }
    let seat = table.announce(NOW, &here(1, v4(2000), Role::Leecher));
    let distances = [1_usize, 2, 3, 4, 7, 16, 100, 500];
    let mut pairs_told = [0_u32; 8];
    for seed in 0..QUESTIONS {
        let peers = told(&table, &seat, Family::V4, WANTED, seed.into());
        let is_told: Vec<bool> = (0..OTHERS)
            .map(|number| peers.contains(&v4(number)))
            .collect();
        for (pairs, distance) in pairs_told.iter_mut().zip(distances) {
            let pairs_of = is_told.iter().zip(&is_told[distance..]);
            *pairs += u32::try_from(pairs_of.filter(|pair| *pair.0 && *pair.1).count()).unwrap();
        }
    }
    for (pairs, distance) in pairs_told.into_iter().zip(distances) {
        let chance = f64::from(WANTED * (WANTED - 1)) / f64::from(OTHERS * (OTHERS - 1));
        let pairs_of_all = f64::from(QUESTIONS) * (f64::from(OTHERS) - distance as f64);
        let ratio = f64::from(pairs) / (pairs_of_all * chance);
        assert!((0.8..1.2).contains(&ratio), "{distance}: {ratio}");
    }
}

fn fill(table: &mut Table, swarm: u32, peers: u32) {
    for number in 0..peers {
        let role = if number % 4 == 0 {
            Role::Seeder
        } else {
            Role::Leecher
        };
        assert_eq!(
            table.announce(NOW, &here(swarm, v4(number), role)).outcome,
            Outcome::Added
        );
    }
}

#[test]
fn a_large_swarm_costs_at_most_32_bytes_a_peer() {
    let mut table = table();
    let mut most = 0_f64;
    for number in 0..1_000_000 {
        let role = if number % 4 == 0 {
            Role::Seeder
        } else {
            Role::Leecher
        };
        table.announce(NOW, &here(1, v4(number), role));
        if number > 50_000 && number % 10_007 == 0 {
            let bytes = table.memory_bytes() as f64;
            most = most.max(bytes / f64::from(number));
        }
    }
    let at_the_end = table.memory_bytes() as f64 / 1e6;
    println!("at most {most:.1} bytes a peer, {at_the_end:.1} with a million");
    assert!(most < 20.0, "{most}");
}

/// Sizes as trackers see them: half of the swarms have one peer, and few have very many.
#[test]
fn a_mix_of_swarms_is_small_too() {
    let mut table = table();
    let mut swarm = 0;
    let mut peers = 0_u32;
    for (size, swarms) in [
        (1, 100_000),
        (2, 40_000),
        (3, 20_000),
        (5, 20_000),
        (10, 8000),
        (30, 3000),
        (100, 800),
        (1000, 60),
        (50_000, 2),
    ] {
        for _ in 0..swarms {
            fill(&mut table, swarm, size);
            swarm += 1;
        }
        peers += size * swarms;
    }
    let bytes = table.memory_bytes() as f64 / f64::from(peers);
    println!("{peers} peers in {swarm} swarms: {bytes:.1} bytes a peer");
    assert!(bytes < 48.0, "{bytes}");
}

#[test]
fn a_swarm_that_empties_gives_its_memory_back() {
    let mut table = table();
    let empty = table.memory_bytes();
    fill(&mut table, 1, 100_000);
    for number in 0..100_000 {
        table.announce(NOW, &announce(1, v4(number), Role::Leecher, Event::Stopped));
    }
    let left = table.memory_bytes() - empty;
    assert!(left < 300, "{left}");
    table.sweep(NOW);
    assert_eq!(table.totals().swarms, 0);
    assert!(table.memory_bytes() - empty < 300);
}

#[test]
fn a_snapshot_and_the_changes_meanwhile_give_the_table() {
    for seed in 0..20 {
        let steps = if seed < 10 { 1 } else { 7 };
        let mut rng = Rng::new(seed);
        let mut table = table();
        for _ in 0..2000 {
            random_announce(&mut table, &mut rng);
        }
        table.log_changes_to(ChangeQueue::new(100_000));
        table.begin_snapshot();
        let mut written = Vec::new();
        loop {
            table.changes().unwrap().queue_sums();
            written.extend(table.changes().unwrap().take(usize::MAX));
            if !table.continue_snapshot(steps, |change| written.push(change)) {
                break;
            }
            for _ in 0..steps {
                random_announce(&mut table, &mut rng);
            }
            table.sweep(NOW);
        }
        let mut again = Table::new(BOUNDS, SECRET);
        for change in &written {
            assert!(again.restore(NOW, change));
        }
        assert_eq!(
            again.totals().peers(),
            table.totals().peers(),
            "seed {seed}"
        );
        for (swarm, number) in (0..40).flat_map(|swarm| (0..300).map(move |number| (swarm, number)))
        {
            let role = |table: &Table| table.role_of(&hash(swarm), v4(number));
            assert_eq!(role(&again), role(&table), "seed {seed}");
        }
        for swarm in 0..40 {
            let counts = |table: &Table| table.scrape(&hash(swarm)).unwrap_or_default();
            assert_eq!(counts(&again), counts(&table), "seed {seed}");
        }
    }
}

/// Swarms of all sizes: the smaller its number, the more peers a swarm has.
fn random_announce(table: &mut Table, rng: &mut Rng) {
    let (swarm, number) = (rng.below(40), rng.below(300));
    let swarm = swarm * rng.below(40) / 40;
    let (role, event) = match rng.below(10) {
        0..3 => (Role::Seeder, Event::None),
        3..7 => (Role::Leecher, Event::None),
        7 => (Role::Seeder, Event::Completed),
        _ => (Role::Leecher, Event::Stopped),
    };
    table.announce(NOW, &announce(swarm, v4(number), role, event));
}

#[test]
fn one_sweep_does_a_bounded_share() {
    let bounds = Bounds {
        sweep_s: 100,
        ..BOUNDS
    };
    let mut table = Table::new(bounds, SECRET);
    fill(&mut table, 1, 100_000);
    let mut now = Time(NOW.0 + BOUNDS.lifetime_s + 8);
    table.sweep(Time(now.0 - 1));
    while table.totals().peers() > 0 {
        let before = table.totals().peers();
        table.sweep(now);
        let removed = before - table.totals().peers();
        assert!(removed <= before / 100 + 65, "{removed} of {before}");
        now.0 += 1;
        assert!(now.0 < 100_000);
    }
}

/// As the table is told to the other tracker of a pair, while clients go on.
#[test]
fn a_walk_meets_everybody_whoever_comes_meanwhile() {
    let mut table = table();
    let heard_at = Time(60);
    for number in 0..1000 {
        table.announce(heard_at, &here(1, v4(number), Role::Leecher));
    }
    let mut walk = table.begin_walk();
    let (mut met, mut newcomers) = (Vec::new(), 1000..);
    while table.walk(&mut walk, NOW, 10, |change, age_s| {
        if let Fact::Here(peer, Role::Leecher) = change.fact {
            assert_eq!(age_s, NOW.0 - heard_at.0);
            met.push(peer);
        }
    }) {
        for number in newcomers.by_ref().take(5) {
            table.announce(NOW, &here(1, v4(number), Role::Seeder));
        }
    }
    assert!((0..1000).all(|number| met.contains(&v4(number))));
}
