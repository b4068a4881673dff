//! Many clients that help each other.

use std::time::Duration;

use super::support::{
    add_leecher, add_seeder, assert_complete, medium_content, seconds, small_content, with_seeds,
};
use crate::sim::{Client, Content, Disk, MachineId, World};
use crate::swarm::Slots;

fn tracked(disk: Disk, tracker: MachineId) -> Client {
    let mut client = Client::new(disk);
    client.trackers = vec![tracker];
    client
}

#[test]
fn eight_leechers_help_each_other() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = medium_content(seed);
        let tracker = world.add_tracker(seconds(10));
        let mut seeder = tracked(Disk::full(&content), tracker);
        seeder.line.up_bytes_per_second = 1_000_000;
        let seeder = world.add_client(seeder);
        let leechers: Vec<_> = (0..8)
            .map(|_| world.add_client(tracked(Disk::empty(&content), tracker)))
            .collect();
        assert_complete(&mut world, &leechers, seconds(300));
        let uploaded = world.report(seeder).unwrap().uploaded_bytes;
        let total = content.content_bytes();
        assert!(uploaded >= total, "{uploaded}");
        assert!(
            uploaded < 5 * total,
            "leechers help: {uploaded} of 8 x {total}"
        );
    });
}

#[test]
fn seeders_stop_one_by_one_while_others_remain() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = medium_content(seed);
        let tracker = world.add_tracker(seconds(10));
        let seeders: Vec<_> = (0..4)
            .map(|_| {
                let mut seeder = tracked(Disk::full(&content), tracker);
                seeder.line.up_bytes_per_second = 200_000;
                world.add_client(seeder)
            })
            .collect();
        let leechers: Vec<_> = (0..3)
            .map(|_| world.add_client(tracked(Disk::empty(&content), tracker)))
            .collect();
        for (index, seeder) in seeders[1..].iter().enumerate() {
            world.run_for(seconds(2));
            match (seed + index as u64) % 3 {
                0 => world.shut_down(*seeder),
                1 => world.kill(*seeder),
                _ => world.unplug(*seeder),
            }
        }
        assert_complete(&mut world, &leechers, seconds(600));
    });
}

#[test]
fn a_seeder_that_comes_last_is_found() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = small_content(seed);
        let tracker = world.add_tracker(seconds(30));
        let leechers: Vec<_> = (0..3)
            .map(|_| world.add_client(tracked(Disk::empty(&content), tracker)))
            .collect();
        world.run_for(seconds(100));
        world.add_client(tracked(Disk::full(&content), tracker));
        assert_complete(&mut world, &leechers, seconds(120));
    });
}

#[test]
fn parts_that_are_nowhere_whole_come_together() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = medium_content(seed);
        let tracker = world.add_tracker(seconds(10));
        let clients: Vec<_> = (0..4)
            .map(|part| {
                let disk = Disk::with_pieces(&content, |piece| piece.get() % 4 == part);
                world.add_client(tracked(disk, tracker))
            })
            .collect();
        assert_complete(&mut world, &clients, seconds(300));
    });
}

#[test]
fn windows_that_are_given_up_half_full_come_back() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        // Each file has a window of its own, and there is memory for one at a time.
        let lens = [300_000, 0, 310_000, 0, 290_000, 0, 200_000];
        let content = Content::of_files(seed, &lens, 32 << 10).unwrap();
        let tracker = world.add_tracker(seconds(10));
        let clients: Vec<_> = (0..3)
            .map(|part| {
                let disk = Disk::with_pieces(&content, |piece| piece.get() % 3 == part);
                let mut client = tracked(disk, tracker);
                client.config.budget.receive_bytes = 310_000;
                client.line.up_bytes_per_second = 100_000;
                world.add_client(client)
            })
            .collect();
        assert_complete(&mut world, &clients, seconds(600));
    });
}

#[test]
fn with_fewer_slots_than_leechers_nobody_starves() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = medium_content(seed);
        let mut seeder = Client::new(Disk::full(&content));
        seeder.config.slots = Slots {
            total: 2,
            rotating: 1,
        };
        seeder.line.up_bytes_per_second = 100_000;
        let seeder = world.add_client(seeder);
        // They know nobody else, so that all depends on the one.
        let leechers: Vec<_> = (0..6)
            .map(|_| add_leecher(&mut world, &content, &[seeder]))
            .collect();
        let everybody_has_some = |world: &World| {
            let mut leechers = leechers.iter();
            leechers.all(|leecher| world.report(*leecher).unwrap().downloaded_bytes > 0)
        };
        assert!(world.run_until(seconds(250), everybody_has_some));
        assert_complete(&mut world, &leechers, seconds(1000));
    });
}

#[test]
fn whoever_takes_in_order_gets_all_too() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = medium_content(seed);
        let seeder = add_seeder(&mut world, &content);
        let mut client = Client::new(Disk::empty(&content));
        client.peers = vec![world.address(seeder)];
        client.is_sequential = true;
        let leecher = world.add_client(client);
        assert_complete(&mut world, &[leecher], seconds(60));
    });
}

#[test]
fn a_limit_on_receiving_or_sending_holds() {
    with_seeds(|seed| {
        for limits_sender in [true, false] {
            let mut world = World::new(seed);
            let content = medium_content(seed);
            let mut clients = [
                Client::new(Disk::full(&content)),
                Client::new(Disk::empty(&content)),
            ];
            if limits_sender {
                clients[0].config.up_bytes_per_second_max = Some(100_000);
            } else {
                clients[1].config.down_bytes_per_second_max = Some(100_000);
            }
            let [seeder, mut leecher] = clients;
            let seeder = world.add_client(seeder);
            leecher.peers = vec![world.address(seeder)];
            let leecher = world.add_client(leecher);
            let least = Duration::from_secs_f64(content.content_bytes() as f64 / 100_000.0);
            world.run_for(least.mul_f64(0.8));
            assert!(!world.is_complete(leecher), "it came too fast");
            assert_complete(&mut world, &[leecher], least.mul_f64(0.4));
        }
    });
}

#[test]
fn a_tracker_that_is_dead_keeps_nobody_from_known_peers() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content: Content = small_content(seed);
        let tracker = world.add_tracker(seconds(30));
        match seed % 3 {
            0 => world.kill(tracker),
            1 => world.unplug(tracker),
            _ => world.freeze(tracker),
        }
        let seeder = world.add_client(tracked(Disk::full(&content), tracker));
        let mut leecher = tracked(Disk::empty(&content), tracker);
        leecher.peers = vec![world.address(seeder)];
        let leecher = world.add_client(leecher);
        assert_complete(&mut world, &[leecher], seconds(60));
        for client in [seeder, leecher] {
            world.shut_down(client);
            let has_stopped = world.run_until(seconds(5), |world| world.has_stopped(client));
            assert!(has_stopped, "no tracker keeps a client from ending");
        }
    });
}
