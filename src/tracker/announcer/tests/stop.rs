//! The goodbye.

use super::world::{FED, World, announce, is_connect, seconds};
use crate::base::Instant;
use crate::tracker::announcer::Reach;
use crate::wire::Event;

const A: &str = "http://10.0.1.1/a";
const B: &str = "http://10.0.2.1/a";
const C: &str = "http://10.0.3.1/a";

const OK: &str = "d8:intervali900ee";

#[test]
fn all_that_may_list_us_are_told_and_no_others() {
    let mut world = World::new(&[&[A], &[B], &[C]], Reach::EachTier, FED);
    let (a, b, c) = (world.http(), world.http(), world.http());
    world.answer(&a, OK);
    world.refuse(&c);
    let _ = world.reports();

    world.stop(seconds(5));
    assert_eq!(world.abandoned(), Some(b.id));
    let goodbyes = [world.http(), world.http()];
    assert_eq!(goodbyes.each_ref().map(|asked| asked.to), [a.to, b.to]);
    assert!(world.is_silent() && !world.announcer.is_stopped());
    for asked in &goodbyes {
        assert_eq!(asked.event(), "stopped");
        assert!(asked.text.contains("&numwant=0&"));
    }
    world.answer(&goodbyes[0], OK);
    world.refuse(&goodbyes[1]);
    assert!(world.announcer.is_stopped());
    assert_eq!(world.wait(), None);
    assert!(world.try_http().is_none());
}

#[test]
fn the_wait_is_bounded() {
    let mut world = World::new(&[&[A]], Reach::EachTier, FED);
    let asked = world.http();
    world.answer(&asked, OK);
    let _ = world.reports();
    world.stop(seconds(3));
    let asked = world.http();
    assert_eq!(world.sleep(), seconds(3));
    assert_eq!(world.abandoned(), Some(asked.id));
    assert!(world.announcer.is_stopped());
    // Nothing begins again after that.
    world.answer(&asked, OK);
    world.complete();
    world.now += seconds(10_000);
    world.tick();
    assert!(world.is_silent());
}

#[test]
fn nothing_is_said_to_those_who_were_never_asked() {
    let mut world = World::new(&[&["http://tracker.example/a"]], Reach::EachTier, FED);
    let _ = world.resolve();
    world.stop(seconds(3));
    assert!(world.is_silent() && world.announcer.is_stopped());
    assert_eq!(world.announcer.deadline(), None::<Instant>);
}

#[test]
fn a_goodbye_by_udp_does_not_dawdle() {
    let mut world = World::new(&[&["udp://10.0.0.1:1/"]], Reach::EachTier, FED);
    let connect = world.udp();
    world.serve_udp(&connect, &[]);
    let started = world.udp();
    world.serve_udp(&started, &[]);
    let _ = world.reports();

    world.now += seconds(30);
    world.stop(seconds(5));
    let goodbye = world.udp();
    assert_eq!(announce(&goodbye).event, Event::Stopped);
    assert_eq!(world.sleep(), seconds(1));
    // It may be the connection id that the tracker does not know any more.
    let connect = world.udp();
    assert!(is_connect(&connect));
    world.serve_udp(&connect, &[]);
    let goodbye = world.udp();
    assert_eq!(announce(&goodbye).event, Event::Stopped);
    assert_eq!(announce(&goodbye).wanted, Some(0));
    world.serve_udp(&goodbye, &[]);
    assert!(world.announcer.is_stopped());
    assert_eq!(world.reports(), []);
}
