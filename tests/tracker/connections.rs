//! Many connections, and what they cost.

use std::io::Write as _;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};

use crate::clients::{Announce, Http};
use crate::process::{HTTP, Tracker, wait_until};

const ANNOUNCE: Announce = Announce {
    swarm: 1,
    port: 1001,
    left_bytes: 0,
    event: "",
};

#[test]
fn idle_connections_cost_little_and_are_given_back() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, raised).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let tracker = Tracker::start(folder.path(), &[HTTP]);
    let connect = |count: usize| -> Vec<Http> {
        let connected = (0..count).map(|_| {
            let mut client = tracker.client();
            client.announce(ANNOUNCE);
            client
        });
        connected.collect()
    };
    let first = connect(100);
    // A tracker that has answered has opened all that it opens for itself.
    let descriptors = tracker.descriptors() - 100;
    let before_bytes = tracker.resident_bytes();
    let idle = connect(2000);
    let each_bytes = tracker.resident_bytes().saturating_sub(before_bytes) / 2000;
    let allowed_bytes = if cfg!(debug_assertions) { 2048 } else { 1024 };
    assert!(each_bytes < allowed_bytes, "{each_bytes}");
    assert_eq!(tracker.descriptors(), descriptors + 2100);

    let mut other = tracker.client();
    assert_eq!(other.scrape(1).seeders, 1);
    drop((first, idle));
    wait_until(|| tracker.descriptors() == descriptors + 1);
    tracker.stop();
}

/// Asks until nothing more is taken from it, and reads no answer.
fn deaf_client(tracker: &Tracker) -> Http {
    let mut deaf = tracker.client();
    let patience = Some(Duration::from_millis(300));
    deaf.stream.set_write_timeout(patience).unwrap();
    let request = format!("GET {} HTTP/1.1\r\n\r\n", ANNOUNCE.target()).repeat(1000);
    while deaf.stream.write_all(request.as_bytes()).is_ok() {}
    deaf
}

#[test]
fn a_second_signal_does_not_wait_for_who_does_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let tracker = Tracker::start(folder.path(), &[HTTP]);
    let _deaf = deaf_client(&tracker);

    tracker.signal(Signal::TERM);
    // Signals of one kind that come together are one.
    wait_until(|| std::net::TcpStream::connect(tracker.http.unwrap()).is_err());
    tracker.signal(Signal::TERM);
    let ended = tracker.wait();
    assert_eq!(ended.status.code(), Some(1));
    assert!(ended.err.contains("asked to twice"), "{}", ended.err);
}

#[test]
fn one_signal_waits_for_who_does_not_read_but_not_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let tracker = Tracker::start(folder.path(), &[HTTP]);
    let _deaf = deaf_client(&tracker);
    tracker.stop();
}
