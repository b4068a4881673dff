//! When trackers are told, and of which events.

use std::time::Duration;

use super::world::{FED, LEECHER, SEEDER, World, seconds};
use crate::tracker::announcer::{Facts, Reach};

const A: &str = "http://10.0.1.1/a";
const B: &str = "http://10.0.2.1/a";

const OK: &str = "d8:intervali900e12:min intervali60ee";

/// How long after each of some answers the next announce comes.
fn waits(facts: Facts, answers: &[&str]) -> Vec<Duration> {
    let mut world = World::new(&[&[A]], Reach::EachTier, facts);
    let wait_after = |answer: &&str| {
        let asked = world.http();
        world.answer(&asked, answer);
        world.sleep()
    };
    answers.iter().map(wait_after).collect()
}

#[test]
fn intervals_are_kept() {
    let answers = [
        OK,
        "d8:intervali900e12:min intervali1200ee",
        "de",
        "d8:intervali0ee",
        "d8:intervali1ee",
        "d8:intervali99999999999ee",
    ];
    assert_eq!(
        waits(FED, &answers),
        [900, 1200, 1800, 1800, 5, 86400].map(seconds)
    );
}

#[test]
fn who_knows_nobody_asks_as_soon_as_it_may() {
    for facts in [LEECHER, SEEDER] {
        assert_eq!(waits(facts, &[OK; 3]), [60; 3].map(seconds));
    }
    let answers = [
        "d8:intervali900e12:min intervali0ee",
        "d8:intervali30e12:min intervali60ee",
    ];
    assert_eq!(waits(LEECHER, &answers), [5, 60].map(seconds));
}

#[test]
fn a_seeder_that_nobody_comes_to_becomes_patient() {
    let mut expected = vec![seconds(60); 10];
    expected.resize(15, seconds(900));
    assert_eq!(waits(SEEDER, &[OK; 15]), expected);
    assert_eq!(
        waits(LEECHER, &[OK; 30]),
        [seconds(60); 30],
        "who downloads does not"
    );
}

/// Asks and is answered until an announce is no sooner due than the tracker wishes; for how long.
fn until_patient(world: &mut World) -> Duration {
    let mut waited = Duration::ZERO;
    for _ in 0..100 {
        let asked = world.http();
        world.answer(&asked, OK);
        match world.wait() {
            Some(wait) if wait == seconds(900) => return waited,
            _ => waited += world.sleep(),
        }
    }
    panic!("never");
}

#[test]
fn a_seeder_that_loses_its_last_peer_and_a_fresh_one_are_hungry_again() {
    let mut world = World::new(&[&[A]], Reach::EachTier, SEEDER);
    assert_eq!(until_patient(&mut world), seconds(600));
    world.set_facts(Facts {
        peers_known: 1,
        ..SEEDER
    });
    world.sleep();
    world.set_facts(SEEDER);
    assert_eq!(until_patient(&mut world), seconds(600));

    let mut world = World::new(&[&[A]], Reach::EachTier, LEECHER);
    for _ in 0..30 {
        let asked = world.http();
        world.answer(&asked, OK);
        world.sleep();
    }
    let asked = world.http();
    world.answer(&asked, OK);
    world.complete();
    assert_eq!(until_patient(&mut world), seconds(600));
}

#[test]
fn where_no_least_interval_is_named_it_asks_ever_more_rarely() {
    assert_eq!(
        waits(LEECHER, &["d8:intervali900ee"; 6]),
        [15, 30, 60, 120, 120, 120].map(seconds)
    );
    assert_eq!(
        waits(LEECHER, &["d8:intervali40ee"; 3]),
        [15, 30, 40].map(seconds)
    );
}

#[test]
fn who_loses_its_last_peer_asks_again() {
    let mut world = World::new(&[&[A]], Reach::EachTier, LEECHER);
    for _ in 0..4 {
        let asked = world.http();
        world.answer(&asked, "d8:intervali900ee");
        world.sleep();
    }
    let asked = world.http();
    world.set_facts(FED);
    world.answer(&asked, "d8:intervali900ee");
    assert_eq!(world.wait(), Some(seconds(900)));
    world.now += seconds(100);
    world.set_facts(LEECHER);
    assert_eq!(world.wait(), Some(Duration::ZERO));
    world.tick();
    let asked = world.http();
    world.answer(&asked, "d8:intervali900ee");
    assert_eq!(world.wait(), Some(seconds(15)), "it starts over");
}

#[test]
fn started_is_told_until_it_was_heard() {
    let mut world = World::new(&[&[A]], Reach::EachTier, FED);
    for _ in 0..3 {
        let asked = world.http();
        assert_eq!(asked.event(), "started");
        world.refuse(&asked);
        world.sleep();
    }
    let asked = world.http();
    assert_eq!(asked.event(), "started");
    world.answer(&asked, OK);
    world.sleep();
    assert_eq!(world.http().event(), "");
}

#[test]
fn completed_is_told_once_and_at_once() {
    let mut world = World::new(&[&[A], &[B]], Reach::EachTier, FED);
    for asked in [world.http(), world.http()] {
        world.answer(&asked, OK);
    }
    world.now += seconds(1);
    world.complete();
    for asked in [world.http(), world.http()] {
        assert_eq!(asked.event(), "completed");
        assert!(asked.text.contains("&left=0&"));
        world.answer(&asked, OK);
    }
    world.complete();
    assert!(world.try_http().is_none());
    assert_eq!(world.sleep(), seconds(900));
    assert_eq!(world.http().event(), "");
}

#[test]
fn completed_waits_for_the_announce_under_way_and_for_a_tracker_that_failed() {
    let mut world = World::new(&[&[A]], Reach::EachTier, FED);
    let asked = world.http();
    world.complete();
    assert!(world.try_http().is_none(), "one at a time");
    world.answer(&asked, OK);
    let asked = world.http();
    assert_eq!(asked.event(), "completed");
    world.refuse(&asked);
    assert!(world.try_http().is_none());
    assert!(world.sleep() >= seconds(5));
    let asked = world.http();
    assert_eq!(asked.event(), "completed");
    world.answer(&asked, OK);
    assert_eq!(world.wait(), Some(seconds(900)));
}

#[test]
fn what_was_complete_from_the_start_is_not_completed() {
    let facts = Facts {
        peers_known: 1,
        ..SEEDER
    };
    let mut world = World::new(&[&[A]], Reach::EachTier, facts);
    let asked = world.http();
    assert_eq!(asked.event(), "started");
    world.answer(&asked, OK);
    world.complete();
    assert!(world.try_http().is_none());
}

#[test]
fn another_tracker_of_the_group_hears_of_the_start_first() {
    let mut world = World::new(&[&[A], &[B]], Reach::FirstOfAll, FED);
    let asked = world.http();
    world.answer(&asked, OK);
    world.complete();
    let asked = world.http();
    world.refuse(&asked);
    for event in ["started", "completed"] {
        let other = world.http();
        assert_ne!(other.to, asked.to);
        assert_eq!(other.event(), event);
        world.answer(&other, OK);
    }
    assert!(world.try_http().is_none());
}

#[test]
fn as_many_peers_are_asked_for_as_are_of_use() {
    for (peers_wanted, asked_for) in [(0, 0), (7, 7), (100_000, 200)] {
        let facts = Facts {
            peers_wanted,
            ..LEECHER
        };
        let asked = World::new(&[&[A]], Reach::EachTier, facts).http();
        let numwant = format!("&numwant={asked_for}&");
        assert!(asked.text.contains(&numwant), "{}", asked.text);
    }
}
