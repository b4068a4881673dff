//! Many at once, who find each other through a tracker.

use std::path::Path;

use crate::client::Client;
use crate::content::{is_copied, make_file};
use crate::process::{ADMIN, HTTP, Tracker, UDP, wait_until};
use crate::support::{Place, spawn, wait};

const LEN_BYTES: u64 = 6_000_000;

/// As often as a client of ours asks at all.
const SOON: &str = "--interval 5s --min-interval 5s";

struct Ground {
    place: Place,
    tracker: Tracker,
}

impl Ground {
    fn new(scheme: &str) -> Self {
        Self::with_policy(scheme, SOON)
    }

    fn with_policy(scheme: &str, policy: &str) -> Self {
        let place = Place::new();
        let tracker = Tracker::start(&place.path(Path::new("")), &[HTTP, UDP, ADMIN, policy]);
        let url = match scheme {
            "udp" => format!("udp://{}", tracker.udp.unwrap()),
            _ => format!("http://{}/announce", tracker.http.unwrap()),
        };
        let len_bytes = usize::try_from(LEN_BYTES).unwrap();
        make_file(&place, len_bytes, &format!("--tracker {url}"));
        Self { place, tracker }
    }

    fn seed(&self, words: &str) -> Client {
        Client::seed(&self.place, &format!("one.torrent --data one.bin {words}"))
    }

    fn get(&self, folder: &str, words: &str) -> Client {
        let line = format!("one.torrent {folder} {words}");
        Client::get(&self.place, &line, &[])
    }

    fn await_seeders(&self, wanted: u64) {
        wait_until(|| self.tracker.stats()["seeders"] == wanted);
    }
}

fn uploaded_bytes(client: Client) -> u64 {
    client.stop().ok()["uploaded_bytes"].as_u64().unwrap()
}

#[test]
fn they_find_each_other_through_either_kind_of_tracker() {
    for scheme in ["http", "udp"] {
        let ground = Ground::new(scheme);
        let seeder = ground.seed("");
        ground.await_seeders(1);
        ground.get("copy", "--exit").wait().ok();
        is_copied(&ground.place, "copy");
        assert_eq!(uploaded_bytes(seeder), LEN_BYTES);
    }
}

/// The seeder gives too slowly for all of them, so most of it they have from each other.
#[test]
fn getters_help_each_other() {
    const GETTERS: u64 = 4;
    let ground = Ground::new("http");
    let seeder = ground.seed("--limit-up 1500KB/s");
    ground.await_seeders(1);
    let folders: Vec<String> = (0..GETTERS).map(|index| format!("copy{index}")).collect();
    let getters: Vec<Client> = folders
        .iter()
        .map(|folder| ground.get(folder, ""))
        .collect();
    for (getter, folder) in getters.iter().zip(&folders) {
        getter.shows("the end", |line| line["state"] == "seeding");
        is_copied(&ground.place, folder);
    }
    let by_seeder = uploaded_bytes(seeder);
    let by_getters: Vec<u64> = getters.into_iter().map(uploaded_bytes).collect();
    assert!(
        by_getters.iter().sum::<u64>() >= LEN_BYTES,
        "{by_seeder} and {by_getters:?}"
    );
    assert!(
        by_seeder < GETTERS * LEN_BYTES,
        "{by_seeder} and {by_getters:?}"
    );
}

#[test]
fn they_find_each_other_without_any_ipv4() {
    for scheme in ["http", "udp"] {
        let place = Place::new();
        let folder = place.path(Path::new(""));
        let tracker = Tracker::start(&folder, &["--http [::1]:0 --udp [::1]:0", ADMIN, SOON]);
        let url = match scheme {
            "udp" => format!("udp://{}", tracker.udp.unwrap()),
            _ => format!("http://{}/announce", tracker.http.unwrap()),
        };
        let len_bytes = usize::try_from(LEN_BYTES).unwrap();
        make_file(&place, len_bytes, &format!("--tracker {url}"));
        let start = |line: &str| {
            let line = format!("{line} --listen [::1]:0 --json");
            spawn(&mut place.command(line.split_whitespace()))
        };
        let seeder = start("seed one.torrent --data one.bin");
        wait_until(|| tracker.stats()["seeders"] == 1);
        let getter = wait(start("get one.torrent copy --exit"));
        assert_eq!(getter.status.code(), Some(0), "{getter:?}");
        is_copied(&place, "copy");
        let id = rustix::process::Pid::from_child(&seeder);
        rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
        let told = wait(seeder).ok();
        let uploaded = format!("\"uploaded_bytes\":{LEN_BYTES}");
        assert!(told.lines().last().unwrap().contains(&uploaded), "{told}");
    }
}

#[test]
fn without_its_tracker_a_download_goes_on() {
    let ground = Ground::new("http");
    let seeder = ground.seed("--limit-up 2MB/s");
    ground.await_seeders(1);
    let getter = ground.get("copy", "--exit");
    getter.is_under_way();
    ground.tracker.kill();
    getter.wait().ok();
    is_copied(&ground.place, "copy");
    seeder.stop().ok();
}

#[test]
fn while_one_seeder_remains_a_download_goes_on() {
    let ground = Ground::new("http");
    let seeders: Vec<Client> = (0..3).map(|_| ground.seed("--limit-up 500KB/s")).collect();
    ground.await_seeders(3);
    let getter = ground.get("copy", "--exit");
    getter.is_under_way();
    let mut seeders = seeders.into_iter();
    let last = seeders.next().unwrap();
    for seeder in seeders {
        let line = |line: &serde_json::Value| line["uploaded_bytes"].as_u64() > Some(0);
        seeder.shows("that it gave something", line);
        seeder.kill();
    }
    getter.wait().ok();
    is_copied(&ground.place, "copy");
    last.stop().ok();
}

/// Whoever waits asks again as soon as the tracker allows it.
#[test]
fn a_seeder_that_comes_last_is_found() {
    let ground = Ground::new("http");
    // Nobody can call the one that waits.
    let get = "get one.torrent copy --exit --listen [::1]:0 --json";
    let getter = spawn(&mut ground.place.command(get.split_whitespace()));
    wait_until(|| ground.tracker.stats()["leechers"] == 1);
    let seeder = ground.seed("");
    assert_eq!(wait(getter).status.code(), Some(0));
    is_copied(&ground.place, "copy");
    seeder.stop().ok();
}

/// It is told of whoever waits, who may not ask again so soon.
#[test]
fn a_seeder_that_comes_last_calls_whoever_waits() {
    let ground = Ground::with_policy("http", "--interval 30m --min-interval 10m");
    let getter = ground.get("copy", "--exit");
    wait_until(|| ground.tracker.stats()["leechers"] == 1);
    let seeder = ground.seed("");
    getter.wait().ok();
    is_copied(&ground.place, "copy");
    seeder.stop().ok();
}
