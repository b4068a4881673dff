//! Whether a peer has anything for us, counted along so that nothing is ever searched.

use super::Picker;
use crate::base::{Bitfield, PieceIndex};

/// How many pieces that are wanted and lacking a peer has. Kept for each peer, and told whatever
/// changes on either side; made anew when priorities change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interest {
    pieces: u32,
}

impl Interest {
    pub fn of(picker: &Picker, peer_has: &Bitfield) -> Self {
        let both = picker.lacking.words().iter().zip(peer_has.words());
        let pieces = both.map(|(ours, theirs)| (ours & theirs).count_ones());
        Self {
            pieces: pieces.sum(),
        }
    }

    pub const fn is_any(self) -> bool {
        self.pieces > 0
    }

    /// The peer got a piece that it did not have.
    pub fn peer_got(&mut self, picker: &Picker, piece: PieceIndex) {
        self.pieces += u32::from(picker.is_lacking(piece));
    }

    /// A piece that was wanted and lacking is here.
    pub fn we_got(&mut self, peer_has: &Bitfield, piece: PieceIndex) {
        self.pieces -= u32::from(peer_has.has(piece));
    }
}
