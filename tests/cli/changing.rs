//! Content that changes while it is read, and commands that are ended while they read.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Place, Ran, noise, set_len, spawn, wait};

/// More than any machine hashes while a test runs.
const ENDLESS_BYTES: u64 = 1 << 36;

const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until the command has mapped a part of its content, or is over.
fn until_reading(child: &mut Child, content: &Path) {
    let maps = format!("/proc/{}/maps", child.id());
    let content = content.canonicalize().unwrap();
    let deadline = Instant::now() + PATIENCE;
    while child.try_wait().unwrap().is_none() {
        let mapped = fs::read_to_string(&maps).unwrap_or_default();
        if mapped.contains(content.to_str().unwrap()) {
            return;
        }
        assert!(Instant::now() < deadline, "nothing was mapped");
        thread::yield_now();
    }
}

/// Starts `create`, and does something to its content while that is read.
fn create_while(place: &Place, content: &Path, meddle: impl FnOnce(&Child)) -> Ran {
    let words = ["create", "set", "-o", "x.torrent", "-o", "x.st"];
    let mut child = spawn(&mut place.command(words));
    until_reading(&mut child, content);
    meddle(&child);
    wait(child)
}

fn assert_changed(place: &Place, ran: &Ran, path: &str) {
    ran.fails(&format!(
        "`{path}` changed while it was read; try again when nobody writes to it"
    ));
    assert_eq!(place.names("."), ["set"]);
}

#[test]
fn an_end_while_hashing_leaves_no_file() {
    for signal in [Signal::INT, Signal::TERM, Signal::KILL] {
        let place = Place::new();
        let content = place.sparse("set/large", ENDLESS_BYTES);
        let end = |child: &Child| kill_process(Pid::from_child(child), signal).unwrap();
        let ran = create_while(&place, &content, end);
        assert!(!ran.status.success(), "{ran:?}");
        assert_eq!(place.names("."), ["set"]);
    }
}

#[test]
fn what_was_there_stays_when_its_replacement_is_ended() {
    let place = Place::new();
    let content = place.sparse("set/large", ENDLESS_BYTES);
    place.file("x.torrent", "mine");
    let words = ["create", "set", "-o", "x.torrent", "--force"];
    let mut child = spawn(&mut place.command(words));
    until_reading(&mut child, &content);
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert!(!wait(child).status.success());
    assert_eq!(place.read("x.torrent"), b"mine");
    assert_eq!(place.names("."), ["set", "x.torrent"]);
}

#[test]
fn a_file_that_changes_in_any_way_is_an_error() {
    let rewrite = |path: &Path| {
        let file = OpenOptions::new().write(true).open(path).unwrap();
        file.write_all_at(b"x", 5).unwrap();
    };
    let touch = |path: &Path| {
        let file = File::open(path).unwrap();
        file.set_modified(std::time::SystemTime::UNIX_EPOCH)
            .unwrap();
    };
    let replace = |path: &Path| {
        let other = path.with_extension("new");
        fs::write(&other, noise(1, 100)).unwrap();
        fs::rename(other, path).unwrap();
    };
    let grow = |path: &Path| set_len(path, (48 << 20) + 1);
    let shrink = |path: &Path| set_len(path, 1 << 20);
    let remove = |path: &Path| fs::remove_file(path).unwrap();
    let meddlers: [&dyn Fn(&Path); 6] = [&rewrite, &touch, &replace, &grow, &shrink, &remove];
    for meddle in meddlers {
        let place = Place::new();
        let content = place.sparse("set/large", 48 << 20);
        place.file("set/small", "small");
        let ran = create_while(&place, &content, |_| meddle(&content));
        assert_changed(&place, &ran, "set/large");
    }
}

#[test]
fn a_neighbour_that_changed_after_it_was_read_is_an_error() {
    let place = Place::new();
    place.file("set/a-small", "small");
    let content = place.sparse("set/large", 48 << 20);
    let ran = create_while(&place, &content, |_| {
        drop(place.file("set/a-small", "other"));
    });
    assert_changed(&place, &ran, "set/a-small");
}

#[test]
fn truncation_at_any_moment_ends_no_process_by_a_signal() {
    let mut length = noise(3, 8 * 16).into_iter();
    for round in 0..16_u32 {
        let place = Place::new();
        place.file("set/small", "small");
        let content = place.sparse("set/large", ENDLESS_BYTES);
        let draw: Vec<u8> = length.by_ref().take(8).collect();
        let draw = u64::from_le_bytes(draw.try_into().unwrap());
        let ran = create_while(&place, &content, |_| {
            // Other moments of a window's life: mapped, populated, half hashed, done.
            for _ in 0..(draw % 64) * u64::from(round) {
                thread::yield_now();
            }
            set_len(&content, if round % 2 == 0 { 0 } else { draw % (64 << 20) });
        });
        assert_changed(&place, &ran, "set/large");
    }
}

#[test]
fn a_verified_file_that_is_truncated_is_an_error() {
    let place = Place::new();
    let content = place.sparse("set/large", 48 << 20);
    place.line("create set -o x.torrent").ok();
    let mut child = spawn(&mut place.command(["verify", "x.torrent", "set"]));
    until_reading(&mut child, &content);
    set_len(&content, 0);
    wait(child).fails_naming(&["`set/large` changed while it was read"]);
}
