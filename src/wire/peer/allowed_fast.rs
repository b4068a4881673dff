//! The pieces that a peer may ask for while it is choked (BEP 6).

use std::net::Ipv4Addr;

use crate::base::{Geometry, PieceIndex, Sha1Digest};
use crate::hash::sha1;

/// The first `count` of the pieces that everybody would offer to a peer of this address: all of the
/// torrent's, where it has no more. Neighbours in a network of 256 addresses are offered the same.
pub fn allowed_fast(
    address: Ipv4Addr,
    info_hash: &Sha1Digest,
    geometry: &Geometry,
    count: usize,
) -> Vec<PieceIndex> {
    if geometry.piece_count() as usize <= count {
        return geometry.pieces().collect();
    }
    let [a, b, c, _] = address.octets();
    let mut state = sha1(&[&[a, b, c, 0], info_hash.as_bytes()].concat());
    let mut allowed = Vec::with_capacity(count);
    while allowed.len() < count {
        let (numbers, _) = state.0.as_chunks();
        for number in numbers.iter().map(|bytes| u32::from_be_bytes(*bytes)) {
            let piece = geometry.piece(number % geometry.piece_count());
            let fresh = piece.filter(|piece| allowed.len() < count && !allowed.contains(piece));
            allowed.extend(fresh);
        }
        state = sha1(state.as_bytes());
    }
    allowed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn indexes(piece_count: u64, count: usize) -> Vec<u32> {
        let geometry = Geometry::new(piece_count, 1).unwrap();
        let hash = Sha1Digest([0xaa; 20]);
        let allowed = allowed_fast(Ipv4Addr::new(80, 4, 4, 200), &hash, &geometry, count);
        allowed.into_iter().map(PieceIndex::get).collect()
    }

    #[test]
    fn the_examples_of_the_specification() {
        let nine = [1059, 431, 808, 1217, 287, 376, 1188, 353, 508];
        assert_eq!(indexes(1313, 7), nine[..7]);
        assert_eq!(indexes(1313, 9), nine);
        assert!(indexes(1313, 0).is_empty());
    }

    #[test]
    fn small_torrents_are_allowed_whole() {
        assert_eq!(indexes(3, 3), [0, 1, 2]);
        assert_eq!(indexes(1, 10), [0]);
        let mut all_but_one = indexes(11, 10);
        all_but_one.sort_unstable();
        all_but_one.dedup();
        assert_eq!(all_but_one.len(), 10);
    }
}
