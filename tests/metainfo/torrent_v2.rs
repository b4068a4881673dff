//! What the info dictionary of a v2 torrent must have; its piece layers are in `v2_layers`.

use mt::base::Sha256Digest;
use mt::base::limits::{BENCODE_DEPTH_MAX, TOTAL_SIZE_BYTES_MAX};
use mt::bencode::{self, Kind};
use mt::metainfo::{Fault, Metainfo, Version};

use crate::build::{Node, assert_refused, content, dict, path};
use crate::samples::{leaf, root, v2_directory, v2_single};

fn of_tree(tree: Node) -> Node {
    v2_single()
        .with(&["info", "file tree"], tree)
        .without(&["piece layers"])
}

const TYPE_OF_TREE: fn(Kind) -> Fault = |found| Fault::WrongType {
    wanted: Kind::Dict,
    found,
};

#[test]
fn a_single_file_is_named_by_its_tree() {
    let metainfo = v2_single().with(&["info", "name"], "other").read();
    let info = &metainfo.info;
    assert_eq!(info.version(), Version::V2);
    assert_eq!((info.name(), info.is_directory()), ("one.bin", false));
    assert_eq!((info.piece_length(), info.piece_count()), (16_384, 3));
    assert_eq!(info.v1_hashes(), None);
    let file = info.files().get(0);
    assert_eq!((file.path, file.len_bytes), ("one.bin", 40_000));
    assert_eq!(file.root, Some(root(&content(40_000, 0), 1)));
}

#[test]
fn every_file_of_a_directory_starts_a_piece() {
    let metainfo = v2_directory().read();
    let info = &metainfo.info;
    assert_eq!((info.name(), info.is_directory()), ("dir", true));
    assert_eq!(
        (info.piece_count(), info.files().content_bytes()),
        (4, 90_000)
    );
    let spans: Vec<_> = info
        .files()
        .iter()
        .map(|file| (file.path, file.offset_bytes, file.root.is_some()))
        .collect();
    assert_eq!(
        spans,
        [
            ("a/b", 0, true),
            ("a/empty", 70_000, false),
            ("c", 3 * 32_768, true)
        ]
    );
    assert_eq!(metainfo.to_torrent(), v2_directory().encode());
}

/// The example of BEP 52, with the length of `length` put right.
#[test]
fn the_example_of_bep_52() {
    let properties = b"d6:lengthi1024e11:pieces root32:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaae";
    let tree = [
        &b"d4:dir1d4:dir2d9:fileA.txtd0:"[..],
        &properties[..],
        b"eeee",
    ]
    .concat();
    let metainfo = of_tree(Node::Raw(tree)).read();
    let files = metainfo.info.files();
    assert_eq!(files.len(), 1);
    let file = files.get(0);
    assert_eq!((file.path, file.len_bytes), ("dir1/dir2/fileA.txt", 1024));
    assert_eq!(file.root, Some(Sha256Digest([b'a'; 32])));
    assert!(metainfo.info.is_directory());
}

#[test]
fn whatever_is_cut_off_is_missed() {
    let sample = v2_directory().encode();
    for len_bytes in 0..sample.len() {
        let refusal = Metainfo::from_torrent(sample[..len_bytes].to_vec()).unwrap_err();
        assert_eq!(refusal.place, "document", "{len_bytes} bytes: {refusal}");
    }
}

#[test]
fn only_version_2_is_read() {
    let place = ["info", "meta version"];
    for other in [3, 1, 0, -2] {
        assert_refused(
            &v2_single().with(&place, other),
            "info.meta version",
            Fault::MetaVersion(other),
        );
    }
    let fault = Fault::WrongType {
        wanted: Kind::Integer,
        found: Kind::Bytes,
    };
    assert_refused(&v2_single().with(&place, "2"), "info.meta version", fault);
    assert_refused(&v2_single().without(&place), "info", Fault::NoMetaVersion);
}

#[test]
fn a_piece_is_a_power_of_two_of_blocks() {
    let place = ["info", "piece length"];
    for wrong in [1, 8_192, 16_383, 16_385, 49_152, (1 << 30) - 1] {
        assert_refused(
            &v2_single().with(&place, wrong),
            "info.piece length",
            Fault::PieceLengthV2(wrong),
        );
    }
    for wrong in [0, -16_384, 1 << 31] {
        assert_refused(
            &v2_single().with(&place, wrong),
            "info.piece length",
            Fault::PieceLength(wrong),
        );
    }
    let whole = v2_single().with(&place, 1 << 30).without(&["piece layers"]);
    assert_eq!(whole.read().info.piece_count(), 1);
}

#[test]
fn keys_of_the_info_are_in_order() {
    let info = b"d4:name1:x9:file treede12:meta versioni2e12:piece lengthi16384ee";
    let document = dict([("info", Node::Raw(info.to_vec()))]);
    assert_refused(&document, "info", Fault::Unsorted { at: 10 });
    let inside = b"d1:bd0:d6:lengthi0eee1:ad0:d6:lengthi0eeee".to_vec();
    let Fault::Unsorted { .. } = of_tree(Node::Raw(inside)).refusal().fault else {
        panic!("the tree belongs to the info");
    };
}

#[test]
fn the_tree_is_a_dictionary_of_files() {
    let place = ["info", "file tree"];
    assert_refused(
        &v2_single().without(&place),
        "info.file tree",
        Fault::Missing,
    );
    assert_refused(&of_tree(dict([])), "info.file tree", Fault::NoFiles);
    for (wrong, found) in [(Node::from(1), Kind::Integer), (path(["a"]), Kind::List)] {
        assert_refused(
            &of_tree(wrong.clone()),
            "info.file tree",
            TYPE_OF_TREE(found),
        );
        assert_refused(
            &of_tree(dict([("a", dict([("b", wrong.clone())]))])),
            "info.file tree.a/b",
            TYPE_OF_TREE(found),
        );
        assert_refused(
            &of_tree(dict([("a", dict([("", wrong)]))])),
            "info.file tree.a",
            TYPE_OF_TREE(found),
        );
    }
    let only_directories = dict([("a", dict([("b", dict([]))]))]);
    assert_refused(&of_tree(only_directories), "info.file tree", Fault::NoFiles);
}

#[test]
fn a_file_has_a_name_and_nobody_beside_it() {
    let properties = leaf(b"x").get(&[""]);
    for beside in [
        dict([("", properties.clone())]),
        dict([("", properties.clone()), ("a", leaf(b"y"))]),
    ] {
        assert_refused(&of_tree(beside), "info.file tree", Fault::FileAtRoot);
    }
    let beside = dict([("", properties), ("b", leaf(b"y"))]);
    assert_refused(
        &of_tree(dict([("a", beside)])),
        "info.file tree.a",
        Fault::FileBesideOthers,
    );
}

#[test]
fn properties_of_a_directory_and_empty_directories_are_passed_over() {
    let tree = dict([
        ("", dict([("made", 1.into())])),
        ("a", dict([("", dict([])), ("b", leaf(b"y"))])),
        ("c", dict([("d", dict([]))])),
    ]);
    let metainfo = of_tree(tree).read();
    assert_eq!(metainfo.info.files().len(), 1);
    assert_eq!(metainfo.info.files().get(0).path, "a/b");
    assert_eq!(
        metainfo.oddities.described(),
        [
            "`info.file tree`: has properties of a directory, which are ignored",
            "`info.file tree.a`: has properties of a directory, which are ignored",
            "`info.file tree.c/d`: is a directory of nothing; ignored",
        ]
    );
}

#[test]
fn a_length_is_needed_and_not_absurd() {
    let place = ["info", "file tree", "one.bin", "", "length"];
    let at = "info.file tree.one.bin.length";
    let sample = v2_single();
    assert_refused(&sample.clone().without(&place), at, Fault::Missing);
    assert_refused(&sample.clone().with(&place, -1), at, Fault::Negative(-1));
    for value in [TOTAL_SIZE_BYTES_MAX + 1, i64::MAX.unsigned_abs()] {
        let fault = Fault::TooLarge {
            value,
            max: TOTAL_SIZE_BYTES_MAX,
        };
        let value = i64::try_from(value).unwrap();
        assert_refused(&sample.clone().with(&place, value), at, fault);
    }
    let fault = Fault::WrongType {
        wanted: Kind::Integer,
        found: Kind::Bytes,
    };
    assert_refused(&sample.with(&place, "1"), at, fault);
}

#[test]
fn sums_of_lengths_do_not_overflow() {
    let large = |len_bytes| {
        let root = Sha256Digest([7; 32]);
        let properties = dict([
            ("length", Node::Integer(len_bytes)),
            ("pieces root", root.as_bytes().into()),
        ]);
        dict([("", properties)])
    };
    let all = i64::try_from(TOTAL_SIZE_BYTES_MAX).unwrap();
    let fault = Fault::SumTooLarge {
        max: TOTAL_SIZE_BYTES_MAX,
    };
    // What stands between the files counts too: the second starts a piece.
    for second in [all, 16_384] {
        let tree = dict([("a", large(all - 1)), ("b", large(second))]);
        assert_refused(&of_tree(tree), "info.file tree.b", fault.clone());
    }
    assert_refused(
        &of_tree(dict([("a", large(all))])),
        "info.piece length",
        Fault::TooManyPieces {
            pieces: TOTAL_SIZE_BYTES_MAX / 16_384,
            max: u32::MAX,
        },
    );
}

#[test]
fn a_root_is_one_hash_of_something() {
    let place = ["info", "file tree", "one.bin", "", "pieces root"];
    let at = "info.file tree.one.bin.pieces root";
    let sample = v2_single();
    assert_refused(&sample.clone().without(&place), at, Fault::Missing);
    for len_bytes in [0, 31, 33, 64] {
        assert_refused(
            &sample.clone().with(&place, vec![7; len_bytes]),
            at,
            Fault::RootLength(len_bytes),
        );
    }
    assert_refused(
        &sample.clone().with(&place, vec![0; 32]),
        at,
        Fault::ZeroRoot,
    );
    let fault = Fault::WrongType {
        wanted: Kind::Bytes,
        found: Kind::Integer,
    };
    assert_refused(&sample.with(&place, 1), at, fault);
}

#[test]
fn an_empty_file_has_no_root() {
    let metainfo = of_tree(dict([("a", leaf(b""))])).read();
    assert_eq!(metainfo.info.files().get(0).root, None);
    assert_eq!(metainfo.info.piece_count(), 0);
    let with_root = of_tree(dict([("a", leaf(b""))]))
        .with(&["info", "file tree", "a", "", "pieces root"], vec![7; 32]);
    let metainfo = with_root.read();
    assert_eq!(metainfo.info.files().get(0).root, None);
    assert_eq!(
        metainfo.oddities.described(),
        ["`info.file tree.a.pieces root`: an empty file has no root; ignored"]
    );
}

#[test]
fn a_tree_has_attributes_and_links_and_no_padding() {
    let attr = |attr: &str| of_tree(dict([("a", leaf(b"y").with(&["", "attr"], attr))]));
    assert_refused(&attr("p"), "info.file tree.a.attr", Fault::PaddingInTree);
    let file = attr("hx").read();
    let attributes = file.info.files().get(0).attributes;
    assert!(attributes.executable && attributes.hidden && !attributes.padding);

    let link = dict([("attr", "l".into()), ("symlink path", path(["d", "a"]))]);
    let tree = dict([("d", dict([("a", leaf(b"y")), ("l", dict([("", link)]))]))]);
    let metainfo = of_tree(tree).read();
    let link = metainfo.info.files().get(1);
    assert_eq!((link.path, link.symlink), ("d/l", Some("../d/a")));
    assert_eq!((link.len_bytes, link.root), (0, None));

    let no_path = attr("l").read();
    assert_eq!(no_path.info.files().get(0).len_bytes, 1);
    assert_eq!(
        no_path.oddities.described(),
        ["`info.file tree.a.symlink path`: is no path; the link becomes a file"]
    );
}

fn nested(depth: usize) -> Node {
    (0..depth).fold(leaf(b"y"), |tree, _| dict([("d", tree)]))
}

#[test]
fn a_tree_is_as_deep_as_the_limit() {
    // Document, info, tree and the properties of the file take a level each, as does its name.
    let deepest = BENCODE_DEPTH_MAX - 4;
    let metainfo = of_tree(nested(deepest)).read();
    let path = metainfo.info.files().get(0).path;
    assert_eq!(path.split('/').count(), deepest);
    let Fault::Bencode(error) = of_tree(nested(deepest + 1)).refusal().fault else {
        panic!("{}", of_tree(nested(deepest + 1)).refusal());
    };
    assert_eq!(error.fault, bencode::Fault::TooDeep(BENCODE_DEPTH_MAX));
}

#[test]
fn the_place_of_a_deep_file_is_short() {
    let tree = (0..200).fold(dict([("", dict([]))]), |tree, depth| {
        let name = format!("{depth}");
        dict([(&name, tree)])
    });
    assert_refused(
        &of_tree(tree),
        "info.file tree.199/198/197/196/…/3/2/1/0.length",
        Fault::Missing,
    );
}

#[test]
fn a_stray_half_of_v1_is_of_no_account() {
    let metainfo = v2_single().with(&["info", "length"], 5).read();
    assert_eq!(metainfo.info.version(), Version::V2);
    assert_eq!(metainfo.info.files().content_bytes(), 40_000);
}
