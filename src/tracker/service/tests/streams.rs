//! Connections, as clients use them and as others do.

use std::time::Duration;

use super::super::connection::{IDLE_TIMEOUT, REQUEST_TIMEOUT, UNSENT_LEN_BYTES_MAX};
use super::super::*;
use super::host::*;
use crate::base::limits::HTTP_HEAD_LEN_BYTES_MAX;
use crate::tracker::addresses::Addresses;

const CLIENT: &str = "192.0.2.1:1000";
const SECOND: Duration = Duration::from_secs(1);

fn assert_is_announce(reply: &(String, Vec<u8>)) {
    assert!(reply.0.starts_with("HTTP/1.1 200 OK\r\n"), "{reply:?}");
    let body = String::from_utf8_lossy(&reply.1);
    assert!(body.contains("8:intervali"), "{body}");
}

#[test]
fn a_request_may_come_a_byte_at_a_time() {
    let mut host = Host::new(service());
    let conn = host.open(CLIENT);
    for _ in 0..2 {
        let request = announce(1, 0, "HTTP/1.1");
        let (last, front) = request.as_bytes().split_last().unwrap();
        for byte in front {
            host.send(conn, &[*byte]);
            assert_eq!(host.got(conn), b"");
        }
        host.send(conn, &[*last]);
        let got = replies(&host.got(conn));
        assert_eq!(got.len(), 1);
        assert_is_announce(&got[0]);
    }
    assert!(host.is_open(conn));
}

#[test]
fn requests_in_one_packet_are_answered_in_their_order() {
    let mut host = Host::new(service());
    let conn = host.open(CLIENT);
    let scrape = "GET /scrape?info_hash=aaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\n\r\n";
    let all: String = (1..=3)
        .map(|port| announce(port, 0, "HTTP/1.1") + scrape)
        .collect();
    let bodies: Vec<String> = host
        .ask(conn, &all)
        .into_iter()
        .map(|(_, body)| String::from_utf8_lossy(&body).into_owned())
        .collect();
    assert_eq!(bodies.len(), 6);
    for (number, pair) in (1..).zip(bodies.chunks(2)) {
        assert!(
            pair[0].contains(&format!("8:completei{number}e")),
            "{pair:?}"
        );
        assert!(
            pair[1].contains(&format!("8:completei{number}e")),
            "{pair:?}"
        );
    }
}

#[test]
fn who_takes_no_replies_is_asked_for_no_more_requests() {
    let mut host = Host::new(service());
    let conn = host.open(CLIENT);
    host.read_only(conn, 0);
    let request = announce(1, 0, "HTTP/1.1");
    let count = 5000;
    host.send(conn, request.repeat(count).as_bytes());
    let waiting_bytes = host.waiting_bytes(conn);
    assert!(waiting_bytes > (count - 2 * UNSENT_LEN_BYTES_MAX / 100) * request.len());

    let mut got = Vec::new();
    while host.waiting_bytes(conn) > 0 {
        host.read_only(conn, 10_000);
        let some = host.got(conn);
        assert!(!some.is_empty(), "it comes back when replies have left");
        got.extend(some);
    }
    host.read_only(conn, usize::MAX);
    got.extend(host.got(conn));
    let got = replies(&got);
    assert_eq!(got.len(), count);
    got.iter().for_each(assert_is_announce);
}

#[test]
fn requests_before_the_end_of_a_stream_are_answered() {
    let mut host = Host::new(service());
    let conn = host.open(CLIENT);
    let count = 2000;
    host.read_only(conn, 0);
    host.send(conn, announce(1, 0, "HTTP/1.1").repeat(count).as_bytes());
    host.send_no_more(conn);
    assert!(host.is_open(conn));
    host.read_only(conn, usize::MAX);
    assert_eq!(replies(&host.got(conn)).len(), count);
    assert!(!host.is_open(conn));

    let conn = host.open(CLIENT);
    host.send(conn, b"GET /announce?inf");
    host.send_no_more(conn);
    assert_eq!(host.got(conn), b"");
    assert!(!host.is_open(conn));
    assert_eq!(host.endings, 2);
}

#[test]
fn the_client_says_whether_more_requests_follow() {
    let cases = [
        ("HTTP/1.1", true),
        ("HTTP/1.1\r\nConnection: close", false),
        ("HTTP/1.0", false),
        ("HTTP/1.0\r\nConnection: keep-alive", true),
    ];
    for (version_and_fields, goes_on) in cases {
        let mut host = Host::new(service());
        let conn = host.open(CLIENT);
        let twice = announce(1, 0, version_and_fields).repeat(2);
        let got = host.ask(conn, &twice);
        assert_eq!(
            got.len(),
            if goes_on { 2 } else { 1 },
            "{version_and_fields}"
        );
        assert_eq!(host.is_open(conn), goes_on, "{version_and_fields}");
    }
}

#[test]
fn what_is_no_request_ends_the_connection_with_the_reason() {
    let long = format!(
        "GET /{} HTTP/1.1\r\n\r\n",
        "a".repeat(HTTP_HEAD_LEN_BYTES_MAX)
    );
    for (text, status) in [("\x16\x03\x01\x02\r\n\r\n", "400"), (&long, "414")] {
        let mut host = Host::new(service());
        let conn = host.open(CLIENT);
        let got = host.ask(conn, text);
        assert!(
            got[0].0.starts_with(&format!("HTTP/1.1 {status} ")),
            "{got:?}"
        );
        assert!(!host.is_open(conn));
    }
}

#[test]
fn time_runs_out_for_the_idle_and_for_slow_senders() {
    let mut host = Host::new(service());
    let [silent, slow, regular] = [1, 2, 3].map(|n| host.open(&format!("192.0.2.{n}:1")));
    host.ask(regular, &announce(1, 0, "HTTP/1.1"));
    host.send(slow, b"GET /ann");
    for _ in 0..REQUEST_TIMEOUT.as_secs() - 2 {
        host.advance(SECOND);
        host.send(slow, b"o");
    }
    assert!(host.is_open(silent) && host.is_open(slow));
    host.advance(3 * SECOND);
    assert!(!host.is_open(silent), "nothing ever came");
    assert!(!host.is_open(slow), "a byte now and then is no request");

    assert_eq!(host.ask(regular, &announce(1, 0, "HTTP/1.1")).len(), 1);
    host.advance(IDLE_TIMEOUT - SECOND);
    assert!(host.is_open(regular));
    host.advance(3 * SECOND);
    assert!(!host.is_open(regular));
    assert_eq!(host.endings, 3, "each is ended once");
}

#[test]
fn who_takes_replies_too_slowly_is_ended() {
    let mut host = Host::new(service());
    let conn = host.open(CLIENT);
    host.read_only(conn, 0);
    host.send(conn, announce(1, 0, "HTTP/1.1").repeat(10).as_bytes());
    for _ in 0..REQUEST_TIMEOUT.as_secs() - 1 {
        host.advance(SECOND);
        host.read_only(conn, 1);
        assert!(host.is_open(conn));
    }
    host.advance(3 * SECOND);
    assert!(!host.is_open(conn));

    // The same while a reply that ends the connection is on its way.
    let conn = host.open(CLIENT);
    host.read_only(conn, 0);
    host.send(conn, announce(1, 0, "HTTP/1.0").as_bytes());
    host.advance(REQUEST_TIMEOUT - SECOND);
    assert!(host.is_open(conn));
    host.advance(3 * SECOND);
    assert!(!host.is_open(conn));
}

#[test]
fn one_address_holds_so_many_connections_and_loopback_any_number() {
    let mut host = Host::new(service());
    let own: Vec<ConnId> = (0..4).map(|_| host.open(CLIENT)).collect();
    let are_open = own.iter().map(|conn| host.is_open(*conn));
    assert_eq!(are_open.collect::<Vec<_>>(), [true, true, true, false]);
    let other = host.open("192.0.2.2:1");
    assert!(host.is_open(other));
    host.send_no_more(own[0]);
    let again = host.open(CLIENT);
    assert!(host.is_open(again), "one had left");
    for _ in 0..100 {
        let conn = host.open("127.0.0.1:1");
        assert!(host.is_open(conn));
    }
}

#[test]
fn a_proxy_brings_any_number_of_clients() {
    let config = Config {
        addresses: Addresses {
            proxies: vec!["192.0.2.1".parse().unwrap()],
            ..Addresses::default()
        },
        ..unlimited()
    };
    let mut host = Host::new(Service::new(Server::new(config, SECRET, 1), LIMITS));
    for _ in 0..100 {
        let conn = host.open(CLIENT);
        assert!(host.is_open(conn));
    }
    let own: Vec<ConnId> = (0..4).map(|_| host.open("192.0.2.2:1")).collect();
    assert!(!host.is_open(own[3]));
}
