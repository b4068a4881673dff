//! `mt client show`.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::UnixListener;
use std::process::Stdio;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::{Value, json};

use crate::support::{Place, spawn, wait};

const V1: &str = "0123456789abcdef0123456789abcdef01234567";
const V2: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A directory with all that `show` can tell of.
fn described() -> Place {
    let place = Place::new();
    place.file("set/a.bin", [1; 20_000]);
    place.file("set/sub/b", "b");
    place.file("set/sub/empty", "");
    place
        .mt([
            "create",
            "set",
            "-o",
            "set.torrent",
            "--meta",
            "hybrid",
            "--piece-length",
            "16KiB",
            "--tracker",
            "http://a/announce,udp://b:80",
            "--tracker",
            "http://c/announce",
            "--web-seed",
            "http://w/",
            "--comment",
            "two\nlines",
            "--private",
            "--source",
            "S",
            "--no-date",
        ])
        .ok();
    place
}

fn shown(place: &Place, input: &str) -> Value {
    place.mt(["show", "--json", input]).json()
}

#[test]
fn people_see_facts_then_files() {
    let place = described();
    let json = shown(&place, "set.torrent");
    let hash = |key: &str| json[key].as_str().unwrap().to_owned();
    let (v1, v2) = (hash("info_hash_v1"), hash("info_hash_v2"));
    let expected = format!(
        "\
name         set
format       .torrent, hybrid (v1 and v2)
info-hash    v1 {v1}
             v2 {v2}
size         19.5 KiB (20,001 bytes) in 3 files
pieces       3 pieces of 16 KiB
private      yes: peers come from its trackers only
source       S
created by   mt/{}
comment      two
             lines
trackers     tier 1  http://a/announce
             tier 1  udp://b:80
             tier 2  http://c/announce
web seeds    http://w/

files
  set/
    a.bin  19.5 KiB
    sub/
      b  1 B
      empty  0 B
  (and 1 padding file of 12.5 KiB in all, never stored)
",
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(place.line("show set.torrent").ok(), expected);
}

/// An indentation for each name would draw thousands of times the torrent's length.
#[test]
fn directories_beyond_a_depth_are_drawn_as_one() {
    let place = Place::new();
    let names = "1:d".repeat(1000);
    let torrent = format!(
        "d4:infod5:filesld6:lengthi1e4:pathl{names}1:xeed6:lengthi1e4:pathl{names}1:yeee4:name1:n\
         12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaaee"
    );
    place.file("deep.torrent", torrent);
    let shown = place.line("show deep.torrent").ok();
    let files: Vec<&str> = shown.lines().skip_while(|line| *line != "files").collect();
    assert_eq!(files.len(), "files n/".split(' ').count() + 32 + 2);
    let joined = format!("{}{}/", "  ".repeat(33), ["d"; 969].join("/"));
    let indent = "  ".repeat(34);
    assert_eq!(
        files[33..],
        [joined, format!("{indent}x  1 B"), format!("{indent}y  1 B")]
    );
}

#[test]
fn json_has_the_same_keys_for_every_format() {
    let place = described();
    place.file("one", [7; 600_000]);
    let create = "create one -o one.torrent -o one.st -o one.mtorrent -o one.magnet --no-date";
    place.line(create).ok();
    for name in [
        "set.torrent",
        "one.torrent",
        "one.st",
        "one.mtorrent",
        "one.magnet",
    ] {
        let shown = shown(&place, name);
        let keys: Vec<&String> = shown.as_object().unwrap().keys().collect();
        let mut expected = [
            "name",
            "format",
            "version",
            "info_hash_v1",
            "info_hash_v2",
            "total_size",
            "piece_length",
            "piece_count",
            "private",
            "trackers",
            "web_seeds",
            "files",
            "comment",
            "created_by",
            "creation_date",
        ];
        expected.sort_unstable();
        assert_eq!(keys, expected, "{name}");
        let files = shown["files"].as_array().unwrap();
        assert!(
            files
                .iter()
                .all(|file| file.as_object().unwrap().len() == 3)
        );
    }
}

#[test]
fn json_of_a_torrent_has_every_value() {
    let place = described();
    let shown = shown(&place, "set.torrent");
    let mut rest = shown.clone();
    for hash in ["info_hash_v1", "info_hash_v2"] {
        let text = rest[hash].take();
        assert!(
            text.as_str()
                .unwrap()
                .bytes()
                .all(|byte| byte.is_ascii_hexdigit())
        );
    }
    let expected = json!({
        "name": "set", "format": "torrent", "version": "hybrid",
        "info_hash_v1": null, "info_hash_v2": null,
        "total_size": 20_001, "piece_length": 16_384, "piece_count": 3, "private": true,
        "trackers": [["http://a/announce", "udp://b:80"], ["http://c/announce"]],
        "web_seeds": ["http://w/"],
        "files": [
            {"path": "set/a.bin", "size": 20_000, "pad": false},
            {"path": "set/.pad/12768", "size": 12_768, "pad": true},
            {"path": "set/sub/b", "size": 1, "pad": false},
            {"path": "set/sub/empty", "size": 0, "pad": false},
        ],
        "comment": "two\nlines",
        "created_by": format!("mt/{}", env!("CARGO_PKG_VERSION")),
        "creation_date": null,
    });
    assert_eq!(rest, expected);
}

#[test]
fn json_tells_the_formats_apart() {
    let place = Place::new();
    place.file("one", [7; 600_000]);
    place
        .line("create one -o one.torrent -o one.st -o one.mtorrent")
        .ok();
    let [torrent, st, mtorrent] =
        ["one.torrent", "one.st", "one.mtorrent"].map(|name| shown(&place, name));
    assert_eq!(
        (&st["format"], &st["version"]),
        (&json!("st"), &json!("v2"))
    );
    assert_eq!(
        (&st["info_hash_v1"], &st["created_by"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(mtorrent["format"], "mtorrent");
    assert_eq!(mtorrent["info_hash_v1"], torrent["info_hash_v1"]);
    assert_eq!(mtorrent["piece_count"], 2);
    assert_eq!(
        torrent["files"],
        json!([{"path": "one", "size": 600_000, "pad": false}])
    );
    assert!(torrent["creation_date"].as_u64().unwrap() > 1_700_000_000);
}

#[test]
fn json_of_a_magnet_is_null_or_empty_where_nothing_is_known() {
    let place = Place::new();
    let link =
        format!("magnet:?xt=urn:btih:{V1}&xt=urn:btmh:1220{V2}&dn=a+b&tr=http://t/a&ws=http://w/");
    let expected = json!({
        "name": "a b", "format": "magnet", "version": "hybrid",
        "info_hash_v1": V1, "info_hash_v2": V2,
        "total_size": null, "piece_length": null, "piece_count": null, "private": null,
        "trackers": [["http://t/a"]], "web_seeds": ["http://w/"], "files": [],
        "comment": null, "created_by": null, "creation_date": null,
    });
    assert_eq!(shown(&place, &link), expected);
    place.file("link.magnet", format!("{link}\n"));
    assert_eq!(shown(&place, "link.magnet"), expected);
    let nameless = shown(
        &place,
        &format!("MAGNET:?xt=urn:btih:{}", V1.to_uppercase()),
    );
    assert_eq!(
        (&nameless["name"], &nameless["version"]),
        (&Value::Null, &json!("v1"))
    );
    assert_eq!(nameless["info_hash_v1"], V1);
}

#[test]
fn people_see_what_a_magnet_says() {
    let place = Place::new();
    let link = format!("magnet:?xt=urn:btih:{V1}&dn=m&x.pe=10.0.0.1:6881&so=0,2-4");
    let expected = format!(
        "\
name         m
format       magnet link, v1
info-hash    v1 {V1}
peers        10.0.0.1:6881
only files   0,2-4
"
    );
    assert_eq!(place.mt(["show", &link]).ok(), expected);
}

#[test]
fn a_magnet_link_is_one_line_that_can_be_read_again() {
    let place = described();
    let link = place.line("show --magnet set.torrent").ok();
    assert_eq!(link.lines().count(), 1);
    let again = place.mt(["show", "--magnet", link.trim_end()]).ok();
    assert_eq!(again, link);
    let (torrent, magnet) = (shown(&place, "set.torrent"), shown(&place, link.trim_end()));
    for key in [
        "name",
        "version",
        "info_hash_v1",
        "info_hash_v2",
        "web_seeds",
    ] {
        assert_eq!(magnet[key], torrent[key], "{key}");
    }
}

#[test]
fn standard_input_is_read_whatever_it_holds() {
    let place = described();
    place.file("one", "1");
    place.line("create one -o one.st -o one.magnet").ok();
    for name in ["set.torrent", "one.st", "one.magnet"] {
        let ran = place.line_reading("show --json -", &place.read(name));
        assert_eq!(ran.json(), shown(&place, name));
    }
    place
        .line_reading("show -", b"")
        .fails("standard input: is empty");
    place
        .line_reading("show -", b"\x1b[31mno")
        .fails_naming(&["standard input", r"\x1b[31mno"]);
}

#[test]
fn a_full_disk_is_one_of_standard_output() {
    let place = described();
    let lines = [
        "show set.torrent",
        "show --json set.torrent",
        "show --magnet set.torrent",
        "verify set.torrent set",
    ];
    for line in lines {
        let mut command = place.command(line.split(' '));
        command.stdout(fs::File::create("/dev/full").unwrap());
        let ran = wait(command.stderr(Stdio::piped()).spawn().unwrap());
        ran.fails("standard output: No space left on device (os error 28)");
    }
}

#[test]
fn usage_is_told_with_status_2() {
    let place = Place::new();
    for line in [
        "show",
        "show a b",
        "show --json --magnet a",
        "show --no-such a",
        "no-such",
    ] {
        let ran = place.line(line);
        assert_eq!(ran.status.code(), Some(2), "{line}: {ran:?}");
        assert!(ran.err.contains("Usage: mt client"), "{}", ran.err);
    }
    assert!(place.line("show --help").ok().contains("Examples:"));
}

#[test]
fn more_is_said_where_that_is_asked_for() {
    let place = Place::new();
    place.file("one", "one");
    assert_eq!(place.line("create one -o a.torrent").err, "");
    let said = place.line("create one -o b.torrent -v").err;
    assert!(said.contains("SHA-1 by"), "{said}");
}

#[test]
fn what_cannot_be_read_is_named_with_the_reason() {
    let place = described();
    let whole = place.read("set.torrent");
    place.file("empty.torrent", "");
    place.file("garbage", "what is this");
    place.file("garbage.torrent", "what is this");
    place.file("cut.torrent", &whole[..whole.len() / 2]);
    place.file("more.torrent", [&whole[..], b"x"].concat());
    place.sparse("large.torrent", (256 << 20) + 1);
    let reason = |name: &str| place.mt(["show", name]);
    reason("none.torrent").fails("`none.torrent`: No such file or directory (os error 2)");
    reason("set").fails("`set`: is a directory; name a .torrent, .mtorrent or .st file");
    reason("empty.torrent").fails("`empty.torrent`: is empty");
    reason("garbage").fails(
        "`garbage`: this is none of the formats that can be read (.torrent, .mtorrent, .st, \
         magnet): it begins with `what is this`",
    );
    reason("garbage.torrent").fails_naming(&["`garbage.torrent`", "byte 0"]);
    reason("cut.torrent").fails_naming(&["`cut.torrent`", "byte"]);
    reason("more.torrent").fails_naming(&["`more.torrent`", &format!("byte {}", whole.len())]);
    reason("large.torrent")
        .fails("`large.torrent`: is larger than the 268435456 bytes that a torrent file may have");
    reason("magnet:?xt=urn:btih:12").fails_naming(&["the magnet link", "`12`", "40 hexadecimal"]);
}

#[test]
fn pipes_devices_and_sockets_are_refused_without_waiting() {
    let place = Place::new();
    mknodat(
        CWD,
        place.path("pipe"),
        FileType::Fifo,
        Mode::from(0o600),
        0,
    )
    .unwrap();
    let _listener = UnixListener::bind(place.path("socket")).unwrap();
    for name in ["pipe", "socket", "/dev/zero"] {
        let ran = place.mt(["show", name]);
        ran.fails_naming(&[&format!("`{name}`"), "no regular file", "`-`"]);
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let place = Place::new();
    for index in 0..3000 {
        place.file(format!("many/{index:0100}"), "");
    }
    place.line("create many -o many.torrent").ok();
    for options in [
        &["show", "many.torrent"][..],
        &["show", "--json", "many.torrent"],
    ] {
        let mut child = spawn(&mut place.command(options));
        let mut out = BufReader::with_capacity(16, child.stdout.take().unwrap());
        assert_eq!(out.fill_buf().unwrap().len(), 16);
        drop(out);
        let ran = wait(child);
        assert_eq!((ran.status.code(), ran.err.as_str()), (Some(0), ""));
    }
}

#[test]
fn nothing_from_outside_drives_the_terminal() {
    let place = Place::new();
    let name = OsStr::from_bytes(b"\x1b[31mred\x07\xc2\x9b2J");
    place.file(place.path("set").join(name), "x");
    fs::write(place.path("set").join("\u{202e}txt.exe"), "x").unwrap();
    let comment = "\x1b]0;title\x07";
    place
        .mt([
            "create",
            "set",
            "-o",
            "set.torrent",
            "--comment",
            comment,
            "--source",
            "\x1b[5m",
        ])
        .ok();
    let shown = place.line("show set.torrent").ok();
    let verified = place.line("verify set.torrent /dev");
    let refused = place.mt([OsStr::new("show"), name]);
    assert_eq!(refused.status.code(), Some(1));
    for text in [&shown, &verified.out, &verified.err, &refused.err] {
        let raw = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!text.contains(raw), "{text:?}");
    }
    assert!(
        shown.contains(r"comment      \u{1b}]0;title\u{7}"),
        "{shown}"
    );
}
