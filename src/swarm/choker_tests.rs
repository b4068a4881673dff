use std::collections::BTreeMap;

use super::*;

fn conn(slot: u32) -> ConnId {
    ConnId::new(slot, 1)
}

fn at_s(seconds: u64) -> Instant {
    Instant::ZERO + Duration::from_secs(seconds)
}

fn waiting(slot: u32) -> PeerFacts {
    PeerFacts {
        conn: conn(slot),
        is_interested: true,
        is_unchoked: false,
        since: Instant::ZERO,
        down_bytes_per_s: 0,
        up_bytes_per_s: 0,
        is_snubbing: false,
        is_seed: false,
    }
}

/// Four slots, of which one goes round.
fn choker() -> Choker {
    let slots = Slots {
        total: 4,
        rotating: 1,
    };
    Choker::new(slots, Instant::ZERO)
}

fn apply(now: Instant, peers: &mut [PeerFacts], changes: &ChokeChanges) {
    for peer in peers {
        let becomes = changes.unchoke.contains(&peer.conn);
        if becomes || changes.choke.contains(&peer.conn) {
            assert_ne!(peer.is_unchoked, becomes);
            peer.is_unchoked = becomes;
            peer.since = now;
        }
    }
}

fn served(peers: &[PeerFacts]) -> Vec<usize> {
    let served = peers.iter().filter(|peer| peer.is_unchoked);
    served.map(|peer| peer.conn.slot()).collect()
}

#[test]
fn nobody_waits_for_a_free_slot() {
    let mut choker = choker();
    assert!(choker.newcomer_fits(3) && !choker.newcomer_fits(4));
    let mut peers: Vec<_> = (0..4).map(waiting).collect();
    peers[1].is_snubbing = true;
    peers[2].is_interested = false;
    let changes = choker.round(at_s(10), Aim::Download, &peers, &mut Rng::new(1));
    apply(at_s(10), &mut peers, &changes);
    assert_eq!(served(&peers), [0, 1, 3]);
    assert_eq!(choker.deadline(), at_s(20));
    choker.hurry(at_s(12));
    assert_eq!(choker.deadline(), at_s(12));

    // Who loses interest keeps a slot that nobody needs, and no other.
    peers[0].is_interested = false;
    let changes = choker.round(at_s(20), Aim::Download, &peers, &mut Rng::new(1));
    assert_eq!(changes, ChokeChanges::default());
    peers.extend((4..6).map(waiting));
    let changes = choker.round(at_s(30), Aim::Download, &peers, &mut Rng::new(1));
    apply(at_s(30), &mut peers, &changes);
    assert_eq!(served(&peers), [1, 3, 4, 5]);
}

#[test]
fn those_who_give_are_given_to() {
    let mut choker = choker();
    let mut peers: Vec<_> = (0..10).map(waiting).collect();
    for (peer, rate) in peers.iter_mut().zip([5, 90, 3, 80, 2, 70, 1, 60, 0, 1000]) {
        peer.down_bytes_per_s = rate;
    }
    peers[9].is_snubbing = true;
    let mut rng = Rng::new(1);
    let changes = choker.round(at_s(10), Aim::Download, &peers, &mut rng);
    apply(at_s(10), &mut peers, &changes);
    let first = served(&peers);
    assert_eq!(first.len(), 4);
    assert!([1, 3, 5].iter().all(|best| first.contains(best)));

    // The turn lasts three rounds, whoever else waits.
    for now in [20, 30] {
        let changes = choker.round(at_s(now), Aim::Download, &peers, &mut rng);
        assert_eq!(changes, ChokeChanges::default());
    }
    let changes = choker.round(at_s(40), Aim::Download, &peers, &mut rng);
    assert_eq!((changes.choke.len(), changes.unchoke.len()), (1, 1));
    assert!(!first.contains(&changes.unchoke[0].slot()));
}

#[test]
fn seeds_are_not_served() {
    let mut choker = choker();
    let mut peers: Vec<_> = (0..3).map(waiting).collect();
    peers[0].is_seed = true;
    peers[1].is_seed = true;
    peers[1].is_unchoked = true;
    let changes = choker.round(at_s(10), Aim::Seed, &peers, &mut Rng::new(1));
    assert_eq!(changes.unchoke, [conn(2)]);
    assert_eq!(changes.choke, [conn(1)]);
}

#[test]
fn a_seeder_finds_the_fastest_and_starves_nobody() {
    let mut choker = choker();
    let mut peers: Vec<_> = (0..12).map(waiting).collect();
    let mut rng = Rng::new(7);
    let mut last_served = BTreeMap::new();
    for round in 1..200 {
        let now = at_s(10 * round);
        for peer in &mut peers {
            let speed = 1000 * (1 + peer.conn.slot() as u64);
            peer.up_bytes_per_s = if peer.is_unchoked { speed } else { 0 };
        }
        let changes = choker.round(now, Aim::Seed, &peers, &mut rng);
        apply(now, &mut peers, &changes);
        let served = served(&peers);
        assert_eq!(served.len(), 4);
        if round > 60 {
            assert!([9, 10, 11].iter().all(|fast| served.contains(fast)));
        }
        last_served.extend(served.into_iter().map(|slot| (slot, round)));
        if round > 60 {
            // Nine take turns of three rounds each.
            let waited = last_served.values().map(|last| round - last);
            assert!(last_served.len() == 12 && waited.max() <= Some(3 * 9));
        }
    }
}

#[test]
fn one_seed_one_choice() {
    let peers: Vec<_> = (0..30).map(waiting).collect();
    let choose = |seed| {
        let mut rng = Rng::new(seed);
        choker().round(at_s(10), Aim::Download, &peers, &mut rng)
    };
    assert_eq!(choose(3), choose(3));
    assert_ne!(choose(3), choose(4));
}
