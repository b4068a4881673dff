//! Hybrids: two halves that must tell one story.

use mt::bencode::Kind;
use mt::metainfo::{Fault, Version};

use crate::build::{Node, assert_refused, content, list, path};
use crate::samples::{hybrid, hybrid_single, leaf, padding, root, v1_file};

fn disagree(v1: &str, v2: &str) -> Fault {
    Fault::HalvesDisagree {
        v1: v1.to_owned(),
        v2: v2.to_owned(),
    }
}

fn with_files(files: Node) -> Node {
    hybrid().with(&["info", "files"], files)
}

#[test]
fn both_halves_are_known_of_every_file() {
    let metainfo = hybrid().read();
    let info = &metainfo.info;
    assert_eq!(info.version(), Version::Hybrid);
    assert_eq!((info.piece_count(), info.files().len()), (3, 3));
    assert_eq!(info.files().content_bytes(), 23_000);
    let [x, pad, y] = [0, 1, 2].map(|index| info.files().get(index));
    assert_eq!((x.path, x.root), ("x", Some(root(&content(20_000, 0), 1))));
    assert_eq!((pad.root, pad.attributes.padding), (None, true));
    assert_eq!(
        (y.offset_bytes, y.root),
        (32_768, Some(root(&content(3_000, 5), 1)))
    );
    assert!(metainfo.layers.get(&root(&content(20_000, 0), 1)).is_some());
    assert_eq!(info.v1_hashes().map(<[u8]>::len), Some(60));
}

#[test]
fn names_agree() {
    let files = list([
        v1_file(20_000, path(["z"])),
        padding(12_768),
        v1_file(3_000, path(["y"])),
    ]);
    assert_refused(
        &with_files(files),
        "info.file tree",
        disagree("`z` of 20000 bytes", "`x` of 20000 bytes"),
    );
    assert_refused(
        &hybrid_single().with(&["info", "name"], "n.bin"),
        "info.file tree",
        disagree("`n.bin` of 700000 bytes", "`m.bin` of 700000 bytes"),
    );
}

#[test]
fn sizes_agree() {
    let files = list([
        v1_file(19_999, path(["x"])),
        padding(12_769),
        v1_file(3_000, path(["y"])),
    ]);
    assert_refused(
        &with_files(files),
        "info.file tree",
        disagree("`x` of 19999 bytes", "`x` of 20000 bytes"),
    );
    assert_refused(
        &hybrid_single().with(&["info", "length"], 1),
        "info.file tree",
        disagree("`m.bin` of 1 byte", "`m.bin` of 700000 bytes"),
    );
}

#[test]
fn the_order_agrees() {
    let files = list([
        v1_file(3_000, path(["y"])),
        padding(13_384),
        v1_file(20_000, path(["x"])),
    ]);
    assert_refused(
        &with_files(files),
        "info.file tree",
        disagree("`y` of 3000 bytes", "`x` of 20000 bytes"),
    );
}

#[test]
fn neither_half_has_more_files() {
    assert_refused(
        &with_files(list([v1_file(20_000, path(["x"]))])),
        "info.file tree",
        disagree("no more files", "`y` of 3000 bytes"),
    );
    let more = hybrid().without(&["info", "file tree", "y"]);
    assert_refused(
        &more,
        "info.file tree",
        disagree("`y` of 3000 bytes", "no more files"),
    );
    let more = hybrid_single().with(&["info", "file tree", "n"], leaf(b""));
    assert_refused(
        &more,
        "info.file tree",
        disagree("no more files", "`n` of 0 bytes"),
    );
}

#[test]
fn every_file_starts_a_piece_in_both() {
    let unpadded = list([v1_file(20_000, path(["x"])), v1_file(3_000, path(["y"]))]);
    assert_refused(
        &with_files(unpadded),
        "info.files[1]",
        Fault::HalvesMisaligned {
            offset_bytes: 20_000,
        },
    );
    let short = list([
        v1_file(20_000, path(["x"])),
        padding(12_767),
        v1_file(3_000, path(["y"])),
    ]);
    assert_refused(
        &with_files(short),
        "info.files[2]",
        Fault::HalvesMisaligned {
            offset_bytes: 32_767,
        },
    );
}

#[test]
fn an_empty_file_may_stand_anywhere() {
    let files = list([
        v1_file(20_000, path(["x"])),
        v1_file(0, path(["x2"])),
        padding(12_768),
        v1_file(3_000, path(["y"])),
    ]);
    let metainfo = with_files(files)
        .with(&["info", "file tree", "x2"], leaf(b""))
        .read();
    assert_eq!(metainfo.info.files().get(1).offset_bytes, 20_000);
}

#[test]
fn each_half_is_checked_as_if_alone() {
    let wrong = |found| Fault::WrongType {
        wanted: Kind::Dict,
        found,
    };
    assert_refused(
        &hybrid().without(&["info", "file tree"]),
        "info.file tree",
        Fault::Missing,
    );
    assert_refused(
        &hybrid().with(&["info", "file tree"], "x"),
        "info.file tree",
        wrong(Kind::Bytes),
    );
    assert_refused(
        &hybrid().with(&["info", "pieces"], vec![7; 40]),
        "info.pieces",
        Fault::WrongHashCount {
            found: 2,
            wanted: 3,
            size_bytes: 35_768,
            piece_length_bytes: 16_384,
        },
    );
    assert_refused(
        &hybrid().without(&["info", "files"]),
        "info.length",
        Fault::Missing,
    );
    assert_refused(
        &hybrid().without(&["piece layers"]),
        "info.file tree.x",
        Fault::LayerMissing {
            root: root(&content(20_000, 0), 1).to_string(),
            size_bytes: 20_000,
        },
    );
    assert_refused(
        &hybrid().with(&["info", "piece length"], 20_000),
        "info.piece length",
        Fault::PieceLengthV2(20_000),
    );
}

#[test]
fn without_a_version_only_the_v1_half_counts() {
    let metainfo = hybrid().without(&["info", "meta version"]).read();
    assert_eq!(metainfo.info.version(), Version::V1);
    assert_eq!(metainfo.info.hashes().v2, None);
    assert_eq!(metainfo.info.files().get(0).root, None);
    assert_eq!(
        metainfo.oddities.described(),
        [
            "`info.file tree`: stands without `meta version`; ignored",
            "`piece layers`: stand beside a torrent without a v2 half; ignored"
        ]
    );
}

#[test]
fn without_pieces_only_the_v2_half_counts() {
    let metainfo = hybrid().without(&["info", "pieces"]).read();
    assert_eq!(metainfo.info.version(), Version::V2);
    let said = "`info.files`: stands without `pieces`; ignored";
    assert_eq!(metainfo.oddities.described(), [said]);
    let single = crate::samples::hybrid_single().without(&["info", "pieces"]);
    let said = "`info.length`: stands without `pieces`; ignored";
    assert_eq!(single.read().oddities.described(), [said]);
}

#[test]
fn links_agree_by_name() {
    let link = v1_file(0, path(["x2"]))
        .with(&["attr"], "l")
        .with(&["symlink path"], path(["x"]));
    let twin = crate::build::dict([(
        "",
        crate::build::dict([("attr", "l".into()), ("symlink path", path(["x"]))]),
    )]);
    let files = list([
        v1_file(20_000, path(["x"])),
        link,
        padding(12_768),
        v1_file(3_000, path(["y"])),
    ]);
    let metainfo = with_files(files)
        .with(&["info", "file tree", "x2"], twin)
        .read();
    assert_eq!(metainfo.info.files().get(1).symlink, Some("x"));
}
