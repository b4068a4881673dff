//! Where the pieces of one torrent land: which of them share a window, and which places there are.

use super::job::{MappableRun, PlaceSource};
use crate::base::limits::WINDOW_LEN_BYTES;
use crate::base::{Block, Geometry, Instant, PieceIndex, PlaceId, PlaceRange};
use std::time::Duration;

/// Consecutive pieces that are received into one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) first_piece: PieceIndex,
    pub(super) piece_count: u32,
    pub(super) what: PlaceSource,
}

impl Group {
    pub(super) fn holds(&self, piece: PieceIndex) -> bool {
        piece.get().wrapping_sub(self.first_piece.get()) < self.piece_count
    }

    pub(super) fn pieces(&self) -> std::ops::Range<u32> {
        self.first_piece.get()..self.first_piece.get() + self.piece_count
    }
}

/// Some of the content that is read at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stretch {
    pub(super) offset_bytes: u64,
    pub(super) len_bytes: u32,
}

impl Stretch {
    pub(super) fn end_bytes(self) -> u64 {
        self.offset_bytes + u64::from(self.len_bytes)
    }

    pub(super) fn source(self) -> PlaceSource {
        PlaceSource::Read {
            offset_bytes: self.offset_bytes,
            len_bytes: self.len_bytes,
        }
    }
}

/// How the pieces of a torrent are grouped.
#[derive(Debug)]
pub(super) struct Grouping {
    geometry: Geometry,
    /// In order, without overlap.
    runs: Vec<MappableRun>,
    pieces_per_window: u32,
}

impl Grouping {
    pub(super) fn new(geometry: Geometry, runs: Vec<MappableRun>) -> Self {
        let in_order = runs.is_sorted_by(|a, b| {
            a.first_piece.get().saturating_add(a.piece_count) <= b.first_piece.get()
        });
        assert!(in_order, "runs are in order and do not overlap");
        Self {
            geometry,
            runs,
            pieces_per_window: (WINDOW_LEN_BYTES / geometry.piece_len_bytes()).max(1),
        }
    }

    pub(super) fn group_of(&self, piece: PieceIndex) -> Group {
        self.window_of(piece)
            .unwrap_or_else(|| self.buffer_of(piece))
    }

    /// The piece alone, in a buffer.
    pub(super) fn buffer_of(&self, piece: PieceIndex) -> Group {
        Group {
            first_piece: piece,
            piece_count: 1,
            what: PlaceSource::Buffer {
                piece,
                len_bytes: self.geometry.len_of(piece),
            },
        }
    }

    fn window_of(&self, piece: PieceIndex) -> Option<Group> {
        let behind = self.runs.partition_point(|run| run.first_piece <= piece);
        let run = self.runs[..behind].last()?;
        let into_run = piece.get() - run.first_piece.get();
        if into_run >= run.piece_count {
            return None;
        }
        let skipped = into_run / self.pieces_per_window * self.pieces_per_window;
        let first_piece = self.geometry.piece(run.first_piece.get() + skipped)?;
        let piece_count = self.pieces_per_window.min(run.piece_count - skipped);
        let last_piece = self.geometry.piece(first_piece.get() + piece_count - 1)?;
        let end_bytes =
            self.geometry.start_of(last_piece) + u64::from(self.geometry.len_of(last_piece));
        let len_bytes = end_bytes - self.geometry.start_of(first_piece);
        Some(Group {
            first_piece,
            piece_count,
            what: PlaceSource::Window {
                first_piece,
                len_bytes: u32::try_from(len_bytes).ok()?,
            },
        })
    }

    /// Which part of the content is read at once to send from it: within a run or a piece.
    pub(super) fn read_around(
        &self,
        piece: PieceIndex,
        offset_in_piece: u32,
        chunk_len_bytes: u32,
    ) -> Stretch {
        let (first_piece, len_bytes) = match self.window_of(piece) {
            Some(Group {
                first_piece,
                what: PlaceSource::Window { len_bytes, .. },
                ..
            }) => (first_piece, len_bytes),
            _ => (piece, self.geometry.len_of(piece)),
        };
        let start_bytes = self.geometry.start_of(first_piece);
        let into_bytes = self.geometry.start_of(piece) + u64::from(offset_in_piece) - start_bytes;
        let chunk = u64::from(chunk_len_bytes);
        let skipped_bytes = into_bytes / chunk * chunk;
        let left_bytes = u64::from(len_bytes) - skipped_bytes;
        Stretch {
            offset_bytes: start_bytes + skipped_bytes,
            len_bytes: u32::try_from(left_bytes.min(chunk)).unwrap_or(chunk_len_bytes),
        }
    }
}

/// A place that pieces are received into.
#[derive(Clone, Copy, Debug)]
pub(super) struct LandingPlace {
    pub(super) id: PlaceId,
    pub(super) group: Group,
    pub(super) is_live: bool,
    /// When it was made resident and writable.
    pub(super) fresh_at: Instant,
    /// It is being made so again, and nothing is received into it meanwhile.
    pub(super) is_refreshing: bool,
}

impl LandingPlace {
    pub(super) fn is_window(&self) -> bool {
        matches!(self.group.what, PlaceSource::Window { .. })
    }
}

/// The places of one torrent: few, so they are looked through.
#[derive(Debug, Default)]
pub(super) struct LandingPlaces {
    places: Vec<LandingPlace>,
}

impl LandingPlaces {
    pub(super) fn push(&mut self, now: Instant, id: PlaceId, group: Group) {
        self.places.push(LandingPlace {
            id,
            group,
            is_live: false,
            fresh_at: now,
            is_refreshing: false,
        });
    }

    /// It is there; says since when it was asked for.
    pub(super) fn opened(&mut self, now: Instant, id: PlaceId) -> Option<(Group, Instant)> {
        let place = self.places.iter_mut().find(|place| place.id == id)?;
        place.is_live = true;
        let asked_at = std::mem::replace(&mut place.fresh_at, now);
        Some((place.group, asked_at))
    }

    /// The windows that were made writable longer ago than this; they are to be refreshed now.
    pub(super) fn take_stale(&mut self, now: Instant, age: Duration) -> Vec<PlaceId> {
        let stale = self.places.iter_mut().filter(|place| {
            place.is_window()
                && place.is_live
                && !place.is_refreshing
                && now - place.fresh_at >= age
        });
        stale
            .map(|place| {
                place.is_refreshing = true;
                place.id
            })
            .collect()
    }

    pub(super) fn refreshed(&mut self, now: Instant, id: PlaceId) {
        if let Some(place) = self.places.iter_mut().find(|place| place.id == id) {
            place.is_refreshing = false;
            place.fresh_at = now;
        }
    }

    /// Whether bytes may be received into a place now.
    pub(super) fn is_fresh(&self, id: PlaceId) -> bool {
        let place = self.places.iter().find(|place| place.id == id);
        place.is_none_or(|place| !place.is_refreshing)
    }

    pub(super) fn remove(&mut self, id: PlaceId) -> Option<LandingPlace> {
        let at = self.places.iter().position(|place| place.id == id)?;
        Some(self.places.swap_remove(at))
    }

    pub(super) fn of(&self, piece: PieceIndex) -> Option<&LandingPlace> {
        self.places.iter().find(|place| place.group.holds(piece))
    }

    /// Whether the piece can be received now.
    pub(super) fn is_ready(&self, piece: PieceIndex) -> bool {
        self.of(piece)
            .is_some_and(|place| place.is_live && !place.is_refreshing)
    }

    /// The pieces of the places that are there.
    pub(super) fn live_ranges(&self) -> impl Iterator<Item = std::ops::Range<u32>> {
        let live = self
            .places
            .iter()
            .filter(|place| place.is_live && !place.is_refreshing);
        live.map(|place| place.group.pieces())
    }

    pub(super) fn is_any_opening(&self) -> bool {
        self.places.iter().any(|place| !place.is_live)
    }

    /// Where a block lies, if its place is there.
    pub(super) fn place_of_block(&self, geometry: &Geometry, block: Block) -> Option<PlaceRange> {
        self.locate(
            geometry,
            block.piece(),
            block.offset_bytes(),
            block.len_bytes(),
        )
    }

    /// Where a piece lies, if its place is there.
    pub(super) fn place_of_piece(
        &self,
        geometry: &Geometry,
        piece: PieceIndex,
    ) -> Option<PlaceRange> {
        self.locate(geometry, piece, 0, geometry.len_of(piece))
    }

    fn locate(
        &self,
        geometry: &Geometry,
        piece: PieceIndex,
        offset_bytes: u32,
        len_bytes: u32,
    ) -> Option<PlaceRange> {
        let place = self.of(piece).filter(|place| place.is_live)?;
        let into_place = (piece.get() - place.group.first_piece.get()) * geometry.piece_len_bytes();
        Some(PlaceRange {
            place: place.id,
            offset_bytes: into_place + offset_bytes,
            len_bytes,
        })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &LandingPlace> {
        self.places.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_cover_runs_and_buffers_the_rest() {
        let geometry = Geometry::new(40 << 20, 1 << 20).unwrap();
        let run = |first, piece_count| MappableRun {
            first_piece: geometry.piece(first).unwrap(),
            piece_count,
        };
        let grouping = Grouping::new(geometry, vec![run(1, 20), run(22, 18)]);
        let mut seen = Vec::new();
        for piece in geometry.pieces() {
            let group = grouping.group_of(piece);
            assert!(group.holds(piece), "{group:?}");
            let window = matches!(group.what, PlaceSource::Window { .. });
            seen.push((group.pieces(), window));
            assert_eq!(
                group.what.len_bytes(),
                u64::from(group.piece_count) << 20,
                "{group:?}"
            );
        }
        seen.dedup();
        assert_eq!(
            seen,
            [
                (0..1, false),
                (1..17, true),
                (17..21, true),
                (21..22, false),
                (22..38, true),
                (38..40, true)
            ]
        );
    }

    #[test]
    fn what_is_read_at_once_holds_the_block_and_stays_in_its_group() {
        let geometry = Geometry::new((9 << 20) + 5, 1 << 20).unwrap();
        let runs = vec![MappableRun {
            first_piece: geometry.piece(2).unwrap(),
            piece_count: 7,
        }];
        let grouping = Grouping::new(geometry, runs);
        for (piece, offset, wanted) in [
            (0, 7, (0, 1 << 20)),
            (2, 0, (2 << 20, 4 << 20)),
            (6, 9, (6 << 20, 3 << 20)),
            (9, 1, (9 << 20, 5)),
        ] {
            let piece = geometry.piece(piece).unwrap();
            let (offset_bytes, len_bytes) = wanted;
            assert_eq!(
                grouping.read_around(piece, offset, 4 << 20),
                Stretch {
                    offset_bytes,
                    len_bytes
                }
            );
        }
    }
}
