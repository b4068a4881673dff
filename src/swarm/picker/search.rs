//! Looking for one of many pieces within a bound.

use std::ops::Range;

use crate::base::{Bitfield, Geometry, PieceIndex, Rng};

/// The pieces of a range that both have, in order.
pub(super) fn in_both<'a>(
    geometry: Geometry,
    [a, b]: [&'a Bitfield; 2],
    range: Range<u32>,
) -> impl Iterator<Item = PieceIndex> + 'a {
    let words = range.start as usize / 64..range.end.div_ceil(64) as usize;
    let words = words.map(move |at| {
        let both = a.words().get(at).zip(b.words().get(at));
        (at, both.map_or(0, |(a, b)| a & b))
    });
    indices(words)
        .skip_while(move |index| *index < range.start)
        .take_while(move |index| *index < range.end)
        .filter_map(move |index| geometry.piece(index))
}

/// How many pieces of a range a field has.
pub(super) fn count_in(field: &Bitfield, range: &Range<u32>) -> u32 {
    let first = range.start / 64;
    let words = field.words().get(first as usize..).unwrap_or_default();
    let starts = (first..range.end.div_ceil(64)).map(|at| at * 64);
    let counts = words.iter().zip(starts).map(|(word, start)| {
        let before = range.start.saturating_sub(start);
        let behind = (start + 64).saturating_sub(range.end);
        (word >> before << before << behind).count_ones()
    });
    counts.sum()
}

/// The numbers of the bits that are set, of words and their places.
pub(super) fn indices(words: impl Iterator<Item = (usize, u64)>) -> impl Iterator<Item = u32> {
    words.flat_map(|(at, mut word)| {
        let first = u32::try_from(at * 64).unwrap_or(u32::MAX);
        std::iter::from_fn(move || {
            let bit = (word != 0).then(|| word.trailing_zeros())?;
            word &= word - 1;
            first.checked_add(bit)
        })
    })
}

/// One of those with the lowest rank, each of them as likely.
pub(super) fn lowest(
    pieces: impl Iterator<Item = PieceIndex>,
    rank: impl Fn(PieceIndex) -> u32,
    rng: &mut Rng,
) -> Option<PieceIndex> {
    let mut best = None;
    let mut best_rank = u32::MAX;
    let mut ties = 0;
    for piece in pieces {
        let piece_rank = rank(piece);
        if best.is_none() || piece_rank < best_rank {
            best = Some(piece);
            best_rank = piece_rank;
            ties = 1;
        } else if piece_rank == best_rank {
            ties += 1;
            if rng.below(ties) == 0 {
                best = Some(piece);
            }
        }
    }
    best
}
