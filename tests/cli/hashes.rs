//! The hashes of `mt client create`, held to ones that are computed the plain way.

use mt::metainfo::{Document, Metainfo, read};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use crate::support::{Place, noise};

const BLOCK_LEN_BYTES: usize = 16 << 10;

fn read_torrent(place: &Place, name: &str) -> Box<Metainfo> {
    match read(place.read(name), None).unwrap() {
        Document::Metainfo(_, metainfo) => metainfo,
        Document::Magnet(_) => panic!("`{name}` is a magnet link"),
    }
}

/// The hashes of v1 pieces, one after the other.
fn naive_v1(content: &[u8], piece_len_bytes: usize) -> Vec<u8> {
    let hashes = content.chunks(piece_len_bytes).map(Sha1::digest);
    hashes.flat_map(|hash| hash.to_vec()).collect()
}

fn parent(pair: &[[u8; 32]]) -> [u8; 32] {
    Sha256::digest(pair.concat()).into()
}

/// The root over leaves, of which there are as many as a power of two says, the last ones zeros.
fn naive_root(mut nodes: Vec<[u8; 32]>, leaf_count: usize) -> [u8; 32] {
    nodes.resize(leaf_count, [0; 32]);
    while nodes.len() > 1 {
        nodes = nodes.chunks(2).map(parent).collect();
    }
    nodes[0]
}

/// The root of a file, and the hashes of its pieces where it has more than one.
fn naive_v2(content: &[u8], piece_len_bytes: usize) -> (Option<[u8; 32]>, Vec<u8>) {
    if content.is_empty() {
        return (None, Vec::new());
    }
    let leaves: Vec<[u8; 32]> = content
        .chunks(BLOCK_LEN_BYTES)
        .map(|block| Sha256::digest(block).into())
        .collect();
    let leaf_count = leaves.len().next_power_of_two();
    let root = naive_root(leaves.clone(), leaf_count);
    let leaves_per_piece = piece_len_bytes / BLOCK_LEN_BYTES;
    let pieces = leaves.chunks(leaves_per_piece);
    let layer = pieces
        .flat_map(|piece| naive_root(piece.to_vec(), leaves_per_piece))
        .collect();
    let is_of_one_piece = content.len() <= piece_len_bytes;
    // A tree of pieces is a tree of whole pieces.
    let root = if is_of_one_piece {
        root
    } else {
        naive_root(leaves, leaf_count.max(leaves_per_piece))
    };
    (Some(root), if is_of_one_piece { Vec::new() } else { layer })
}

/// What the v1 half of a hybrid hashes: every file that has a successor is filled up to pieces.
fn padded(files: &[Vec<u8>], piece_len_bytes: usize) -> Vec<u8> {
    let last = files.iter().rposition(|file| !file.is_empty()).unwrap_or(0);
    let mut content = Vec::new();
    for (index, file) in files.iter().enumerate() {
        content.extend_from_slice(file);
        if index < last {
            content.resize(content.len().next_multiple_of(piece_len_bytes), 0);
        }
    }
    content
}

fn check_v2_half(metainfo: &Metainfo, files: &[Vec<u8>], piece_len_bytes: usize) {
    let stored = metainfo
        .info
        .files()
        .iter()
        .filter(|file| !file.attributes.padding);
    for (index, (file, content)) in stored.zip(files).enumerate() {
        let (root, layer) = naive_v2(content, piece_len_bytes);
        assert_eq!(file.root.map(|root| root.0), root, "root of file {index}");
        let found = file.root.and_then(|root| metainfo.layers.get(&root));
        assert_eq!(found.unwrap_or_default(), layer, "layer of file {index}");
    }
}

/// Makes every version of these files, and looks at each hash.
fn check(files: &[Vec<u8>], piece_len_bytes: usize, io: &str) {
    let place = Place::new();
    for (index, content) in files.iter().enumerate() {
        place.file(format!("set/{index:03}"), content);
    }
    for meta in ["v1", "v2", "hybrid"] {
        let options = format!("--meta {meta} --piece-length {piece_len_bytes} --io {io}");
        place
            .line(&format!("create set -o {meta}.torrent {options}"))
            .ok();
    }
    let [v1, v2, hybrid] =
        ["v1.torrent", "v2.torrent", "hybrid.torrent"].map(|name| read_torrent(&place, name));
    assert_eq!(
        v1.info.v1_hashes().unwrap(),
        naive_v1(&files.concat(), piece_len_bytes)
    );
    check_v2_half(&v2, files, piece_len_bytes);
    check_v2_half(&hybrid, files, piece_len_bytes);
    let padded = padded(files, piece_len_bytes);
    assert_eq!(
        hybrid.info.v1_hashes().unwrap(),
        naive_v1(&padded, piece_len_bytes)
    );
}

fn files_of(lens_bytes: &[usize]) -> Vec<Vec<u8>> {
    (1..)
        .zip(lens_bytes)
        .map(|(seed, len_bytes)| noise(seed, *len_bytes))
        .collect()
}

#[test]
fn layouts_of_every_kind_have_the_naive_hashes() {
    let len_bytes = prop_oneof![
        Just(0_usize),
        Just(1),
        Just(BLOCK_LEN_BYTES - 1),
        Just(BLOCK_LEN_BYTES),
        Just(BLOCK_LEN_BYTES + 1),
        0..100_000_usize,
        100_000..400_000_usize,
    ];
    let lens_bytes = prop::collection::vec(len_bytes, 1..8);
    let piece_height = 0..5_u32;
    let io = prop_oneof![Just("auto"), Just("positional")];
    let config = Config {
        cases: 14,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new(config)
        .run(
            &(lens_bytes, piece_height, io),
            |(lens_bytes, piece_height, io)| {
                check(&files_of(&lens_bytes), BLOCK_LEN_BYTES << piece_height, io);
                Ok(())
            },
        )
        .unwrap();
}

#[test]
fn pieces_that_take_many_rounds_have_the_naive_hashes() {
    let files = files_of(&[(5 << 20) + 5, 3, 1 << 20]);
    for io in ["auto", "positional"] {
        check(&files, 4 << 20, io);
    }
}

#[test]
fn many_small_files_in_large_pieces_have_the_naive_hashes() {
    let lens_bytes: Vec<usize> = (0..40).map(|index| index * 137 % 5000).collect();
    check(&files_of(&lens_bytes), 256 << 10, "auto");
}
