//! Merkle trees of BEP 52.

use crate::base::{Sha256Digest, limits};

use super::sha256;

/// The root of a tree whose nodes cover `piece_length` bytes each.
pub fn root_of_piece_layer(hashes: &[u8], piece_length: u32) -> Sha256Digest {
    let pair = |a: &[u8], b: &[u8]| sha256(&[a, b].concat());
    let mut pad = Sha256Digest::ZERO;
    let mut leaf_count = limits::PIECE_LENGTH_V2_BYTES_MIN;
    while leaf_count < piece_length {
        pad = pair(&pad.0, &pad.0);
        leaf_count *= 2;
    }
    let mut nodes: Vec<Sha256Digest> = hashes
        .chunks_exact(32)
        .filter_map(Sha256Digest::from_slice)
        .collect();
    while nodes.len() > 1 {
        nodes = nodes
            .chunks(2)
            .map(|two| pair(&two[0].0, two.get(1).map_or(&pad.0, |node| &node.0)))
            .collect();
        pad = pair(&pad.0, &pad.0);
    }
    nodes.first().copied().unwrap_or(Sha256Digest::ZERO)
}
