//! Under which addresses peers are told of, and who may ask how often.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::clients::{Announce, Http, Udp, peers};
use crate::process::{HTTP, Tracker, UDP, wait_until};

/// Where a proxy stands in these tests.
const PROXY: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn seeder(port: u16) -> Announce {
    Announce {
        swarm: 1,
        port,
        left_bytes: 0,
        event: "started",
    }
}

fn leecher(port: u16) -> Announce {
    Announce {
        left_bytes: 1,
        ..seeder(port)
    }
}

/// Whom a leecher on this machine is told of.
fn told(tracker: &Tracker) -> Vec<SocketAddr> {
    peers(&tracker.client().get(&leecher(9999).target()))
}

fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[test]
fn peers_of_ipv6_find_each_other_over_http_and_udp() {
    let folder = tempfile::tempdir().unwrap();
    let words = ["--http [::1]:0", "--udp [::1]:0"];
    let tracker = Tracker::start(folder.path(), &words);
    tracker.client().announce(seeder(1001));
    let mut udp = Udp::connect(tracker.udp.unwrap());
    let (counts, packed) = udp.announce_packed(leecher(1002), Ipv4Addr::UNSPECIFIED);
    assert_eq!((counts.seeders, counts.leechers), (1, 1));
    let mut seeder_packed = vec![0; 15];
    seeder_packed.extend([1, 3, 233]);
    assert_eq!(packed, seeder_packed, "[::1]:1001");
    assert_eq!(told(&tracker), addresses(&["[::1]:1001", "[::1]:1002"]));
    assert_eq!(tracker.client().scrape(1), udp.scrape(1));
    tracker.stop();
}

#[test]
fn families_meet_in_one_swarm() {
    let folder = tempfile::tempdir().unwrap();
    let words = [HTTP, "--udp [::1]:0"];
    let tracker = Tracker::start(folder.path(), &words);
    Udp::connect(tracker.udp.unwrap()).announce_packed(seeder(1001), Ipv4Addr::UNSPECIFIED);
    tracker.client().announce(seeder(1002));
    assert_eq!(told(&tracker), addresses(&["127.0.0.1:1002", "[::1]:1001"]));
}

#[test]
fn neighbours_of_the_tracker_are_told_of_by_its_external_address() {
    let folder = tempfile::tempdir().unwrap();
    let words = [
        HTTP,
        UDP,
        "--external-ip 192.0.2.7 --external-ip 2001:db8::7",
    ];
    let tracker = Tracker::start(folder.path(), &words);
    tracker.client().announce(seeder(1001));
    Udp::connect(tracker.udp.unwrap()).announce_packed(seeder(1002), Ipv4Addr::UNSPECIFIED);
    assert_eq!(
        told(&tracker),
        addresses(&["192.0.2.7:1001", "192.0.2.7:1002"])
    );
}

#[test]
fn only_a_proxy_that_was_named_is_believed() {
    let folder = tempfile::tempdir().unwrap();
    let tracker = Tracker::start(folder.path(), &[HTTP, UDP, "--proxy 127.0.0.2"]);
    let to = tracker.http.unwrap();
    for (from, port) in [(CLIENT, 1000), (PROXY, 2000)] {
        let mut http = Http::connect_from(from, to);
        let forwarded = "X-Forwarded-For: 203.0.113.9, 192.0.2.9\r\n";
        http.try_get_with(&seeder(port + 1).target(), forwarded)
            .unwrap();
        let target = format!("{}&ip=198.51.100.1", seeder(port + 2).target());
        http.get(&target);
        let mut udp = Udp::connect_from(from, tracker.udp.unwrap());
        udp.announce_packed(seeder(port + 3), Ipv4Addr::new(198, 51, 100, 2));
    }
    let claimed = ["192.0.2.9:2001", "198.51.100.1:2002", "198.51.100.2:2003"];
    let seen = ["127.0.0.1:1001", "127.0.0.1:1002", "127.0.0.1:1003"];
    assert_eq!(told(&tracker), addresses(&[seen, claimed].concat()));
}

#[test]
fn clients_on_this_machine_may_be_held_to_the_limits() {
    let folder = tempfile::tempdir().unwrap();
    let limits = "--limit-loopback --max-rate 1 --max-connections-per-address 2";
    let tracker = Tracker::start(folder.path(), &[HTTP, UDP, limits]);
    let is_served = |client: &mut Http| {
        let body = client.try_get(&seeder(1001).target());
        body.is_some_and(|body| !String::from_utf8_lossy(&body).contains("failure reason"))
    };
    // Who asks once a second may save up ten questions, and goes on at that pace.
    let mut client = tracker.client();
    let answers = (0..100).take_while(|_| is_served(&mut client)).count();
    assert!((10..100).contains(&answers), "{answers}");
    assert!(is_served(&mut Http::connect_from(
        PROXY,
        tracker.http.unwrap()
    )));

    let other = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 3));
    let connect = || Http::connect_from(other, tracker.http.unwrap());
    let (mut first, mut second) = (connect(), connect());
    assert!(is_served(&mut first) && is_served(&mut second));
    assert!(
        connect().try_get("/scrape").is_none(),
        "a third is one too many"
    );
    drop(first);
    wait_until(|| is_served(&mut connect()));

    let free = Tracker::start(folder.path(), &[HTTP, "--max-rate 1"]);
    let mut client = free.client();
    assert!((0..100).all(|_| is_served(&mut client)));
}
