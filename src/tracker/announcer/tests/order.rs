//! Which trackers are told, and in which order (BEP 12).

use std::collections::BTreeSet;
use std::net::SocketAddr;

use super::world::{FED, World, seconds};
use crate::base::limits::ANNOUNCER_TRACKERS_MAX;
use crate::tracker::announcer::Reach;

const A1: &str = "http://10.0.1.1/a";
const A2: &str = "http://10.0.1.2/a";
const A3: &str = "http://10.0.1.3/a";
const B1: &str = "http://10.0.2.1/a";

const OK: &str = "d8:intervali900ee";

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// Refuses whatever is asked for now; the addresses in their order.
fn refuse_all(world: &mut World) -> Vec<SocketAddr> {
    let mut asked_for = Vec::new();
    while let Some(asked) = world.try_http() {
        world.refuse(&asked);
        asked_for.push(asked.to);
    }
    asked_for
}

#[test]
fn a_tier_is_shuffled_and_the_next_one_waits_for_it() {
    let tiers: &[&[&str]] = &[&[A1, A2, A3], &[B1]];
    let mut orders = BTreeSet::new();
    for seed in 0..50 {
        let mut world = World::with_seed(tiers, Reach::FirstOfAll, FED, seed);
        let order = refuse_all(&mut world);
        assert_eq!(order.len(), 4);
        assert_eq!(order[3], address("10.0.2.1:80"));
        orders.insert(order);
    }
    assert_eq!(orders.len(), 6, "every order of three comes up");
}

#[test]
fn the_one_that_answers_moves_to_the_front_of_its_tier() {
    let tiers: &[&[&str]] = &[&[A1, A2, A3], &[B1]];
    let mut world = World::new(tiers, Reach::FirstOfAll, FED);
    let first = world.http();
    world.refuse(&first);
    let second = world.http();
    world.refuse(&second);
    let third = world.http();
    world.answer(&third, OK);
    assert!(world.try_http().is_none(), "one is enough");

    assert_eq!(world.sleep(), seconds(900));
    let again = world.http();
    assert_eq!(again.to, third.to);
    world.refuse(&again);
    // Behind it the others stand as before.
    let order = refuse_all(&mut world);
    assert_eq!(order, [first.to, second.to, address("10.0.2.1:80")]);
}

#[test]
fn a_later_tier_that_answers_does_not_pass_the_first() {
    let mut world = World::new(&[&[A1], &[B1]], Reach::FirstOfAll, FED);
    let first = world.http();
    world.refuse(&first);
    let second = world.http();
    assert_eq!(second.to, address("10.0.2.1:80"));
    world.answer(&second, OK);
    world.sleep();
    assert_eq!(world.http().to, first.to);
}

#[test]
fn each_tier_is_told_once() {
    let mut world = World::new(&[&[A1, A2], &[B1]], Reach::EachTier, FED);
    let (a, b) = (world.http(), world.http());
    assert!(world.try_http().is_none());
    assert_eq!(b.to, address("10.0.2.1:80"));
    world.answer(&a, OK);
    world.refuse(&b);
    assert!(world.try_http().is_none());
    // The tier that failed does not wait for the one that did not.
    assert!(world.sleep() < seconds(10));
    assert_eq!(world.http().to, b.to);
}

#[test]
fn each_tracker_is_told_and_none_twice() {
    let mut world = World::new(&[&[A1, A2], &[B1, A1]], Reach::EachTracker, FED);
    let asked: BTreeSet<_> = std::iter::from_fn(|| world.try_http())
        .map(|asked| asked.to)
        .collect();
    let wanted = ["10.0.1.1:80", "10.0.1.2:80", "10.0.2.1:80"].map(address);
    assert_eq!(asked, BTreeSet::from(wanted));
    assert!(world.is_silent());
}

#[test]
fn one_that_is_dead_is_asked_ever_more_rarely_while_another_works() {
    let mut world = World::new(&[&[A1], &[B1]], Reach::EachTracker, FED);
    let mut waits = Vec::new();
    for asked in [world.http(), world.http()] {
        if asked.to == address("10.0.1.1:80") {
            world.refuse(&asked);
        } else {
            world.answer(&asked, "d8:intervali86400ee");
        }
    }
    for _ in 0..12 {
        waits.push(world.sleep());
        let asked = world.http();
        assert_eq!(asked.to, address("10.0.1.1:80"));
        world.refuse(&asked);
    }
    let mut floor = seconds(5);
    for wait in waits {
        assert!(floor <= wait && wait < floor + floor / 4, "{wait:?}");
        floor = (floor * 2).min(seconds(1800));
    }
}

#[test]
fn all_dead_and_one_back_again() {
    let mut world = World::new(&[&[A1, A2], &[B1]], Reach::FirstOfAll, FED);
    let mut asked_for = refuse_all(&mut world).len();
    assert_eq!(asked_for, 3);
    for _ in 0..9 {
        world.sleep();
        asked_for += refuse_all(&mut world).len();
    }
    assert_eq!(world.failures().len(), asked_for);
    world.sleep();
    let asked = world.http();
    assert_eq!(asked.event(), "started", "nobody has heard it yet");
    world.answer(&asked, OK);
    assert!(world.try_http().is_none());
    assert_eq!(world.sleep(), seconds(900));
    // What counts is failures in a row: it starts over with the shortest wait.
    let mut again = world.http();
    while again.to != asked.to {
        world.refuse(&again);
        again = world.http();
    }
    let _ = world.failures();
    world.refuse(&again);
    let wait = world.failures()[0].1.unwrap();
    assert!(wait < seconds(7), "{wait:?}");
}

#[test]
fn without_trackers_there_is_nothing_to_do() {
    let mut world = World::new(&[], Reach::EachTier, FED);
    assert_eq!(world.wait(), None);
    world.complete();
    world.stop(seconds(5));
    assert!(world.is_silent() && world.announcer.is_stopped());
}

#[test]
fn trackers_are_bounded() {
    let urls: Vec<String> = (0..2 * ANNOUNCER_TRACKERS_MAX)
        .map(|number| format!("http://10.0.0.1/{number}"))
        .collect();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    let mut world = World::new(&[&urls], Reach::EachTracker, FED);
    let asked = std::iter::from_fn(|| world.try_http()).count();
    assert_eq!(asked, ANNOUNCER_TRACKERS_MAX);
}
