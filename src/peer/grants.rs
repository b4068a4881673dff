//! What a peer may ask for even while it is choked (BEP 6).

use crate::base::limits::ALLOWED_FAST_TIMES_MAX;
use crate::base::{Block, Geometry, PieceIndex};

/// The pieces that it was told of, and how much of them it may still have while it is choked: all of
/// them a few times, and no more.
#[derive(Debug, Default)]
pub(super) struct Grants {
    pieces: Vec<PieceIndex>,
    left_bytes: u64,
}

impl Grants {
    pub(super) fn of(pieces: Vec<PieceIndex>, geometry: &Geometry) -> Self {
        let lens = pieces.iter().map(|piece| geometry.len_of(*piece));
        let total_bytes: u64 = lens.map(u64::from).sum();
        Self {
            pieces,
            left_bytes: total_bytes * ALLOWED_FAST_TIMES_MAX,
        }
    }

    pub(super) fn is_any(&self) -> bool {
        !self.pieces.is_empty()
    }

    pub(super) fn holds(&self, block: Block) -> bool {
        self.pieces.contains(&block.piece())
    }

    /// Whether a choked peer may have a block; counts it where it may.
    pub(super) fn take(&mut self, block: Block) -> bool {
        if !self.holds(block) {
            return false;
        }
        let left_bytes = self.left_bytes.checked_sub(u64::from(block.len_bytes()));
        self.left_bytes = left_bytes.unwrap_or(self.left_bytes);
        left_bytes.is_some()
    }
}
