//! Killed in the middle, a getter goes on where it was, and ends with the right content.

use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::client::Client;
use crate::content::{is_copied, make_directory, make_file, tree};
use crate::support::{Place, noise};

/// Moments that differ from round to round, from within the start to well under way.
fn pauses(seed: u64) -> impl Iterator<Item = Duration> {
    let bytes = noise(seed, 64);
    bytes
        .into_iter()
        .map(|byte| Duration::from_millis(20 + 4 * u64::from(byte)))
}

#[test]
fn killed_again_and_again_it_completes() {
    for io in ["mmap", "positional"] {
        let place = Place::new();
        make_file(&place, 12_000_000, "");
        let seeder = Client::seed(&place, "one.torrent --data one.bin");
        let get = format!("one.torrent copy --exit --io {io}");
        for pause in pauses(7).take(6) {
            let getter = Client::get(&place, &format!("{get} --limit-down 4MB/s"), &[&seeder]);
            thread::sleep(pause);
            getter.signal(Signal::KILL);
            getter.wait();
        }
        Client::get(&place, &get, &[&seeder]).wait().ok();
        is_copied(&place, "copy");
    }
}

/// What was there when it was killed is not fetched again, but for what was under way.
#[test]
fn what_was_there_is_kept() {
    const LEN_BYTES: u64 = 8_000_000;
    let place = Place::new();
    make_file(&place, 8_000_000, "");
    let seeder = Client::seed(&place, "one.torrent --data one.bin");
    let get = "one.torrent copy --limit-down 4MB/s";
    let getter = Client::get(&place, get, &[&seeder]);
    let have_bytes = |line: &Value| line["have_bytes"].as_u64().unwrap();
    let shown = getter.shows("half of it", |line| have_bytes(line) >= LEN_BYTES / 2);
    let seen_bytes = have_bytes(&shown);
    getter.kill();
    assert_eq!(place.names("copy"), ["one.bin.mtpart"]);
    let summary = Client::get(&place, &format!("{get} --exit"), &[&seeder])
        .wait()
        .ok();
    let fetched_bytes = summary["downloaded_bytes"].as_u64().unwrap();
    assert!(
        fetched_bytes <= LEN_BYTES - seen_bytes,
        "{seen_bytes}: {summary}"
    );
    is_copied(&place, "copy");
}

#[test]
fn a_directory_is_gone_on_with() {
    let place = Place::new();
    make_directory(&place);
    let create = "create data -o made.torrent --piece-length 64KiB --meta hybrid";
    place.line(create).ok();
    let seeder = Client::seed(&place, "made.torrent --data data");
    for pause in pauses(8).take(4) {
        let getter = Client::get(&place, "made.torrent copy --limit-down 2MB/s", &[&seeder]);
        thread::sleep(pause);
        getter.signal(Signal::KILL);
        getter.wait();
    }
    Client::get(&place, "made.torrent copy --exit", &[&seeder])
        .wait()
        .ok();
    assert_eq!(tree(&place.path("copy/data")), tree(&place.path("data")));
}

/// A getter that was stopped in good order loses nothing.
#[test]
fn stopped_and_started_it_fetches_each_byte_once() {
    const LEN_BYTES: u64 = 6_000_000;
    let place = Place::new();
    make_file(&place, 6_000_000, "");
    let seeder = Client::seed(&place, "one.torrent --data one.bin");
    let getter = Client::get(&place, "one.torrent copy --limit-down 2MB/s", &[&seeder]);
    getter.is_under_way();
    let first = getter.stop().failed_naming(&["came"]).summary();
    let have_bytes = first["have_bytes"].as_u64().unwrap();
    let second = Client::get(&place, "one.torrent copy --exit", &[&seeder])
        .wait()
        .ok();
    assert_eq!(second["downloaded_bytes"], LEN_BYTES - have_bytes);
    is_copied(&place, "copy");
}
