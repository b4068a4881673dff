//! Content of all shapes, and memory so small that little of it fits.

use super::support::{assert_complete, assert_places_are_given_up, seconds, with_seeds};
use crate::base::Rng;
use crate::engine::PlaceBudget;
use crate::sim::{Client, Content, Disk, World};

/// A seeder and two leechers, all with this much memory.
fn transfer(seed: u64, content: &Content, budget: Option<PlaceBudget>) {
    let mut world = World::new(seed);
    let mut add = |disk, peers: &[_]| {
        let mut client = Client::new(disk);
        client.config.budget = budget.unwrap_or(client.config.budget);
        client.peers = peers.to_vec();
        let id = world.add_client(client);
        (id, world.address(id))
    };
    let (_, seeder) = add(Disk::full(content), &[]);
    let (first, first_address) = add(Disk::empty(content), &[seeder]);
    let (second, _) = add(Disk::empty(content), &[seeder, first_address]);
    assert_complete(&mut world, &[first, second], seconds(120));
    world.run_for(seconds(5));
    assert_places_are_given_up(&world, &[first, second]);
}

fn files(seed: u64, piece_len_bytes: u32) -> Content {
    let mut rng = Rng::new(seed);
    let lens: Vec<u64> = (0..9)
        .map(|index| match (index % 2, rng.below(3)) {
            (1, 0) => 0,
            (1, _) => u64::from(rng.below(70_000)),
            (_, 0) => u64::from(1 + rng.below(100)),
            (_, 1) => u64::from(1 + rng.below(40_000)),
            (_, _) => u64::from(1 + rng.below(500_000)),
        })
        .collect();
    Content::of_files(seed, &lens, piece_len_bytes).unwrap()
}

#[test]
fn pieces_across_files_and_padding_come_over() {
    with_seeds(|seed| {
        for piece_len_bytes in [16 << 10, 50_000, 128 << 10] {
            transfer(seed, &files(seed, piece_len_bytes), None);
        }
    });
}

#[test]
fn without_windows_all_goes_through_buffers() {
    with_seeds(|seed| {
        let content = files(seed, 32 << 10).without_runs();
        transfer(seed, &content, None);
    });
}

#[test]
fn pieces_of_odd_lengths_come_over() {
    with_seeds(|seed| {
        for (len_bytes, piece_len_bytes) in
            [(1, 1), (16_385, 16_384), (99_999, 10_000), (5, 65_536)]
        {
            let content = Content::of_one_file(seed, len_bytes, piece_len_bytes).unwrap();
            transfer(seed, &content, None);
        }
    });
}

#[test]
fn memory_for_one_place_at_a_time_is_enough() {
    let budget = PlaceBudget {
        receive_bytes: 1,
        send_bytes: 1,
    };
    with_seeds(|seed| {
        let content = files(seed, 32 << 10);
        transfer(seed, &content, Some(budget));
        transfer(seed, &content.without_runs(), Some(budget));
    });
}

#[test]
fn memory_for_a_few_places_is_enough() {
    with_seeds(|seed| {
        let budget = PlaceBudget {
            receive_bytes: 150_000,
            send_bytes: 300_000,
        };
        let content = Content::of_one_file(seed, 3_000_000, 128 << 10).unwrap();
        transfer(seed, &content.without_runs(), Some(budget));
        transfer(seed, &files(seed, 64 << 10), Some(budget));
    });
}

#[test]
fn several_windows_come_over_with_memory_for_one() {
    let mut world = World::new(1);
    world.set_choppy(false);
    let content = Content::of_one_file(1, (33 << 20) + 7, 1 << 20).unwrap();
    let mut seeder = Client::new(Disk::full(&content));
    seeder.config.budget.send_bytes = 4 << 20;
    let seeder = world.add_client(seeder);
    let mut leecher = Client::new(Disk::empty(&content));
    leecher.config.budget.receive_bytes = 16 << 20;
    leecher.peers = vec![world.address(seeder)];
    let leecher = world.add_client(leecher);
    assert_complete(&mut world, &[leecher], seconds(120));
    world.run_for(seconds(1));
    assert_places_are_given_up(&world, &[leecher]);
}
