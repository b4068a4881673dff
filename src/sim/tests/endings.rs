//! How transfers end: goodbyes, disks that fail, patience that runs out.

use super::support::{
    add_leecher, add_seeder, assert_complete, medium_content, seconds, small_content, with_seeds,
};
use crate::engine::Phase;
use crate::sim::{Client, Disk, DiskFaults, World};

#[test]
fn who_ends_says_goodbye_to_the_tracker() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = small_content(seed);
        let tracker = world.add_tracker(seconds(20));
        let mut seeder = Client::new(Disk::full(&content));
        seeder.trackers = vec![tracker];
        let seeder = world.add_client(seeder);
        world.run_for(seconds(5));
        world.shut_down(seeder);
        assert!(world.run_until(seconds(3), |world| world.has_stopped(seeder)));
        // Nobody is told of who is gone.
        let mut leecher = Client::new(Disk::empty(&content));
        leecher.trackers = vec![tracker];
        let leecher = world.add_client(leecher);
        world.run_for(seconds(5));
        let report = world.report(leecher).unwrap();
        assert!(matches!(report.trackers[0].last, Some(Ok(_))), "{report:?}");
        assert_eq!(report.known_peers, 0);
    });
}

#[test]
fn a_client_ends_in_the_middle_of_a_transfer() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = medium_content(seed);
        let mut seeder = Client::new(Disk::full(&content));
        seeder.line.up_bytes_per_second = 300_000;
        let seeder = world.add_client(seeder);
        let leecher = add_leecher(&mut world, &content, &[seeder]);
        world.run_for(seconds(3));
        assert!(!world.is_complete(leecher));
        for client in [leecher, seeder] {
            world.shut_down(client);
            assert!(world.run_until(seconds(4), |world| world.has_stopped(client)));
        }
        world.run_for(seconds(30));
    });
}

#[test]
fn who_was_told_to_leaves_when_all_is_there() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = small_content(seed);
        let seeder = add_seeder(&mut world, &content);
        let mut client = Client::new(Disk::empty(&content));
        client.peers = vec![world.address(seeder)];
        client.config.ends_when_complete = true;
        let leecher = world.add_client(client);
        assert!(world.run_until(seconds(30), |world| world.has_stopped(leecher)));
        assert!(world.is_complete(leecher));
    });
}

#[test]
fn patience_runs_out_where_nothing_comes() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = small_content(seed);
        let mut client = Client::new(Disk::empty(&content));
        client.config.gives_up_after = Some(seconds(20));
        let leecher = world.add_client(client);
        world.run_for(seconds(15));
        assert!(!world.has_stopped(leecher));
        assert!(world.run_until(seconds(15), |world| world.has_stopped(leecher)));
    });
}

#[test]
fn a_disk_that_fails_stops_its_torrent_and_nothing_else() {
    let faults = [
        DiskFaults {
            opens_until_failure: Some(2),
            ..DiskFaults::default()
        },
        DiskFaults {
            hashes_until_failure: Some(3),
            ..DiskFaults::default()
        },
        DiskFaults {
            writes_until_failure: Some(4),
            ..DiskFaults::default()
        },
        DiskFaults {
            fails_to_finish: true,
            ..DiskFaults::default()
        },
    ];
    with_seeds(|seed| {
        for faults in faults {
            let mut world = World::new(seed);
            let content = small_content(seed).without_runs();
            let seeder = add_seeder(&mut world, &content);
            let healthy = add_leecher(&mut world, &content, &[seeder]);
            let mut client = Client::new(Disk::empty(&content));
            client.disk.faults = faults;
            client.peers = vec![world.address(seeder), world.address(healthy)];
            let failing = world.add_client(client);
            let has_failed = |world: &World| {
                let report = world.report(failing);
                report.is_some_and(|report| matches!(report.phase, Phase::Failed(_)))
            };
            assert!(world.run_until(seconds(60), has_failed), "{faults:?}");
            assert_complete(&mut world, &[healthy], seconds(60));
            let has_stopped = world.run_until(seconds(10), |world| world.has_stopped(failing));
            assert!(has_stopped, "{faults:?}");
        }
    });
}
