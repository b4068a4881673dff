//! Two trackers in processes of their own that tell each other.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::thread;
use std::time::Instant;

use serde_json::Value;

use crate::clients::{Announce, Http, Udp};
use crate::process::{ADMIN, HTTP, PATIENCE, Tracker, is_bad_usage, wait_until};
use crate::restarts::{Model, apply, random_announce, written};

/// Addresses of loopback that no other test and no other process uses, so that ports can be known
/// before anybody listens on them.
fn two_addresses() -> [SocketAddr; 2] {
    static TESTS: AtomicU8 = AtomicU8::new(1);
    let test = TESTS.fetch_add(1, Ordering::Relaxed);
    let [_, _, high, low] = std::process::id().to_be_bytes();
    let ip = Ipv4Addr::new(127, 64 + test, high, low);
    [6969, 6970].map(|port| SocketAddr::from((ip, port)))
}

fn announce(port: u16, left_bytes: u64) -> Announce {
    Announce {
        swarm: 1,
        port,
        left_bytes,
        event: "",
    }
}

/// One of the two, by the four words.
struct Side<'a> {
    folder: &'a Path,
    own: SocketAddr,
    words: String,
    file: String,
    running: Option<Tracker>,
}

impl<'a> Side<'a> {
    fn both(folder: &'a Path) -> [Self; 2] {
        let addresses = two_addresses();
        [0, 1].map(|number| {
            let file = format!("seeders{number}.txt");
            let mut side = Self {
                folder,
                own: addresses[number],
                words: format!("{} {file} log{number}.txt", addresses[1 - number]),
                file,
                running: None,
            };
            side.start();
            side
        })
    }

    fn start(&mut self) {
        let tracker = Tracker::start_at(self.folder, self.own, &[&self.words]);
        self.running = Some(tracker);
    }

    /// Nothing as long as there is no file: ports are taken before it is made.
    fn written(&self) -> Model {
        let path = self.folder.join(&self.file);
        if path.exists() {
            written(&path)
        } else {
            Model::new()
        }
    }
}

fn wait_until_both_know(sides: &[Side<'_>; 2], model: &Model) {
    wait_until(|| sides.iter().all(|side| side.written() == *model));
    for swarm in 0..4 {
        let [by_http, by_udp] = [
            Http::connect(sides[0].own).scrape(swarm),
            Udp::connect(sides[1].own).scrape(swarm),
        ];
        let of_swarm = || model.iter().filter(|((of, _), _)| *of == swarm);
        let seeders = of_swarm().filter(|(_, is_seeder)| **is_seeder).count();
        for counts in [by_http, by_udp] {
            let told = (counts.seeders as usize, counts.leechers as usize);
            assert_eq!(told, (seeders, of_swarm().count() - seeders), "{swarm}");
        }
    }
}

#[test]
fn a_client_of_one_is_found_through_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let sides = Side::both(folder.path());
    let [a, b] = sides.each_ref().map(|side| side.own);
    Http::connect(a).announce(announce(1001, 0));
    Udp::connect(a).announce(announce(1002, 5));
    Udp::connect(b).announce(announce(1003, 5));
    let ask_until = |asks: &mut dyn FnMut() -> Vec<u16>, ports: &[u16]| {
        wait_until(|| asks() == ports);
    };
    let (mut http, mut udp) = (Http::connect(b), Udp::connect(b));
    ask_until(
        &mut || http.announce(announce(1004, 5)).ports,
        &[1001, 1002, 1003],
    );
    ask_until(
        &mut || udp.announce(announce(1003, 5)).ports,
        &[1001, 1002, 1004],
    );
    let (mut http, mut udp) = (Http::connect(a), Udp::connect(a));
    ask_until(
        &mut || http.announce(announce(1001, 0)).ports,
        &[1002, 1003, 1004],
    );
    let stopped = Announce {
        event: "stopped",
        ..announce(1003, 5)
    };
    Http::connect(b).announce(stopped);
    ask_until(&mut || udp.announce(announce(1002, 5)).ports, &[1001, 1004]);
    let log = fs::read_to_string(folder.path().join("log0.txt")).unwrap();
    assert!(
        log.contains(&format!("pair `{b}`: it takes what it is told")),
        "{log}"
    );
    for port in 1001..=1004 {
        assert!(
            !log.contains(&format!(":{port}")),
            "nobody who announced is in the log: {log}"
        );
    }
    for side in sides {
        side.running.unwrap().stop();
    }
}

/// Announces by HTTP, to whoever is there. While there are two, a peer does not change its tracker: what
/// it told both within some seconds has no order.
fn load(sides: &[Side<'_>; 2], model: &mut Model, seed: &mut u64, first_port: u16) {
    let mut clients = sides.each_ref().map(|side| {
        let is_running = side.running.is_some();
        is_running.then(|| Http::connect(side.own))
    });
    for _ in 0..300 {
        let mut announce = random_announce(seed);
        announce.port += first_port;
        let first = usize::from(announce.port % 2);
        let there = if clients[first].is_some() {
            first
        } else {
            1 - first
        };
        clients[there].as_mut().unwrap().get(&announce.target());
        apply(model, announce);
    }
}

#[test]
fn one_that_was_gone_learns_what_it_missed() {
    let folder = tempfile::tempdir().unwrap();
    let mut sides = Side::both(folder.path());
    let (mut model, mut seed) = (Model::new(), 77);
    let mut first_port = 0;
    load(&sides, &mut model, &mut seed, first_port);
    wait_until_both_know(&sides, &model);
    for (number, is_killed) in [(1, false), (0, true), (1, true)] {
        let gone = sides[number].running.take().unwrap();
        if is_killed {
            gone.kill();
        } else {
            gone.stop();
        }
        load(&sides, &mut model, &mut seed, 0);
        sides[number].start();
        first_port += 2000;
        load(&sides, &mut model, &mut seed, first_port);
        wait_until_both_know(&sides, &model);
    }
    // And without its file it learns everything.
    sides[0].running.take().unwrap().kill();
    fs::remove_file(folder.path().join(&sides[0].file)).unwrap();
    sides[0].start();
    wait_until_both_know(&sides, &model);
}

fn pair_by_options(folder: &Path) -> [Tracker; 2] {
    let addresses = two_addresses();
    [0, 1].map(|number| {
        let (own, other) = (addresses[number], addresses[1 - number]);
        let words = format!("--http {own} --udp {own} --pair {other}");
        Tracker::start(folder, &[&words, ADMIN])
    })
}

fn pair_of(tracker: &Tracker) -> Value {
    tracker.stats()["pair"].clone()
}

#[test]
fn what_was_told_is_not_told_on() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = pair_by_options(folder.path());
    let both = [&a, &b];
    wait_until(|| both.iter().all(|side| pair_of(side)["state"] == "paired"));
    let mut client = a.client();
    for port in 1..=50 {
        client.announce(announce(port, 1));
    }
    wait_until(|| b.client().scrape(1).leechers == 50);
    wait_until(|| pair_of(&a)["told"] == 50 && pair_of(&a)["in_flight"] == 0);
    // One more makes the round, and with it whatever had been set off by those before.
    client.announce(announce(51, 1));
    wait_until(|| pair_of(&a)["told"] == 51);
    let told = both.map(|side| pair_of(side)["told"].clone());
    assert_eq!(told, [51, 0]);
    assert_eq!(b.stats()["requests"]["http_ipv4"]["told"], 51);
    assert_eq!(a.stats()["requests"]["http_ipv4"]["told"], 0);
    // Most of those who announce have the address of the other tracker, and are clients nevertheless.
    b.client().announce(announce(52, 1));
    wait_until(|| a.client().scrape(1).leechers == 52);
}

#[test]
fn an_invented_token_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = pair_by_options(folder.path());
    wait_until(|| {
        [&a, &b]
            .iter()
            .all(|side| pair_of(side)["confirmed"] == true)
    });
    let before = b.stats()["requests"]["http_ipv4"]["questions"].clone();
    let mut client = a.client();
    let marked = |token: &str| {
        let plain = announce(1001, 0).target();
        format!("{plain}&mt_ip=192.0.2.9&mt_age=0&mt_token={token}")
    };
    for _ in 0..20 {
        let reply = client.get(&marked(&"ab".repeat(16)));
        assert!(reply.starts_with(b"d14:failure reason"));
        let reply = client.get(&marked("ab"));
        assert!(reply.starts_with(b"d14:failure reason"));
    }
    wait_until(|| b.stats()["requests"]["http_ipv4"]["questions"] != before);
    assert_eq!(client.scrape(1).seeders, 0);
    let greeting = format!("/mt/hello?mt_token={}", "cd".repeat(16));
    assert_eq!(client.get(&greeting), b"unknown");
    // The true one is believed as before.
    b.client().announce(announce(1002, 0));
    wait_until(|| a.client().scrape(1).seeders == 1);
}

/// Greets with another invented token each time, from an address that is neither tracker's.
fn greet_with_invented_tokens(to: SocketAddr, is_over: &AtomicBool) {
    let stranger = Ipv4Addr::new(127, 3, 3, 3).into();
    let mut number = 0_u128;
    let until = Instant::now() + 3 * PATIENCE;
    while !is_over.load(Ordering::Relaxed) && Instant::now() < until {
        let mut client = Http::connect_from(stranger, to);
        for _ in 0..100 {
            number += 1;
            let greeting = format!("/mt/hello?mt_token={number:032x}");
            if client.try_get(&greeting).is_none() {
                break;
            }
        }
    }
}

#[test]
fn invented_tokens_keep_nobody_from_meeting() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = [two_addresses(), two_addresses()].map(|[first, _]| first);
    let start = |own: SocketAddr, other: SocketAddr| {
        let words = format!("--http {own} --pair {other}");
        Tracker::start(folder.path(), &[&words, ADMIN])
    };
    let is_over = AtomicBool::new(false);
    let a = start(first, second);
    thread::scope(|scope| {
        scope.spawn(|| greet_with_invented_tokens(first, &is_over));
        wait_until(|| a.stats()["requests"]["http_ipv4"]["questions"] != 0);
        let b = start(second, first);
        scope.spawn(|| greet_with_invented_tokens(second, &is_over));
        wait_until(|| {
            let both = [&a, &b].map(pair_of);
            both.iter().all(|pair| pair["state"] == "paired")
        });
        b.client().announce(announce(1002, 0));
        wait_until(|| a.client().scrape(1).seeders == 1);
        is_over.store(true, Ordering::Relaxed);
        b.kill();
    });
    a.kill();
}

#[test]
fn a_stock_tracker_is_told_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let stock = TcpListener::bind("127.0.0.1:0").unwrap();
    let other = stock.local_addr().unwrap().to_string();
    let asked = thread::spawn(move || {
        let (mut stream, _) = stock.accept().unwrap();
        let mut request = [0; 1000];
        let len_bytes = stream.read(&mut request).unwrap();
        let refusal = b"HTTP/1.0 404 Not Found\r\nContent-Length: 15\r\n\r\nFile Not Found\n";
        stream.write_all(refusal).unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"", "nothing more comes");
        String::from_utf8_lossy(&request[..len_bytes]).into_owned()
    });
    let tracker = Tracker::start(folder.path(), &[HTTP, ADMIN, "--pair", &other]);
    tracker.client().announce(announce(1, 0));
    assert!(asked.join().unwrap().starts_with("GET /mt/hello?"));
    tracker.said(&format!(
        "pair `{other}`: it is no mt tracker, and is told nothing"
    ));
    assert_eq!(pair_of(&tracker)["state"], "alone");
    assert_eq!(tracker.client().scrape(1).seeders, 1);
}

#[test]
fn words_and_options_that_contradict_each_other_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        ("127.0.0.1:0 --http 127.0.0.1:0", "--http"),
        ("127.0.0.1:0 127.0.0.1:1 --pair 127.0.0.1:2", "--pair"),
        ("127.0.0.1:0 - seeders.txt --state state.txt", "--state"),
        ("127.0.0.1:0 - seeders.txt log.txt --log other.txt", "--log"),
        ("localhost", "`localhost` is no IP address with a port"),
        (
            "127.0.0.1:0 10.0.0.1",
            "`10.0.0.1` is no IP address with a port",
        ),
        ("127.0.0.1:0 0.0.0.0:6969", "`0.0.0.0:6969` is no address"),
        ("--udp 127.0.0.1:0 --pair 127.0.0.1:1", "add --http"),
        ("127.0.0.1:0 127.0.0.1:0", "`127.0.0.1:0` is no address"),
        ("127.0.0.1:0 [::]:6969", "`[::]:6969` is no address"),
        (
            "127.0.0.1:0 224.0.0.1:6969",
            "`224.0.0.1:6969` is a multicast",
        ),
        (
            "127.0.0.1:0 [ff02::1]:6969",
            "`[ff02::1]:6969` is a multicast",
        ),
        (
            "127.0.0.1:0 255.255.255.255:6969",
            "`255.255.255.255:6969` is a broadcast",
        ),
        (
            "127.0.0.1:0 [::ffff:224.0.0.1]:1",
            "`224.0.0.1:1` is a multicast",
        ),
        ("224.0.0.1:0 127.0.0.1:1", "`224.0.0.1:0` is a multicast"),
        ("255.255.255.255:0", "`255.255.255.255:0` is a broadcast"),
        ("--http [ff02::1]:0", "`[ff02::1]:0` is a multicast"),
        ("--udp 239.1.2.3:0", "`239.1.2.3:0` is a multicast"),
        (
            "--udp 127.0.0.1:0 --admin 224.0.0.1:0",
            "`224.0.0.1:0` is a multicast",
        ),
    ];
    for (words, part) in cases {
        let err = is_bad_usage(folder.path(), &[words]);
        assert!(err.contains(part), "{words}: {err}");
    }
    let [own, _] = two_addresses();
    let free = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    for (listens, other) in [
        (own.to_string(), own.to_string()),
        (format!("0.0.0.0:{port}"), format!("{}:{port}", own.ip())),
    ] {
        let err = is_bad_usage(folder.path(), &[&listens, &other]);
        assert!(
            err.contains(&format!("`{other}` is where this one listens")),
            "{err}"
        );
    }
    let left = fs::read_dir(folder.path()).unwrap().count();
    assert!(left <= 1, "nothing but a log is made: {left}");
}

#[test]
fn fewer_words_will_do() {
    let folder = tempfile::tempdir().unwrap();
    let tracker = Tracker::start_silent(folder.path(), &["127.0.0.1:0 - seeders.txt --stats"]);
    let http = tracker.said("HTTP: http://");
    let udp = tracker.said("UDP: udp://");
    let (_, port) = udp.rsplit_once(':').unwrap();
    assert!(http.ends_with(&format!(":{port}/announce")), "{http} {udp}");
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.parse().unwrap()));
    Udp::connect(address).announce(announce(1, 0));
    tracker.stop();
    assert_eq!(written(&folder.path().join("seeders.txt")).len(), 1);
}
