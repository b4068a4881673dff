//! One gives, others take.

use super::support::{
    add_leecher, add_seeder, assert_complete, seconds, small_content, with_seeds,
};
use crate::sim::World;

#[test]
fn a_torrent_comes_over_byte_for_byte() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = small_content(seed);
        let seeder = add_seeder(&mut world, &content);
        let leecher = add_leecher(&mut world, &content, &[seeder]);
        assert_complete(&mut world, &[leecher], seconds(60));
    });
}
