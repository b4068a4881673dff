//! Blocks and picker against a plain model, through random operations.

mod world;

use proptest::collection::vec;
use proptest::prelude::*;

use super::{Blocks, Claim, Contributor, Interest, Order, Picker, Priority};
use crate::base::{BLOCK_LEN_BYTES, Bitfield, Block, ConnId, Geometry, PieceIndex, Rng};
use world::World;

proptest! {
    #[test]
    fn any_operations_leave_what_the_model_holds(
        seed in any::<u64>(),
        operations in vec(any::<[u8; 4]>(), 0..300),
    ) {
        let mut world = World::new(seed);
        for operation in operations {
            world.perform(operation);
            world.check();
        }
        world.finish();
    }
}
