//! What is said of a hostile torrent can be shown on a terminal.

use mt::base::is_deceptive;
use mt::metainfo::{Format, Metainfo, mtorrent, read, st};

use crate::build::{Node, dict, list, path};
use crate::samples::{self, leaf, v1_file, v1_single, v2_single};
use crate::st_build::{St, file};

/// Moves the cursor, turns the direction, hides, and is no UTF-8 in the end.
const HOSTILE: &[u8] = b"\x1b[2J\x07\r\n\xe2\x80\xaeexe.txt\xe2\x80\x8b\xc2\x9b\xff`";

fn hostile_text() -> String {
    String::from_utf8_lossy(HOSTILE).into_owned()
}

#[track_caller]
fn assert_can_be_shown(text: &str) {
    let hostile = |c: char| c.is_control() || is_deceptive(c);
    assert!(!text.contains(hostile), "{text:?}");
    assert!(text.contains("exe.txt"), "the value is there: {text}");
}

#[test]
fn errors_of_torrents() {
    let text = hostile_text();
    let tree = |value: Node| v2_single().with(&["info", "file tree"], dict([(&text, value)]));
    let hybrid = samples::hybrid()
        .without(&["info", "file tree", "x"])
        .with(&["info", "file tree", &text], leaf(b"x"));
    let refused = [
        tree(5.into()),
        tree(leaf(b"y")).with(&["info", "file tree", &text, "", "length"], -1),
        tree(leaf(b"y").with(&["", "attr"], "p")),
        hybrid,
    ];
    for document in refused {
        assert_can_be_shown(&document.refusal().to_string());
    }
    let layer_missing = tree(leaf(&[7; 40_000])).without(&["piece layers"]);
    assert_can_be_shown(&layer_missing.refusal().to_string());
    let twice = [b"d4:infod", &Node::from(HOSTILE).encode()[..], b"0:"].concat();
    let twice = [&twice[..], &Node::from(HOSTILE).encode(), b"0:ee"].concat();
    assert_can_be_shown(&Metainfo::from_torrent(twice).unwrap_err().to_string());
}

#[test]
fn oddities_of_torrents() {
    let url = [b"http://", HOSTILE].concat();
    let link = v1_file(0, list([HOSTILE.into()]))
        .with(&["attr"], "l")
        .with(&["symlink path"], path([".."]));
    let odd = [
        v1_single().with(&["announce"], HOSTILE),
        v1_single().with(&["announce"], url.clone()),
        v1_single().with(&["announce-list"], list([list([url.clone().into()])])),
        v1_single().with(&["url-list"], url),
        samples::v1_directory().with(&["info", "files", "1"], link),
        v2_single()
            .with(&["info", "file tree", &hostile_text()], dict([]))
            .with(&["info", "name"], "n"),
    ];
    for document in odd {
        let metainfo = document.read();
        let described = metainfo.oddities.described();
        assert_eq!(described.len(), 1, "{described:?}");
        assert_can_be_shown(&described[0]);
    }
}

#[test]
fn errors_of_the_other_formats() {
    let text = hostile_text().replace(['\r', '\n'], "");
    let lines = [
        format!("{text}\n\nx\n0\n"),
        format!("http://{text}\n\nx\n0\n"),
        format!("\n\nx\n1{text}\n\n"),
    ];
    for text in lines {
        let refusal = mtorrent::read(text.as_bytes()).unwrap_err();
        assert_can_be_shown(&refusal.to_string());
    }
    let twice = file(&[&text], 0).repeat(2);
    let parts = St {
        file_count: 2,
        files: twice,
        hashes: Vec::new(),
        ..St::directory()
    };
    let refusal = st::read(parts.encode()).unwrap_err();
    assert_can_be_shown(&refusal.to_string());
    let unknown = read(format!("exe.txt{text}").into_bytes(), None).unwrap_err();
    assert_can_be_shown(&unknown.to_string());
    let no_magnet = read(format!("exe.txt{text}").into_bytes(), Some(Format::Magnet));
    assert_can_be_shown(&no_magnet.unwrap_err().to_string());
}

#[test]
fn obstacles() {
    let text = hostile_text();
    let metainfo = samples::v1_of_512_kib()
        .with(&["info", "name"], HOSTILE)
        .with(&["info", "source"], HOSTILE)
        .with(&["info", &text], 1)
        .read();
    let obstacles = metainfo.obstacles(Format::Mtorrent);
    for said in obstacles.impossible.iter().chain(&obstacles.changes_hash) {
        assert_can_be_shown(said);
    }
    assert_eq!(obstacles.changes_hash.len(), 2);
    let linked = dict([(
        "",
        dict([("attr", "l".into()), ("symlink path", path(["one.bin"]))]),
    )]);
    let metainfo = v2_single()
        .with(&["info", "file tree", &text], linked)
        .read();
    let impossible = metainfo.obstacles(Format::St).impossible;
    assert_eq!(impossible.len(), 1);
    assert_can_be_shown(&impossible[0]);
}

#[test]
fn what_a_file_is_when_it_is_nothing() {
    for hint in Format::ALL.map(Some).into_iter().chain([None]) {
        let empty = read(Vec::new(), hint).unwrap_err().to_string();
        assert_eq!(empty, "the file is empty");
    }
    // The bytes are counted, not the characters that stand for those that are none.
    let long = [&b"magnet:?"[..], &[0xff; 1 << 20]].concat();
    assert_eq!(
        read(long, None).unwrap_err().to_string(),
        "the magnet link is 1048584 bytes long: at most 1048576 are read"
    );
    assert_eq!(
        read(b"<html>".to_vec(), None).unwrap_err().to_string(),
        "this is none of the formats that can be read (.torrent, .mtorrent, .st, magnet): it \
         begins with `<html>`"
    );
    assert_eq!(
        read(b"<html>".to_vec(), Some(Format::Torrent))
            .unwrap_err()
            .to_string(),
        "`document`: byte 0: expected an integer, a string, a list or a dictionary, found `<`"
    );
}
