//! Whatever ends a tracker, the next one knows the swarms.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::clients::{Announce, Http};
use crate::process::{ADMIN, HTTP, Tracker, wait_until};

const STATE: &str = "--state swarms.txt";

/// Changes of the last second may be missing. A busy machine gets another to do the writing.
const MISSING_MAX: Duration = Duration::from_secs(2);

/// Who is in which swarm, and whether as a seeder.
pub(crate) type Model = BTreeMap<(u8, u16), bool>;

pub(crate) fn apply(model: &mut Model, announce: Announce) {
    let key = (announce.swarm, announce.port);
    match announce.event {
        "stopped" => model.remove(&key),
        _ => model.insert(key, announce.left_bytes == 0),
    };
}

pub(crate) fn random_announce(state: &mut u64) -> Announce {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    let [a, b, c, d, e, ..] = state.to_le_bytes();
    Announce {
        swarm: a % 4,
        port: 1 + u16::from_le_bytes([b, c]) % 2000,
        left_bytes: u64::from(d % 2),
        event: if e % 4 == 0 { "stopped" } else { "" },
    }
}

/// What a tracker was told, in order, and when it had answered.
struct Load {
    announces: Vec<(Announce, Option<Instant>)>,
}

/// Announces until the tracker is gone; what was not answered may or may not have been taken in.
fn announce_until_gone(mut client: Http, mut seed: u64) -> Load {
    let mut announces = Vec::new();
    loop {
        let announce = random_announce(&mut seed);
        let answered = client.try_get(&announce.target()).map(|_| Instant::now());
        announces.push((announce, answered));
        if answered.is_none() {
            return Load { announces };
        }
    }
}

/// Reads the file as a person would.
pub(crate) fn written(path: &Path) -> Model {
    let text = fs::read_to_string(path).unwrap();
    let whole = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
    let mut model = Model::new();
    for line in whole.lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<&str> = line.split(' ').collect();
        let &[word, hash, what] = words.as_slice() else {
            panic!("{line}");
        };
        let swarm = u8::from_str_radix(&hash[..2], 16).unwrap();
        let port = || what.strip_prefix("127.0.0.1:").unwrap().parse().unwrap();
        match word {
            "seeder" | "leecher" => {
                model.insert((swarm, port()), word == "seeder");
            }
            "gone" => {
                model.remove(&(swarm, port()));
            }
            other => panic!("{other}"),
        }
    }
    model
}

fn assert_served(folder: &Path, model: &Model) -> Tracker {
    let tracker = Tracker::start(folder, &[HTTP, ADMIN, STATE]);
    for swarm in 0..4 {
        let of_swarm = || model.iter().filter(|((of, _), _)| *of == swarm);
        let seeders = of_swarm().filter(|(_, is_seeder)| **is_seeder).count();
        let counts = tracker.client().scrape(swarm);
        let told = (counts.seeders as usize, counts.leechers as usize);
        assert_eq!(told, (seeders, of_swarm().count() - seeders), "{swarm}");
    }
    tracker
}

#[test]
fn nothing_is_missing_after_an_end_in_good_order() {
    let folder = tempfile::tempdir().unwrap();
    let mut model = Model::new();
    let mut seed = 1;
    for _ in 0..3 {
        let tracker = assert_served(folder.path(), &model);
        let mut client = tracker.client();
        for _ in 0..500 {
            let announce = random_announce(&mut seed);
            client.get(&announce.target());
            apply(&mut model, announce);
        }
        tracker.stop();
        assert_eq!(written(&folder.path().join("swarms.txt")), model);
    }
}

#[test]
fn an_end_under_load_loses_nothing_that_was_answered() {
    let folder = tempfile::tempdir().unwrap();
    let tracker = Tracker::start(folder.path(), &[HTTP, ADMIN, STATE]);
    let client = tracker.client();
    let load = thread::spawn(move || announce_until_gone(client, 5));
    thread::sleep(Duration::from_millis(1300));
    tracker.signal(Signal::TERM);
    let load = load.join().unwrap();
    let ended = tracker.wait();
    assert!(ended.status.success(), "{ended:?}");
    let found = written(&folder.path().join("swarms.txt"));
    assert!(missing(&Model::new(), &load, &found, Instant::now()) <= 1);
}

#[test]
fn a_kill_loses_no_more_than_the_last_changes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("swarms.txt");
    let mut model = Model::new();
    // Moments before, at and after a write, which comes once a second.
    for (seed, after_ms) in [(11, 450), (12, 1010), (13, 1730), (14, 2004), (15, 2600)] {
        let tracker = assert_served(folder.path(), &model);
        let client = tracker.client();
        let load = thread::spawn(move || announce_until_gone(client, seed));
        thread::sleep(Duration::from_millis(after_ms));
        let killed_at = Instant::now();
        tracker.kill();
        let load = load.join().unwrap();
        assert!(load.announces.len() > 50, "{}", load.announces.len());
        let found = written(&path);
        missing(&model, &load, &found, killed_at - MISSING_MAX);
        model = found;
    }
    assert_served(folder.path(), &model).stop();
}

#[test]
fn a_disk_that_was_full_is_told_of_once_and_made_good() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("swarms.txt");
    let tracker = Tracker::start_on_a_small_disk(folder.path(), &[HTTP, ADMIN, STATE]);
    let announce = |port| Announce {
        swarm: 1,
        port,
        left_bytes: 0,
        event: "",
    };
    let file = || tracker.stats()["state_file"].clone();
    tracker.client().announce(announce(1));
    wait_until(|| written(&path).len() == 1);
    assert_eq!(file()["written"], true);

    tracker.fill_disk(true);
    tracker.client().announce(announce(2));
    let line = tracker.said("cannot write");
    assert!(
        line.contains("[WARN]") && line.contains("swarms.txt"),
        "{line}"
    );
    // It is tried again after ten seconds, and fails again.
    wait_until(|| file()["unwritten_s"].as_u64().is_some_and(|s| s > 11));
    assert_eq!(written(&path).len(), 1);
    tracker.fill_disk(false);
    let lines = tracker.said_until("is written again and lacks nothing");
    assert_eq!(lines.len(), 1, "one word at each end: {lines:?}");
    assert!(lines[0].contains("[INFO]"), "{lines:?}");
    assert_eq!(written(&path).len(), 2);
    wait_until(|| file()["written"] == true);
    tracker.stop();
}

/// How many of the last announces the file does not know of. It must be what some number of them in
/// their order made of the model, and all that were answered before `by` must be among them.
fn missing(before: &Model, load: &Load, found: &Model, by: Instant) -> usize {
    let mut model = before.clone();
    let mut fitting = (model == *found).then_some(0);
    for (number, (announce, _)) in (1..).zip(&load.announces) {
        apply(&mut model, *announce);
        if model == *found {
            fitting = Some(number);
        }
    }
    let count = fitting.expect("the file is no moment of the past");
    for (announce, answered) in &load.announces[count..] {
        assert!(answered.is_none_or(|at| at > by), "{announce:?} is missing");
    }
    load.announces.len() - count
}
