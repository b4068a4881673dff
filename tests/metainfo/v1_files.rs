//! The list of files of a v1 torrent.

use mt::base::limits::{TOTAL_SIZE_BYTES_MAX, V1_PATH_COMPONENTS_MAX};
use mt::bencode::Kind;
use mt::metainfo::{Attributes, Fault, Metainfo};

use crate::build::{Node, assert_refused, dict, list, path};
use crate::samples::{padding, v1_directory, v1_file, v1_single};

/// A directory of these files, whose contents nobody looks at.
fn directory(files: Vec<Node>) -> Node {
    let len_of = |file: &Node| match file {
        Node::Dict(entries) => match entries.get(&b"length"[..]) {
            Some(Node::Integer(len_bytes)) => usize::try_from(*len_bytes).unwrap_or(0),
            _ => 0,
        },
        _ => 0,
    };
    let size_bytes: usize = files.iter().map(len_of).sum();
    let pieces = vec![7; 20 * size_bytes.div_ceil(16_384)];
    v1_directory()
        .with(&["info", "files"], Node::List(files))
        .with(&["info", "pieces"], pieces)
}

fn paths(metainfo: &Metainfo) -> Vec<&str> {
    let files = metainfo.info.files();
    (0..files.len())
        .map(|index| files.get(index).path)
        .collect()
}

fn link(names: Node, target: Node) -> Node {
    v1_file(0, names)
        .with(&["attr"], "l")
        .with(&["symlink path"], target)
}

#[test]
fn files_follow_each_other_without_gaps() {
    let metainfo = v1_directory().read();
    let info = &metainfo.info;
    assert_eq!((info.name(), info.is_directory()), ("dir", true));
    assert_eq!(info.files().content_bytes(), 30_000);
    let spans: Vec<_> = info
        .files()
        .iter()
        .map(|file| (file.path, file.offset_bytes, file.len_bytes))
        .collect();
    assert_eq!(
        spans,
        [
            ("a/b.bin", 0, 20_000),
            ("a/empty", 20_000, 0),
            ("c", 20_000, 10_000)
        ]
    );
}

#[test]
fn padding_that_only_its_name_tells_is_padding() {
    let name = "_____padding_file_0_if you see this file____";
    let files = vec![v1_file(100, path(["a"])), v1_file(16_284, path([name]))];
    let files = directory(files).read().info.files().clone();
    assert!(!files.get(0).attributes.padding);
    assert!(files.get(1).attributes.padding);
    assert_eq!(files.content_bytes(), 100);
}

#[test]
fn a_torrent_names_a_file() {
    assert_refused(&directory(vec![]), "info.files", Fault::NoFiles);
    assert_refused(&directory(vec![padding(5)]), "info.files", Fault::NoFiles);
    let wrong = |wanted, found| Fault::WrongType { wanted, found };
    for (value, found) in [
        (Node::from(1), Kind::Integer),
        (dict([]), Kind::Dict),
        ("".into(), Kind::Bytes),
    ] {
        assert_refused(
            &v1_directory().with(&["info", "files"], value),
            "info.files",
            wrong(Kind::List, found),
        );
    }
    assert_refused(
        &directory(vec![v1_file(1, path(["a"])), 5.into()]),
        "info.files[1]",
        wrong(Kind::Dict, Kind::Integer),
    );
}

#[test]
fn files_may_all_be_empty() {
    let metainfo = directory(vec![v1_file(0, path(["a"])), v1_file(0, path(["b"]))]).read();
    assert_eq!(paths(&metainfo), ["a", "b"]);
    assert_eq!(metainfo.info.piece_count(), 0);
}

#[test]
fn lengths_are_numbers_from_nothing_up() {
    let file = v1_file(1, path(["a"]));
    let place = "info.files[1].length";
    let second = |file: Node| directory(vec![v1_file(1, path(["0"])), file]);
    assert_refused(
        &second(file.clone().with(&["length"], -1)),
        place,
        Fault::Negative(-1),
    );
    assert_refused(
        &second(file.clone().without(&["length"])),
        place,
        Fault::Missing,
    );
    let fault = Fault::WrongType {
        wanted: Kind::Integer,
        found: Kind::Bytes,
    };
    assert_refused(&second(file.with(&["length"], "1")), place, fault);
}

#[test]
fn sizes_that_overflow_are_refused_one_by_one_and_together() {
    let all = i64::try_from(TOTAL_SIZE_BYTES_MAX).unwrap();
    let files = |lengths: &[i64]| {
        let files = lengths.iter().map(|len| v1_file(*len, path(["a"])));
        v1_directory().with(&["info", "files"], Node::List(files.collect()))
    };
    let too_large = |value| Fault::TooLarge {
        value,
        max: TOTAL_SIZE_BYTES_MAX,
    };
    for one in [all + 1, i64::MAX] {
        assert_refused(
            &files(&[0, one]),
            "info.files[1].length",
            too_large(one.unsigned_abs()),
        );
    }
    let sum = Fault::SumTooLarge {
        max: TOTAL_SIZE_BYTES_MAX,
    };
    assert_refused(&files(&[all, 1]), "info.files[1].length", sum.clone());
    assert_refused(&files(&[all; 20]), "info.files[1].length", sum);
    // As much as one torrent may have, so that only the hashes are missed.
    let fault = Fault::WrongHashCount {
        found: 2,
        wanted: TOTAL_SIZE_BYTES_MAX / 16_384,
        size_bytes: TOTAL_SIZE_BYTES_MAX,
        piece_length_bytes: 16_384,
    };
    assert_refused(&files(&[all - 1, 1]), "info.pieces", fault);
}

#[test]
fn a_path_is_a_list_of_names_that_say_something() {
    let file = v1_file(1, path(["a"]));
    let with = |value: Node| directory(vec![file.clone().with(&["path"], value)]);
    let place = "info.files[0].path";
    assert_refused(
        &directory(vec![file.clone().without(&["path"])]),
        place,
        Fault::Missing,
    );
    for empty in [path([]), path([""]), path(["", ""])] {
        assert_refused(&with(empty), place, Fault::Empty);
    }
    let wrong = |wanted, found| Fault::WrongType { wanted, found };
    assert_refused(&with("a".into()), place, wrong(Kind::List, Kind::Bytes));
    assert_refused(
        &with(list(["a".into(), 1.into()])),
        place,
        wrong(Kind::Bytes, Kind::Integer),
    );
}

#[test]
fn a_path_of_more_names_than_any_disk_takes_is_refused() {
    let names = |count: usize| Node::List(vec!["a".into(); count]);
    let deepest = directory(vec![v1_file(1, names(V1_PATH_COMPONENTS_MAX))]).read();
    assert_eq!(
        paths(&deepest)[0].split('/').count(),
        V1_PATH_COMPONENTS_MAX
    );
    let empty_names = Node::List([vec!["".into(); 130_000], vec!["a".into()]].concat());
    let too_deep = names(V1_PATH_COMPONENTS_MAX + 1);
    let twin = v1_file(1, path(["a"])).with(&["path.utf-8"], too_deep.clone());
    for file in [v1_file(1, empty_names), v1_file(1, too_deep), twin] {
        let document = directory(vec![v1_file(1, path(["b"])), file]);
        assert_refused(&document, "info.files[1].path", Fault::TooDeep);
    }
}

#[test]
fn the_path_in_utf8_wins_where_it_can_be_used() {
    let read = |twin: Node| {
        let file = v1_file(1, list([(&b"\xe9"[..]).into()])).with(&["path.utf-8"], twin);
        paths(&directory(vec![file]).read())[0].to_owned()
    };
    assert_eq!(read(path(["é", "è"])), "é/è");
    let unusable = [
        list([]),
        path([""]),
        list([1.into()]),
        list([(&b"\xe9"[..]).into()]),
        "é".into(),
    ];
    for twin in unusable {
        assert_eq!(read(twin.clone()), "_", "{twin:?}");
    }
    let alone = dict([("length", 1.into()), ("path.utf-8", path(["é"]))]);
    assert_eq!(paths(&directory(vec![alone]).read()), ["é"]);
}

#[test]
fn paths_are_safe_and_distinct() {
    let files = [
        ["..", "..", "x"],
        ["_", "_", "X"],
        ["d", "e", "f"],
        ["a/b", "c\\d", "\u{202e}"],
    ];
    let mut files: Vec<Node> = files
        .into_iter()
        .map(|names| v1_file(1, path(names)))
        .collect();
    files.push(v1_file(1, path(["d", "e"])));
    files.push(v1_file(1, path(["", "a"])));
    assert_eq!(
        paths(&directory(files).read()),
        ["_/_/x", "_/_/X (2)", "d/e/f", "a_b/c_d/_", "d/e (2)", "_/a"]
    );
}

#[test]
fn padding_counts_as_space_and_not_as_content() {
    let unnamed = padding(12_768).without(&["path"]);
    let files = vec![
        v1_file(20_000, path(["a"])),
        unnamed,
        v1_file(1, path(["b"])),
    ];
    let info = directory(files).read().info;
    assert_eq!(info.files().content_bytes(), 20_001);
    let pad = info.files().get(1);
    assert_eq!((pad.path, pad.attributes.padding), (".pad/12768", true));
    assert_eq!(info.files().get(2).offset_bytes, 32_768);
}

#[test]
fn attributes_are_letters() {
    let of = |attr: Node| {
        let file = v1_file(1, path(["a"])).with(&["attr"], attr);
        directory(vec![file]).read().info.files().get(0).attributes
    };
    let hidden_program = Attributes {
        padding: false,
        executable: true,
        hidden: true,
    };
    assert_eq!(of("xh".into()), hidden_program);
    assert_eq!(of("?".into()), Attributes::default());
    assert_eq!(of(1.into()), Attributes::default());
    let single = v1_single().with(&["info", "attr"], "xp").read();
    let attributes = single.info.files().get(0).attributes;
    assert!(attributes.executable && !attributes.padding);
}

#[test]
fn links_point_into_the_torrent_and_have_no_content() {
    let links = vec![
        v1_file(10, path(["d", "file"])),
        link(path(["d", "e", "up"]), path(["d", "file"])).with(&["length"], 99),
        link(path(["chain"]), path(["d", "e", "up"])),
    ];
    let metainfo = directory(links)
        .with(&["info", "pieces"], vec![7; 20])
        .read();
    let files = metainfo.info.files();
    assert_eq!(files.content_bytes(), 10);
    assert_eq!(files.get(1).symlink, Some("../../d/file"));
    assert_eq!(files.get(2).symlink, Some("d/e/up"));
    assert!(metainfo.oddities.described().is_empty());
}

#[test]
fn a_link_that_leads_out_or_nowhere_becomes_an_empty_file() {
    let cases = [
        (
            path(["..", "etc"]),
            "the link cannot be made: the target of the link `l` has a name `..`, which is no file or directory",
        ),
        (
            path([]),
            "the link cannot be made: the link `l` has no target",
        ),
        (
            path(["l"]),
            "the link cannot be made: the link `l` points to itself",
        ),
    ];
    for (target, reason) in cases {
        let files = vec![v1_file(1, path(["a"])), link(path(["l"]), target)];
        let metainfo = directory(files).read();
        let file = metainfo.info.files().get(1);
        assert_eq!((file.symlink, file.len_bytes), (None, 0));
        assert_eq!(
            metainfo.oddities.described(),
            [format!("`info.files[1]`: {reason}")]
        );
    }
    let no_path = link(path(["l"]), "a".into());
    let metainfo = directory(vec![v1_file(1, path(["a"])), no_path]).read();
    assert_eq!(
        metainfo.oddities.described(),
        ["`info.files[1].symlink path`: is no path; the link becomes a file"]
    );
    // A path of the target that is not a link's is nobody's.
    let no_link = link(path(["l"]), path(["a"])).with(&["attr"], "x");
    let metainfo = directory(vec![v1_file(1, path(["a"])), no_link]).read();
    assert_eq!(metainfo.info.files().get(1).symlink, None);
}
