//! Whatever is written reads back as the same, for random torrents in every format.

use std::collections::BTreeMap;

use bytes::Bytes;
use mt::base::{PeerAddress, Sha256Digest, Url};
use mt::hash::merkle;
use mt::metainfo::{
    Document, Format, Info, Metainfo, Oddities, Outer, Version, mtorrent, read, st,
};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use crate::build::{Node, dict};

fn url() -> impl Strategy<Value = Url> {
    let scheme = prop::sample::select(vec!["http", "https", "udp", "wss"]);
    let host = prop_oneof![
        "[a-z]{1,8}\\.example",
        any::<[u8; 4]>().prop_map(|octets| std::net::Ipv4Addr::from(octets).to_string()),
        any::<[u16; 8]>().prop_map(|words| format!("[{}]", std::net::Ipv6Addr::from(words))),
    ];
    let tail = prop_oneof![
        Just("/announce".to_owned()),
        Just(String::new()),
        "/[a-z/?=&%#]{0,12}"
    ];
    let text = (scheme, host, 1..=u16::MAX, tail)
        .prop_map(|(scheme, host, port, tail)| format!("{scheme}://{host}:{port}{tail}"));
    text.prop_map(|text| Url::parse(&text).unwrap())
}

fn web_seed() -> impl Strategy<Value = Url> {
    url().prop_filter("a web seed", Url::is_web_seed)
}

fn without_repeats(tiers: Vec<Vec<Url>>) -> Vec<Vec<Url>> {
    let mut seen = std::collections::BTreeSet::new();
    let mut keep = |mut tier: Vec<Url>| {
        tier.retain(|url| seen.insert(url.clone()));
        tier
    };
    let tiers = tiers.into_iter().map(&mut keep);
    tiers.filter(|tier| !tier.is_empty()).collect()
}

fn trackers() -> impl Strategy<Value = Vec<Vec<Url>>> {
    vec(vec(url(), 0..3), 0..4).prop_map(without_repeats)
}

fn once(urls: Vec<Url>) -> Vec<Url> {
    without_repeats(vec![urls]).concat()
}

fn outer() -> impl Strategy<Value = Outer> {
    let node = url().prop_map(|url| PeerAddress {
        host: url.host().clone(),
        port: url.port().and_then(std::num::NonZeroU16::new).unwrap(),
    });
    let text = || option::of(any::<String>());
    (
        trackers(),
        vec(web_seed(), 0..3),
        vec(web_seed(), 0..3),
        vec(node, 0..3),
        (text(), text(), option::of(0..=i64::MAX.unsigned_abs())),
    )
        .prop_map(|(trackers, web_seeds, http_seeds, nodes, facts)| Outer {
            trackers,
            web_seeds: once(web_seeds),
            http_seeds: once(http_seeds),
            nodes,
            comment: facts.0,
            created_by: facts.1,
            creation_date: facts.2,
            ..Outer::default()
        })
}

fn name() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        "[a-z]{1,3}".prop_map(String::into_bytes),
        "\\PC{1,8}".prop_map(String::into_bytes),
        vec(any::<u8>(), 1..6),
    ]
}

#[derive(Clone, Debug)]
enum Tree {
    /// A length, and where the random hashes begin.
    File(u64, u8),
    Directory(BTreeMap<Vec<u8>, Tree>),
}

const FRAGMENT_LEN_BYTES: u64 = 32 << 10;

fn tree() -> impl Strategy<Value = BTreeMap<Vec<u8>, Tree>> {
    let len_bytes = prop_oneof![
        Just(0),
        1..=FRAGMENT_LEN_BYTES,
        FRAGMENT_LEN_BYTES + 1..9 * FRAGMENT_LEN_BYTES,
    ];
    let file = (len_bytes, 1..=u8::MAX).prop_map(|(len, seed)| Tree::File(len, seed));
    let node = file.prop_recursive(4, 24, 5, |inner| {
        btree_map(name(), inner, 1..5).prop_map(Tree::Directory)
    });
    btree_map(name(), node, 1..6)
}

/// The hashes of a file's fragments, which need not be of any content.
fn hashes(len_bytes: u64, seed: u8) -> Vec<u8> {
    let count = len_bytes.div_ceil(FRAGMENT_LEN_BYTES);
    let hash = |number: u64| {
        let [low, ..] = number.to_le_bytes();
        [seed.wrapping_add(low) | 1; 32]
    };
    (0..count).flat_map(hash).collect()
}

fn node_of(tree: &Tree, layers: &mut BTreeMap<Vec<u8>, Node>) -> Node {
    let (len_bytes, seed) = match tree {
        Tree::File(len_bytes, seed) => (*len_bytes, *seed),
        Tree::Directory(entries) => {
            let entries = entries.iter();
            let nodes = entries.map(|(name, tree)| (name.clone(), node_of(tree, layers)));
            return Node::Dict(nodes.collect());
        }
    };
    let mut properties = dict([("length", i64::try_from(len_bytes).unwrap().into())]);
    let hashes = hashes(len_bytes, seed);
    if len_bytes > 0 {
        let fragment_len_bytes = u32::try_from(FRAGMENT_LEN_BYTES).unwrap();
        let nodes = hashes.chunks_exact(Sha256Digest::LEN);
        let nodes: Vec<Sha256Digest> = nodes.filter_map(Sha256Digest::from_slice).collect();
        let root = merkle::root(&nodes, merkle::piece_height(fragment_len_bytes));
        properties = properties.with(&["pieces root"], root.as_bytes());
        if hashes.len() > Sha256Digest::LEN {
            layers.insert(root.as_bytes().to_vec(), hashes.into());
        }
    }
    dict([("", properties)])
}

/// A v2 torrent of a tree.
fn v2(tree: &BTreeMap<Vec<u8>, Tree>, name: &[u8], outer: Outer) -> Metainfo {
    let mut layers = BTreeMap::new();
    let tree = node_of(&Tree::Directory(tree.clone()), &mut layers);
    let info = dict([
        ("file tree", tree),
        ("meta version", 2.into()),
        ("name", name.into()),
        (
            "piece length",
            i64::try_from(FRAGMENT_LEN_BYTES).unwrap().into(),
        ),
    ]);
    let layers = match layers.is_empty() {
        true => Bytes::new(),
        false => Node::Dict(layers).encode().into(),
    };
    from_parts(&info, layers, outer)
}

fn from_parts(info: &Node, layers: Bytes, outer: Outer) -> Metainfo {
    let mut oddities = Oddities::default();
    let info = Info::parse(info.encode().into(), &mut oddities).unwrap();
    Metainfo::from_parts(info, layers, outer, oddities).unwrap()
}

fn v1_single(name: &[u8], size_bytes: i64, seed: u8, outer: Outer) -> Metainfo {
    let count = u64::try_from(size_bytes).unwrap().div_ceil(512 << 10);
    let info = dict([
        ("length", size_bytes.into()),
        ("name", name.into()),
        ("piece length", 524_288.into()),
        (
            "pieces",
            vec![seed; 20 * usize::try_from(count).unwrap()].into(),
        ),
    ]);
    from_parts(&info, Bytes::new(), outer)
}

fn assert_same_torrent(again: &Metainfo, first: &Metainfo) {
    assert_eq!(again.info.raw(), first.info.raw());
    assert_eq!(again.info.hashes(), first.info.hashes());
    assert_eq!(again.layers.raw(), first.layers.raw());
    assert!(again.info.files().iter().eq(first.info.files().iter()));
}

proptest! {
    #[test]
    fn torrents(tree in tree(), name in name(), outer in outer()) {
        let metainfo = v2(&tree, &name, outer);
        let written = metainfo.to_torrent();
        let again = Metainfo::from_torrent(written.clone()).unwrap();
        assert_same_torrent(&again, &metainfo);
        prop_assert_eq!(again.outer(), metainfo.outer());
        prop_assert!(again.oddities.described().is_empty(), "{:?}", again.oddities);
        prop_assert_eq!(again.to_torrent(), written);
    }

    #[test]
    fn st_files(tree in tree(), name in name(), trackers in trackers()) {
        let outer = Outer { trackers, ..Outer::default() };
        let metainfo = v2(&tree, &name, outer);
        let obstacles = metainfo.obstacles(Format::St);
        prop_assert_eq!(obstacles, mt::metainfo::Obstacles::default());
        let written = metainfo.write_as(Format::St).unwrap();
        let again = st::read(written.clone()).unwrap();
        assert_same_torrent(&again, &metainfo);
        prop_assert_eq!(again.outer(), metainfo.outer());
        prop_assert_eq!(again.write_as(Format::St).unwrap(), written);
    }

    #[test]
    fn mtorrents(
        name in name(),
        size_bytes in prop_oneof![Just(0_i64), 1..10_i64 << 20],
        seed: u8,
        trackers in trackers(),
    ) {
        let outer = Outer { trackers, ..Outer::default() };
        let metainfo = v1_single(&name, size_bytes, seed, outer);
        let obstacles = metainfo.obstacles(Format::Mtorrent);
        prop_assert!(obstacles.changes_hash.is_empty());
        if name.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
            prop_assert_eq!(obstacles.impossible.len(), 1);
            return Ok(());
        }
        let written = metainfo.write_as(Format::Mtorrent).unwrap();
        let Ok(Document::Metainfo(Format::Mtorrent, again)) =
            read(written.clone(), Some(Format::Mtorrent))
        else {
            return Err(TestCaseError::fail("no .mtorrent"));
        };
        assert_same_torrent(&again, &metainfo);
        let first_two: Vec<_> = metainfo.outer().all_trackers().take(2).collect();
        prop_assert_eq!(again.outer().all_trackers().collect::<Vec<_>>(), first_two);
        prop_assert_eq!(again.write_as(Format::Mtorrent).unwrap(), written);
    }

    #[test]
    fn both_forms_of_mtorrents(name in "[a-z]{1,9}", hashes in vec(any::<[u8; 20]>(), 0..4)) {
        let size_bytes = hashes.len() * (512 << 10);
        let raw = hashes.concat();
        let head = format!("\n\n{name}\n{size_bytes}\n");
        let digits: String = raw.iter().map(|byte| format!("{byte:02X}")).collect();
        // Raw bytes that are all digits are taken for the truncated form.
        prop_assume!(raw.is_empty() || !raw.iter().all(u8::is_ascii_hexdigit));
        let older = mtorrent::read(&[head.as_bytes(), &raw].concat()).unwrap();
        let newer = mtorrent::read((head + &digits).as_bytes()).unwrap();
        prop_assert_eq!(older.info.raw(), newer.info.raw());
        prop_assert_eq!(older.info.version(), Version::V1);
    }

    #[test]
    fn any_bytes_are_a_torrent_or_an_error(bytes in vec(any::<u8>(), 0..200), hint in 0..4_usize) {
        let front: [&[u8]; 4] = [b"d4:info", b"\n\nx\n", b"mtST\x01\x01\0\0", b"magnet:?"];
        let document = [front[hint], &bytes].concat();
        if let Ok(Document::Metainfo(_, metainfo)) = read(document, Some(Format::ALL[hint])) {
            prop_assert!(!metainfo.info.files().is_empty());
        }
    }
}

/// A date that a signed integer cannot hold is not written, for nobody could read the torrent.
#[test]
fn a_date_beyond_all_readers_is_left_out() {
    let dated = |date| Outer {
        creation_date: Some(date),
        ..Outer::default()
    };
    let written = v1_single(b"x", 0, 0, dated(u64::MAX)).to_torrent();
    let again = Metainfo::from_torrent(written).unwrap();
    assert_eq!(again.outer().creation_date, None);
    let most = i64::MAX.unsigned_abs();
    let written = v1_single(b"x", 0, 0, dated(most)).to_torrent();
    let again = Metainfo::from_torrent(written).unwrap();
    assert_eq!(again.outer().creation_date, Some(most));
}
