//! Some of the files of a torrent, and some of them first.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::client::Client;
use crate::content::{Entry, make_directory, make_link, tree};
use crate::support::Place;

/// Longer than some of the files, so that pieces lie across several.
const PIECE_LEN_BYTES: u64 = 64 << 10;

/// A directory that is seeded while the test goes on.
struct Ground {
    place: Place,
    seeder: Client,
}

impl Ground {
    fn new(words: &str) -> Self {
        let place = Place::new();
        make_directory(&place);
        make_link(&place);
        let create = "create data --links keep -o made.torrent --piece-length 64KiB";
        place.line(&format!("{create} {words}")).ok();
        let seeder = Client::seed(&place, "made.torrent --data data");
        Self { place, seeder }
    }

    /// Gets with these words into `copy`, to the end.
    fn get(&self, words: &str) -> Value {
        let line = format!("made.torrent copy --exit {words}");
        Client::get(&self.place, &line, &[&self.seeder]).wait().ok()
    }

    fn copied(&self) -> BTreeMap<PathBuf, Entry> {
        tree(&self.place.path("copy/data"))
    }

    /// Whether what has a final name is this and nothing else, and right.
    #[track_caller]
    fn has_whole(&self, names: &[&str]) {
        let mut copied = self.copied();
        copied.retain(|path, _| path.extension().is_none_or(|end| end != "mtpart"));
        let mut given = tree(&self.place.path("data"));
        given.retain(|path, _| names.iter().any(|name| path == Path::new(name)));
        assert_eq!(given.len(), names.len(), "the test names what there is");
        assert_eq!(copied, given);
    }

    /// The unfinished files.
    fn parts(&self) -> Vec<PathBuf> {
        let mut paths: Vec<_> = self.copied().into_keys().collect();
        paths.retain(|path| path.extension().is_some_and(|end| end == "mtpart"));
        paths
    }
}

fn number(value: &Value, name: &str) -> u64 {
    value[name].as_u64().unwrap()
}

#[test]
fn what_is_chosen_comes_and_nothing_else_is_made() {
    for io in ["mmap", "positional"] {
        let ground = Ground::new("");
        let words = format!("--only exact.bin --only nested --skip */deep/* --io {io}");
        let summary = ground.get(&words);
        ground.has_whole(&["exact.bin", "nested/link", "nested/odd \u{fc}n\u{ef} name"]);
        assert_eq!(number(&summary, "total_bytes"), (1 << 20) + 70_000);
        assert_eq!(summary["have_bytes"], summary["total_bytes"]);
        assert_eq!(summary["complete"], true);
        let downloaded_bytes = number(&summary, "downloaded_bytes");
        // Each run of files brings a piece more at its ends.
        let most_bytes = (1 << 20) + 70_000 + 4 * PIECE_LEN_BYTES;
        assert!(downloaded_bytes <= most_bytes, "{downloaded_bytes}");
        let shared = [
            "alpha.bin.mtpart",
            "nested/deep/small.mtpart",
            "run.sh.mtpart",
        ];
        assert_eq!(ground.parts(), shared.map(PathBuf::from));
        let part = fs::metadata(ground.place.path("copy/data/alpha.bin.mtpart")).unwrap();
        assert_eq!(part.len(), 3_000_001);
        // It takes the space of its share of one piece.
        assert!(part.blocks() * 512 <= 2 * PIECE_LEN_BYTES, "{part:?}");
    }
}

/// Nothing is fetched twice for it.
#[test]
fn with_more_chosen_it_goes_on_from_what_is_there() {
    for io in ["mmap", "positional"] {
        let ground = Ground::new("");
        let io = format!("--io {io}");
        let mut downloaded_bytes = 0;
        for words in ["--only alpha.bin", "--only *.bin", ""] {
            let summary = ground.get(&format!("{words} {io}"));
            downloaded_bytes += number(&summary, "downloaded_bytes");
        }
        let total_bytes = number(&ground.get(&io), "total_bytes");
        assert_eq!(downloaded_bytes, total_bytes);
        assert_eq!(ground.copied(), tree(&ground.place.path("data")));
    }
}

#[test]
fn what_is_there_already_is_finished_at_once() {
    let ground = Ground::new("--meta hybrid");
    let alone = "made.torrent copy --exit --only";
    ground.get("--only zeta.bin");
    let summary = Client::get(&ground.place, &format!("{alone} zeta.bin"), &[]);
    assert_eq!(number(&summary.wait().ok(), "downloaded_bytes"), 0);
    // Left so by who was killed at the last moment, without rights or links.
    for name in ["alpha.bin", "run.sh", "exact.bin"] {
        let content = ground.place.read(format!("data/{name}"));
        ground
            .place
            .file(format!("copy/data/{name}.mtpart"), content);
    }
    let words = format!("{alone} alpha.bin --only run.sh --only link");
    Client::get(&ground.place, &words, &[]).wait().ok();
    ground.has_whole(&["alpha.bin", "nested/link", "run.sh", "zeta.bin"]);
    assert_eq!(ground.parts(), [PathBuf::from("exact.bin.mtpart")]);
}

/// Whoever has what is not wanted is not asked, and what was got is given on.
#[test]
fn what_is_chosen_is_given_to_others() {
    let ground = Ground::new("");
    let half = |words: &str, folder: &str| {
        let line = format!("made.torrent {folder} {words}");
        let getter = Client::get(&ground.place, &line, &[&ground.seeder]);
        getter.shows("the end", |line| line["state"] == "seeding");
        getter
    };
    let one = half("--only alpha.bin --only empty", "one");
    let two = half("--skip alpha.bin", "two");
    let get = Client::get(&ground.place, "made.torrent copy --exit", &[&one, &two]);
    get.wait().ok();
    assert_eq!(ground.copied(), tree(&ground.place.path("data")));
    for half in [one, two] {
        assert!(number(&half.stop().ok(), "uploaded_bytes") > 1 << 20);
    }
}

#[test]
fn what_is_not_chosen_stays_as_it_is() {
    let ground = Ground::new("");
    let mut changed = ground.place.read("data/exact.bin");
    changed[..10].fill(0);
    ground.place.file("copy/data/exact.bin", &changed);
    ground.place.file("copy/data/run.sh", "something else");
    ground
        .place
        .file("copy/data/zeta.bin/inside", "a directory");
    ground.get("--only alpha.bin --only nested");
    assert!(ground.place.read("copy/data/exact.bin") == changed);
    assert_eq!(ground.place.read("copy/data/run.sh"), b"something else");
    let copied = ground.place.read("copy/data/alpha.bin");
    assert!(copied == ground.place.read("data/alpha.bin"));
}

#[test]
fn what_comes_first_is_there_before_the_rest() {
    let ground = Ground::new("");
    let line = "made.torrent copy --first zeta.bin --last alpha.bin --limit-down 1MB/s";
    let getter = Client::get(&ground.place, line, &[&ground.seeder]);
    let is_there = |name: &str| {
        let path = ground.place.path(format!("copy/data/{name}"));
        let part = path.with_file_name(format!("{name}.mtpart"));
        let bytes = fs::read(part).or_else(|_| fs::read(path)).unwrap();
        bytes == ground.place.read(format!("data/{name}"))
    };
    let has = |line: &Value, len_bytes| number(line, "have_bytes") >= len_bytes;
    let all_of_first = 2_500_000 + 2 * PIECE_LEN_BYTES;
    getter.shows("what is first", |line| has(line, all_of_first));
    assert!(is_there("zeta.bin"));
    let some_of_last = |line: &Value| has(line, number(line, "total_bytes") - (2 << 20));
    getter.shows("some of what is last", some_of_last);
    assert!(is_there("exact.bin") && is_there("run.sh"));
}

#[test]
fn what_matches_nothing_is_named_with_what_there_is() {
    let ground = Ground::new("");
    let get = |words: &str| ground.place.line(&format!("get made.torrent copy {words}"));
    get("--only alpha.bin --only none*").fails_naming(&[
        "`--only none*` matches no file",
        "`data/alpha.bin`",
        "5 others",
        "mt client show",
    ]);
    get("--skip a[").fails_naming(&["`--skip a[`", "character class"]);
    get("--only run.sh --first alpha.bin").fails_naming(&["`--first alpha.bin`", "left out"]);
    get("--only run.sh --skip data").fails_naming(&["leave no file"]);
    assert!(!ground.place.path("copy").exists());
}
