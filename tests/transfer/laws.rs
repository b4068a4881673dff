//! The loop never waits for a disk, nor for other threads: shown by the faults, reads and sleeps that
//! the kernel counts of its thread.

use std::fs::File;
use std::path::Path;

use rustix::fs::{Advice, fadvise};
use serde_json::Value;

use crate::client::Client;
use crate::support::{Place, noise};

const PAGE_LEN_BYTES: u64 = 4096;

/// A thread that faults its pages in has a fault for each. What is left is the loop's own memory,
/// and pages that a busy kernel wrote back and protected under its hands.
const PAGES_PER_FAULT_MIN: u64 = 16;

/// Own memory, while it grows to what it needs.
const FAULTS_AT_FIRST_MAX: u64 = 500;

/// The program is a file, too, and a busy kernel forgets parts of it. A thread that reads content
/// does so hundreds of times.
const OWN_PAGES_READ_MAX: u64 = 8;

/// What the kernel reads ahead, in its blocks of 512 bytes.
const BLOCKS_PER_READ_MAX: u64 = 256;

/// Locks of moments, whose holder lost its core. Who waits for memory that is being mapped is woken
/// in vain for every page of it.
const SWITCHES_MAX: u64 = 8;

#[track_caller]
fn never_waits(who: &str, summary: &Value, moved_bytes: u64) {
    let figures = &summary["reactor"];
    let figure = |name: &str| figures[name].as_u64().unwrap();
    assert!(
        figure("major_faults") < OWN_PAGES_READ_MAX,
        "{who}: {figures}"
    );
    assert!(
        figure("blocks_input") < OWN_PAGES_READ_MAX * BLOCKS_PER_READ_MAX,
        "{who}: {figures}"
    );
    let switches = figure("voluntary_switches_outside_poll");
    assert!(switches < SWITCHES_MAX, "{who}: {figures}");
    let faults_max = FAULTS_AT_FIRST_MAX + moved_bytes / PAGE_LEN_BYTES / PAGES_PER_FAULT_MIN;
    assert!(
        figure("minor_faults") < faults_max,
        "{who}: {faults_max}: {figures}"
    );
}

/// Has the kernel forget what a file holds, so that it has to be read from the disk.
fn drop_from_cache(path: &Path) {
    let file = File::open(path).unwrap();
    // What is not on the disk yet cannot be forgotten.
    file.sync_all().unwrap();
    fadvise(&file, 0, None, Advice::DontNeed).unwrap();
}

fn moves(len_bytes: u64, io: &str, is_cold: bool) {
    let place = Place::new();
    let source = place.file("one.bin", noise(7, usize::try_from(len_bytes).unwrap()));
    let create = "create one.bin -o one.torrent --piece-length 1MiB";
    place.line(create).ok();
    let seed = format!("one.torrent --data one.bin --io {io}");
    let seeder = Client::seed(&place, &seed);
    if is_cold {
        drop_from_cache(&source);
    }
    let get = format!("one.torrent copy --exit --io {io}");
    let got = Client::get(&place, &get, &[&seeder]).wait().ok();
    let given = seeder.stop().ok();
    assert_eq!(given["uploaded_bytes"], len_bytes);
    never_waits("getter", &got, len_bytes);
    never_waits("seeder", &given, len_bytes);
}

#[test]
fn a_loop_that_moves_mapped_files_never_waits() {
    for len_bytes in [32 << 20, 128 << 20] {
        moves(len_bytes, "mmap", false);
    }
}

#[test]
fn a_loop_that_sends_what_is_only_on_the_disk_never_waits() {
    for io in ["mmap", "positional"] {
        moves(96 << 20, io, true);
    }
}
