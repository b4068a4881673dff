//! Asked to come to an end.

use std::path::Path;

use rustix::process::Signal;

use crate::client::Client;
use crate::content::{is_copied, make_file};
use crate::process::{ADMIN, HTTP, Tracker, wait_until};
use crate::support::Place;

const LEN_BYTES: usize = 4_000_000;

/// Seeders and leechers that a tracker knows.
fn known(tracker: &Tracker) -> (u64, u64) {
    let stats = tracker.stats();
    let number = |name: &str| stats[name].as_u64().expect(name);
    (number("seeders"), number("leechers"))
}

fn tracked(place: &Place) -> Tracker {
    let tracker = Tracker::start(&place.path(Path::new("")), &[HTTP, ADMIN]);
    let url = format!("--tracker http://{}/announce", tracker.http.unwrap());
    make_file(place, LEN_BYTES, &url);
    tracker
}

#[test]
fn both_take_their_leave_of_the_tracker() {
    let place = Place::new();
    let tracker = tracked(&place);
    let seeder = Client::seed(&place, "one.torrent --data one.bin");
    wait_until(|| known(&tracker) == (1, 0));
    let getter = Client::get(&place, "one.torrent copy --limit-down 500KB/s", &[]);
    getter.is_under_way();
    assert_eq!(known(&tracker), (1, 1));
    getter
        .stop()
        .failed_naming(&["of 3.81 MiB came", "run the same command again"]);
    assert_eq!(known(&tracker), (1, 0));
    assert_eq!(place.names("copy"), ["one.bin.mtpart"]);
    let summary = seeder.stop().ok();
    assert_eq!(summary["state"], "seeding");
    assert_eq!(known(&tracker), (0, 0));
}

#[test]
fn a_getter_that_is_done_seeds_until_it_is_asked_to_end() {
    let place = Place::new();
    let tracker = tracked(&place);
    let seeder = Client::seed(&place, "one.torrent --data one.bin");
    let mut getter = Client::get(&place, "one.torrent copy", &[&seeder]);
    getter.shows("the end", |line| line["state"] == "seeding");
    is_copied(&place, "copy");
    wait_until(|| known(&tracker) == (2, 0));
    assert_eq!(seeder.stop().ok()["uploaded_bytes"], LEN_BYTES);
    let second = Client::get(&place, "one.torrent second --exit", &[&getter]);
    second.wait().ok();
    is_copied(&place, "second");
    assert!(getter.is_running());
    assert_eq!(getter.stop().ok()["uploaded_bytes"], LEN_BYTES);
    assert_eq!(known(&tracker), (0, 0));
}

#[test]
fn sigterm_ends_it_as_well() {
    let place = Place::new();
    make_file(&place, LEN_BYTES, "");
    let seeder = Client::seed(&place, "one.torrent --data one.bin");
    seeder.signal(Signal::TERM);
    seeder.wait().ok();
}

/// A tracker that takes connections and says nothing keeps a goodbye waiting; who asks twice does
/// not wait for it.
#[test]
fn asked_twice_it_ends_at_once() {
    let place = Place::new();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("--tracker http://{}/announce", silent.local_addr().unwrap());
    make_file(&place, LEN_BYTES, &url);
    let seeder = Client::seed(&place, "one.torrent --data one.bin");
    let (mut announced, _) = silent.accept().unwrap();
    let mut word = [0; 3];
    std::io::Read::read_exact(&mut announced, &mut word).unwrap();
    seeder.signal(Signal::INT);
    seeder.signal(Signal::TERM);
    seeder.wait().failed_naming(&["at once"]);
}
