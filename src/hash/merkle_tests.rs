//! Trees against their definition, written out the slow way.

use super::*;
use crate::hash::{Engine, sha256};

fn bytes(len_bytes: usize) -> Vec<u8> {
    (0..len_bytes)
        .map(|i| (i * 31 / 7).to_le_bytes()[0])
        .collect()
}

/// The root over `width` leaves, zero leaves after the bytes.
fn root_by_definition(bytes: &[u8], width: usize) -> Sha256Digest {
    let mut layer: Vec<_> = bytes.chunks(LEAF_LEN_BYTES).map(sha256).collect();
    assert!(layer.len() <= width);
    layer.resize(width, Sha256Digest::ZERO);
    while layer.len() > 1 {
        layer = layer
            .chunks(2)
            .map(|pair| sha256(&[pair[0].0, pair[1].0].concat()))
            .collect();
    }
    layer[0]
}

#[test]
fn empty_subtrees() {
    assert_eq!(zero_subtree(0), Sha256Digest::ZERO);
    for height in 0..6 {
        assert_eq!(zero_subtree(height), root_by_definition(&[], 1 << height));
    }
    // SHA-256 of 64 zero bytes.
    assert_eq!(
        zero_subtree(1).to_string(),
        "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b"
    );
}

#[test]
fn piece_heights() {
    assert_eq!(piece_height(16 << 10), 0);
    assert_eq!(piece_height(1 << 20), 6);
}

#[test]
#[should_panic(expected = "no power-of-two number of leaves")]
fn a_piece_is_some_leaves() {
    piece_height(8 << 10);
}

#[test]
#[should_panic(expected = "are more than a piece")]
fn more_than_a_piece() {
    let bytes = bytes((32 << 10) + 1);
    Subtree::piece(&[Span::from(&bytes[..])], 32 << 10);
}

#[test]
fn roots_of_pieces_and_small_files() {
    let all = bytes(9 * LEAF_LEN_BYTES);
    let lengths = [
        0,
        1,
        100,
        LEAF_LEN_BYTES,
        LEAF_LEN_BYTES + 1,
        3 * LEAF_LEN_BYTES,
        70_000,
        131_072,
    ];
    // Spans that do not end where leaves do.
    let spans: Vec<Vec<Span<'_>>> = lengths
        .iter()
        .map(|len_bytes| all[..*len_bytes].chunks(10_007).map(Span::from).collect())
        .collect();
    let mut subtrees = Vec::new();
    let mut expected = Vec::new();
    for (len_bytes, spans) in lengths.into_iter().zip(&spans) {
        let leaf_count = len_bytes.div_ceil(LEAF_LEN_BYTES);
        subtrees.push(Subtree::piece(spans, 128 << 10));
        expected.push(root_by_definition(&all[..len_bytes], 8));
        subtrees.push(Subtree::whole_file(spans));
        expected.push(root_by_definition(
            &all[..len_bytes],
            leaf_count.next_power_of_two(),
        ));
    }
    let mut roots = vec![Sha256Digest::ZERO; subtrees.len()];
    roots_many(&subtrees, &mut roots);
    assert_eq!(roots, expected);
}

#[test]
fn a_file_has_one_root_by_every_way() {
    let all = bytes(21 * LEAF_LEN_BYTES + 5);
    let expected = root_by_definition(&all, 32);
    assert_eq!(root(&leaf_layer(&[Span::from(&all[..])]), 0), expected);

    let piece_length_bytes = 64 << 10;
    let pieces: Vec<_> = all
        .chunks(64 << 10)
        .map(|piece| [Span::from(piece)])
        .collect();
    let subtrees: Vec<_> = pieces
        .iter()
        .map(|spans| Subtree::piece(spans, piece_length_bytes))
        .collect();
    let mut piece_layer = vec![Sha256Digest::ZERO; pieces.len()];
    roots_many(&subtrees, &mut piece_layer);
    assert_eq!(
        root(&piece_layer, piece_height(piece_length_bytes)),
        expected
    );
}

#[test]
fn layers_of_every_width_by_every_engine() {
    let nodes: Vec<_> = (0_u8..70).map(|i| sha256(&[i])).collect();
    for engine in Engine::ALL {
        let Some(hasher) = Hasher::with_engine(engine) else {
            continue;
        };
        for width in 0..=nodes.len() {
            for height in [0, 3] {
                let parents = hasher.parent_layer(&nodes[..width], height);
                let mut padded = nodes[..width].to_vec();
                padded.resize(width.next_multiple_of(2), zero_subtree(height));
                let expected: Vec<_> = padded
                    .chunks(2)
                    .map(|pair| sha256(&[pair[0].0, pair[1].0].concat()))
                    .collect();
                assert_eq!(parents, expected, "{width} nodes by {engine}");
            }
        }
    }
}
