//! One tracker by UDP, over a network that loses what it likes.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use super::world::{FED, LEECHER, World, announce, is_connect, seconds};
use crate::base::limits::UDP_URL_DATA_LEN_BYTES_MAX;
use crate::tracker::announcer::{Reach, Report};
use crate::wire::Event;
use crate::wire::udp_tracker::{Reply, parse_reply, write_error, write_scrape_head};

const URL: &str = "udp://10.0.0.1:6969/announce?pass=word";

fn world(url: &str) -> World {
    World::new(&[&[url]], Reach::EachTier, FED)
}

fn error_to(datagram: &(SocketAddr, Vec<u8>), message: &str) -> Vec<u8> {
    let mut reply = Vec::new();
    write_error(
        &mut reply,
        announce(datagram).header.transaction_id,
        message,
    );
    reply
}

#[test]
fn connects_announces_and_reports() {
    let mut world = world(URL);
    let connect = world.udp();
    assert!(is_connect(&connect));
    assert_eq!(connect.0, "10.0.0.1:6969".parse().unwrap());
    assert!(world.serve_udp(&connect, &[]));
    let asked = world.udp();
    let request = announce(&asked);
    assert_eq!((request.event, request.left_bytes), (Event::Started, 3));
    assert_eq!((request.port, request.wanted), (6881, Some(50)));
    assert_eq!(&request.peer_id, b"-MT0001-abcdefghi &?");
    let mut buffer = [0; UDP_URL_DATA_LEN_BYTES_MAX];
    let url_data = request.url_data.joined(&mut buffer);
    assert_eq!(url_data, Some(&b"/announce?pass=word"[..]));

    assert!(world.serve_udp(&asked, &[10, 0, 0, 7, 0, 80, 10, 0, 0, 7, 0, 0]));
    let peers = Report::Peers(vec!["10.0.0.7:80".parse().unwrap()]);
    let told = Report::Told {
        tracker: URL.parse().unwrap(),
        peers: 1,
        seeders: Some(5),
        leechers: Some(4),
        interval: seconds(1800),
        external_ip: None,
    };
    assert_eq!(world.reports(), [peers, told]);
    assert_eq!(world.wait(), Some(seconds(1800)));
    // The same reply again is nobody's.
    assert!(!world.serve_udp(&asked, &[]));
}

#[test]
fn a_url_without_a_path_has_nothing_to_add() {
    for url in ["udp://10.0.0.1:1", "udp://10.0.0.1:1/"] {
        let mut world = world(url);
        let connect = world.udp();
        world.serve_udp(&connect, &[]);
        assert_eq!(announce(&world.udp()).url_data.chunks().count(), 0);
    }
    let long = format!("{URL}{}", "x".repeat(UDP_URL_DATA_LEN_BYTES_MAX));
    let failures = world(&long).failures();
    assert_eq!(failures[0].1, None, "{failures:?}");
}

#[test]
fn peers_are_of_the_family_of_the_tracker() {
    let mut world = world("udp://[2001:db8::1]:1/");
    for _ in 0..2 {
        let datagram = world.udp();
        let peer = [&[0x20, 0x01][..], &[0; 13], &[9, 0, 80]].concat();
        assert!(world.serve_udp(&datagram, &peer));
    }
    let peers = Report::Peers(vec!["[2001::9]:80".parse().unwrap()]);
    assert_eq!(world.reports()[0], peers);
}

#[test]
fn what_is_lost_is_sent_again_after_twice_as_long() {
    let mut world = world(URL);
    let connect = world.udp();
    for wait in [5, 10] {
        assert_eq!(world.sleep(), seconds(wait));
        assert_eq!(world.udp(), connect, "the same question");
    }
    world.serve_udp(&connect, &[]);
    let asked = world.udp();
    for wait in [5, 10] {
        assert_eq!(world.sleep(), seconds(wait));
        assert_eq!(world.udp(), asked);
    }
    world.serve_udp(&asked, &[]);
    assert!(matches!(world.reports()[..], [Report::Told { .. }]));
}

#[test]
fn silence_is_an_answer_in_the_end() {
    let mut world = world(URL);
    for wait in [5, 10, 20] {
        let _ = world.udp();
        assert_eq!(world.sleep(), seconds(wait));
    }
    assert!(world.try_udp().is_none());
    let failures = world.failures();
    assert_eq!(failures[0].0, "no answer in time");
    world.sleep();
    assert!(is_connect(&world.udp()));
}

#[test]
fn a_connection_is_used_for_a_minute() {
    let mut world = World::new(&[&[URL]], Reach::EachTier, LEECHER);
    for _ in 0..2 {
        let datagram = world.udp();
        world.serve_udp(&datagram, &[]);
    }
    assert_eq!(world.sleep(), seconds(15));
    let asked = world.udp();
    assert_eq!(announce(&asked).event, Event::None);
    world.serve_udp(&asked, &[]);
    assert_eq!(world.sleep(), seconds(30));
    let asked = world.udp();
    assert_eq!(announce(&asked).event, Event::None);
    world.serve_udp(&asked, &[]);
    assert_eq!(world.sleep(), seconds(60));
    assert!(is_connect(&world.udp()), "it has grown old");
}

#[test]
fn a_tracker_that_forgot_the_connection_is_asked_for_another() {
    for is_told in [true, false] {
        let mut world = World::new(&[&[URL]], Reach::EachTier, LEECHER);
        for _ in 0..2 {
            let datagram = world.udp();
            world.serve_udp(&datagram, &[]);
        }
        world.sleep();
        let asked = world.udp();
        if is_told {
            assert!(world.receive(asked.0, &error_to(&asked, "connection id missmatch")));
        } else {
            assert_eq!(world.sleep(), seconds(5));
        }
        let connect = world.udp();
        assert!(is_connect(&connect));
        world.serve_udp(&connect, &[]);
        let again = world.udp();
        world.serve_udp(&again, &[]);
        assert_eq!(world.failures(), []);
    }
}

#[test]
fn a_refusal_is_told_to_people() {
    let mut world = world(URL);
    let connect = world.udp();
    world.serve_udp(&connect, &[]);
    let asked = world.udp();
    assert!(world.receive(asked.0, &error_to(&asked, "no\x1b")));
    assert_eq!(world.failures()[0].0, "the tracker refuses: no\\u{1b}");
}

#[test]
fn replies_of_others_are_not_taken() {
    let mut world = world(URL);
    let connect = world.udp();
    let stranger = ("10.0.0.2:6969".parse().unwrap(), connect.1.clone());
    assert!(!world.serve_udp(&stranger, &[]));
    let mut reply = Vec::new();
    write_scrape_head(&mut reply, 0);
    assert!(!world.receive(connect.0, &reply));
    assert!(!world.receive(connect.0, b"d1:rd2:id20:"));
    assert!(!world.receive(connect.0, b""));
    assert!(world.is_silent());
    // An IPv4 address may come in the clothes of an IPv6 one.
    let mapped = ("[::ffff:10.0.0.1]:6969".parse().unwrap(), connect.1);
    assert!(world.serve_udp(&mapped, &[]));
    assert_eq!(world.udp().0, connect.0);
}

#[test]
fn a_reply_to_another_question_changes_nothing() {
    let mut world = world(URL);
    let connect = world.udp();
    world.serve_udp(&connect, &[]);
    let asked = world.udp();
    let mut reply = Vec::new();
    let transaction_id = announce(&asked).header.transaction_id;
    write_scrape_head(&mut reply, transaction_id);
    assert!(matches!(parse_reply(&reply), Ok((_, Reply::Scrape { .. }))));
    assert!(world.receive(asked.0, &reply), "it is ours all the same");
    assert!(world.is_silent());
    assert!(world.serve_udp(&asked, &[]));
}

#[test]
fn the_addresses_of_a_name_are_asked_in_turn() {
    let mut world = world("udp://tracker.example:1/");
    let (id, _) = world.resolve();
    world.found(id, &["2001:db8::1", "10.0.0.1"]);
    let (first, waits) = (world.udp(), [5, 5, 10, 10].map(seconds));
    for (wait, wanted) in waits.into_iter().zip([
        "10.0.0.1:1",
        "[2001:db8::1]:1",
        "10.0.0.1:1",
        "[2001:db8::1]:1",
    ]) {
        assert_eq!(world.sleep(), wait);
        assert_eq!(world.udp().0, wanted.parse().unwrap());
    }
    let second = ("10.0.0.1:1".parse().unwrap(), first.1);
    assert!(world.serve_udp(&second, &[]));
    let asked = world.udp();
    assert_eq!(asked.0, second.0);
    world.serve_udp(&asked, &[]);
    // The one that answered is asked first from now on, whatever the resolver prefers.
    world.sleep();
    let (id, _) = world.resolve();
    world.found(id, &["2001:db8::1", "10.0.0.1"]);
    let connect = world.udp();
    assert!(is_connect(&connect));
    assert_eq!(connect.0, second.0);
}

#[test]
fn many_addresses_take_no_longer_than_one() {
    let mut world = world("udp://tracker.example:1/");
    let (id, _) = world.resolve();
    let addresses: Vec<String> = (1..=30).map(|last| format!("10.0.0.{last}")).collect();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    world.found(id, &addresses);
    let (began, mut asked) = (world.now, BTreeSet::new());
    while let Some((to, _)) = world.try_udp() {
        asked.insert(to);
        world.sleep();
    }
    assert_eq!(asked.len(), 8);
    assert_eq!(world.now.saturating_since(began), seconds(60));
    assert_eq!(world.failures().len(), 1);
}
