//! `mt client create`: what it finds in directories.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;

use rustix::fs::{CWD, FileType, Mode, OFlags, mkdirat, mknodat, openat};

use crate::support::Place;

/// Makes a torrent of `set` and tells its safe paths, below its name.
fn paths(place: &Place, options: &str) -> Vec<String> {
    let line = format!("create set -o x.torrent --force {options}");
    place.mt(line.split_whitespace()).ok();
    let shown = place.line("show --json x.torrent").json();
    let files = shown["files"].as_array().unwrap().iter();
    let below = |path: &str| path.strip_prefix("set/").unwrap_or(path).to_owned();
    files
        .map(|file| below(file["path"].as_str().unwrap()))
        .collect()
}

fn plain() -> Place {
    let place = Place::new();
    for path in [
        "set/b.tmp",
        "set/a/z",
        "set/a.b",
        "set/a/logs/x.tmp",
        "set/logs/y",
        "set/.git/h",
    ] {
        place.file(path, path);
    }
    place
}

#[test]
fn files_stand_in_the_order_of_the_tree() {
    let place = plain();
    let expected = [".git/h", "a/logs/x.tmp", "a/z", "a.b", "b.tmp", "logs/y"];
    assert_eq!(paths(&place, ""), expected);
}

#[test]
fn excludes_are_held_against_names_and_paths() {
    let place = plain();
    assert_eq!(
        paths(&place, "--exclude *.tmp --exclude .git"),
        ["a/z", "a.b", "logs/y"]
    );
    assert_eq!(
        paths(&place, "--exclude logs"),
        [".git/h", "a/z", "a.b", "b.tmp"]
    );
    assert_eq!(
        paths(&place, "--exclude /logs/ --exclude .*"),
        ["a/logs/x.tmp", "a/z", "a.b", "b.tmp"]
    );
    assert_eq!(
        paths(&place, "--exclude a/logs --exclude .git/**"),
        ["a/z", "a.b", "b.tmp", "logs/y"]
    );
    // A star stays within a name.
    assert_eq!(
        paths(&place, "--exclude a/*.tmp --exclude .git"),
        ["a/logs/x.tmp", "a/z", "a.b", "b.tmp", "logs/y"]
    );
    assert_eq!(
        paths(&place, "--exclude a/**/*.tmp --exclude .git"),
        ["a/z", "a.b", "b.tmp", "logs/y"]
    );
    place
        .line("create set -o y.torrent --exclude *")
        .fails("`set` holds no file");
    place
        .line("create set -o y.torrent --exclude a[")
        .is_bad_usage_naming(&["--exclude", "a["]);
}

#[test]
fn the_name_is_that_of_the_directory_however_it_was_named() {
    let place = plain();
    symlink("set", place.path("by-link")).unwrap();
    let name = |path: &str| {
        let line = format!("create {path} -o x.torrent --force --json --exclude x.torrent");
        place.mt(line.split(' ')).json()["name"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(name("set"), "set");
    assert_eq!(name("set/"), "set");
    assert_eq!(name("set/a/.."), "set");
    assert_eq!(name("by-link/"), "by-link");
    let here = place.path(".").canonicalize().unwrap();
    let named = name(".");
    assert_eq!(Some(OsStr::new(&named)), here.file_name());
    place
        .line("create / -o y.torrent")
        .fails_naming(&["`/`", "has no name"]);
    place
        .line("create none -o y.torrent")
        .fails_naming(&["cannot read `none`", "No such file"]);
    place
        .line("create set/a.b/ -o y.torrent")
        .fails_naming(&["cannot read `set/a.b/`"]);
}

#[test]
fn empty_files_are_content_and_empty_directories_are_not() {
    let place = Place::new();
    place.file("set/empty", "");
    place.directory("set/nothing/in/it");
    for meta in ["v1", "v2", "hybrid"] {
        assert_eq!(paths(&place, &format!("--meta {meta}")), ["empty"]);
        place.line("verify x.torrent set").ok();
    }
    place.directory("void/in");
    place
        .line("create void -o y.torrent")
        .fails("`void` holds no file");
    place
        .line("create set/empty -o e.torrent -o e.st -o e.mtorrent")
        .ok();
    for file in ["e.torrent", "e.st", "e.mtorrent"] {
        let shown = place.mt(["show", "--json", file]).json();
        assert_eq!(
            (&shown["total_size"], &shown["piece_count"]),
            (&0.into(), &0.into())
        );
        place.mt(["verify", file, "set"]).ok();
    }
}

#[test]
fn any_name_that_the_disk_has_can_be_carried() {
    let place = Place::new();
    let names: [&[u8]; 7] = [
        b"with space",
        b"line\nbreak",
        b"bad\xff\xfeutf8",
        b"dots..",
        b"x:y.",
        b"back\\slash",
        b"\x1b[2J",
    ];
    for (index, name) in names.iter().enumerate() {
        place.file(
            place.path("set").join(OsStr::from_bytes(name)),
            [u8::try_from(index).unwrap(); 50],
        );
    }
    for meta in ["v1", "v2", "hybrid"] {
        let safe = paths(&place, &format!("--meta {meta}"));
        assert_eq!(
            safe.len(),
            names.len() * if meta == "hybrid" { 2 } else { 1 } - usize::from(meta == "hybrid")
        );
        let whole = place.line("verify x.torrent .").ok();
        assert!(whole.starts_with("whole: 7 of 7 files"), "{whole}");
    }
    let odd = OsStr::from_bytes(b"set/bad\xff\xfeutf8");
    let ran = place.mt([
        OsStr::new("create"),
        odd,
        OsStr::new("-o"),
        OsStr::new("odd.torrent"),
    ]);
    assert!(ran.err.contains("not UTF-8"), "{ran:?}");
    ran.ok();
    place.line("verify odd.torrent set").ok();
}

/// A chain of directories, too long for one path, with a file in the last.
fn chain(place: &Place, depth: usize) {
    let mut directory = File::open(place.directory("set")).unwrap();
    for _ in 0..depth {
        mkdirat(&directory, "d", Mode::from(0o700)).unwrap();
        directory = File::from(openat(&directory, "d", OFlags::DIRECTORY, Mode::empty()).unwrap());
    }
    openat(&directory, "f", OFlags::CREATE, Mode::from(0o600)).unwrap();
}

#[test]
fn deep_directories_are_carried_as_far_as_they_can_be_read_again() {
    let place = Place::new();
    chain(&place, 251);
    place
        .line("create set -o a.torrent --meta hybrid -o a.st")
        .ok();
    for file in ["a.torrent", "a.st"] {
        place.mt(["verify", file, "set"]).ok();
    }
    let place = Place::new();
    chain(&place, 300);
    place.line("create set -o a.torrent").ok();
    place.line("verify a.torrent set").ok();
    place.line("create set -o b.st").fails_naming(&[
        "`set/d/d/",
        "too deep",
        "252 names",
        "--meta v1",
    ]);
}

#[test]
fn links_are_followed() {
    let place = Place::new();
    place.file("set/a", "content");
    place.file("elsewhere/d/e", "more");
    symlink("a", place.path("set/file")).unwrap();
    symlink("../elsewhere", place.path("set/out")).unwrap();
    assert_eq!(paths(&place, ""), ["a", "file", "out/d/e"]);
    place.line("verify x.torrent set").ok();
    symlink("nowhere", place.path("set/broken")).unwrap();
    let broken = place.line("create set -o y.torrent");
    broken.fails_naming(&["`set/broken`", "leads nowhere", "--exclude"]);
    assert_eq!(paths(&place, "--exclude broken"), ["a", "file", "out/d/e"]);
    fs::remove_file(place.path("set/broken")).unwrap();
    symlink("..", place.path("set/out/d/up")).unwrap();
    let endless = place.line("create set -o y.torrent");
    endless.fails_naming(&["`set/out/d/up`", "lies in", "--links keep"]);
    symlink("self", place.path("set/self")).unwrap();
    place
        .line("create set -o y.torrent --exclude up")
        .fails_naming(&["`set/self`"]);
}

#[test]
fn links_are_kept_where_that_is_asked_for() {
    let place = Place::new();
    place.file("set/a", "content");
    symlink("../a", place.directory("set/sub").join("up")).unwrap();
    symlink(
        place.path("set/a").canonicalize().unwrap(),
        place.path("set/absolute"),
    )
    .unwrap();
    symlink("sub/up", place.path("set/chain")).unwrap();
    symlink("sub", place.path("set/to-directory")).unwrap();
    for meta in ["v1", "v2", "hybrid"] {
        let found = paths(&place, &format!("--links keep --meta {meta}"));
        assert_eq!(found, ["a", "absolute", "chain", "sub/up", "to-directory"]);
        place.line("verify x.torrent set").ok();
    }
    let shown = place.line("show x.torrent").ok();
    assert!(shown.contains("up  -> ../a\n"), "{shown}");
    fs::remove_file(place.path("set/sub/up")).unwrap();
    symlink("../absolute/../b", place.path("set/sub/up")).unwrap();
    let wrong = place.line("verify x.torrent set");
    assert!(wrong.out.contains("bad          set/sub/up\n"), "{wrong:?}");
    let ran = place.line("create set -o y.st --links keep --exclude sub");
    ran.fails_naming(&["`set/chain`", "leads nowhere"]);
    fs::remove_file(place.path("set/sub/up")).unwrap();
    place
        .line("create set -o y.st --links keep --exclude chain")
        .fails_naming(&[".st cannot carry links"]);
    symlink("../x.torrent", place.path("set/out")).unwrap();
    let out = place.line("create set -o y.torrent --links keep --exclude chain");
    out.fails_naming(&["`set/out`", "leads out of the directory", "--links follow"]);
}

#[test]
fn what_is_no_file_is_named() {
    let place = Place::new();
    place.file("set/a", "a");
    mknodat(
        CWD,
        place.path("set/pipe"),
        FileType::Fifo,
        Mode::from(0o600),
        0,
    )
    .unwrap();
    place
        .line("create set -o x.torrent")
        .fails("`set/pipe` is a named pipe, which no torrent can carry");
    place
        .line("create set/pipe -o x.torrent")
        .fails_naming(&["`set/pipe`", "named pipe"]);
    let _listener = UnixListener::bind(place.path("set/socket")).unwrap();
    place
        .line("create set -o x.torrent --exclude pipe")
        .fails_naming(&["`set/socket`", "a socket"]);
    place
        .line("create /dev/null -o x.torrent")
        .fails_naming(&["`/dev/null`", "a device"]);
    assert_eq!(paths(&place, "--exclude pipe --exclude socket"), ["a"]);
}

#[test]
fn what_may_not_be_read_is_named() {
    // The superuser may read everything.
    if rustix::process::geteuid().is_root() {
        return;
    }
    let place = Place::new();
    let path = place.file("set/secret", "a");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    let ran = place.line("create set -o x.torrent");
    ran.fails_naming(&["cannot read `set/secret`", "Permission denied"]);
}

#[test]
fn executable_bits_are_carried_where_that_is_possible() {
    let place = Place::new();
    let path = place.file("set/run", "#!");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    place.line("create set -o x.torrent").ok();
    assert!(
        place
            .line("show x.torrent")
            .ok()
            .contains("run  2 B, executable")
    );
    let ran = place.line("create set -o y.st");
    assert!(ran.err.contains("executable bits are left out"), "{ran:?}");
    ran.ok();
}
