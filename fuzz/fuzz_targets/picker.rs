//! Any operations on the blocks and the picker of a torrent leave what plain sets hold, and a peer that
//! has everything brings the torrent to its end.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mt::base::{BLOCK_LEN_BYTES, Bitfield, Block, ConnId, Geometry, PieceIndex, Rng};
use mt::swarm::{Blocks, Claim, Contributor, Interest, Order, Picker, Priority};
use world::World;

#[path = "../../src/swarm/model_tests/world/mod.rs"]
mod world;

const OPERATIONS_MAX: usize = 500;

fuzz_target!(|data: &[u8]| {
    let mut world = World::new(1);
    for operation in data.as_chunks::<4>().0.iter().take(OPERATIONS_MAX) {
        world.perform(*operation);
        world.check();
    }
    world.finish();
});
