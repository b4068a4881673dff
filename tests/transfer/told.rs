//! What `seed` and `get` tell of themselves, for programs and for people.

use std::net::TcpListener;

use serde_json::Value;

use crate::client::Client;
use crate::content::{is_copied, make_directory, make_file};
use crate::support::{Place, noise};

#[track_caller]
fn has_numbers(value: &Value, names: &[&str]) {
    for name in names {
        assert!(value[name].is_number(), "`{name}` in {value}");
    }
}

/// Progress has to be shown at least once before the end, on however fast a machine.
#[test]
fn lines_of_json_tell_of_progress_and_the_last_one_of_all_of_it() {
    let place = Place::new();
    make_file(&place, 3_000_000, "");
    let seeder = Client::seed(&place, "one.torrent --data one.bin");
    let getter = Client::get(&place, "one.torrent copy --exit", &[&seeder]);
    let ended = getter.wait();
    let lines: Vec<Value> = ended
        .out
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let (summary, progress) = lines.split_last().unwrap();
    assert!(!progress.is_empty());
    for line in progress {
        assert_eq!(line["event"], "progress");
        assert!(["downloading", "finishing", "seeding"].contains(&line["state"].as_str().unwrap()));
        has_numbers(
            line,
            &["have_bytes", "down_bytes_per_second", "up_bytes_per_second"],
        );
        has_numbers(
            line,
            &["downloaded_bytes", "uploaded_bytes", "peers", "seeds"],
        );
        assert_eq!(line["total_bytes"], 3_000_000);
    }
    assert_eq!(summary["event"], "done");
    assert_eq!(summary["name"], "one.bin");
    assert_eq!(summary["state"], "seeding");
    assert_eq!(summary["complete"], true);
    for whole in ["total_bytes", "have_bytes", "downloaded_bytes"] {
        assert_eq!(summary[whole], 3_000_000, "{whole}");
    }
    has_numbers(summary, &["seconds", "download_seconds", "cpu_seconds"]);
    has_numbers(
        &summary["memory"],
        &["anonymous_bytes", "mapped_bytes", "peak_resident_bytes"],
    );
    let limits = ["peers", "network", "hash", "disk", "limit"];
    assert!(limits.contains(&summary["limited_by"].as_str().unwrap()));
    has_numbers(&summary["waited_seconds"], &limits);
    has_numbers(
        &summary["reactor"],
        &[
            "turns",
            "major_faults",
            "minor_faults",
            "longest_turn_cpu_ns",
        ],
    );
    assert!(summary["reactor"]["received_bytes"].as_u64().unwrap() > 3_000_000);
}

#[test]
fn people_read_a_sentence_at_the_end() {
    let place = Place::new();
    make_file(&place, 300_000, "");
    let seeder = Client::seed(&place, "one.torrent --data one.bin");
    let address = seeder.address();
    let get = format!("get one.torrent copy --exit --listen 127.0.0.1:0 --peer {address}");
    let ran = place.line(&get);
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    assert!(
        ran.err
            .starts_with("`one.bin`: 293 KiB of 293 KiB there; 293 KiB down, 0 B up in ")
    );
    assert_eq!(ran.ok(), "");
}

#[test]
fn a_limit_that_was_set_is_named_as_what_limited() {
    let place = Place::new();
    make_file(&place, 3_000_000, "");
    let seeder = Client::seed(&place, "one.torrent --data one.bin");
    let get = "one.torrent copy --exit --limit-down 1MB/s";
    let summary = Client::get(&place, get, &[&seeder]).wait().ok();
    assert_eq!(summary["limited_by"], "limit");
    // What may flow at once at the start is not waited for.
    assert!(summary["seconds"].as_f64().unwrap() > 2.0, "{summary}");
    is_copied(&place, "copy");
}

#[test]
fn who_gives_up_says_what_came() {
    let place = Place::new();
    make_file(&place, 300_000, "");
    let ended = Client::get(&place, "one.torrent copy --exit --give-up 1s", &[]).wait();
    let ended = ended.failed_naming(&["0 B of 293 KiB came", "nothing more for 1s"]);
    let summary = ended.summary();
    assert_eq!(summary["complete"], false);
    assert_eq!(summary["limited_by"], "peers");
    assert_eq!(place.names("copy"), ["one.bin.mtpart"]);
}

#[test]
fn a_port_that_is_taken_is_named() {
    let place = Place::new();
    make_file(&place, 1000, "");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for line in ["seed one.torrent --data one.bin", "get one.torrent copy"] {
        let ran = place.line(&format!("{line} --listen {address}"));
        ran.fails_naming(&[&address, "another program has that port"]);
    }
    assert!(!place.path("copy").exists());
}

#[test]
fn another_port_than_the_usual_one_is_told() {
    let place = Place::new();
    make_file(&place, 1000, "");
    // Where this fails, another program has it already.
    let _held = TcpListener::bind("0.0.0.0:6881");
    let ran = place.line("get one.torrent copy --exit --give-up 1s");
    assert!(
        ran.err
            .contains("port 6881 is taken; taking connections at port "),
        "{}",
        ran.err
    );
}

#[test]
fn what_cannot_be_read_or_carried_is_named() {
    let place = Place::new();
    make_file(&place, 1000, "-o one.st");
    let not_there = "No such file";
    place
        .line("seed none.torrent --data one.bin")
        .fails_naming(&["`none.torrent`", not_there]);
    place
        .line("get none.torrent copy")
        .fails_naming(&["`none.torrent`", not_there]);
    place
        .line("seed one.torrent --data none")
        .fails_naming(&["`none`", "not there"]);
    place.line("get one.bin copy").fails_naming(&["`one.bin`"]);
    let later = ["v2", "yet"];
    place
        .line("seed one.st --data one.bin")
        .fails_naming(&later);
    place.line("get one.st copy").fails_naming(&later);
    assert!(!place.path("copy").exists());
}

#[test]
fn links_are_not_followed_yet() {
    let place = Place::new();
    let magnet = "magnet:?xt=urn:btih:9f92da54e6570126e56e52521a95fae323a769a6";
    place
        .line(&format!("get {magnet} copy"))
        .fails_naming(&["magnet", "get the .torrent first"]);
    let url = "http://127.0.0.1:1/one.torrent";
    place
        .line(&format!("get {url} copy"))
        .fails_naming(&[url, "URLs yet"]);
    assert!(!place.path("copy").exists());
}

/// It has what others lack, lacks what others have, and writes to nobody's files.
#[test]
fn a_seeder_of_a_part_gives_that_and_fetches_nothing() {
    let place = Place::new();
    make_file(&place, 3_000_000, "");
    let mut bytes = place.read("one.bin");
    bytes[700_000] ^= 1;
    place.file("damaged/one.bin", &bytes);
    let whole = Client::seed(&place, "one.torrent --data one.bin");
    let part = Client::seed(&place, "one.torrent --data damaged/one.bin");
    // Through the one that has it all, they hear of each other.
    let getter = Client::get(&place, "one.torrent copy", &[&part, &whole]);
    getter.shows("the end", |line| line["state"] == "seeding");
    is_copied(&place, "copy");
    getter.stop().ok();
    let ended = part.stop();
    assert!(ended.err.contains("has 45 of the 46 pieces"), "{ended:?}");
    let summary = ended.ok();
    assert_eq!(summary["state"], "seeding");
    assert_eq!(summary["downloaded_bytes"], 0);
    assert!(place.read("damaged/one.bin") == bytes);
}

#[test]
fn data_of_another_torrent_is_not_seeded() {
    let place = Place::new();
    make_file(&place, 300_000, "");
    place.file("other.bin", noise(1, 300_000));
    let seed = "seed one.torrent --data other.bin";
    place
        .line(seed)
        .fails_naming(&["`other.bin`", "not one whole piece", "mt client verify"]);
    make_directory(&place);
    place
        .line("seed one.torrent --data data")
        .fails_naming(&["`data`", "not one whole piece"]);
}
