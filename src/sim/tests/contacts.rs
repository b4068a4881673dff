//! Who is connected to whom, how often, and what happens where both dial at once.

use super::support::{
    add_leecher, assert_complete, medium_content, seconds, small_content, with_seeds,
};
use crate::sim::{Client, Disk, World};

#[test]
fn two_that_dial_each_other_at_once_keep_one_connection() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = small_content(seed);
        let first_address = {
            // Addresses follow from the order in which machines are added.
            let mut other = World::new(seed);
            let first = other.add_client(Client::new(Disk::full(&content)));
            let second = other.add_client(Client::new(Disk::full(&content)));
            [other.address(first), other.address(second)]
        };
        let mut one = Client::new(Disk::with_pieces(&content, |piece| piece.get() % 2 == 0));
        one.peers = vec![first_address[1]];
        one.config.up_bytes_per_second_max = Some(20_000);
        let mut two = Client::new(Disk::with_pieces(&content, |piece| piece.get() % 2 == 1));
        two.peers = vec![first_address[0]];
        two.config.up_bytes_per_second_max = Some(20_000);
        let (one, two) = (world.add_client(one), world.add_client(two));
        world.run_for(seconds(3));
        assert_eq!(world.connection_count(one), 1);
        assert_eq!(world.connection_count(two), 1);
        world.run_for(seconds(7));
        assert_eq!(world.connection_count(one), 1, "and it stays");
        assert_complete(&mut world, &[one, two], seconds(60));
    });
}

#[test]
fn nobody_stays_connected_to_itself() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = small_content(seed);
        let tracker = world.add_tracker(seconds(10));
        let own_address = {
            let mut other = World::new(seed);
            other.add_tracker(seconds(10));
            let own = other.add_client(Client::new(Disk::full(&content)));
            other.address(own)
        };
        let mut client = Client::new(Disk::empty(&content));
        client.peers = vec![own_address];
        client.trackers = vec![tracker];
        let client = world.add_client(client);
        world.run_for(seconds(5));
        for _ in 0..200 {
            world.run_for(std::time::Duration::from_millis(501));
            assert_eq!(world.report(client).unwrap().connected_peers, 0);
        }
        assert_eq!(world.report(client).unwrap().known_peers, 0);
    });
}

#[test]
fn two_seeders_do_not_stay_connected() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = small_content(seed);
        let one = world.add_client(Client::new(Disk::full(&content)));
        let mut other = Client::new(Disk::full(&content));
        other.peers = vec![world.address(one)];
        let other = world.add_client(other);
        world.run_for(seconds(4));
        assert_eq!(world.connection_count(one), 0);
        assert_eq!(world.connection_count(other), 0);
    });
}

#[test]
fn there_are_no_more_connections_than_there_may_be() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = small_content(seed);
        let mut seeder = Client::new(Disk::full(&content));
        seeder.config.connections_max = 3;
        seeder.config.silent_max = 4;
        seeder.config.torrent_connections_max = 2;
        let seeder = world.add_client(seeder);
        let leechers: Vec<_> = (0..6)
            .map(|_| {
                let mut client = Client::new(Disk::empty(&content));
                client.peers = vec![world.address(seeder)];
                client.config.ends_when_complete = true;
                world.add_client(client)
            })
            .collect();
        for _ in 0..100 {
            world.run_for(std::time::Duration::from_millis(100));
            assert!(world.connection_count(seeder) <= 3 + 4);
            assert!(
                world
                    .report(seeder)
                    .is_none_or(|report| report.connected_peers <= 2)
            );
        }
        assert_complete(&mut world, &leechers, seconds(600));
    });
}

#[test]
fn only_its_trackers_tell_of_the_peers_of_a_private_torrent() {
    with_seeds(|seed| {
        for is_private in [false, true] {
            let mut world = World::new(seed);
            let content = medium_content(seed);
            let mut seeder = Client::new(Disk::full(&content));
            seeder.is_private = is_private;
            seeder.line.up_bytes_per_second = 200_000;
            let seeder = world.add_client(seeder);
            let leecher = add_leecher(&mut world, &content, &[seeder]);
            world.run_for(seconds(5));
            assert_eq!(world.connection_count(seeder), 1);
            world.kill(leecher);
            world.run_for(seconds(2));
            let known = world.report(seeder).unwrap().known_peers;
            assert_eq!(known, usize::from(!is_private));
        }
    });
}

#[test]
fn peers_are_found_by_datagrams_that_may_be_lost() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = small_content(seed);
        let tracker = world.add_tracker(seconds(60));
        let clients: Vec<_> = [
            Disk::full(&content),
            Disk::empty(&content),
            Disk::empty(&content),
        ]
        .into_iter()
        .map(|disk| {
            let mut client = Client::new(disk);
            client.trackers = vec![tracker];
            client.announces_by_udp = true;
            client.line.datagrams_lost_per_mille = 300;
            world.add_client(client)
        })
        .collect();
        assert_complete(&mut world, &clients[1..], seconds(900));
    });
}
