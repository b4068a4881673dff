//! Pieces held to their hashes where they lie.

use std::sync::Arc;

use super::place::{Place, Torrent};
use super::table::PlaceTable;
use crate::base::{BLOCK_LEN_BYTES, PieceIndex, Sha1Digest};
use crate::engine::{PieceInPlace, PieceVerdict, StorageFault};
use crate::hash::{Span, sha1_scattered};

/// Hashes pieces side by side and says what became of each.
pub(super) fn verdicts(
    torrent: &Torrent,
    pieces: &[PieceInPlace],
    table: &PlaceTable,
) -> Vec<(PieceIndex, PieceVerdict)> {
    let places: Vec<Option<Arc<Place>>> = pieces
        .iter()
        .map(|piece| table.get(piece.range.place))
        .collect();
    let spans: Vec<[Span<'_>; 1]> = pieces
        .iter()
        .zip(&places)
        .map(|(piece, place)| [span_of(piece, place.as_deref()).unwrap_or(Span::EMPTY)])
        .collect();
    let mut digests = vec![Sha1Digest([0; Sha1Digest::LEN]); pieces.len()];
    sha1_scattered(&spans, &mut digests);
    let judged = pieces.iter().zip(&places).zip(&spans).zip(&digests);
    judged
        .map(|(((piece, place), [span]), digest)| {
            let verdict = match place {
                None => PieceVerdict::Gone(no_place(torrent)),
                Some(_) if span.is_empty() => PieceVerdict::Gone(no_place(torrent)),
                Some(place) => match place.spoiled() {
                    Some(fault) => PieceVerdict::Gone(fault),
                    None if torrent.files.expected_hash(piece.piece) == Some(*digest) => {
                        PieceVerdict::Whole
                    }
                    None => PieceVerdict::Wrong,
                },
            };
            (piece.piece, verdict)
        })
        .collect()
}

/// The digest of each block of a piece; none where its memory is gone.
pub(super) fn block_digests(piece: &PieceInPlace, table: &PlaceTable) -> Vec<Sha1Digest> {
    let Some(place) = table.get(piece.range.place) else {
        return Vec::new();
    };
    let mut left = span_of(piece, Some(&place)).unwrap_or(Span::EMPTY);
    let mut blocks: Vec<[Span<'_>; 1]> = Vec::new();
    while !left.is_empty() {
        let (block, rest) = left.split_at(BLOCK_LEN_BYTES as usize);
        blocks.push([block]);
        left = rest;
    }
    let mut digests = vec![Sha1Digest([0; Sha1Digest::LEN]); blocks.len()];
    sha1_scattered(&blocks, &mut digests);
    if place.spoiled().is_some() {
        digests.clear();
    }
    digests
}

fn span_of<'a>(piece: &PieceInPlace, place: Option<&'a Place>) -> Option<Span<'a>> {
    place?.span(piece.range)
}

fn no_place(torrent: &Torrent) -> StorageFault {
    StorageFault {
        path: torrent.files.metainfo().info.name().to_owned(),
        reason: "a piece was to be hashed in memory that was given up".to_owned(),
    }
}
