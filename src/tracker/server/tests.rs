use std::net::SocketAddr;
use std::time::Duration;

use super::*;
use crate::base::Sha1Digest;
use crate::tracker::access::{Access, HashList};
use crate::tracker::addresses::Addresses;
use crate::tracker::limiter::Rate;
use crate::wire::udp_tracker::{
    AnnounceRequest, ConnectRequest, Header, Reply, Scraped, UrlData, parse_reply,
};

pub(super) const NOW: Duration = Duration::from_secs(1000);
const HASH: Sha1Digest = Sha1Digest([b'a'; 20]);

pub(super) fn server(config: Config) -> Server {
    Server::new(
        config,
        Secret([1, 2, 3, 4].map(|n: u64| n << 60 | 0x9e37_79b9_7f4a)),
        7,
    )
}

pub(super) fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn udp(server: &mut Server, from: &str, packet: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    server.udp(NOW, at(from), packet, &mut out);
    out
}

pub(super) fn connect(server: &mut Server, from: &str) -> u64 {
    let mut packet = Vec::new();
    ConnectRequest { transaction_id: 5 }.write(&mut packet);
    let reply = udp(server, from, &packet);
    assert_eq!(
        reply.len(),
        packet.len(),
        "no more is sent to who may be forged"
    );
    match parse_reply(&reply) {
        Ok((5, Reply::Connect { connection_id })) => connection_id,
        other => panic!("{other:?}"),
    }
}

fn announce_packet(connection_id: u64, port: u16, left_bytes: u64, event: Event) -> Vec<u8> {
    let announce = AnnounceRequest {
        header: Header {
            connection_id,
            transaction_id: 6,
        },
        info_hash: HASH,
        peer_id: [0; 20],
        downloaded_bytes: 0,
        left_bytes,
        uploaded_bytes: 0,
        event,
        ip: None,
        key: 0,
        wanted: None,
        port,
        url_data: UrlData::default(),
    };
    let mut packet = Vec::new();
    announce.write(&mut packet);
    packet
}

/// Leechers, seeders and packed peers of an announce by UDP.
fn udp_announce(server: &mut Server, from: &str, port: u16, left: u64) -> (u32, u32, Vec<u8>) {
    let connection_id = connect(server, from);
    let reply = udp(
        server,
        from,
        &announce_packet(connection_id, port, left, Event::None),
    );
    match parse_reply(&reply) {
        Ok((
            6,
            Reply::Announce {
                interval_s,
                leechers,
                seeders,
                peers,
            },
        )) => {
            assert!((1800..=1912).contains(&interval_s));
            (leechers, seeders, peers.to_vec())
        }
        other => panic!("{other:?}"),
    }
}

fn http(server: &mut Server, from: &str, request: &str) -> (HttpStep, String) {
    let mut out = Vec::new();
    let step = server.http(NOW, at(from), request.as_bytes(), &mut out);
    (step, String::from_utf8_lossy(&out).into_owned())
}

/// The body of a reply to a GET.
fn body(server: &mut Server, from: &str, target: &str) -> String {
    let (step, reply) = http(server, from, &format!("GET {target} HTTP/1.1\r\n\r\n"));
    assert!(matches!(step, HttpStep::Answered { .. }));
    let (head, body) = reply.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("200 OK"), "{head}");
    body.to_owned()
}

fn announce_target(port: u16, more: &str) -> String {
    let hash = "a".repeat(20);
    format!("/announce?info_hash={hash}&peer_id={hash}&port={port}{more}")
}

#[test]
fn two_by_udp_find_each_other() {
    let mut server = server(Config::default());
    assert_eq!(
        udp_announce(&mut server, "192.0.2.1:1000", 6881, 0),
        (0, 1, vec![])
    );
    let told = udp_announce(&mut server, "192.0.2.2:1000", 80, 1);
    assert_eq!(told, (1, 1, vec![192, 0, 2, 1, 26, 225]));
    let told = udp_announce(&mut server, "[::ffff:192.0.2.1]:1000", 6881, 0);
    assert_eq!(told, (1, 1, vec![192, 0, 2, 2, 0, 80]));
    let (leechers, seeders, peers) = udp_announce(&mut server, "[2001:db8::1]:1000", 1, 1);
    assert_eq!((leechers, seeders, peers.len()), (2, 1, 0));
    let (.., peers) = udp_announce(&mut server, "[2001:db8::2]:1000", 2, 1);
    assert_eq!(peers.len(), 18);
    let stats = server.stats();
    assert_eq!(stats.get(Transport::Udp, Family::V4, Counter::Announces), 3);
    assert_eq!(stats.get(Transport::Udp, Family::V6, Counter::Connects), 2);
}

#[test]
fn strangers_are_not_answered() {
    let mut server = server(Config::default());
    let connection_id = connect(&mut server, "192.0.2.1:1000");
    let packet = announce_packet(connection_id, 1, 1, Event::None);
    assert!(udp(&mut server, "192.0.2.2:1000", &packet).is_empty());
    assert!(udp(&mut server, "192.0.2.1:1000", &packet[..97]).len() < 97);
    assert!(udp(&mut server, "192.0.2.2:1000", &packet[..97]).is_empty());
    let forged = announce_packet(connection_id ^ 1, 1, 1, Event::None);
    assert!(udp(&mut server, "192.0.2.1:1000", &forged).is_empty());
    let mut late = Vec::new();
    server.udp(
        NOW + Duration::from_secs(180),
        at("192.0.2.1:1000"),
        &packet,
        &mut late,
    );
    assert!(late.is_empty());
    assert!(udp(&mut server, "192.0.2.1:1000", b"GET / HTTP/1.1").is_empty());
    assert_eq!(server.table().totals().peers(), 0);
}

#[test]
fn a_scrape_by_udp_tells_of_each_in_turn() {
    let mut server = server(Config::default());
    udp_announce(&mut server, "192.0.2.1:1000", 6881, 0);
    let connection_id = connect(&mut server, "192.0.2.1:1000");
    let header = Header {
        connection_id,
        transaction_id: 9,
    };
    let mut packet = Vec::new();
    header.write_scrape(&[Sha1Digest([0; 20]), HASH], &mut packet);
    let reply = udp(&mut server, "192.0.2.1:1000", &packet);
    let (transaction_id, reply) = parse_reply(&reply).unwrap();
    assert_eq!(transaction_id, 9);
    let one = Scraped {
        seeders: 1,
        downloads: 0,
        leechers: 0,
    };
    assert_eq!(
        reply.scraped().collect::<Vec<_>>(),
        [Scraped::default(), one]
    );
}

#[test]
fn by_http_and_by_udp_it_is_one_swarm() {
    let mut server = server(Config::default());
    udp_announce(&mut server, "192.0.2.1:1000", 80, 0);
    udp_announce(&mut server, "[2001:db8::1]:1000", 80, 1);
    let told = body(&mut server, "192.0.2.2:5", &announce_target(81, "&left=1"));
    assert!(
        told.starts_with("d8:completei1e10:downloadedi0e10:incompletei2e8:intervali1"),
        "{told}"
    );
    assert!(
        told.contains("12:min intervali60e5:peers6:") && told.contains("6:peers618:"),
        "{told}"
    );
    let listed = body(
        &mut server,
        "192.0.2.2:5",
        &announce_target(81, "&left=1&compact=0"),
    );
    assert!(listed.contains("d2:ip9:192.0.2.14:porti80ee"), "{listed}");
    assert!(
        listed.contains("d2:ip11:2001:db8::14:porti80ee"),
        "{listed}"
    );
    assert!(!listed.contains("192.0.2.2"), "{listed}");
    let none = body(
        &mut server,
        "192.0.2.2:5",
        &announce_target(81, "&left=1&numwant=0"),
    );
    assert!(none.ends_with("5:peers0:e"), "{none}");
    let stopped = body(
        &mut server,
        "192.0.2.2:5",
        &announce_target(81, "&event=stopped"),
    );
    assert!(
        stopped.contains("10:incompletei1e") && stopped.ends_with("5:peers0:e"),
        "{stopped}"
    );
    let scraped = body(
        &mut server,
        "192.0.2.2:5",
        &format!("/scrape?info_hash={}", "a".repeat(20)),
    );
    assert_eq!(
        scraped,
        format!(
            "d5:filesd20:{}d8:completei1e10:downloadedi0e10:incompletei1eeee",
            "a".repeat(20)
        )
    );
}

#[test]
fn failures_are_told_as_clients_expect() {
    let mut server = server(Config::default());
    let told = body(&mut server, "192.0.2.2:5", "/announce");
    assert_eq!(told, "d14:failure reason22:`info_hash` is missinge");
    let status = |server: &mut Server, request: &str| {
        let (step, reply) = http(server, "192.0.2.2:5", request);
        (step, reply.lines().next().unwrap_or_default().to_owned())
    };
    let not_found = status(&mut server, "GET /x HTTP/1.1\r\n\r\n");
    assert_eq!(
        not_found,
        (
            HttpStep::Answered { len_bytes: 19 },
            "HTTP/1.1 404 Not Found".into()
        )
    );
    let not_allowed = status(&mut server, "PUT /announce HTTP/1.0\r\n\r\n");
    assert_eq!(
        not_allowed,
        (HttpStep::Close, "HTTP/1.1 405 Method Not Allowed".into())
    );
    assert_eq!(status(&mut server, "\x01").0, HttpStep::Close);
    assert_eq!(
        status(&mut server, "GET /x HT"),
        (HttpStep::Wait, String::new())
    );
    let (_, head) = http(
        &mut server,
        "192.0.2.2:5",
        "HEAD /announce HTTP/1.1\r\n\r\n",
    );
    assert!(
        head.contains("Content-Length:      44\r\n") && head.ends_with("\r\n\r\n"),
        "{head}"
    );
}

/// A body is nobody's next request.
#[test]
fn what_may_have_a_body_is_the_last_request() {
    let inner = "GET /announce HTTP/1.1\r\n\r\n";
    let length = inner.len();
    for (head, status) in [
        ("POST /announce HTTP/1.1".to_owned(), "405"),
        (
            "DELETE / HTTP/1.1\r\nConnection: keep-alive".to_owned(),
            "405",
        ),
        (
            format!("POST / HTTP/1.1\r\nContent-Length: {length}"),
            "405",
        ),
        ("POST / HTTP/1.1\r\nContent-Length: 0".to_owned(), "405"),
        (
            "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked".to_owned(),
            "405",
        ),
        (format!("GET / HTTP/1.1\r\ncontent-length:{length}"), "413"),
        (
            format!("GET / HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: {length}"),
            "413",
        ),
        ("GET / HTTP/1.1\r\nContent-Length: +0".to_owned(), "413"),
        (
            "HEAD / HTTP/1.1\r\nTransfer-Encoding: identity".to_owned(),
            "413",
        ),
    ] {
        let mut server = server(Config::default());
        let request = format!("{head}\r\n\r\n{inner}");
        let (step, reply) = http(&mut server, "192.0.2.2:5", &request);
        assert_eq!(step, HttpStep::Close, "{head}");
        assert!(
            reply.starts_with(&format!("HTTP/1.1 {status} ")),
            "{head}: {reply}"
        );
        assert!(reply.contains("\r\nConnection: close\r\n"), "{reply}");
    }
}

#[test]
fn pipelined_requests_are_answered_one_by_one() {
    let mut server = server(Config::default());
    let requests = "GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\nConnection: close\r\n\r\n";
    let (step, _) = http(&mut server, "192.0.2.2:5", requests);
    assert_eq!(step, HttpStep::Answered { len_bytes: 19 });
    assert_eq!(
        http(&mut server, "192.0.2.2:5", &requests[19..]).0,
        HttpStep::Close
    );
}

#[test]
fn who_cannot_be_reached_is_answered_and_told_to_nobody() {
    let mut server = server(Config::default());
    udp_announce(&mut server, "192.0.2.1:1000", 6881, 0);
    let (.., peers) = udp_announce(&mut server, "192.0.2.2:1000", 0, 1);
    assert_eq!(peers.len(), 6);
    assert_eq!(server.table().totals().peers(), 1);
}

#[test]
fn addresses_are_those_that_are_believed() {
    let config = Config {
        addresses: Addresses {
            external_v4: Some([198, 51, 100, 1].into()),
            proxies: vec!["127.0.0.1".parse().unwrap()],
            ..Addresses::default()
        },
        ..Config::default()
    };
    let mut server = server(config);
    let forged = announce_target(1, "&ip=203.0.113.9");
    body(&mut server, "192.0.2.1:5", &forged);
    body(
        &mut server,
        "127.0.0.1:5",
        &announce_target(2, "&ip=203.0.113.9"),
    );
    body(&mut server, "10.0.0.7:5", &announce_target(3, ""));
    let text = format!(
        "GET {} HTTP/1.1\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n",
        announce_target(4, "")
    );
    http(&mut server, "127.0.0.1:5", &text);
    for peer in [
        "192.0.2.1:1",
        "203.0.113.9:2",
        "198.51.100.1:3",
        "203.0.113.7:4",
    ] {
        assert!(
            server
                .table()
                .role_of(&HASH, Peer::from(at(peer)))
                .is_some(),
            "{peer}"
        );
    }
    assert_eq!(server.table().totals().peers(), 4);
}

#[test]
fn lists_decide_what_is_served() {
    let list = HashList::parse(&"61".repeat(20)).unwrap();
    let config = |access| Config {
        access,
        ..Config::default()
    };
    let mut denies = server(config(Access::AllBut(list.clone())));
    let told = body(&mut denies, "192.0.2.2:5", &announce_target(1, ""));
    assert!(
        told.starts_with("d14:failure reason40:this tracker"),
        "{told}"
    );
    let scrape = format!("/scrape?info_hash={}", "a".repeat(20));
    assert_eq!(body(&mut denies, "192.0.2.2:5", &scrape), "d5:filesdee");
    denies.reconfigure(config(Access::Only(list)));
    assert!(body(&mut denies, "192.0.2.2:5", &announce_target(1, "")).starts_with("d8:complete"));
}

#[test]
fn a_full_table_warns() {
    let config = Config {
        peers_max: 0,
        ..Config::default()
    };
    let told = body(&mut server(config), "192.0.2.2:5", &announce_target(1, ""));
    assert!(told.contains("15:warning message"), "{told}");
}

#[test]
fn limits_may_change_while_it_runs() {
    let config = |peers_max, requests_per_s| Config {
        peers_max,
        rate: Some(Rate {
            requests_per_s,
            burst: 1,
        }),
        ..Config::default()
    };
    let mut server = server(config(0, 1));
    let asker = at("192.0.2.2:5").ip();
    let told = |server: &mut Server| body(server, "192.0.2.3:5", &announce_target(1, ""));
    assert!(told(&mut server).contains("15:warning message"));
    assert_eq!(server.verdict(NOW, asker), Verdict::Allow);
    assert_eq!(server.verdict(NOW, asker), Verdict::Refuse);
    server.reconfigure(config(1, 1000));
    assert!(!told(&mut server).contains("warning"));
    assert_eq!(server.verdict(NOW, asker), Verdict::Allow);
    server.reconfigure(Config {
        rate: None,
        ..config(1, 1)
    });
    assert!((0..100).all(|_| server.verdict(NOW, asker) == Verdict::Allow));
}

#[test]
fn a_flood_is_refused_and_its_neighbours_are_served() {
    let config = Config {
        rate: Some(Rate {
            requests_per_s: 10,
            burst: 5,
        }),
        ..Config::default()
    };
    let mut server = server(config);
    let connection_id = connect(&mut server, "192.0.2.1:1000");
    let packet = announce_packet(connection_id, 1, 1, Event::None);
    let lens: Vec<_> = (0..200)
        .map(|_| udp(&mut server, "192.0.2.1:1000", &packet).len())
        .collect();
    let count = |len| lens.iter().filter(|other| **other == len).count();
    assert_eq!((count(20), count(8 + TOO_OFTEN.len())), (5, 4));
    assert_eq!(count(0), 191);
    udp_announce(&mut server, "192.0.2.2:1000", 1, 1);
    let connect_after = connect(&mut server, "192.0.2.1:1000");
    assert_eq!(connect_after, connection_id);
    let (step, reply) = http(&mut server, "192.0.2.1:9", "GET /announce HTTP/1.1\r\n\r\n");
    assert_eq!((step, reply.as_str()), (HttpStep::Close, ""));
    for _ in 0..200 {
        udp_announce(&mut server, "127.0.0.1:1000", 1, 1);
    }
}

#[test]
fn packets_of_ipv6_stay_whole() {
    let mut server = server(Config::default());
    for number in 1..=200 {
        udp_announce(&mut server, &format!("[2001:db8:{number:x}::1]:1000"), 1, 1);
    }
    let from = "[2001:db8::1]:1000";
    let connection_id = connect(&mut server, from);
    let mut packet = announce_packet(connection_id, 1, 1, Event::None);
    packet[92..96].copy_from_slice(&200_u32.to_be_bytes());
    let reply = udp(&mut server, from, &packet);
    assert_eq!(reply.len(), 20 + 18 * 66);
}
