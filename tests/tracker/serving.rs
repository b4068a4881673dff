//! Announces and scrapes, over HTTP and UDP.

use std::io::Write as _;

use crate::clients::{Announce, Counts, Udp};
use crate::process::{ADMIN, HTTP, Tracker, UDP};

fn announce(port: u16, left_bytes: u64) -> Announce {
    Announce {
        swarm: 1,
        port,
        left_bytes,
        event: "started",
    }
}

fn counts(seeders: u32, leechers: u32, downloads: u32) -> Counts {
    Counts {
        seeders,
        leechers,
        downloads,
    }
}

#[test]
fn peers_find_each_other_whichever_way_they_ask() {
    let folder = tempfile::tempdir().unwrap();
    let tracker = Tracker::start(folder.path(), &[HTTP, UDP, ADMIN]);
    let (mut http, mut udp) = (tracker.client(), Udp::connect(tracker.udp.unwrap()));

    let told = http.announce(announce(1001, 0));
    assert_eq!((told.counts, told.ports), (counts(1, 0, 0), vec![]));
    let told = udp.announce(announce(1002, 5));
    assert_eq!((told.counts, told.ports), (counts(1, 1, 0), vec![1001]));
    let told = http.announce(announce(1003, 5));
    assert_eq!(
        (told.counts, told.ports),
        (counts(1, 2, 0), vec![1001, 1002])
    );
    // A seeder has no use for another.
    let told = udp.announce(announce(1004, 0));
    assert_eq!(
        (told.counts, told.ports),
        (counts(2, 2, 0), vec![1002, 1003])
    );

    udp.announce(Announce {
        event: "completed",
        ..announce(1002, 0)
    });
    http.announce(Announce {
        event: "stopped",
        ..announce(1001, 0)
    });
    assert_eq!(http.scrape(1), counts(2, 1, 1));
    assert_eq!(udp.scrape(1), counts(2, 1, 1));
    assert_eq!(udp.scrape(2), counts(0, 0, 0));

    let stats = tracker.stats();
    assert_eq!(
        (&stats["seeders"], &stats["leechers"]),
        (&2.into(), &1.into())
    );
    assert_eq!(stats["requests"]["udp_ipv4"]["announces"], 3);
    tracker.stop();
}

#[test]
fn a_request_may_come_a_byte_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let tracker = Tracker::start(folder.path(), &[HTTP]);
    let mut client = tracker.client();
    let target = announce(1001, 0).target();
    for byte in format!("GET {target} HTTP/1.1\r\n\r\n").bytes() {
        client.stream.write_all(&[byte]).unwrap();
    }
    assert!(client.reply().is_some());
    assert_eq!(client.scrape(1), counts(1, 0, 0));
}

#[test]
fn a_client_may_send_everything_and_then_only_listen() {
    let folder = tempfile::tempdir().unwrap();
    let tracker = Tracker::start(folder.path(), &[HTTP]);
    let mut client = tracker.client();
    let target = announce(1001, 0).target();
    let request = format!("GET {target} HTTP/1.1\r\n\r\n");
    let mut sending = client.stream.try_clone().unwrap();
    let count = 20_000;
    let sender = std::thread::spawn(move || {
        sending.write_all(request.repeat(count).as_bytes()).unwrap();
        sending.shutdown(std::net::Shutdown::Write).unwrap();
    });
    for number in 0..count {
        assert!(client.reply().is_some(), "{number}");
    }
    assert_eq!(client.reply(), None, "and then the tracker closes too");
    sender.join().unwrap();
}

#[test]
fn one_port_number_serves_http_and_udp() {
    let folder = tempfile::tempdir().unwrap();
    // Nobody takes this one in the moment between.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap();
    drop(free);
    let both = format!("--http {port} --udp {port}");
    let tracker = Tracker::start(folder.path(), &[&both]);
    Udp::connect(port).announce(announce(1, 0));
    assert_eq!(tracker.client().scrape(1), counts(1, 0, 0));
}
