//! Memory while reading stays under four times the document, whatever the document is.
//!
//! Each document is read by a process of its own, whose peak is the kernel's word.

#![cfg(target_os = "linux")]

mod documents;
#[path = "memory/hostile.rs"]
mod hostile;
#[path = "documents/other_formats.rs"]
mod other_formats;

use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use anyhow::{Context as _, bail, ensure};
use mt::metainfo::{self, Format};

const THIS_TEST: &str = "memory_while_reading_stays_under_four_times_the_document";

/// Tells the child what to read: the format, then the path.
const FORMAT_VARIABLE: &str = "MT_MEMORY_FORMAT";
const PATH_VARIABLE: &str = "MT_MEMORY_PATH";

/// What begins the line in which the child reports.
const REPORT: &str = "memory report: ";

const TIMES_MAX: usize = 4;

/// The one known exception: every file of a `.st` is spelled out as bencode, which is longer than
/// its entry, and then every file is given a new name, which is longer than its own.
const TIMES_MAX_OF_RENAMED_ST: usize = 7;

/// Documents smaller than this would measure what is there without any; they are allowed
/// `CONSTANT_BYTES` for that.
const DOCUMENT_LEN_BYTES_MIN: usize = 15 << 20;
const CONSTANT_BYTES: usize = 8 << 20;

/// How many documents are measured at a time.
const WORKERS: usize = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Read,
    Refused,
}

struct Case {
    name: &'static str,
    format: Format,
    outcome: Outcome,
    times_max: usize,
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
        times_max: TIMES_MAX,
        document,
    }
}

/// A million, where the build is fast enough for it, else as many as a few seconds allow.
const fn count(unoptimized: u32) -> u32 {
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
            other_formats::mtorrent(count(450_000))
        }),
        case("st", St, Read, || other_formats::st(count(220_000))),
        case("one name", Torrent, Read, || {
            hostile::one_name(count(200_000))
        }),
        case("unsorted keys", Torrent, Read, || {
            hostile::unsorted_keys(count(1 << 18))
        }),
        case("padding without paths", Torrent, Read, || {
            hostile::padding_without_paths(count(200_000))
        }),
        case("names alike once clean", Torrent, Read, || {
            hostile::names_alike_once_clean(count(200_000))
        }),
        Case {
            times_max: TIMES_MAX_OF_RENAMED_ST,
            ..case("names alike once clean, st", St, Read, || {
                hostile::st_names_alike_once_clean(count(200_000))
            })
        },
        case("empty tiers", Torrent, Read, || {
            hostile::empty_tiers(count(1 << 19) * 8)
        }),
        case("no text", Torrent, Read, || {
            hostile::comment_that_is_no_text(16 << 20)
        }),
        case("long link", Torrent, Read, || {
            hostile::long_link(count(1 << 19) * 8)
        }),
        case("long path", Torrent, Refused, || {
            hostile::long_path(count(1 << 19) * 8)
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
        return read_and_report(Path::new(&path)).unwrap();
    }
    let cases = Mutex::new(cases().into_iter());
    let faults = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                // The lock is held for the condition only.
                while let Some(case) = { cases.lock().unwrap().next() } {
                    if let Err(fault) = measure(&case, &(case.document)()) {
                        let fault = format!("{}: {fault}", case.name);
                        faults.lock().unwrap().push(fault);
                    }
                }
            });
        }
    });
    let faults = faults.into_inner().unwrap();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Has a child read the document.
fn measure(case: &Case, document: &[u8]) -> anyhow::Result<()> {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("document");
    std::fs::write(&path, document)?;
    let output = Command::new(std::env::current_exe()?)
        .args(["--exact", THIS_TEST, "--nocapture"])
        .env(FORMAT_VARIABLE, case.format.name())
        .env(PATH_VARIABLE, &path)
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let report = text
        .lines()
        .find_map(|line| line.strip_prefix(REPORT)?.split_once(' '));
    let Some((growth, outcome)) = report else {
        let errors = String::from_utf8_lossy(&output.stderr);
        bail!("no report, {}: {errors}", output.status);
    };
    let growth_bytes: usize = growth.parse()?;
    println!(
        "{:>26}: {} KiB, times {}.{:02}, {outcome}",
        case.name,
        document.len() >> 10,
        growth_bytes / document.len(),
        growth_bytes * 100 / document.len() % 100,
    );
    let expected = format!("{:?}", case.outcome);
    ensure!(
        outcome.starts_with(&expected),
        "expected `{expected}`, found `{outcome}`"
    );
    let is_small = document.len() < DOCUMENT_LEN_BYTES_MIN;
    let constant_bytes = if is_small { CONSTANT_BYTES } else { 0 };
    ensure!(
        growth_bytes <= case.times_max * document.len() + constant_bytes,
        "{growth_bytes} bytes for a document of {}",
        document.len()
    );
    Ok(())
}

/// The child's part.
fn read_and_report(path: &Path) -> anyhow::Result<()> {
    let format = Format::from_extension(&std::env::var(FORMAT_VARIABLE)?);
    let before_bytes = peak_bytes()?;
    let document = std::fs::read(path)?;
    let result = metainfo::read(document, format);
    let growth_bytes = peak_bytes()? - before_bytes;
    let outcome = match result {
        Ok(_) => format!("{:?}", Outcome::Read),
        Err(error) => format!("{:?}: {error}", Outcome::Refused),
    };
    println!("\n{REPORT}{growth_bytes} {outcome}");
    Ok(())
}

/// The most memory that was resident so far.
fn peak_bytes() -> anyhow::Result<usize> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix(" kB"));
    let kib: usize = peak.context("the kernel tells no peak")?.trim().parse()?;
    Ok(kib << 10)
}
