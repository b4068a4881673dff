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
