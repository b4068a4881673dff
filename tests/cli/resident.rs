//! Memory of `mt client create` and `verify` while they read, as the kernel counts it.

use std::fs;
use std::path::Path;
use std::process::Child;
use std::thread;
use std::time::Duration;

use crate::support::{Place, spawn, wait};

const ANONYMOUS_BYTES_MAX: u64 = 32 << 20;

/// The budget of windows.
const MAPPED_BYTES_MAX: u64 = 64 << 20;

const BETWEEN_SAMPLES: Duration = Duration::from_millis(5);

/// The most that was seen at once.
#[derive(Debug, Default)]
struct Peak {
    anonymous_bytes: u64,
    /// Of the content, in windows.
    mapped_bytes: u64,
    samples: u32,
}

impl Peak {
    fn sample(&mut self, child: &Child, content: &Path) -> Option<()> {
        let smaps = fs::read_to_string(format!("/proc/{}/smaps", child.id())).ok()?;
        let content = content.to_str()?;
        let (mut is_content, mut anonymous_bytes, mut mapped_bytes) = (false, 0, 0);
        for line in smaps.lines() {
            if !line.split_whitespace().next()?.ends_with(':') {
                is_content = line.contains(content);
            } else if let Some(kib) = kib_of(line, "Anonymous:") {
                anonymous_bytes += kib << 10;
            } else if let Some(kib) = kib_of(line, "Rss:").filter(|_| is_content) {
                mapped_bytes += kib << 10;
            }
        }
        self.anonymous_bytes = self.anonymous_bytes.max(anonymous_bytes);
        self.mapped_bytes = self.mapped_bytes.max(mapped_bytes);
        self.samples += 1;
        Some(())
    }
}

fn kib_of(line: &str, key: &str) -> Option<u64> {
    line.strip_prefix(key)?
        .trim()
        .strip_suffix(" kB")?
        .parse()
        .ok()
}

/// Runs a command to its end, looking at it all the time.
fn watch(place: &Place, line: &str) -> Peak {
    let content = place.path("set").canonicalize().unwrap();
    let mut child = spawn(&mut place.command(line.split_whitespace()));
    let mut peak = Peak::default();
    while child.try_wait().unwrap().is_none() {
        if peak.sample(&child, &content).is_none() {
            break;
        }
        thread::sleep(BETWEEN_SAMPLES);
    }
    wait(child).ok();
    println!("{line}: {peak:?}");
    assert!(peak.samples > 10, "{line}: {peak:?}");
    assert!(
        peak.anonymous_bytes < ANONYMOUS_BYTES_MAX,
        "{line}: {peak:?}"
    );
    assert!(peak.mapped_bytes <= MAPPED_BYTES_MAX, "{line}: {peak:?}");
    peak
}

#[test]
fn a_large_file_is_read_through_bounded_windows() {
    let place = Place::new();
    place.sparse("set/large", 160 << 20);
    let peak = watch(&place, "create set -o x.torrent");
    assert!(peak.mapped_bytes > 0, "{peak:?}");
    watch(&place, "verify x.torrent set");
    let peak = watch(
        &place,
        "create set -o y.torrent --io positional --piece-length 16MiB",
    );
    assert_eq!(peak.mapped_bytes, 0);
}

#[test]
fn small_files_beside_a_large_one_are_copied_through_bounded_buffers() {
    let place = Place::new();
    for index in 0..450 {
        place.sparse(format!("set/{index}"), 100_000);
    }
    // So large that the mean of the lengths hides the small ones.
    place.sparse("set/large", 440 << 20);
    watch(&place, "create set -o x.torrent --piece-length 256KiB");
}

/// What this many files may cost beyond twice their torrent. It is far less than the promised 32 MiB,
/// which so few files would stay under at hundreds of bytes each.
const FILES: usize = 30_000;
const BYTES_PER_FILE_MAX: u64 = 150;

/// What is there without many files: data of this kind of build, and stacks.
fn floor_of(place: &Place) -> u64 {
    place.file("few/a", "x");
    peak_anonymous(place, "create few -o few.torrent -o few.st")
}

/// The most that was seen at once, looking until the end.
fn peak_anonymous(place: &Place, line: &str) -> u64 {
    let child = spawn(&mut place.command(line.split_whitespace()));
    let path = format!("/proc/{}/status", child.id());
    let ending = thread::spawn(move || wait(child));
    let mut peak_bytes = 0;
    while !ending.is_finished() {
        let status = fs::read_to_string(&path).unwrap_or_default();
        let found = status.lines().find_map(|line| kib_of(line, "RssAnon:"));
        peak_bytes = peak_bytes.max(found.unwrap_or_default() << 10);
        thread::sleep(Duration::from_millis(1));
    }
    ending.join().unwrap().ok();
    peak_bytes
}

#[test]
fn very_many_files_cost_little_beyond_their_torrent() {
    let place = Place::new();
    let floor_bytes = floor_of(&place);
    for index in 0..FILES {
        place.file(format!("set/{}/file {index}", index / 1000), "x");
    }
    let cases = [
        ("create set -o x.torrent", &["x.torrent"][..]),
        ("create set -o y.torrent -o y.st", &["y.torrent", "y.st"]),
        ("verify x.torrent set", &["x.torrent"]),
        ("verify y.st set --json", &["y.st"]),
    ];
    for (line, torrents) in cases {
        let peak_bytes = peak_anonymous(&place, line);
        let torrent_bytes: u64 = torrents
            .iter()
            .map(|name| fs::metadata(place.path(name)).unwrap().len())
            .sum();
        let allowed_bytes = floor_bytes + 2 * torrent_bytes + FILES as u64 * BYTES_PER_FILE_MAX;
        println!("{line}: {peak_bytes} of {allowed_bytes}, floor {floor_bytes}");
        assert!(
            peak_bytes < allowed_bytes,
            "{line}: {peak_bytes} of {allowed_bytes}"
        );
        assert!(
            peak_bytes < ANONYMOUS_BYTES_MAX + 2 * torrent_bytes,
            "{line}"
        );
    }
}
