//! `mt client convert`.

use std::fs;

use crate::support::{Place, noise};

/// A file as a v1 torrent that fits a `.mtorrent`, a v2 torrent, and a hybrid.
fn one_file() -> Place {
    let place = Place::new();
    place.file("one", noise(1, 700_000));
    for meta in ["v1", "v2", "hybrid"] {
        let create = "create one --piece-length 512KiB --no-date --tracker http://t/announce";
        place
            .line(&format!("{create} --meta {meta} -o {meta}.torrent"))
            .ok();
    }
    place
}

fn hashes(place: &Place, file: &str) -> [Option<String>; 2] {
    let shown = place.mt(["show", "--json", file]).json();
    ["info_hash_v1", "info_hash_v2"].map(|key| shown[key].as_str().map(str::to_owned))
}

#[test]
fn every_direction_that_can_keeps_the_hash() {
    let place = one_file();
    let ways: [&[&str]; 4] = [
        &[
            "v1.torrent",
            "a.mtorrent",
            "b.mtorrent",
            "c.torrent",
            "d.magnet",
        ],
        &["v2.torrent", "a.st", "b.st", "e.torrent", "f.magnet"],
        &["hybrid.torrent", "g.torrent", "h.magnet"],
        &["b.mtorrent", "i.magnet"],
    ];
    for way in ways {
        for step in way.windows(2) {
            let ran = place.mt(["convert", step[0], step[1]]);
            assert_eq!(ran.ok(), "");
            assert_eq!(hashes(&place, step[0]), hashes(&place, step[1]), "{step:?}");
        }
    }
    assert_eq!(place.read("a.mtorrent"), place.read("b.mtorrent"));
    assert_eq!(place.read("a.st"), place.read("b.st"));
    assert_eq!(place.read("hybrid.torrent"), place.read("g.torrent"));
}

#[test]
fn what_is_left_out_around_the_hash_is_told() {
    let place = one_file();
    let ran = place.line("convert v1.torrent a.mtorrent");
    assert_eq!(
        ran.err,
        "[WARN] a .mtorrent cannot carry the name of the program that made it; left out\n"
    );
    ran.ok();
}

#[test]
fn a_torrent_stays_byte_for_byte() {
    let place = Place::new();
    let torrent = b"d8:announce10:http://a/x13:creation datei1e4:infod6:lengthi3e4:name1:n\
        12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaa1:zd1:b0:1:a0:ee7:unknownli1eee";
    place.file("odd.torrent", torrent);
    place.line("convert odd.torrent same.torrent").ok();
    assert_eq!(place.read("same.torrent"), torrent);
    let piped = place.line_reading("convert - piped.torrent", torrent);
    piped.ok();
    assert_eq!(place.read("piped.torrent"), torrent);
}

#[test]
fn keys_out_of_order_keep_their_hash() {
    let place = Place::new();
    let torrent = b"d7:unknownli1ee4:infod6:pieces20:aaaaaaaaaaaaaaaaaaaa4:name1:n6:lengthi3e\
        12:piece lengthi16384eee";
    place.file("odd.torrent", torrent);
    place.line("convert odd.torrent same.torrent").ok();
    assert_eq!(
        hashes(&place, "odd.torrent"),
        hashes(&place, "same.torrent")
    );
}

#[test]
fn what_cannot_be_carried_is_refused_by_name() {
    let place = one_file();
    place.file("set/a", "a");
    place.line("create set -o set.torrent").ok();
    place
        .line("create set -o set2.torrent --meta v2 --private --source S")
        .ok();
    place
        .line("create one -o small.torrent --piece-length 64KiB --private")
        .ok();
    let refused = |line: &str, parts: &[&str]| {
        let ran = place.line(line);
        ran.fails_naming(parts);
        let out = line.split(' ').nth(2).unwrap();
        assert!(!place.path(out).exists(), "{line}");
    };
    refused(
        "convert set.torrent x.mtorrent",
        &[
            "`set.torrent` cannot become a .mtorrent",
            "`set` is a directory",
        ],
    );
    refused(
        "convert set.torrent x.mtorrent --new-hash --data set",
        &["`set` is a directory"],
    );
    refused(
        "convert small.torrent x.mtorrent",
        &["65536 bytes", "524288", "private", "--new-hash and --data"],
    );
    refused(
        "convert v1.torrent x.st",
        &["the v1 hashes", "--new-hash and --data PATH"],
    );
    refused(
        "convert v1.torrent x.st --new-hash",
        &["without its content", "SHA-256", "--data PATH"],
    );
    refused("convert v2.torrent x.mtorrent", &["the v2 hashes"]);
    refused(
        "convert hybrid.torrent x.st",
        &["the v1 half", "Use --new-hash to"],
    );
    refused("convert hybrid.torrent x.mtorrent", &["the v2 half"]);
    refused("convert set2.torrent x.st", &["private", "`source` (S)"]);
    refused(
        "convert magnet:?xt=urn:btih:0123456789abcdef0123456789abcdef01234567 x.torrent",
        &["magnet:?xt", "only the info-hash"],
    );
    let link = b"magnet:?xt=urn:btih:0123456789abcdef0123456789abcdef01234567";
    let ran = place.line_reading("convert - x.torrent", link);
    ran.fails_naming(&["mt: standard input: a magnet link has only the info-hash"]);
}

#[test]
fn another_swarm_is_made_where_that_is_asked_for() {
    let place = one_file();
    place.line("convert hybrid.torrent half.st --new-hash").ok();
    assert_eq!(hashes(&place, "half.st")[0], None);
    place
        .line("convert v1.torrent remade.st --new-hash --data one")
        .ok();
    place
        .line("create one --piece-length 512KiB -o made.st")
        .ok();
    assert_eq!(hashes(&place, "remade.st"), hashes(&place, "made.st"));
    place
        .line("convert v2.torrent remade.mtorrent --new-hash --data .")
        .ok();
    assert_eq!(
        hashes(&place, "remade.mtorrent"),
        hashes(&place, "v1.torrent")
    );
    place
        .line("convert hybrid.torrent half.mtorrent --new-hash")
        .ok();
    assert_eq!(
        hashes(&place, "half.mtorrent"),
        hashes(&place, "v1.torrent")
    );
}

#[test]
fn what_changes_the_hash_is_told_with_both_hashes() {
    let place = one_file();
    place
        .line("create one -o p.torrent --private --source S --piece-length 64KiB --meta v2")
        .ok();
    let ran = place.line("convert p.torrent p.st --new-hash");
    let warned = [
        "that it is private",
        "`source` (S)",
        "the name of the program that made it",
        "the creation date",
    ];
    let warned = warned.map(|what| format!("[WARN] a .st cannot carry {what}; left out\n"));
    assert_eq!(ran.err, warned.concat());
    let hash = |file: &str| hashes(&place, file)[1].clone().unwrap();
    let (old, new) = (hash("p.torrent"), hash("p.st"));
    assert_ne!(old, new);
    let told = format!("old info-hash v2 {old}\nnew info-hash v2 {new}\n");
    assert_eq!(ran.ok(), told);
}

#[test]
fn reasons_stand_in_one_sentence() {
    let place = one_file();
    place
        .line("create one --piece-length 64KiB -o small.torrent --meta hybrid")
        .ok();
    place.line("convert small.torrent x.mtorrent").fails(
        "`small.torrent` cannot become a .mtorrent with the same info-hash: it cannot carry the \
         piece length of 65536 bytes (the format has always 524288), the v2 half (the format is \
         v1). Use --new-hash and --data PATH to make another torrent, with a swarm of its own",
    );
}

/// A v2 torrent of one file names it in its tree; what stands beside as `name` may be anything.
#[test]
fn a_file_keeps_the_name_that_its_tree_gives_it() {
    let place = one_file();
    let torrent = place.read("v2.torrent");
    let at = torrent
        .windows(10)
        .position(|part| part == b"4:name3:on")
        .unwrap();
    let renamed = [&torrent[..at], b"4:name5:other", &torrent[at + 10 + 1..]].concat();
    place.file("renamed.torrent", renamed);
    place
        .line("convert renamed.torrent x.mtorrent --new-hash --data one")
        .ok();
    assert_eq!(hashes(&place, "x.mtorrent"), hashes(&place, "v1.torrent"));
}

#[test]
fn a_directory_is_made_again_from_its_content() {
    let place = Place::new();
    place.file("set/b", noise(2, 40_000));
    place.file("set/a/c", noise(3, 20_000));
    place.file("set/a.d", "");
    place
        .line("create set --piece-length 16KiB -o set.torrent")
        .ok();
    place
        .line("create set --piece-length 16KiB -o made.st")
        .ok();
    place
        .line("convert set.torrent remade.st --new-hash --data set")
        .ok();
    assert_eq!(hashes(&place, "remade.st"), hashes(&place, "made.st"));
}

#[test]
fn what_no_st_can_say_is_told_before_the_work() {
    let place = Place::new();
    place.file("set/a", "a");
    std::os::unix::fs::symlink("a", place.path("set/link")).unwrap();
    place.line("create set --links keep -o set.torrent").ok();
    place
        .line("convert set.torrent x.st --new-hash --data nowhere")
        .fails(
            "`set.torrent` cannot become a .st: `link` is a link (the format carries files only)",
        );
}

#[test]
fn content_that_is_not_whole_makes_nothing() {
    let place = one_file();
    place.file("one", noise(9, 700_000));
    let ran = place.line("convert v1.torrent x.st --new-hash --data one");
    ran.fails_naming(&["`one` is not the whole content", "mt client verify"]);
    let ran = place.line("convert v1.torrent x.st --new-hash --data nowhere");
    ran.fails_naming(&["`nowhere`"]);
    assert!(!place.path("x.st").exists());
}

#[test]
fn what_is_there_is_replaced_only_by_force() {
    let place = one_file();
    place.file("x.st", "mine");
    let exists = "`x.st` exists; use --force to replace it";
    place.line("convert v2.torrent x.st").fails(exists);
    assert_eq!(place.read("x.st"), b"mine");
    place.line("convert v2.torrent x.st --force").ok();
    assert_eq!(hashes(&place, "x.st"), hashes(&place, "v2.torrent"));
    // Even itself: it was read before it is written.
    let before = place.read("v1.torrent");
    place.line("convert v1.torrent v1.torrent --force").ok();
    assert_eq!(place.read("v1.torrent"), before);
    let names = ["hybrid.torrent", "one", "v1.torrent", "v2.torrent", "x.st"];
    assert_eq!(place.names("."), names);
}

#[test]
fn where_nothing_can_be_written_is_named() {
    let place = one_file();
    place.directory("d.st");
    place.file("plain", "");
    let unknown = place.line("convert v1.torrent x.zip");
    unknown.is_bad_usage_naming(&["`x.zip`", ".torrent, .mtorrent, .st or .magnet"]);
    place
        .line("convert v1.torrent x")
        .is_bad_usage_naming(&["`x`", "extension"]);
    place
        .line("convert v2.torrent no/x.st")
        .fails_naming(&["cannot write `no/x.st`", "No such"]);
    place
        .line("convert v2.torrent plain/x.st")
        .fails_naming(&["cannot write `plain/x.st`"]);
    place
        .line("convert v2.torrent d.st --force")
        .fails("`d.st` is a directory");
    place
        .line("convert v2.torrent /proc/x.st")
        .fails_naming(&["cannot write `/proc/x.st`"]);
}

#[test]
fn a_directory_that_may_not_be_written_is_told_before_the_work() {
    // The superuser may write everywhere.
    if rustix::process::geteuid().is_root() {
        return;
    }
    let place = one_file();
    let closed = place.directory("closed");
    let mut permissions = fs::metadata(&closed).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&closed, permissions).unwrap();
    let ran = place.line("convert v2.torrent closed/x.st");
    ran.fails_naming(&["cannot write `closed/x.st`", "Permission denied"]);
    place.sparse("large", 1 << 40);
    let ran = place.line("create large -o closed/x.torrent");
    ran.fails_naming(&["cannot write `closed/x.torrent`", "Permission denied"]);
}
