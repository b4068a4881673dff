//! From one format to another: what is carried, and what stands in the way by name.

use mt::base::limits::{MAGNET_LEN_BYTES_MAX, METAINFO_LEN_BYTES_MAX};
use mt::metainfo::magnet::Magnet;
use mt::metainfo::{Document, Fault, Format, Metainfo, Obstacles, mtorrent, read, st};

use crate::build::{Node, dict, error, list, path};
use crate::samples::{self, leaf};
use crate::st_build::St;

/// Writes a torrent in another format and reads that again.
fn through(metainfo: &Metainfo, target: Format) -> Metainfo {
    let written = metainfo.write_as(target).unwrap();
    match read(written, Some(target)) {
        Ok(Document::Metainfo(format, metainfo)) if format == target => *metainfo,
        other => panic!("{other:?}"),
    }
}

fn nothing() -> Obstacles {
    Obstacles::default()
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().copied().map(str::to_owned).collect()
}

const IS_V1: &str = "the v1 hashes (the format is v2)";
const IS_V2: &str = "the v2 hashes (the format is v1)";
const NEEDS_V1: &str = "SHA-1 hashes, which a v2 torrent has not";
const NEEDS_V2: &str = "SHA-256 hashes, which a v1 torrent has not";

#[test]
fn an_mtorrent_and_its_torrent_become_each_other() {
    let torrent = samples::v1_of_512_kib().read();
    assert_eq!(torrent.obstacles(Format::Mtorrent), nothing());
    let short = through(&torrent, Format::Mtorrent);
    assert_eq!(short.info.raw(), torrent.info.raw());
    assert_eq!(short.outer(), torrent.outer());
    assert_eq!(short.obstacles(Format::Torrent), nothing());
    let again = through(&short, Format::Torrent);
    assert_eq!(again.info.raw(), torrent.info.raw());
    assert_eq!(again.outer(), torrent.outer());
}

#[test]
fn an_st_and_its_torrent_become_each_other() {
    for sample in [samples::v2_single(), samples::v2_directory()] {
        let torrent = sample
            .with(
                &["announce-list"],
                list([
                    path(["udp://10.0.0.1:80/announce", "http://[::1]:80/announce"]),
                    path(["http://10.0.0.1/announce"]),
                ]),
            )
            .read();
        assert_eq!(torrent.obstacles(Format::St), nothing());
        let binary = through(&torrent, Format::St);
        assert_eq!(binary.info.raw(), torrent.info.raw());
        assert_eq!(binary.layers.raw(), torrent.layers.raw());
        assert_eq!(binary.outer(), torrent.outer());
        assert_eq!(binary.obstacles(Format::Torrent), nothing());
        let again = through(&binary, Format::Torrent);
        assert_eq!(again.info.raw(), torrent.info.raw());
        assert_eq!(again.outer(), torrent.outer());
    }
}

#[test]
fn a_torrent_stays_as_it_was() {
    let odd = samples::v1_single().with(&["x"], 1).with(&["info", "y"], 2);
    let metainfo = odd.read();
    assert_eq!(metainfo.obstacles(Format::Torrent), nothing());
    assert_eq!(metainfo.write_as(Format::Torrent), Ok(odd.encode()));
}

#[test]
fn a_directory_is_no_mtorrent() {
    for sample in [
        samples::v1_directory(),
        samples::v2_directory(),
        samples::hybrid(),
    ] {
        let metainfo = sample.read();
        let obstacles = metainfo.obstacles(Format::Mtorrent);
        let name = metainfo.info.name();
        let said = format!("`{name}` is a directory (the format carries one file)");
        assert_eq!(obstacles.impossible, std::slice::from_ref(&said));
        assert_eq!(
            metainfo.write_as(Format::Mtorrent),
            Err(error("mtorrent", Fault::CannotCarry(said)))
        );
    }
}

#[test]
fn a_name_of_two_lines_is_no_mtorrent() {
    for name in ["a\nb", "a\r", "\r"] {
        let metainfo = samples::v1_of_512_kib()
            .with(&["info", "name"], name)
            .read();
        let obstacles = metainfo.obstacles(Format::Mtorrent);
        let shown = name.escape_default();
        assert_eq!(
            obstacles.impossible,
            [format!("the name `{shown}` holds a line break")]
        );
    }
}

#[test]
fn another_piece_length_needs_the_content() {
    let metainfo = samples::v1_single().read();
    let obstacles = Obstacles {
        changes_hash: texts(&["the piece length of 16384 bytes (the format has always 524288)"]),
        needs_content: texts(&["the hashes of pieces of another length"]),
        ..nothing()
    };
    assert_eq!(metainfo.obstacles(Format::Mtorrent), obstacles);
    assert_eq!(
        metainfo.write_as(Format::Mtorrent),
        Err(error(
            "mtorrent",
            Fault::CannotCarry("the hashes of pieces of another length".to_owned())
        ))
    );
}

#[test]
fn other_hashes_need_the_content() {
    let v1 = samples::v1_single().read().obstacles(Format::St);
    let wanted = Obstacles {
        changes_hash: texts(&[IS_V1]),
        needs_content: texts(&[NEEDS_V2]),
        ..nothing()
    };
    assert_eq!(v1, wanted);
    let v2 = samples::hybrid_single()
        .without(&["info", "pieces"])
        .without(&["info", "length"])
        .read()
        .obstacles(Format::Mtorrent);
    let wanted = Obstacles {
        changes_hash: texts(&[IS_V2]),
        needs_content: texts(&[NEEDS_V1]),
        ..nothing()
    };
    assert_eq!(v2, wanted);
}

#[test]
fn a_hybrid_loses_a_half_and_with_it_its_hash() {
    let hybrid = samples::hybrid_single().read();
    let v1 = hybrid.obstacles(Format::Mtorrent);
    assert_eq!(v1.changes_hash, ["the v2 half (the format is v1)"]);
    assert!(v1.impossible.is_empty() && v1.needs_content.is_empty());
    let short = through(&hybrid, Format::Mtorrent);
    let plain = samples::v1_of_512_kib().read();
    assert_eq!(short.info.hashes(), plain.info.hashes());

    let v2 = hybrid.obstacles(Format::St);
    assert_eq!(v2.changes_hash, ["the v1 half (the format is v2)"]);
    assert!(v2.impossible.is_empty() && v2.needs_content.is_empty());
    let plain = samples::hybrid_single()
        .without(&["info", "pieces"])
        .without(&["info", "length"])
        .read();
    assert_eq!(through(&hybrid, Format::St).info.raw(), plain.info.raw());

    let directory = through(&samples::hybrid().read(), Format::St);
    let paths: Vec<_> = directory
        .info
        .files()
        .iter()
        .map(|file| file.path)
        .collect();
    assert_eq!(paths, ["x", "y"]);
}

#[test]
fn what_the_info_says_beyond_is_named() {
    let cases: [(&str, Node, &str); 6] = [
        ("private", 1.into(), "that it is private"),
        ("private", 0.into(), "`private` of the info dictionary"),
        ("source", "S".into(), "`source` (S)"),
        ("attr", "x".into(), "the attributes of the file"),
        (
            "name.utf-8",
            "m.bin".into(),
            "`name.utf-8` of the info dictionary",
        ),
        ("x-new", dict([]), "`x-new` of the info dictionary"),
    ];
    for (key, value, said) in cases {
        let v1 = samples::v1_of_512_kib()
            .with(&["info", key], value.clone())
            .read();
        assert_eq!(v1.obstacles(Format::Mtorrent).changes_hash, [said]);
        let v2 = samples::v2_single().with(&["info", key], value).read();
        assert_eq!(v2.obstacles(Format::St).changes_hash, [said]);
    }
}

#[test]
fn stray_keys_of_the_other_version_are_named() {
    let v1 = samples::v1_of_512_kib()
        .with(&["info", "file tree"], dict([]))
        .read();
    assert_eq!(
        v1.obstacles(Format::Mtorrent).changes_hash,
        ["`file tree` of the info dictionary"]
    );
    for key in ["length", "files"] {
        let v2 = samples::v2_single().with(&["info", key], 5).read();
        assert_eq!(
            v2.obstacles(Format::St).changes_hash,
            [format!("`{key}` of the info dictionary")]
        );
    }
}

#[test]
fn keys_out_of_order_are_named() {
    let info = b"d4:name1:x6:lengthi3e12:piece lengthi524288e6:pieces20:aaaaaaaaaaaaaaaaaaaae";
    let metainfo = dict([("info", Node::Raw(info.to_vec()))]).read();
    let obstacles = metainfo.obstacles(Format::Mtorrent);
    assert_eq!(obstacles.changes_hash, ["that its keys are not in order"]);
    let sorted = through(&metainfo, Format::Mtorrent);
    assert_ne!(sorted.info.hashes(), metainfo.info.hashes());
}

#[test]
fn what_a_tree_says_beyond_is_named() {
    let with = |name: &str, entry: Node| {
        let tree = ["info", "file tree", name];
        let metainfo = samples::v2_directory().with(&tree, entry).read();
        let obstacles = metainfo.obstacles(Format::St);
        assert!(obstacles.impossible.is_empty() && obstacles.needs_content.is_empty());
        let again = through(&metainfo, Format::St);
        assert_ne!(again.info.hashes(), metainfo.info.hashes());
        obstacles.changes_hash
    };
    let program = leaf(b"y").with(&["", "attr"], "x");
    assert_eq!(
        with("p", dict([("q", program)])),
        ["the attributes of `p/q`"]
    );
    assert_eq!(
        with("void", dict([])),
        ["`info.file tree.void`: is a directory of nothing; ignored"]
    );
    let dressed = dict([("", dict([("x", 1.into())])), ("f", leaf(b"y"))]);
    assert_eq!(
        with("d", dressed),
        ["`info.file tree.d`: has properties of a directory, which are ignored"]
    );
    let rooted = leaf(b"").with(&["", "pieces root"], vec![7; 32]);
    assert_eq!(
        with("e", rooted),
        ["`info.file tree.e.pieces root`: an empty file has no root; ignored"]
    );
}

#[test]
fn of_many_obstacles_the_first_are_named() {
    let program = leaf(b"y").with(&["", "attr"], "x");
    let programs = (0..50).map(|number| (format!("{number:02}").into_bytes(), program.clone()));
    let metainfo = samples::v2_single()
        .with(&["info", "file tree"], Node::Dict(programs.collect()))
        .without(&["piece layers"])
        .read();
    let named = metainfo.obstacles(Format::St).changes_hash;
    assert_eq!(named.len(), 21);
    assert_eq!(named[19], "the attributes of `19`");
    assert_eq!(named[20], "30 more of this kind");
}

#[test]
fn a_name_longer_than_an_st_can_count_is_impossible() {
    let long = "x".repeat(65_536);
    let metainfo = samples::v2_single().with(&["info", "name"], &*long).read();
    assert_eq!(
        metainfo.obstacles(Format::St).impossible,
        ["the name is longer than 65535 bytes"]
    );
    let tree = dict([(&long, leaf(b"y"))]);
    let metainfo = samples::v2_directory()
        .with(&["info", "file tree", "d"], tree)
        .read();
    let shown = format!("`d/{}…` has a name of over 65535 bytes", "x".repeat(78));
    assert_eq!(metainfo.obstacles(Format::St).impossible, [shown]);
    let limit = samples::v2_single()
        .with(&["info", "name"], &long[1..])
        .read();
    assert_eq!(limit.obstacles(Format::St), nothing());
}

/// A tree names a directory once, a `.st` again for each file.
#[test]
fn an_st_does_not_grow_beyond_what_is_read() {
    let files = (0..5_000).map(|number| (format!("{number:04}").into_bytes(), leaf(b"")));
    let long = "x".repeat(60_000);
    let tree = dict([(&long, Node::Dict(files.collect()))]);
    let metainfo = samples::v2_single()
        .with(&["info", "file tree"], tree)
        .without(&["piece layers"])
        .read();
    let said = format!(
        "it would be longer than the {METAINFO_LEN_BYTES_MAX} bytes that are read, as it repeats \
         the directory of each file"
    );
    let impossible = metainfo.obstacles(Format::St).impossible;
    assert_eq!(impossible, std::slice::from_ref(&said));
    assert_eq!(
        metainfo.write_as(Format::St),
        Err(error("st", Fault::CannotCarry(said)))
    );
}

#[test]
fn what_stands_around_is_left_out_by_name() {
    let dress = |sample: Node| {
        let trackers = path([
            "http://a.example/",
            "http://b.example/",
            "http://c.example/",
        ]);
        sample
            .with(&["announce-list"], list([trackers]))
            .with(&["comment"], "c")
            .with(&["created by"], "m")
            .with(&["creation date"], 1)
            .with(&["httpseeds"], path(["http://w.example/"]))
            .with(&["nodes"], list([list(["a".into(), 1.into()])]))
            .with(&["url-list"], "http://w.example/")
            .read()
    };
    let all = [
        "the web seeds",
        "the comment",
        "the name of the program that made it",
        "the creation date",
        "the HTTP seeds",
        "the DHT nodes",
    ];
    let short = dress(samples::v1_of_512_kib()).obstacles(Format::Mtorrent);
    assert_eq!(short.left_out[0], "1 of 3 trackers");
    assert_eq!(short.left_out[1..], all);
    assert!(short.changes_hash.is_empty());
    let dressed = dress(samples::v2_single());
    let binary = dressed.obstacles(Format::St);
    assert_eq!(binary.left_out, all);
    assert!(binary.changes_hash.is_empty());
    assert_eq!(
        through(&dressed, Format::St).outer().all_trackers().count(),
        3
    );
    assert_eq!(dressed.obstacles(Format::Magnet), nothing());
    assert_eq!(dressed.obstacles(Format::Torrent), nothing());
}

#[test]
fn what_cannot_be_used_around_is_left_out_by_name() {
    let metainfo = samples::v2_single()
        .with(
            &["announce-list"],
            path(["ftp://a.example/", "http://b.example/"]),
        )
        .with(&["comment"], 1)
        .with(&["url-list"], path(["x", "y"]))
        .read();
    let of = |keys: &[&str]| -> Vec<String> {
        let what = |key| format!("what cannot be used of `{key}`");
        keys.iter().map(what).collect()
    };
    let left_out = |target| metainfo.obstacles(target).left_out;
    assert_eq!(
        left_out(Format::St),
        of(&["comment", "url-list", "announce-list"])
    );
    assert_eq!(left_out(Format::Magnet), of(&["url-list", "announce-list"]));
    assert_eq!(left_out(Format::Torrent), of(&[]));
}

#[test]
fn keys_that_nobody_knows_are_left_out_by_name() {
    for (sample, target) in [
        (samples::v1_of_512_kib(), Format::Mtorrent),
        (samples::v2_single(), Format::St),
    ] {
        let metainfo = sample
            .with(&["encoding"], "UTF-8")
            .with(&["similar"], list([vec![7; 20].into()]))
            .with(&["x-new"], 1)
            .read();
        assert_eq!(
            metainfo.obstacles(target).left_out,
            [
                "`similar`, which stands beside `info`",
                "`x-new`, which stands beside `info`"
            ]
        );
        assert_eq!(metainfo.obstacles(Format::Torrent), nothing());
    }
}

#[test]
fn more_tiers_than_an_st_has_run_together() {
    let tiers = (0..300).map(|tier| path([&*format!("http://t{tier}.example/")]));
    let metainfo = samples::v2_single()
        .with(&["announce-list"], Node::List(tiers.collect()))
        .read();
    assert_eq!(
        metainfo.obstacles(Format::St).left_out,
        ["the order of the tiers after 256"]
    );
    let again = through(&metainfo, Format::St);
    assert_eq!(again.outer().trackers.len(), 256);
    assert!(
        again
            .outer()
            .all_trackers()
            .eq(metainfo.outer().all_trackers())
    );
}

#[test]
fn a_magnet_carries_hashes_name_and_places_to_ask() {
    let metainfo = samples::hybrid_single()
        .with(&["announce"], "http://t.example/announce?a=b&c")
        .with(&["url-list"], "http://w.example/m.bin")
        .read();
    let written = metainfo.write_as(Format::Magnet).unwrap();
    let Ok(Document::Magnet(magnet)) = read(written, None) else {
        panic!("a link");
    };
    assert_eq!(magnet.hashes(), metainfo.info.hashes());
    assert_eq!(magnet.name.as_deref(), Some("m.bin"));
    assert_eq!(
        magnet.trackers[0].as_str(),
        "http://t.example/announce?a=b&c"
    );
    assert_eq!(magnet.web_seeds, metainfo.outer().web_seeds);
}

#[test]
fn a_magnet_stays_as_short_as_is_read() {
    let url = |number: usize| format!("http://t.example/{number}/{}", "é".repeat(600));
    let urls = (0..400).map(|number| Node::from(&*url(number)));
    let metainfo = samples::v1_single()
        .with(&["announce-list"], Node::List(urls.collect()))
        .with(&["url-list"], path(["http://w.example/"]))
        .read();
    let written = metainfo.write_as(Format::Magnet).unwrap();
    assert!(written.len() <= MAGNET_LEN_BYTES_MAX, "{}", written.len());
    let magnet = Magnet::parse(&String::from_utf8(written).unwrap()).unwrap();
    let left_out = 401 - magnet.trackers.len() - magnet.web_seeds.len();
    assert!((1..400).contains(&left_out), "{left_out}");
    assert_eq!(
        metainfo.obstacles(Format::Magnet).left_out,
        [format!("{left_out} of 401 trackers and web seeds")]
    );
}

#[test]
fn what_is_written_of_the_other_formats_is_a_torrent() {
    let short = mtorrent::read(samples::mtorrent().as_bytes()).unwrap();
    assert!(Metainfo::from_torrent(short.to_torrent()).is_ok());
    let binary = st::read(St::directory().encode()).unwrap();
    let again = Metainfo::from_torrent(binary.to_torrent()).unwrap();
    assert_eq!(again.info.raw(), binary.info.raw());
}
