//! One tracker by HTTP: what it is asked, and what comes of its answers.

use std::time::Duration;

use super::world::{FED, LEECHER, World, seconds};
use crate::base::limits::TRACKER_REDIRECTS_MAX;
use crate::tracker::announcer::{Reach, Report};
use crate::wire::Event;
use crate::wire::http::{parse_announce, parse_head};

const URL: &str = "http://10.0.0.1:6969/announce";

fn world(url: &str) -> World {
    World::new(&[&[url]], Reach::EachTier, LEECHER)
}

#[test]
fn the_request_reads_as_it_was_meant() {
    let mut world = world("http://10.0.0.1:6969/announce?pass=word");
    let asked = world.http();
    assert_eq!(asked.to, "10.0.0.1:6969".parse().unwrap());
    let head = parse_head(asked.text.as_bytes()).unwrap().unwrap();
    assert_eq!(head.path, b"/announce");
    assert!(head.query.starts_with(b"pass=word&"));
    let query = parse_announce(head.query).unwrap();
    assert_eq!(query.info_hash.as_bytes(), &[0xab; 20]);
    assert_eq!(&query.peer_id, b"-MT0001-abcdefghi &?");
    assert_eq!(query.port, 6881);
    assert_eq!(query.left_bytes, Some(3));
    assert_eq!((query.uploaded_bytes, query.downloaded_bytes), (1, 2));
    assert_eq!((query.event, query.wanted), (Event::Started, Some(50)));
    assert!(query.compact && query.no_peer_id);
    assert_eq!(query.key.map(<[u8]>::len), Some(8));
}

#[test]
fn peers_and_figures_are_reported() {
    let mut world = world(URL);
    let asked = world.http();
    let peer = "10.1.2.3:4097".parse().unwrap();
    let tracker: crate::base::Url = URL.parse().unwrap();
    let warning = Report::Warning {
        tracker: tracker.clone(),
        text: "be\\nbad".into(),
    };
    world.answer(
        &asked,
        "d8:completei4e10:incompletei2e8:intervali900e5:peers12:\
         \n\x01\x02\x03\x10\x01\n\x01\x02\x03\x10\x0115:warning message6:be\nbade",
    );
    let told = Report::Told {
        tracker,
        peers: 1,
        seeders: Some(4),
        leechers: Some(2),
        interval: seconds(900),
        external_ip: None,
    };
    assert_eq!(world.reports(), [Report::Peers(vec![peer]), told, warning]);
}

#[test]
fn a_name_is_resolved_and_each_of_its_addresses_tried() {
    let mut world = world("http://tracker.example/announce");
    let (id, name) = world.resolve();
    assert_eq!(name, "tracker.example");
    world.found(id, &["2001:db8::1", "10.0.0.1", "10.0.0.2"]);
    let first = world.http();
    assert_eq!(first.to, "[2001:db8::1]:80".parse().unwrap());
    assert!(first.text.contains("\r\nHost: tracker.example\r\n"));
    world.refuse(&first);
    let second = world.http();
    assert_eq!(second.to, "10.0.0.1:80".parse().unwrap());
    // An answer that comes too late counts no more.
    world.answer(&first, "d14:failure reason2:noe");
    // Nor does one that never comes: the announcer loses patience by itself.
    world.sleep();
    assert_eq!(world.abandoned(), Some(second.id));
    let third = world.http();
    assert_eq!(third.to, "10.0.0.2:80".parse().unwrap());
    world.answer(&third, "d8:intervali60ee");
    assert!(matches!(world.reports()[..], [Report::Told { .. }]));
    // The one that answered is asked first from now on, without the resolver.
    world.sleep();
    assert_eq!(world.http().to, third.to);
}

#[test]
fn addresses_of_which_none_answers_are_asked_for_again() {
    let mut world = world("http://tracker.example/announce");
    for _ in 0..2 {
        let (id, _) = world.resolve();
        world.found(id, &["10.0.0.1", "10.0.0.2"]);
        for _ in 0..2 {
            let asked = world.http();
            world.refuse(&asked);
        }
        let failures = world.failures();
        assert_eq!(failures[0].0, "10.0.0.2:80: nobody listens there");
        world.sleep();
    }
}

#[test]
fn names_that_are_not_found_are_tried_again() {
    let mut world = world("http://tracker.example/announce");
    let (id, _) = world.resolve();
    world.not_found(id);
    let why = "`tracker.example` is not found: no such name";
    assert_eq!(world.failures()[0].0, why);
    world.sleep();
    let (id, _) = world.resolve();
    world.found(id, &[]);
    assert_eq!(world.failures().len(), 1);
    world.sleep();
    let _ = world.resolve();
    world.sleep();
    assert_eq!(
        world.failures()[0].0,
        "`tracker.example` is not found in time"
    );
}

#[test]
fn redirects_are_followed_to_other_hosts_and_ports() {
    let mut world = world(URL);
    let asked = world.http();
    world.respond(&asked, 302, "http://other.example:81/x?y=z", "");
    let (id, name) = world.resolve();
    assert_eq!(name, "other.example");
    world.found(id, &["10.0.0.9"]);
    let asked = world.http();
    assert_eq!(asked.to, "10.0.0.9:81".parse().unwrap());
    assert!(asked.text.starts_with("GET /x?y=z&info_hash=%AB"));
    world.respond(&asked, 307, "/there", "");
    // The addresses of the other host are not those of the tracker, so they are not kept.
    let (id, _) = world.resolve();
    world.found(id, &["10.0.0.9"]);
    let asked = world.http();
    assert!(asked.text.starts_with("GET /there?info_hash=%AB"));
    assert_eq!(asked.event(), "started");
    world.answer(&asked, "d8:intervali60ee");
    assert!(matches!(world.reports()[..], [Report::Told { .. }]));
    world.sleep();
    assert_eq!(world.http().to, "10.0.0.1:6969".parse().unwrap());
}

#[test]
fn redirects_have_an_end() {
    let mut world = world(URL);
    for _ in 0..TRACKER_REDIRECTS_MAX {
        let asked = world.http();
        world.respond(&asked, 301, "/announce", "");
    }
    let asked = world.http();
    world.respond(&asked, 301, "/announce", "");
    let failures = world.failures();
    assert!(failures[0].0.contains("more than 5 times"), "{failures:?}");
    assert!(world.try_http().is_none());
}

#[test]
fn redirects_lead_to_http_only() {
    for (location, why) in [
        ("", "does not say where to"),
        ("udp://10.0.0.1:1/x", "sends us on to `udp://10.0.0.1:1/x`"),
        ("gopher://x", "to nowhere: `gopher` is no scheme"),
        ("https://x/", "`https` are not supported yet"),
    ] {
        let mut world = world(URL);
        let asked = world.http();
        world.respond(&asked, 303, location, "");
        let failures = world.failures();
        assert!(failures[0].0.contains(why), "{failures:?}");
    }
}

#[test]
fn other_schemes_are_refused_once() {
    for url in ["https://a.example/announce", "wss://a.example/announce"] {
        let mut world = world(url);
        let failures = world.failures();
        assert!(failures[0].0.contains("not supported yet"), "{failures:?}");
        assert_eq!(failures[0].1, None);
        assert_eq!(world.wait(), None);
    }
}

#[test]
fn what_a_tracker_refuses_is_told_to_people() {
    for (status, body, why) in [
        (
            200,
            "d14:failure reason4:no\x1bne",
            "the tracker refuses: no\\u{1b}n",
        ),
        (
            404,
            "<html>",
            "the tracker answers with the HTTP status 404",
        ),
        (
            500,
            "d8:intervali1800ee",
            "the tracker answers with the HTTP status 500",
        ),
        (
            403,
            "d14:failure reason6:bannede",
            "the tracker refuses: banned",
        ),
        (200, "", "the reply `` is no bencode"),
        (200, "<html>", "the reply `<html>` is no bencode"),
    ] {
        let mut world = world(URL);
        let asked = world.http();
        world.respond(&asked, status, "", body);
        let failures = world.failures();
        assert!(failures[0].0.starts_with(why), "{failures:?}");
    }
}

#[test]
fn a_tracker_may_say_when_to_come_again() {
    let wait_after = |body: &str| {
        let mut world = world(URL);
        let asked = world.http();
        world.answer(&asked, body);
        let wait = world.failures()[0].1;
        assert_eq!(world.wait(), wait);
        wait
    };
    let wait = wait_after("d14:failure reason2:no8:retry in2:10e").unwrap();
    assert!(seconds(600) <= wait && wait < seconds(700), "{wait:?}");
    assert_eq!(
        wait_after("d14:failure reason2:no8:retry in5:nevere"),
        None::<Duration>
    );
}

#[test]
fn the_id_of_a_tracker_is_told_again() {
    let mut world = World::new(&[&[URL]], Reach::EachTier, FED);
    let asked = world.http();
    assert!(!asked.text.contains("trackerid"));
    world.answer(&asked, "d8:intervali60e10:tracker id3:a&be");
    for _ in 0..2 {
        world.sleep();
        let asked = world.http();
        assert!(asked.text.contains("&trackerid=a%26b "), "{}", asked.text);
        // One that says none means the one before.
        world.answer(&asked, "d8:intervali60ee");
    }
}
