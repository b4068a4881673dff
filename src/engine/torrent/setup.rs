//! What a torrent begins with.

use std::net::SocketAddr;

use super::Wishes;
use crate::base::{Bitfield, Geometry, Rng, Sha1Digest, Url};
use crate::engine::job::MappableRun;
use crate::wire::peer::PeerId;

/// What is known of a torrent before it runs.
#[derive(Clone, Debug)]
pub struct TorrentSetup {
    /// What people call it.
    pub name: String,
    pub info_hash: Sha1Digest,
    pub geometry: Geometry,
    pub wishes: Wishes,
    /// Parts of the content that are padding, in order: from and to, in bytes.
    pub padding: Vec<(u64, u64)>,
    pub have: Bitfield,
    pub runs: Vec<MappableRun>,
    pub is_private: bool,
    pub trackers: Vec<Vec<Url>>,
    /// Each tracker is told, not the first of a tier that answers.
    pub tells_every_tracker: bool,
    /// Peers that the user named.
    pub peers: Vec<SocketAddr>,
    pub is_sequential: bool,
}

/// Tells the program and its version.
const PEER_ID_PREFIX: [u8; 8] = *b"-MT0010-";

/// Is another for each torrent.
pub(super) fn random_peer_id(rng: &mut Rng) -> PeerId {
    const SIGNS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    PeerId::new(
        PEER_ID_PREFIX,
        std::array::from_fn(|_| SIGNS[rng.below(62) as usize]),
    )
}
