//! What of a torrent's files a `.st` has no place for.

use mt::metainfo::Format;

use crate::build::{Node, dict, list, path};
use crate::samples::{self, leaf};

#[test]
fn a_link_is_no_st_whichever_half_says_so() {
    let as_link = |file: Node| {
        let target = path(["c"]);
        file.with(&["attr"], "l").with(&["symlink path"], target)
    };
    let in_tree = dict([("", as_link(dict([])))]);
    let v2 = samples::v2_directory().with(&["info", "file tree", "l"], in_tree);
    let v1 = samples::v1_directory().with(&["info", "files", "1"], as_link(dict([])));
    let v1 = v1.with(&["info", "files", "1", "path"], path(["l"]));
    let both = list([
        as_link(samples::v1_file(0, path(["l"]))),
        samples::hybrid().get(&["info", "files", "0"]),
        samples::padding(12_768),
        samples::hybrid().get(&["info", "files", "2"]),
    ]);
    let hybrid = samples::hybrid()
        .with(&["info", "files"], both)
        .with(&["info", "file tree", "l"], leaf(b""));
    for document in [v1, v2, hybrid] {
        let said = ["`l` is a link (the format carries files only)"];
        assert_eq!(document.read().obstacles(Format::St).impossible, said);
    }
}

#[test]
fn attributes_of_v1_files_are_named() {
    let metainfo = samples::v1_directory()
        .with(&["info", "files", "0", "attr"], "x")
        .with(&["info", "files", "2", "md5sum"], "0")
        .read();
    let said = [
        "the v1 hashes (the format is v2)",
        "the attributes of `a/b.bin`",
        "the attributes of `c`",
    ];
    assert_eq!(metainfo.obstacles(Format::St).changes_hash, said);
}

#[test]
fn a_piece_length_that_v2_does_not_have_is_named() {
    let metainfo = samples::v1_directory()
        .with(&["info", "piece length"], 30_000)
        .with(&["info", "pieces"], vec![7; 20])
        .read();
    let said = [
        "the v1 hashes (the format is v2)",
        "the piece length of 30000 bytes (v2 needs a power of two)",
    ];
    assert_eq!(metainfo.obstacles(Format::St).changes_hash, said);
}

#[test]
fn v1_paths_that_no_tree_has_are_impossible() {
    let of = |paths: &[&[&str]]| {
        let file = |names: &&[&str]| {
            let names = names.iter().map(|name| Node::from(*name)).collect();
            samples::v1_file(0, Node::List(names))
        };
        let metainfo = samples::v1_directory()
            .with(
                &["info", "files"],
                Node::List(paths.iter().map(file).collect()),
            )
            .with(&["info", "pieces"], "")
            .read();
        metainfo.obstacles(Format::St).impossible
    };
    assert_eq!(of(&[&["a.b"], &["a", "b"], &["a", "c"], &["a0"]]), [""; 0]);
    let separator = "the name `a/b` in `d/a/b` holds a separator";
    assert_eq!(of(&[&["d", "a/b"]]), [separator]);
    assert_eq!(of(&[&["", "a"]]), ["the name `` in `/a` is empty"]);
    assert_eq!(
        of(&[&["..", "a"]]),
        ["the name `..` in `../a` leads elsewhere"]
    );
    assert_eq!(of(&[&["a"], &["b"], &["a"]]), ["`a` is there twice"]);
    let inside = of(&[&["a", "c", "d"], &["a-b"], &["a", "c"]]);
    assert_eq!(inside, ["`a/c` is a file and a directory"]);
    let deep = of(&[&["x"; 253]]);
    assert_eq!(
        deep,
        [format!(
            "`{}…` has more names than the 252 of v2",
            "x/".repeat(40)
        )]
    );
    assert_eq!(of(&[&["x"; 252]]), [""; 0]);
}
