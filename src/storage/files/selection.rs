//! Which files of a torrent are wanted, and what becomes of the others.
//!
//! A file that is not wanted is neither made nor touched where it stands. But a piece that it shares
//! with one that is wanted can only be checked, and given to others, whole: its part of such pieces
//! is kept in an unfinished file that is as long as the file itself, and takes only the space of
//! these parts.

use super::TorrentFiles;
use super::survey::Found;
use crate::base::{Bitfield, PieceIndex};

/// Which files of a torrent are wanted.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// By file; empty where all are wanted.
    wanted: Vec<bool>,
}

impl Selection {
    /// One word for each file of the torrent, padding included.
    pub fn new(wanted: Vec<bool>) -> Self {
        Self { wanted }
    }

    pub(super) fn is_wanted(&self, file: usize) -> bool {
        self.wanted.get(file).is_none_or(|is_wanted| *is_wanted)
    }
}

impl TorrentFiles {
    pub(super) fn is_wanted(&self, file: usize) -> bool {
        self.selection.is_wanted(file)
    }

    /// Whether a file that is wanted has a part in a piece.
    fn is_wanted_piece(&self, piece: PieceIndex) -> bool {
        let mut segments = self.segments_of(piece);
        segments.any(|segment| !segment.is_padding && self.is_wanted(segment.file))
    }

    /// The pieces that a file has a part in; none where it is empty.
    pub(super) fn pieces_of(&self, file: usize) -> impl Iterator<Item = PieceIndex> + use<> {
        let file = self.metainfo.info.files().get(file);
        let (offset_bytes, len_bytes) = (file.offset_bytes, file.len_bytes);
        let geometry = self.geometry.filter(|_| len_bytes > 0);
        let pieces = geometry.and_then(|geometry| {
            let first = geometry.piece_at(offset_bytes)?;
            let last = geometry.piece_at(offset_bytes + len_bytes - 1)?;
            let indexes = first.get()..=last.get();
            Some(indexes.filter_map(move |index| geometry.piece(index)))
        });
        pieces.into_iter().flatten()
    }

    /// The pieces of a file that have to be fetched.
    pub(super) fn lacking_pieces_of(
        &self,
        file: usize,
        have: &Bitfield,
    ) -> impl Iterator<Item = PieceIndex> {
        self.pieces_of(file)
            .filter(|piece| !have.has(*piece) && self.is_wanted_piece(*piece))
    }

    /// Whether nothing has to be fetched.
    pub(super) fn lacks_nothing(&self, have: &Bitfield) -> bool {
        let is_there = |piece| have.has(piece) || !self.is_wanted_piece(piece);
        let mut pieces = self.geometry.iter().flat_map(|geometry| geometry.pieces());
        pieces.all(is_there)
    }

    /// A file that is not wanted and stands by its final name is never written to: where something
    /// of it has to be fetched, what stands there counts for nothing.
    pub(super) fn leave_unwanted_alone(&mut self, found: &mut [Found], have: &mut Bitfield) {
        let mut is_settled = false;
        // What counts for nothing may put another one in the way, before or behind it.
        while !std::mem::replace(&mut is_settled, true) {
            for (file, found) in found.iter_mut().enumerate() {
                let is_in_the_way = *found == Found::Whole
                    && !self.is_wanted(file)
                    && self.lacking_pieces_of(file, have).next().is_some();
                if is_in_the_way {
                    *found = Found::Nothing;
                    self.identities[file] = 0;
                    for piece in self.pieces_of(file) {
                        have.clear(piece);
                    }
                    is_settled = false;
                }
            }
        }
    }
}
