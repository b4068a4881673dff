//! What operators see and do, and packets.

use std::time::Duration;

use super::super::*;
use super::host::*;
use crate::base::Sha1Digest;
use crate::tracker::access::{Access, HashList};
use crate::wire::Event;
use crate::wire::udp_tracker::{
    AnnounceRequest, ConnectRequest, Header, Reply, UrlData, parse_reply,
};

const OPERATOR: &str = "127.0.0.1:5";

fn get(host: &mut Host, path: &str) -> (String, String) {
    let conn = host.open_at(ADMIN, OPERATOR);
    let mut got = host.ask(conn, &format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
    assert_eq!(got.len(), 1);
    let (head, body) = got.remove(0);
    (head, String::from_utf8(body).unwrap())
}

#[test]
fn the_operators_pages_show_what_is_there() {
    let mut service = service();
    service.show_figures(HostFigures(Box::new(|| "{\"turns\":12}".to_owned())));
    let mut host = Host::new(service);
    let client = host.open("192.0.2.1:1");
    host.ask(
        client,
        &(announce(1, 0, "HTTP/1.1") + &announce(2, 5, "HTTP/1.1")),
    );

    let (head, page) = get(&mut host, "/");
    assert!(head.contains("text/html") && page.contains("<title>mt tracker</title>"));
    let (head, stats) = get(&mut host, "/stats");
    assert!(head.contains("application/json"));
    let stats: serde_json::Value = serde_json::from_str(&stats).unwrap();
    assert_eq!(
        (&stats["seeders"], &stats["leechers"]),
        (&1.into(), &1.into())
    );
    assert_eq!(stats["requests"]["http_ipv4"]["announces"], 2);
    let (_, metrics) = get(&mut host, "/metrics");
    assert!(metrics.contains("mt_tracker_peers{family=\"ipv4\"} 2\n"));
    assert_eq!(get(&mut host, "/reactor").1, "{\"turns\":12}");
    assert!(get(&mut host, "/announce").0.starts_with("HTTP/1.1 404 "));
}

#[test]
fn the_operators_pages_take_nothing_but_questions() {
    let mut host = Host::new(service());
    let conn = host.open_at(ADMIN, OPERATOR);
    let got = host.ask(conn, "HEAD / HTTP/1.1\r\n\r\n");
    let no_body = got.first().map(|(_, body)| body.len());
    assert_eq!(no_body, Some(0));
    let got = host.ask(conn, "DELETE / HTTP/1.0\r\n\r\n");
    assert!(got[0].0.starts_with("HTTP/1.1 405 "));
    assert!(!host.is_open(conn));
    let conn = host.open_at(ADMIN, OPERATOR);
    let got = host.ask(conn, "POST / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n");
    assert_eq!(got.len(), 1, "what may be a body is no request");
    assert!(!host.is_open(conn));
    // And clients do not get to see them.
    let client = host.open("192.0.2.1:1");
    let got = host.ask(client, "GET /stats HTTP/1.1\r\n\r\n");
    assert!(got[0].0.starts_with("HTTP/1.1 404 "));
}

#[test]
fn packets_are_answered_until_all_comes_to_an_end() {
    let mut host = Host::new(service());
    let from = "192.0.2.1:1000";
    let mut packet = Vec::new();
    ConnectRequest { transaction_id: 5 }.write(&mut packet);
    let reply = host.datagram(from, &packet);
    let Ok((5, Reply::Connect { connection_id })) = parse_reply(&reply) else {
        panic!("{reply:?}");
    };
    let announce = AnnounceRequest {
        header: Header {
            connection_id,
            transaction_id: 6,
        },
        info_hash: Sha1Digest([b'a'; 20]),
        peer_id: [0; 20],
        downloaded_bytes: 0,
        left_bytes: 0,
        uploaded_bytes: 0,
        event: Event::Started,
        ip: None,
        key: 0,
        wanted: None,
        port: 1,
        url_data: UrlData::default(),
    };
    packet.clear();
    announce.write(&mut packet);
    let reply = host.datagram(from, &packet);
    assert!(matches!(
        parse_reply(&reply),
        Ok((6, Reply::Announce { .. }))
    ));
    assert_eq!(host.service.server().table().totals().seeders, 1);
    host.handle(Input::Shutdown);
    assert_eq!(host.datagram(from, &packet), b"");
    assert!(host.has_stopped);
}

#[test]
fn lists_are_read_again_one_time_after_the_other() {
    let mut host = Host::new(service());
    let client = host.open("192.0.2.1:1");
    for _ in 0..3 {
        host.handle(Input::Reload);
    }
    assert_eq!(host.jobs.len(), 1, "one at a time");
    host.jobs.clear();
    host.done(Done::Reloaded(None));
    assert_eq!(host.jobs.len(), 1, "somebody asked while it was under way");
    let denied = HashList::parse(&"61".repeat(20)).unwrap();
    host.done(Done::Reloaded(Some(Box::new(Config {
        access: Access::AllBut(denied),
        ..unlimited()
    }))));
    assert_eq!(host.jobs.len(), 1, "nobody asked");
    let got = host.ask(client, &announce(1, 0, "HTTP/1.1"));
    let body = String::from_utf8_lossy(&got[0].1);
    assert!(body.contains("failure reason"), "{body}");
}

#[test]
fn an_end_waits_for_replies_but_not_for_ever() {
    let mut host = Host::new(service());
    host.advance(Duration::from_millis(300));
    let [idle, slow, dead] = [1, 2, 3].map(|n| host.open(&format!("192.0.2.{n}:1")));
    for conn in [slow, dead] {
        host.read_only(conn, 0);
        host.send(conn, announce(1, 0, "HTTP/1.1").as_bytes());
    }
    host.handle(Input::Shutdown);
    assert!(!host.is_open(idle));
    host.read_only(slow, usize::MAX);
    assert_eq!(replies(&host.got(slow)).len(), 1);
    assert!(!host.is_open(slow) && host.is_open(dead) && !host.has_stopped);
    let late = host.open("192.0.2.4:1");
    assert!(!host.is_open(late));
    host.advance(Duration::from_millis(1900));
    assert!(!host.has_stopped);
    host.advance(Duration::from_millis(100));
    assert!(host.has_stopped, "2 s, whenever they began");
}
