//! One torrent of each kind, of the same few files.

use mt::base::Sha256Digest;
use mt::hash::{sha1, sha256};

use crate::build::{Node, content, dict, list, path};

pub(crate) const PIECE: usize = 16 << 10;

/// The SHA-1 of each piece, one after the other.
pub(crate) fn v1_pieces(content: &[u8], piece_length: usize) -> Vec<u8> {
    let hashes = content.chunks(piece_length).map(sha1);
    hashes.flat_map(|hash| hash.0).collect()
}

fn pair(left: Sha256Digest, right: Sha256Digest) -> Sha256Digest {
    sha256(&[left.0, right.0].concat())
}

/// The root of 16 KiB leaves, padded with zero leaves to a power of two that is at least
/// `leaves_min`. Written out plainly, so that it can be held against the reader's own.
pub(crate) fn root(content: &[u8], leaves_min: usize) -> Sha256Digest {
    let mut nodes: Vec<Sha256Digest> = content.chunks(PIECE).map(sha256).collect();
    let width = nodes.len().max(leaves_min).next_power_of_two();
    nodes.resize(width, Sha256Digest::ZERO);
    while nodes.len() > 1 {
        nodes = nodes.chunks(2).map(|two| pair(two[0], two[1])).collect();
    }
    nodes[0]
}

/// The hashes of the pieces of a file of more than one piece.
pub(crate) fn layer(content: &[u8], piece_length: usize) -> Vec<u8> {
    let leaves = piece_length / PIECE;
    let hashes = content
        .chunks(piece_length)
        .map(|piece| root(piece, leaves));
    hashes.flat_map(|hash| hash.0).collect()
}

/// The leaf of a file tree.
pub(crate) fn leaf(content: &[u8]) -> Node {
    let len_bytes = i64::try_from(content.len()).unwrap();
    let mut properties = dict([("length", len_bytes.into())]);
    if !content.is_empty() {
        properties = properties.with(&["pieces root"], root(content, 1).as_bytes());
    }
    dict([("", properties)])
}

/// `piece layers` of files that have more than one piece.
pub(crate) fn layers<const N: usize>(contents: [&[u8]; N], piece_length: usize) -> Node {
    let entries = contents.map(|content| {
        let root = root(content, 1).as_bytes().to_vec();
        (root, layer(content, piece_length).into())
    });
    Node::Dict(entries.into())
}

pub(crate) fn v1_single() -> Node {
    let info = dict([
        ("length", 40_000.into()),
        ("name", "one.bin".into()),
        ("piece length", 16_384.into()),
        ("pieces", v1_pieces(&content(40_000, 0), PIECE).into()),
    ]);
    dict([
        ("announce", "http://t.example/announce".into()),
        ("info", info),
    ])
}

pub(crate) fn v1_file(len_bytes: i64, names: Node) -> Node {
    dict([("length", len_bytes.into()), ("path", names)])
}

pub(crate) fn v1_directory() -> Node {
    let all = [content(20_000, 0), content(10_000, 1)].concat();
    let files = list([
        v1_file(20_000, path(["a", "b.bin"])),
        v1_file(0, path(["a", "empty"])),
        v1_file(10_000, path(["c"])),
    ]);
    let info = dict([
        ("files", files),
        ("name", "dir".into()),
        ("piece length", 16_384.into()),
        ("pieces", v1_pieces(&all, PIECE).into()),
    ]);
    dict([
        ("announce", "http://t.example/announce".into()),
        ("info", info),
    ])
}

pub(crate) fn v2_single() -> Node {
    let all = content(40_000, 0);
    let info = dict([
        ("file tree", dict([("one.bin", leaf(&all))])),
        ("meta version", 2.into()),
        ("name", "one.bin".into()),
        ("piece length", 16_384.into()),
    ]);
    dict([("info", info), ("piece layers", layers([&all], PIECE))])
}

/// Three pieces of 32 KiB in `a/b`, nothing in `a/empty`, half a piece in `c`.
pub(crate) fn v2_directory() -> Node {
    let (b, c) = (content(70_000, 0), content(20_000, 1));
    let tree = dict([
        ("a", dict([("b", leaf(&b)), ("empty", leaf(b""))])),
        ("c", leaf(&c)),
    ]);
    let info = dict([
        ("file tree", tree),
        ("meta version", 2.into()),
        ("name", "dir".into()),
        ("piece length", 32_768.into()),
    ]);
    dict([("info", info), ("piece layers", layers([&b], 2 * PIECE))])
}

pub(crate) fn padding(len_bytes: i64) -> Node {
    let name = len_bytes.to_string();
    v1_file(len_bytes, path([".pad", &name])).with(&["attr"], "p")
}

pub(crate) fn hybrid() -> Node {
    let (x, y) = (content(20_000, 0), content(3_000, 5));
    let all = [x.clone(), vec![0; 2 * PIECE - x.len()], y.clone()].concat();
    let files = list([
        v1_file(20_000, path(["x"])),
        padding(12_768),
        v1_file(3_000, path(["y"])),
    ]);
    let info = dict([
        ("file tree", dict([("x", leaf(&x)), ("y", leaf(&y))])),
        ("files", files),
        ("meta version", 2.into()),
        ("name", "both".into()),
        ("piece length", 16_384.into()),
        ("pieces", v1_pieces(&all, PIECE).into()),
    ]);
    dict([("info", info), ("piece layers", layers([&x], PIECE))])
}

/// One file in pieces of 512 KiB, as an `.mtorrent` can carry it once the v2 half is gone.
pub(crate) fn hybrid_single() -> Node {
    let all = content(700_000, 3);
    let info = dict([
        ("file tree", dict([("m.bin", leaf(&all))])),
        ("length", 700_000.into()),
        ("meta version", 2.into()),
        ("name", "m.bin".into()),
        ("piece length", 524_288.into()),
        ("pieces", v1_pieces(&all, 512 << 10).into()),
    ]);
    dict([("info", info), ("piece layers", layers([&all], 512 << 10))])
}

/// The torrent that [`mtorrent`] stands for.
pub(crate) fn v1_of_512_kib() -> Node {
    let info = hybrid_single()
        .get(&["info"])
        .without(&["file tree"])
        .without(&["meta version"]);
    dict([
        ("announce", "http://10.0.0.1:4444/announce".into()),
        ("info", info),
    ])
}

pub(crate) fn mtorrent() -> String {
    let hashes = v1_pieces(&content(700_000, 3), 512 << 10);
    let digits: String = hashes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("10.0.0.1:4444\n\nm.bin\n700000\n{digits}\n")
}
