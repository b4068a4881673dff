//! Memory while reading stays under four times the document, whatever the document is.
//!
//! Each document is read by a process of its own, whose peak is the kernel's word.

#![cfg(target_os = "linux")]

mod documents;
#[path = "memory/hostile.rs"]
mod hostile;

use std::path::Path;
use std::process::Command;

use mt::metainfo::{self, Format};

const THIS_TEST: &str = "memory_while_reading_stays_under_four_times_the_document";

/// Tells the child what to read: the format, then the path.
const FORMAT_VARIABLE: &str = "MT_MEMORY_FORMAT";
const PATH_VARIABLE: &str = "MT_MEMORY_PATH";

/// What begins the line in which the child reports.
const REPORT: &str = "memory report:";

/// Under four times the document, and a little for what is there without one.
const TIMES_MAX: u64 = 4;
const CONSTANT_BYTES: u64 = 8 << 20;

/// Documents smaller than this would hide behind the constant.
const DOCUMENT_LEN_BYTES_MIN: usize = 16 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Read,
    Refused,
}

struct Case {
    name: &'static str,
    format: Format,
    outcome: Outcome,
    /// A function, so that one document is there at a time.
    document: fn() -> Vec<u8>,
}

const fn case(
    name: &'static str,
    format: Format,
    outcome: Outcome,
    document: fn() -> Vec<u8>,
) -> Case {
    Case {
        name,
        format,
        outcome,
        document,
    }
}

/// A million, where the build is fast enough for it, else as many as make the document large.
const fn count(unoptimized: usize) -> usize {
    if cfg!(debug_assertions) {
        unoptimized
    } else {
        1_000_000
    }
}

fn cases() -> Vec<Case> {
    use Format::{Mtorrent, St, Torrent};
    use Outcome::{Read, Refused};
    vec![
        case("v1", Torrent, Read, || documents::v1(count(300_000))),
        case("v2", Torrent, Read, || documents::v2(count(190_000))),
        case("hybrid", Torrent, Read, || documents::hybrid(count(90_000))),
        case("layer", Torrent, Read, || {
            documents::v2_with_layer(count(550_000))
        }),
        case("mtorrent", Mtorrent, Read, || {
            documents::mtorrent(count(450_000))
        }),
        case("st", St, Read, || documents::st(count(220_000))),
        case("one name", Torrent, Read, || {
            hostile::one_name(count(700_000))
        }),
        case("unsorted keys", Torrent, Read, || {
            hostile::unsorted_keys(count(1_000_000))
        }),
        case("padding without paths", Torrent, Read, || {
            hostile::padding_without_paths(count(800_000))
        }),
        case("names alike once clean", Torrent, Read, || {
            hostile::names_alike_once_clean(count(780_000))
        }),
        case("names alike once clean, st", St, Read, || {
            hostile::st_names_alike_once_clean(count(1_100_000))
        }),
        case("empty tiers", Torrent, Read, || {
            hostile::empty_tiers(8 << 20)
        }),
        case("no text", Torrent, Read, || {
            hostile::comment_that_is_no_text(16 << 20)
        }),
        case("long link", Torrent, Read, || hostile::long_link(8 << 20)),
        case("long path", Torrent, Refused, || {
            hostile::long_path(8 << 20)
        }),
        case("deep tree", Torrent, Refused, || {
            hostile::deep_tree(800_000)
        }),
        case("nested lists", Torrent, Refused, || {
            hostile::nested_lists(1_000_000)
        }),
        case("tiny items", Torrent, Refused, || {
            hostile::tiny_items(20_000_000)
        }),
        case("string beyond the end", Torrent, Refused, || {
            hostile::string_beyond_the_end(16 << 20)
        }),
    ]
}

#[test]
fn memory_while_reading_stays_under_four_times_the_document() {
    if let Some(path) = std::env::var_os(PATH_VARIABLE) {
        return read_and_report(Path::new(&path));
    }
    let mut faults = Vec::new();
    for case in cases() {
        let document = (case.document)();
        let fault = measure(&case, &document).err();
        faults.extend(fault.map(|fault| format!("{}: {fault}", case.name)));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Has a child read the document.
fn measure(case: &Case, document: &[u8]) -> Result<(), String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("document");
    std::fs::write(&path, document).unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", THIS_TEST, "--nocapture"])
        .env(FORMAT_VARIABLE, case.format.name())
        .env(PATH_VARIABLE, &path)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let Some(report) = text.lines().find_map(|line| line.split_once(REPORT)) else {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(format!("no report, {}: {errors}", output.status));
    };
    let (growth, outcome) = report.1.trim().split_once(' ').unwrap();
    let growth_bytes: u64 = growth.parse().unwrap();
    let len_bytes = document.len() as u64;
    println!(
        "{:>26}: {:6.2} MiB, times {:5.2}, {outcome}",
        case.name,
        len_bytes as f64 / f64::from(1 << 20),
        growth_bytes as f64 / len_bytes as f64,
    );
    let expected = format!("{:?}", case.outcome);
    if !outcome.starts_with(&expected) {
        return Err(format!("expected `{expected}`, found `{outcome}`"));
    }
    let is_small = document.len() < DOCUMENT_LEN_BYTES_MIN;
    let constant_bytes = if is_small { CONSTANT_BYTES } else { 0 };
    if growth_bytes > TIMES_MAX * len_bytes + constant_bytes {
        return Err(format!(
            "{growth_bytes} bytes for a document of {len_bytes}"
        ));
    }
    Ok(())
}

/// The child's part.
fn read_and_report(path: &Path) {
    let format = std::env::var(FORMAT_VARIABLE).unwrap();
    let format = Format::from_extension(&format);
    let before_bytes = peak_bytes();
    let document = std::fs::read(path).unwrap();
    let result = metainfo::read(document, format);
    let growth_bytes = peak_bytes() - before_bytes;
    let outcome = match result {
        Ok(_) => format!("{:?}", Outcome::Read),
        Err(error) => format!("{:?}: {error}", Outcome::Refused),
    };
    println!("\n{REPORT} {growth_bytes} {outcome}");
}

/// The most memory that was resident so far.
fn peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kib << 10
}
