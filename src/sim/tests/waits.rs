//! What a download is said to have waited for, also one that is over soon.

use std::time::Duration;

use super::support::{assert_complete, seconds, small_content, with_seeds};
use crate::engine::Waits;
use crate::sim::{Client, Disk, Line, World};

const LITTLE: Duration = Duration::from_micros(100);
const MUCH: Duration = Duration::from_millis(150);

/// How long a job takes is drawn by lot, so one transfer alone says little.
const TRANSFERS: u64 = 4;

const FAST: Line = Line {
    delay: LITTLE,
    up_bytes_per_second: 2_000_000_000,
    buffer_bytes: 128 << 10,
    datagrams_lost_per_mille: 0,
};

/// Moves some pieces to a client whose pool is fast but for what is told here.
fn waits_of(seed: u64, slow_down: impl Fn(&mut Client)) -> Waits {
    let mut world = World::new(seed);
    let content = small_content(seed);
    let mut seeder = Client::new(Disk::full(&content));
    seeder.line = FAST;
    let seeder = world.add_client(seeder);
    let mut leecher = Client::new(Disk::empty(&content));
    leecher.peers = vec![world.address(seeder)];
    leecher.line = FAST;
    leecher.times.open_max = LITTLE;
    leecher.times.hash_max = LITTLE;
    leecher.times.write_max = LITTLE;
    slow_down(&mut leecher);
    let leecher = world.add_client(leecher);
    assert_complete(&mut world, &[leecher], seconds(20));
    // Until the next report.
    world.run_for(seconds(1));
    world.report(leecher).unwrap().waits
}

fn sum_of(a: Waits, b: Waits) -> Waits {
    Waits {
        peers: a.peers + b.peers,
        network: a.network + b.network,
        hash: a.hash + b.hash,
        disk: a.disk + b.disk,
        limit: a.limit + b.limit,
    }
}

fn most(waits: Waits) -> &'static str {
    let all = [
        (waits.peers, "peers"),
        (waits.network, "network"),
        (waits.hash, "hash"),
        (waits.disk, "disk"),
        (waits.limit, "limit"),
    ];
    all.into_iter().max().unwrap().1
}

#[test]
fn what_is_slow_is_named() {
    with_seeds(|seed| {
        let waits_of = |seed, slow_down: &dyn Fn(&mut Client)| {
            let mut sum = Waits::default();
            for part in 0..TRANSFERS {
                sum = sum_of(sum, waits_of(seed * TRANSFERS + part, slow_down));
            }
            sum
        };
        let hash = waits_of(seed, &|client: &mut Client| client.times.hash_max = MUCH);
        assert_eq!(most(hash), "hash", "{hash:?}");
        let disk = waits_of(seed, &|client: &mut Client| client.times.open_max = MUCH);
        assert_eq!(most(disk), "disk", "{disk:?}");
        let network = waits_of(seed, &|client: &mut Client| client.line.delay = MUCH);
        assert_eq!(most(network), "network", "{network:?}");
    });
}
