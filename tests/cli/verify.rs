//! `mt client verify`.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Place, Ran, noise, run, set_len, spawn, wait};

/// Ten files of 20 KB in pieces of 16 KiB, as v1, hybrid and `.st`.
fn ten_files() -> Place {
    let place = Place::new();
    for index in 0..10 {
        place.file(format!("set/{index}"), noise(index, 20_000));
    }
    let create = "create set --piece-length 16KiB -o";
    place.line(&format!("{create} v1.torrent")).ok();
    place
        .line(&format!("{create} hybrid.torrent -o set.st --meta hybrid"))
        .ok();
    place
}

/// What is told of each file that is not whole, by name.
fn not_whole(place: &Place, line: &str) -> Vec<Value> {
    let ran = place.line(&format!("verify --json {line}"));
    assert_eq!(ran.status.code(), Some(1), "{ran:?}");
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(told["whole"], false);
    let files = told["files"].as_array().unwrap().iter();
    files
        .filter(|file| file["state"] != "whole")
        .cloned()
        .collect()
}

#[test]
fn what_is_whole_is_told_in_one_line() {
    let place = ten_files();
    let whole = |hash: &str| format!("whole: 10 of 10 files, 195 KiB, by {hash}\n");
    for data in ["set", ".", "set/", "./set"] {
        assert_eq!(
            place.mt(["verify", "v1.torrent", data]).ok(),
            whole("SHA-1")
        );
        assert_eq!(
            place.mt(["verify", "hybrid.torrent", data]).ok(),
            whole("SHA-256")
        );
        assert_eq!(place.mt(["verify", "set.st", data]).ok(), whole("SHA-256"));
    }
    let told = place.line("verify --json v1.torrent set").json();
    let shown = place.line("show --json v1.torrent").json();
    assert_eq!(told["info_hash_v1"], shown["info_hash_v1"]);
    assert_eq!(
        (&told["whole"], &told["good_pieces"]),
        (&json!(true), &json!(13))
    );
    assert_eq!(told["piece_count"], 13);
    let first =
        json!({"path": "set/0", "size": 20_000, "state": "whole", "found_size": null, "bad": []});
    assert_eq!(told["files"][0], first);
}

fn spoil(place: &Place) {
    let mut bad = place.read("set/1");
    bad[0] ^= 1;
    place.file("set/1", bad);
    fs::remove_file(place.path("set/4")).unwrap();
    set_len(&place.path("set/6"), 17_000);
    set_len(&place.path("set/8"), 20_001);
    fs::remove_file(place.path("set/9")).unwrap();
    place.directory("set/9");
}

#[test]
fn each_file_that_is_not_whole_is_told_with_its_ranges() {
    let place = ten_files();
    spoil(&place);
    let told = |path: &str, state: &str, found_size: Option<u64>, bad: Value| {
        let path = format!("set/{path}");
        json!({"path": path, "size": 20_000, "state": state, "found_size": found_size, "bad": bad})
    };
    let v2 = [
        told("1", "bad", None, json!([[0, 16_384]])),
        told("4", "missing", None, json!([[0, 20_000]])),
        told("6", "short", Some(17_000), json!([[16_384, 20_000]])),
        told("8", "long", Some(20_001), json!([])),
        told("9", "not a file", None, json!([[0, 20_000]])),
    ];
    for io in ["auto", "positional"] {
        assert_eq!(
            not_whole(&place, &format!("--io {io} hybrid.torrent set")),
            v2
        );
        assert_eq!(not_whole(&place, &format!("--io {io} set.st .")), v2);
    }
    // Pieces of v1 are shared with neighbours, which are then bad too or cannot be checked.
    let v1 = [
        told("0", "bad", None, json!([[16_384, 20_000]])),
        told("1", "bad", None, json!([[0, 12_768]])),
        told("3", "unverified", None, json!([[5_536, 20_000]])),
        told("4", "missing", None, json!([[0, 20_000]])),
        told("5", "unverified", None, json!([[0, 14_688]])),
        told("6", "short", Some(17_000), json!([[11_072, 20_000]])),
        told("7", "unverified", None, json!([[0, 7_456]])),
        told("8", "long", Some(20_001), json!([[3_840, 20_000]])),
        told("9", "not a file", None, json!([[0, 20_000]])),
    ];
    assert_eq!(not_whole(&place, "v1.torrent set"), v1);
}

#[test]
fn people_see_what_is_not_whole() {
    let place = ten_files();
    spoil(&place);
    let ran = place.line("verify hybrid.torrent set");
    let expected = "\
bad          set/1
             bytes 0 to 16383
missing      set/4
short        set/6  (17,000 of 20,000 bytes)
             bytes 16384 to 19999
long         set/8  (20,001 bytes, not 20,000)
not a file   set/9
             bytes 0 to 19999
";
    assert_eq!(ran.out, expected);
    ran.fails("`set`: 5 of 10 files whole, 14 of 20 pieces good");
}

#[test]
fn many_bad_ranges_are_counted() {
    let place = Place::new();
    let mut content = noise(1, 20 * 16_384);
    place.file("one", &content);
    place
        .line("create one --piece-length 16KiB -o one.torrent")
        .ok();
    content
        .iter_mut()
        .step_by(2 * 16_384)
        .for_each(|byte| *byte ^= 1);
    place.file("one", content);
    let out = place.line("verify one.torrent one").out;
    assert_eq!(out.lines().count(), 7);
    assert!(out.ends_with("             and 5 more ranges\n"), "{out}");
}

#[test]
fn one_file_is_found_by_itself_and_in_its_directory() {
    let place = Place::new();
    place.file("data/one", "1");
    place.file("data/other", "2");
    place
        .line("create data/one -o one.torrent -o one.mtorrent -o one.st")
        .ok();
    for file in ["one.torrent", "one.mtorrent", "one.st"] {
        for data in ["data/one", "data", "data/"] {
            place.mt(["verify", file, data]).ok();
        }
        place
            .mt(["verify", file, "."])
            .fails("`.`: 0 of 1 file whole, 0 of 1 pieces good");
        let ran = place.mt(["verify", file, "data/other"]);
        assert!(ran.out.starts_with("bad          one\n"), "{ran:?}");
    }
    // It may have another name here.
    fs::rename(place.path("data/one"), place.path("data/renamed")).unwrap();
    place.line("verify one.torrent data/renamed").ok();
    place
        .line("verify one.torrent none")
        .fails("`none` is not there");
    place
        .line("verify none.torrent data")
        .fails_naming(&["`none.torrent`"]);
    place
        .line("verify /dev/null data")
        .fails_naming(&["`/dev/null`", "no regular file"]);
}

#[test]
fn names_are_found_as_this_and_as_other_programs_store_them() {
    let place = Place::new();
    place.file("se:t./x:y.", "content");
    place.file("se:t./CON/z", "more");
    place.line("create se:t. -o set.torrent").ok();
    place.line("verify set.torrent se:t.").ok();
    place.line("verify set.torrent .").ok();
    let shown = place.line("show --json set.torrent").json();
    let safe: Vec<&str> = shown["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["path"].as_str().unwrap())
        .collect();
    assert_eq!(safe, ["se_t_/_CON/z", "se_t_/x_y_"]);
    let safe_place = Place::new();
    safe_place.file(safe[0], "more");
    safe_place.file(safe[1], "content");
    let torrent = place.path("set.torrent");
    for data in ["se_t_", "."] {
        let data = safe_place.path(data);
        place
            .mt(["verify".as_ref(), torrent.as_os_str(), data.as_os_str()])
            .ok();
    }
}

#[test]
fn a_directory_is_found_though_its_first_files_are_missing() {
    let place = Place::new();
    for index in 0..100 {
        place.file(format!("data/set/{index:03}"), [index; 10]);
    }
    place.line("create data/set -o set.torrent --meta v2").ok();
    for index in 0..80 {
        fs::remove_file(place.path(format!("data/set/{index:03}"))).unwrap();
    }
    for data in ["data", "data/set"] {
        let missing = not_whole(&place, &format!("set.torrent {data}"));
        assert_eq!(missing.len(), 80, "{data}");
        assert!(missing.iter().all(|file| file["state"] == "missing"));
    }
}

#[test]
fn links_on_the_disk_are_followed() {
    let place = Place::new();
    place.file("set/a", "content");
    place.line("create set -o set.torrent").ok();
    fs::rename(place.path("set/a"), place.path("elsewhere")).unwrap();
    symlink("../elsewhere", place.path("set/a")).unwrap();
    place.line("verify set.torrent set").ok();
    fs::remove_file(place.path("elsewhere")).unwrap();
    assert_eq!(not_whole(&place, "set.torrent set")[0]["state"], "missing");
}

#[test]
fn sparse_files_are_content_like_any_other() {
    let place = Place::new();
    place.sparse("one", 12 << 20);
    place
        .line("create one -o one.torrent -o one.st --piece-length 1MiB")
        .ok();
    for io in ["auto", "positional"] {
        place
            .line(&format!("verify --io {io} one.torrent one"))
            .ok();
        place.line(&format!("verify --io {io} one.st one")).ok();
    }
    let file = fs::OpenOptions::new()
        .write(true)
        .open(place.path("one"))
        .unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, b"x", (6 << 20) + 7).unwrap();
    for torrent in ["one.torrent", "one.st"] {
        let bad = not_whole(&place, &format!("{torrent} one"));
        assert_eq!(bad[0]["bad"], json!([[6 << 20, 7 << 20]]));
    }
}

#[test]
fn what_is_not_whole_fails_though_nobody_reads_it() {
    let place = ten_files();
    fs::remove_file(place.path("set/0")).unwrap();
    let mut child = spawn(&mut place.command(["verify", "--json", "v1.torrent", "set"]));
    drop(child.stdout.take());
    assert_eq!(wait(child).status.code(), Some(1));
}

/// Runs a command as somebody whom permissions bind, as they do not bind root.
fn as_nobody(place: &Place, line: &str) -> Ran {
    const NOBODY: u32 = 65_534;
    let mut command = place.command(line.split_whitespace());
    if !rustix::process::geteuid().is_root() {
        return run(&mut command);
    }
    let binary = place.path("mt");
    fs::copy(command.get_program(), &binary).unwrap();
    let allow = fs::Permissions::from_mode(0o755);
    fs::set_permissions(place.path("."), allow).unwrap();
    let mut command_of_nobody = Command::new(binary);
    command_of_nobody
        .args(command.get_args())
        .current_dir(place.path("."))
        .uid(NOBODY)
        .gid(NOBODY);
    run(&mut command_of_nobody)
}

#[test]
fn a_file_that_may_not_be_read_is_told_and_the_others_are_verified() {
    let place = ten_files();
    let forbid = fs::Permissions::from_mode(0o000);
    fs::set_permissions(place.path("set/3"), forbid).unwrap();
    let mut bad = place.read("set/7");
    bad[0] ^= 1;
    place.file("set/7", bad);
    for io in ["auto", "positional"] {
        let ran = as_nobody(&place, &format!("verify --io {io} hybrid.torrent set"));
        let expected = "\
unreadable   set/3  (Permission denied (os error 13))
             bytes 0 to 19999
bad          set/7
             bytes 0 to 16383
";
        assert_eq!(ran.out, expected, "{ran:?}");
        ran.fails("`set`: 8 of 10 files whole, 17 of 20 pieces good");
    }
    // Neighbours that share a piece with it cannot be checked there.
    let ran = as_nobody(&place, "verify --json v1.torrent set");
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    let states: Vec<&str> = told["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["state"].as_str().unwrap())
        .collect();
    let expected = [
        "whole",
        "whole",
        "unverified",
        "unreadable",
        "unverified",
        "whole",
        "bad",
        "bad",
        "whole",
        "whole",
    ];
    assert_eq!(states, expected);
    // Of what cannot be read no torrent is made.
    let anybody = fs::Permissions::from_mode(0o777);
    fs::set_permissions(place.directory("out"), anybody).unwrap();
    as_nobody(&place, "create set -o out/never.torrent")
        .fails("cannot read `set/3`: Permission denied (os error 13)");
}

#[test]
fn a_link_in_a_loop_is_told_as_unreadable() {
    let place = ten_files();
    fs::remove_file(place.path("set/3")).unwrap();
    symlink("3", place.path("set/3")).unwrap();
    let told = not_whole(&place, "hybrid.torrent set");
    assert_eq!(told.len(), 1);
    assert_eq!(
        (&told[0]["path"], &told[0]["state"]),
        (&json!("set/3"), &json!("unreadable"))
    );
}

#[test]
fn padding_without_end_is_hashed_once() {
    const PIECE_LEN_BYTES: u64 = 64 << 20;
    const PIECES_OF_PADDING: usize = 1024;
    // Of `abc` and zeros, of zeros, and of five zeros.
    let first = hex("3164673e5e9694b69ff18d158460521248cc13ab");
    let padding = hex("44fac4bedde4df04b9572ac665d3ac2c5cd00c7d");
    let last = hex("a10909c2cdcaf5adb7e6b092a4faba558b62bd96");
    let place = Place::new();
    place.file("set/a", "abc");
    let write = |name: &str, last: &[u8]| {
        let pieces = [&first[..], &padding.repeat(PIECES_OF_PADDING), last].concat();
        let gap_bytes = PIECE_LEN_BYTES - 3;
        let padding_bytes = PIECE_LEN_BYTES * PIECES_OF_PADDING as u64 + 5;
        let head = format!(
            "d4:infod5:filesl\
             d6:lengthi3e4:pathl1:aee\
             d4:attr1:p6:lengthi{gap_bytes}e4:pathl4:.pad1:1ee\
             d4:attr1:p6:lengthi{padding_bytes}e4:pathl4:.pad1:2ee\
             e4:name3:set12:piece lengthi{PIECE_LEN_BYTES}e6:pieces{}:",
            pieces.len()
        );
        place.file(name, [head.as_bytes(), &pieces, b"ee"].concat());
    };
    write("good.torrent", &last);
    place.line("verify good.torrent set").ok();
    write("bad.torrent", &padding);
    place
        .line("verify bad.torrent set")
        .fails("`set`: 1 of 1 file whole, 1,025 of 1,026 pieces good");
}

fn hex(digits: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}
