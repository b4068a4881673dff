//! What scenarios share.

use std::time::Duration;

use crate::sim::{Client, Content, Disk, MachineId, World};

/// How many seeds each scenario runs with, unless `MT_SIM_SEED` names one or `MT_SIM_SEEDS` says
/// how many.
const SEEDS: u64 = 3;

/// Runs a scenario with some seeds; the world says on failure which one it was.
pub(super) fn with_seeds(scenario: impl Fn(u64)) {
    let number = |name| std::env::var(name).ok()?.parse::<u64>().ok();
    if let Some(seed) = number("MT_SIM_SEED") {
        return scenario(seed);
    }
    for seed in 1..=number("MT_SIM_SEEDS").unwrap_or(SEEDS) {
        scenario(seed);
    }
}

pub(super) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Ten pieces and a bit of one file.
pub(super) fn small_content(seed: u64) -> Content {
    Content::of_one_file(seed, 700_001, 64 << 10).unwrap()
}

pub(super) fn add_seeder(world: &mut World, content: &Content) -> MachineId {
    world.add_client(Client::new(Disk::full(content)))
}

pub(super) fn add_leecher(world: &mut World, content: &Content, peers: &[MachineId]) -> MachineId {
    let mut client = Client::new(Disk::empty(content));
    client.peers = peers.iter().map(|peer| world.address(*peer)).collect();
    world.add_client(client)
}

/// Fails with what each client says where not all of them complete in time.
pub(super) fn assert_complete(world: &mut World, clients: &[MachineId], limit: Duration) {
    let all = |world: &World| clients.iter().all(|client| world.is_complete(*client));
    if !world.run_until(limit, all) {
        for client in clients {
            eprintln!("{client:?}: {:#?}", world.report(*client));
        }
        panic!("not all are complete after {limit:?}");
    }
}
