//! `mt client create`: what it is told to make.

use serde_json::json;

use crate::support::{Place, noise};

#[test]
fn several_formats_come_of_one_run() {
    let place = Place::new();
    place.file("one", noise(1, 1_200_000));
    let ran = place.line("create one -o a.torrent -o a.mtorrent -o a.st -o a.magnet --json");
    let told = ran.json();
    assert_eq!(told["name"], "one");
    assert_eq!(told["total_size"], 1_200_000);
    assert_eq!(told["piece_length"], 524_288);
    let outputs = told["outputs"].as_array().unwrap();
    let versions: Vec<_> = outputs.iter().map(|output| &output["version"]).collect();
    assert_eq!(versions, ["v1", "v1", "v2", "v1"]);
    for output in outputs {
        let shown = place
            .mt(["show", "--json", output["path"].as_str().unwrap()])
            .json();
        for key in ["format", "version", "info_hash_v1", "info_hash_v2"] {
            assert_eq!(shown[key], output[key], "{key} of {output}");
        }
    }
    assert_eq!(outputs[0]["info_hash_v1"], outputs[1]["info_hash_v1"]);
}

#[test]
fn people_see_the_hash_and_the_link() {
    let place = Place::new();
    place.file("one", "1");
    let link = "magnet:?xt=urn:btih:";
    let out = place.line("create one -o one.torrent").ok();
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(
        lines[0],
        "one.torrent  v1, 1 B in 1 file, 1 piece of 64 KiB"
    );
    let hash = lines[1].strip_prefix("  info-hash v1 ").unwrap();
    assert_eq!(lines[2], format!("  {link}{hash}&dn=one"));
    assert_eq!(lines.len(), 3);
}

#[test]
fn every_version_can_be_asked_for() {
    let place = Place::new();
    place.file("set/a", noise(1, 20_000));
    place.file("set/b", noise(2, 20_000));
    for meta in ["v1", "v2", "hybrid"] {
        place
            .line(&format!("create set --meta {meta} -o {meta}.torrent"))
            .ok();
        let shown = place
            .mt(["show", "--json", &format!("{meta}.torrent")])
            .json();
        assert_eq!(shown["version"], meta);
        let whole = place.line(&format!("verify {meta}.torrent set")).ok();
        assert!(whole.starts_with("whole: 2 of 2 files"), "{whole}");
    }
    assert_eq!(
        place
            .line("create set --meta v3 -o x.torrent")
            .status
            .code(),
        Some(2)
    );
}

#[test]
fn what_is_said_of_it_is_in_it() {
    let place = Place::new();
    place.file("one", "1");
    place
        .mt([
            "create",
            "one",
            "-o",
            "one.torrent",
            "--tracker",
            "http://a/x,udp://b:1",
            "--tracker",
            "http://c/x",
            "--web-seed",
            "http://w/1",
            "--web-seed",
            "http://w/2",
            "--comment",
            "a comment",
            "--private",
            "--source",
            "label",
            "--piece-length",
            "32KiB",
        ])
        .ok();
    let shown = place.line("show --json one.torrent").json();
    assert_eq!(
        shown["trackers"],
        json!([["http://a/x", "udp://b:1"], ["http://c/x"]])
    );
    assert_eq!(shown["web_seeds"], json!(["http://w/1", "http://w/2"]));
    assert_eq!(shown["comment"], "a comment");
    assert_eq!(shown["private"], true);
    assert_eq!(shown["piece_length"], 32_768);
    let labelled = shown["info_hash_v1"].clone();
    place
        .line("create one -o plain.torrent --private --piece-length 32KiB")
        .ok();
    let plain = place.line("show --json plain.torrent").json();
    assert_ne!(plain["info_hash_v1"], labelled);
    for url in ["ftp://x/", "nonsense", "http://a/x,"] {
        let ran = place.mt(["create", "one", "-o", "x.torrent", "--tracker", url]);
        assert_eq!(ran.status.code(), Some(2), "{ran:?}");
        assert!(ran.err.contains(url), "{}", ran.err);
    }
}

#[test]
fn bad_piece_lengths_are_refused_with_a_better_one() {
    let place = Place::new();
    place.file("one", "1");
    let refused = |length: &str, output: &str, parts: &[&str]| {
        let ran = place.mt(["create", "one", "-o", output, "--piece-length", length]);
        ran.is_bad_usage_naming(parts);
    };
    for length in ["0", "1", "16383", "2GiB", "99999999999"] {
        refused(
            length,
            "x.torrent",
            &["--piece-length", "16384 to 1073741824"],
        );
    }
    refused(
        "48KiB",
        "x.torrent",
        &["--piece-length 49152", "power of two, such as 65536"],
    );
    refused("48KiB", "x.st", &["v2 torrents need a power of two"]);
    refused("1MiB", "x.mtorrent", &["a .mtorrent has always 524288"]);
    for length in ["-1", "x", "1.5MiB", "99999999999GiB"] {
        let ran = place.mt([
            "create",
            "one",
            "-o",
            "x.torrent",
            &format!("--piece-length={length}"),
        ]);
        assert_eq!(ran.status.code(), Some(2), "{ran:?}");
    }
    assert_eq!(place.names("."), ["one"]);
}

#[test]
fn what_a_format_cannot_carry_is_refused_before_the_work() {
    let place = Place::new();
    place.directory("set");
    // Nobody would live to see it hashed.
    place.sparse("set/endless", 1 << 43);
    let refused = |line: &str, parts: &[&str]| place.line(line).fails_naming(parts);
    let bad_usage = |line: &str, parts: &[&str]| place.line(line).is_bad_usage_naming(parts);
    bad_usage(
        "create set/endless -o x.st --private",
        &["a .st cannot carry --private"],
    );
    bad_usage(
        "create set/endless -o x.mtorrent --source S",
        &["a .mtorrent cannot carry"],
    );
    refused(
        "create set -o x.mtorrent",
        &["`set` is a directory", ".mtorrent carries one file"],
    );
    bad_usage("create set -o x.zip", &["`x.zip`", "extension"]);
    refused(
        "create set -o no/x.torrent",
        &["cannot write `no/x.torrent`"],
    );
    bad_usage(
        "create set -o x.torrent -o ./x.torrent",
        &["`./x.torrent` is named twice"],
    );
    place.file("there.torrent", "mine");
    refused(
        "create set -o there.torrent",
        &["`there.torrent` exists", "--force"],
    );
    assert_eq!(place.read("there.torrent"), b"mine");
    assert_eq!(place.names("."), ["set", "there.torrent"]);
}

#[test]
fn the_same_content_gives_the_same_bytes() {
    let place = Place::new();
    for index in 0..20 {
        place.file(format!("set/{}/{index}", index % 3), noise(index, 3000));
    }
    let create = "create set --no-date --meta hybrid --piece-length 16KiB -o";
    place.line(&format!("{create} a.torrent")).ok();
    place
        .line(&format!("{create} b.torrent --io positional"))
        .ok();
    assert_eq!(place.read("a.torrent"), place.read("b.torrent"));
    place.line(&format!("{create} b.torrent --force")).ok();
    assert_eq!(place.read("a.torrent"), place.read("b.torrent"));
    assert_eq!(place.names("."), ["a.torrent", "b.torrent", "set"]);
}

#[test]
fn content_is_never_replaced_by_its_torrent() {
    let place = Place::new();
    place.file("one.torrent", "content");
    place.file("set/a", "a");
    place.file("set/x.torrent", "content");
    std::os::unix::fs::symlink("set/x.torrent", place.path("link.torrent")).unwrap();
    let refused = |line: &str, name: &str| {
        place
            .line(line)
            .fails_naming(&[name, "part of the content", "--exclude"]);
    };
    refused("create one.torrent -o one.torrent --force", "`one.torrent`");
    refused(
        "create one.torrent -o ./one.torrent --force",
        "`./one.torrent`",
    );
    refused("create set -o set/x.torrent --force", "`set/x.torrent`");
    assert_eq!(place.read("one.torrent"), b"content");
    assert_eq!(place.read("set/x.torrent"), b"content");
    place
        .line("create set -o set/x.torrent --force --exclude x.torrent")
        .ok();
    // Where it is new it is no part of what was found.
    place
        .line("create set -o set/new.torrent --exclude x.torrent")
        .ok();
    place.line("verify set/new.torrent set").ok();
}

#[test]
fn what_a_format_has_no_place_for_is_told() {
    let place = Place::new();
    place.file("set/one", "1");
    let trackers = "--tracker http://a/,http://b/ --tracker http://c/";
    let line = format!("create set/one -o x.mtorrent --comment C --web-seed http://w/ {trackers}");
    let ran = place.line(&line);
    let lost: Vec<&str> = ran.err.lines().collect();
    assert_eq!(
        lost,
        [
            "[WARN] a .mtorrent cannot carry --comment; left out",
            "[WARN] a .mtorrent cannot carry --web-seed; left out",
            "[WARN] a .mtorrent cannot carry more than two trackers; left out",
        ]
    );
    ran.ok();
    let ran = place.line("create set -o x.st");
    assert!(ran.err.contains("a directory of one file"), "{}", ran.err);
    ran.ok();
}

#[test]
fn urls_that_nobody_could_use_are_refused() {
    let place = Place::new();
    place.file("one", "one");
    for (option, url) in [("--web-seed", "udp://x:1"), ("--tracker", "ftp://x")] {
        let ran = place.mt(["create", "one", "-o", "one.torrent", option, url]);
        assert_eq!(ran.status.code(), Some(2), "{ran:?}");
        assert!(ran.err.contains(&format!("`{url}` is no")), "{}", ran.err);
    }
    assert!(!place.path("one.torrent").exists());
}
