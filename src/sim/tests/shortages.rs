//! Where rate, memory or patience is short, and everybody still gets on.

use std::time::Duration;

use super::support::{add_leecher, assert_complete, medium_content, seconds, with_seeds};
use crate::sim::{Client, Disk, World};

#[test]
fn limits_on_both_directions_do_not_wait_for_each_other() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = medium_content(seed);
        let seeder = world.add_client(Client::new(Disk::full(&content)));
        let mut middle = Client::new(Disk::empty(&content));
        middle.peers = vec![world.address(seeder)];
        middle.config.down_bytes_per_second_max = Some(400_000);
        middle.config.up_bytes_per_second_max = Some(4000);
        let middle = world.add_client(middle);
        // It can only get what the other passes on, slowly.
        let mut taker = Client::new(Disk::empty(&content));
        taker.peers = vec![world.address(middle)];
        let taker = world.add_client(taker);
        assert_complete(&mut world, &[middle], seconds(20));
        assert!(!world.is_complete(taker));
    });
}

#[test]
fn a_low_limit_ends_no_connection() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = medium_content(seed);
        let seeder = world.add_client(Client::new(Disk::full(&content)));
        let mut leecher = Client::new(Disk::empty(&content));
        leecher.peers = vec![world.address(seeder)];
        leecher.config.down_bytes_per_second_max = Some(2000);
        let leecher = world.add_client(leecher);
        world.run_for(seconds(2));
        for _ in 0..400 {
            world.run_for(seconds(1));
            assert_eq!(world.connection_count(leecher), 1);
        }
        let report = world.report(leecher).unwrap();
        assert_eq!(report.wasted_bytes, 0);
        assert!(report.downloaded_bytes < 900_000, "{report:?}");
    });
}

#[test]
fn a_peer_that_wakes_up_may_still_be_the_first_to_send() {
    with_seeds(|seed| {
        for wait_ms in [15_400, 16_000, 17_000, 18_000] {
            let mut world = World::new(seed);
            let content = medium_content(seed);
            let mut slow_seeder = || {
                let mut client = Client::new(Disk::full(&content));
                client.line.up_bytes_per_second = 60_000;
                world.add_client(client)
            };
            let [sleeper, other] = [slow_seeder(), slow_seeder()];
            let leecher = add_leecher(&mut world, &content, &[sleeper, other]);
            world.run_for(seconds(1));
            world.freeze(sleeper);
            // By now what it owes was asked of the other, which has not sent it yet.
            world.run_for(Duration::from_millis(wait_ms));
            world.thaw(sleeper);
            assert_complete(&mut world, &[leecher], seconds(300));
        }
    });
}
