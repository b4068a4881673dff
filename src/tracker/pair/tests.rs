use std::net::SocketAddr;

use super::*;
use crate::base::Sha1Digest;
use crate::tracker::limiter::Rate;
use crate::tracker::server::{Config, HttpStep, Server};
use crate::tracker::table::Role;
use crate::tracker::{Peer, Secret};

const HASH: Sha1Digest = Sha1Digest([b'a'; 20]);

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// One of two trackers on one machine, so that addresses tell nothing.
struct Side {
    server: Server,
    /// Whether it calls the other one, and whether that one knows it.
    calls: bool,
    is_known: bool,
    /// Announces that the other one was told of.
    told: usize,
}

impl Side {
    fn new(token: u8) -> Self {
        let secret = Secret([1, 2, 3, 4].map(|n: u64| n << 60 | 0x9e37_79b9_7f4a));
        let mut server = Server::new(Config::default(), secret, 7);
        server.pair_with_other([192, 0, 2, 200].into(), Token([token; 16]));
        Self {
            server,
            calls: false,
            is_known: false,
            told: 0,
        }
    }

    fn client_announces(&mut self, now: Duration, port: u16, more: &str) -> String {
        let target = format!(
            "GET /announce?info_hash={0}&peer_id={0}&port={port}{more} HTTP/1.1\r\n\r\n",
            "a".repeat(20)
        );
        self.http(now, &target)
    }

    fn http(&mut self, now: Duration, request: &str) -> String {
        let mut out = Vec::new();
        let step = self
            .server
            .http(now, at("127.0.0.1:999"), request.as_bytes(), &mut out);
        assert_eq!(
            step,
            HttpStep::Answered {
                len_bytes: request.len()
            }
        );
        String::from_utf8_lossy(&out).into_owned()
    }

    fn knows(&mut self, port: u16) -> Option<Role> {
        let peer = Peer::from(SocketAddr::from(([127, 0, 0, 1], port)));
        self.server.table().role_of(&HASH, peer)
    }

    fn teller(&mut self) -> &mut Teller {
        &mut self.server.pair().unwrap().teller
    }

    fn link_up(&mut self) {
        self.calls = true;
        self.is_known = false;
    }

    fn link_down(&mut self) {
        self.calls = false;
        self.teller().link_down();
    }

    fn greet(&mut self, now: Duration, to: &mut Self) {
        let mut hello = Vec::new();
        write_hello(&mut hello, self.teller().own_token());
        let reply = to.http(now, std::str::from_utf8(&hello).unwrap());
        self.is_known = reply.ends_with("\r\n\r\nknown");
        if self.is_known {
            self.teller().link_up(now);
        }
    }

    /// Asks the other one for the token that it has to ask for, if any.
    fn ask(&mut self, now: Duration, other: &mut Self) {
        if let Some(token) = self.server.pair().unwrap().take_question() {
            let mut question = Vec::new();
            write_question(&mut question, token);
            let reply = other.http(now, std::str::from_utf8(&question).unwrap());
            let is_its_own = reply.ends_with("\r\n\r\nyes");
            self.server
                .pair()
                .unwrap()
                .tokens
                .answered(token, is_its_own);
        }
    }
}

/// Carries what `from` tells to `to`, its answers back, and the question for the token.
fn carry(now: Duration, from: &mut Side, to: &mut Side) -> usize {
    if from.calls && !from.is_known {
        from.greet(now, to);
        to.ask(now, from);
    }
    let mut carried = 0;
    loop {
        let mut requests = Vec::new();
        from.server.tell_other(now, &mut requests);
        if requests.is_empty() {
            return carried;
        }
        let mut rest = &requests[..];
        while !rest.is_empty() {
            let mut out = Vec::new();
            let step = to.server.http(now, at("192.0.2.200:1"), rest, &mut out);
            let HttpStep::Answered { len_bytes } = step else {
                panic!("{step:?}");
            };
            rest = &rest[len_bytes..];
            assert!(out.ends_with(b"\r\n\r\nde"), "who is known is believed");
            from.teller().answered(true);
            carried += 1;
        }
        from.told += carried;
    }
}

fn linked() -> (Side, Side) {
    let (mut a, mut b) = (Side::new(0xaa), Side::new(0xbb));
    a.link_up();
    b.link_up();
    (a, b)
}

/// Lets both tell each other until nothing is left, for some time.
fn meet(from_s: u64, to_s: u64, a: &mut Side, b: &mut Side) -> usize {
    (from_s..to_s)
        .map(|second| carry(seconds(second), a, b) + carry(seconds(second), b, a))
        .sum()
}

#[test]
fn clients_of_one_are_found_through_the_other() {
    let (mut a, mut b) = linked();
    a.client_announces(seconds(1), 1000, "&left=0");
    meet(1, 10, &mut a, &mut b);
    assert_eq!(b.knows(1000), Some(Role::Seeder));
    let reply = b.client_announces(seconds(10), 2000, "&left=1");
    assert!(
        reply.contains("8:completei1e") && reply.contains("5:peers6:"),
        "{reply}"
    );
    meet(10, 20, &mut a, &mut b);
    assert_eq!(a.knows(2000), Some(Role::Leecher));
    b.client_announces(seconds(20), 2000, "&event=stopped");
    meet(20, 30, &mut a, &mut b);
    assert_eq!(a.knows(2000), None);
}

#[test]
fn what_was_told_is_never_told_on() {
    let (mut a, mut b) = linked();
    a.client_announces(seconds(1), 1000, "&left=0");
    meet(1, 20, &mut a, &mut b);
    let before = (a.told, b.told);
    a.client_announces(seconds(20), 1000, "&left=0");
    assert_eq!(meet(20, 40, &mut a, &mut b), 1);
    assert!(a.told > before.0);
    assert_eq!(b.told, before.1);
}

#[test]
fn a_mark_that_the_other_does_not_confirm_is_worth_nothing() {
    let (mut a, mut b) = linked();
    let forged = format!(
        "&left=0&mt_ip=192.0.2.66&mt_age=0&mt_token={}",
        "cc".repeat(16)
    );
    let reply = b.client_announces(seconds(1), 1000, &forged);
    assert!(reply.contains("failure reason"), "{reply}");
    let asked = b.server.pair().unwrap().take_question().unwrap();
    assert!(
        a.http(
            seconds(1),
            &format!("GET /mt/confirm?token={asked} HTTP/1.1\r\n\r\n")
        )
        .ends_with("no")
    );
    b.server.pair().unwrap().tokens.answered(asked, false);
    // More of them do not make it ask more often.
    for _ in 0..100 {
        b.client_announces(seconds(1), 1000, &forged);
        assert_eq!(b.server.pair().unwrap().take_question(), None);
    }
    assert_eq!(b.server.table().totals().peers(), 0);
    // Nor do they keep the other one out for longer than a moment.
    a.client_announces(seconds(3), 1000, "&left=0");
    meet(3, 20, &mut a, &mut b);
    assert_eq!(b.knows(1000), Some(Role::Seeder));
    let own = format!(
        "&left=0&mt_ip=192.0.2.66&mt_age=0&mt_token={}",
        "bb".repeat(16)
    );
    assert!(
        b.client_announces(seconds(30), 1, &own)
            .contains("failure reason")
    );
    for wrong in [
        "&mt_token=x",
        "&mt_token=",
        "&mt_age=0&mt_ip=0.0.0.0&mt_token=",
    ] {
        let reply = b.client_announces(seconds(30), 1, &format!("{wrong}{}", "aa".repeat(8)));
        assert!(reply.contains("failure reason"), "{reply}");
    }
}

/// Whoever invents tokens all the time elsewhere does not keep the true one out.
#[test]
fn a_flood_of_marks_leaves_the_other_ones_be() {
    let (mut a, mut b) = linked();
    let hello = format!(
        "GET /mt/hello?mt_token={} HTTP/1.1\r\n\r\n",
        "cc".repeat(16)
    );
    b.http(seconds(1), &hello);
    let asked = b.server.pair().unwrap().take_question();
    assert_eq!(asked, Some(Token([0xcc; 16])));
    let mut greeting = Vec::new();
    write_hello(&mut greeting, a.teller().own_token());
    let mut out = Vec::new();
    b.server
        .http(seconds(1), at("192.0.2.200:5"), &greeting, &mut out);
    let asked = b.server.pair().unwrap().take_question();
    assert_eq!(asked, Some(Token([0xaa; 16])));
}

/// Clients at the other one's own address ask far too often: that is not held against it.
#[test]
fn a_flood_from_the_others_own_address_keeps_nobody_from_meeting() {
    let mut a = Side::new(0xaa);
    let secret = Secret([1, 2, 3, 4].map(|n: u64| n << 60 | 0x9e37_79b9_7f4a));
    let rate = Some(Rate {
        requests_per_s: 1,
        burst: 2,
    });
    let config = Config {
        rate,
        ..Config::default()
    };
    let mut b = Server::new(config, secret, 7);
    b.pair_with_other([192, 0, 2, 200].into(), Token([0xbb; 16]));
    let ask = |b: &mut Server, now_s, target: &str| {
        let request = format!("GET {target} HTTP/1.1\r\n\r\n");
        let mut out = Vec::new();
        b.http(
            seconds(now_s),
            at("192.0.2.200:5"),
            request.as_bytes(),
            &mut out,
        );
        String::from_utf8(out).unwrap()
    };
    for _ in 0..100 {
        ask(&mut b, 1, "/scrape?info_hash=aaaaaaaaaaaaaaaaaaaa");
    }
    let hello = format!("/mt/hello?mt_token={}", a.teller().own_token());
    assert!(ask(&mut b, 1, &hello).ends_with("\r\n\r\nunknown"));
    let question = b.pair().unwrap().take_question();
    assert_eq!(question, Some(Token([0xaa; 16])));
    let asked_back = format!("/mt/confirm?token={}", "bb".repeat(16));
    assert!(ask(&mut b, 1, &asked_back).ends_with("\r\n\r\nyes"));
    // What a pair asks is bounded too, by what a pair needs.
    let invented = format!("/mt/hello?mt_token={}", "cc".repeat(16));
    let answered = (0..1000).filter(|_| ask(&mut b, 2, &invented).ends_with("unknown"));
    assert!(answered.count() <= 20);
    b.pair().unwrap().tokens.answered(Token([0xaa; 16]), true);
    assert!(ask(&mut b, 2, &hello).ends_with("\r\n\r\nknown"));
}

#[test]
fn one_alone_serves_and_tells_everything_later() {
    let (mut a, mut b) = (Side::new(0xaa), Side::new(0xbb));
    for port in 1..=1000 {
        a.client_announces(seconds(1), port, "&left=0");
    }
    assert_eq!(carry(seconds(1), &mut a, &mut b), 0);
    a.link_up();
    meet(2, 20, &mut a, &mut b);
    assert!((1..=1000).all(|port| b.knows(port) == Some(Role::Seeder)));
    // The other one starts anew, with another token and an empty table.
    a.link_down();
    let mut b = Side::new(0xdd);
    b.client_announces(seconds(30), 3000, "&left=1");
    a.link_up();
    b.link_up();
    meet(30, 50, &mut a, &mut b);
    assert!((1..=1000).all(|port| b.knows(port) == Some(Role::Seeder)));
    assert_eq!(a.knows(3000), Some(Role::Leecher));
}

/// A peer that fell silent does not live on by being told to and fro.
#[test]
fn the_dead_stay_dead() {
    let (mut a, mut b) = (Side::new(0xaa), Side::new(0xbb));
    a.client_announces(seconds(0), 1000, "&left=0");
    for second in (0..6000).step_by(60) {
        a.server.tick(seconds(second));
        b.server.tick(seconds(second));
        a.link_up();
        b.link_up();
        meet(second, second + 10, &mut a, &mut b);
        if second < 2000 {
            assert_eq!(b.knows(1000), Some(Role::Seeder), "{second}");
        }
    }
    assert_eq!((a.knows(1000), b.knows(1000)), (None, None));
}

#[test]
fn a_queue_that_overflows_is_made_good_by_the_table() {
    let (mut a, mut b) = linked();
    meet(0, 10, &mut a, &mut b);
    let ports = u16::try_from(PAIR_ANNOUNCES_QUEUED_MAX + 100).unwrap();
    for port in 1..=ports {
        a.client_announces(seconds(10), port, "&left=0");
    }
    meet(10, 30, &mut a, &mut b);
    assert!((1..=ports).all(|port| b.knows(port).is_some()));
}
