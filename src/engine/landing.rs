//! Where the pieces of one torrent land: which of them share a window, and which places there are.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use super::job::{MappableRun, PlaceSource};
use crate::base::limits::{SHARED_BUFFER_LEN_BYTES, WINDOW_LEN_BYTES};
use crate::base::{Block, Geometry, Instant, PieceIndex, PlaceId, PlaceRange};

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

    pub(super) fn pieces(&self) -> Range<u32> {
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
    pieces_per_buffer: u32,
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
            pieces_per_buffer: (SHARED_BUFFER_LEN_BYTES / geometry.piece_len_bytes()).max(1),
        }
    }

    /// The window that a piece belongs to, where it can be mapped.
    pub(super) fn window_of(&self, piece: PieceIndex) -> Option<Group> {
        self.window_around(piece, |_| true)
    }

    /// As much of that window around a piece as may be taken.
    pub(super) fn window_around(
        &self,
        piece: PieceIndex,
        may_take: impl Fn(PieceIndex) -> bool,
    ) -> Option<Group> {
        let pieces = self.window_pieces(piece)?;
        let pieces = self.around(piece, pieces, may_take);
        let (first_piece, len_bytes) = self.extent(&pieces)?;
        Some(Group {
            first_piece,
            piece_count: pieces.end - pieces.start,
            what: PlaceSource::Window {
                first_piece,
                len_bytes,
            },
        })
    }

    /// A buffer for a piece, and for those around it that may share it: each place costs a slot and
    /// a look, however little it holds.
    pub(super) fn buffer_around(
        &self,
        piece: PieceIndex,
        may_share: impl Fn(PieceIndex) -> bool,
    ) -> Group {
        let pieces = self.around(piece, self.buffer_pieces(piece), may_share);
        let alone = (piece, self.geometry.len_of(piece));
        let (first_piece, len_bytes) = self.extent(&pieces).unwrap_or(alone);
        Group {
            first_piece,
            piece_count: pieces.end - pieces.start,
            what: PlaceSource::Buffer {
                first_piece,
                len_bytes,
            },
        }
    }

    /// The pieces of a range around one of them, up to the first on each side that may not.
    fn around(
        &self,
        piece: PieceIndex,
        all: Range<u32>,
        may: impl Fn(PieceIndex) -> bool,
    ) -> Range<u32> {
        let may = |index: &u32| self.geometry.piece(*index).is_some_and(&may);
        let at = piece.get();
        let before = (all.start..at).rev().take_while(may).count();
        let behind = (at + 1..all.end).take_while(may).count();
        // Both counts are lengths of parts of a range of this type.
        let [before, behind] = [before, behind].map(|count| u32::try_from(count).unwrap_or(0));
        at - before..at + 1 + behind
    }

    /// The first of some pieces, and how long they are together.
    fn extent(&self, pieces: &Range<u32>) -> Option<(PieceIndex, u32)> {
        let first = self.geometry.piece(pieces.start)?;
        let last = self.geometry.piece(pieces.end.checked_sub(1)?)?;
        let end_bytes = self.geometry.start_of(last) + u64::from(self.geometry.len_of(last));
        let len_bytes = end_bytes - self.geometry.start_of(first);
        Some((first, u32::try_from(len_bytes).ok()?))
    }

    /// The pieces that would share a buffer with one.
    fn buffer_pieces(&self, piece: PieceIndex) -> Range<u32> {
        let first = piece.get() / self.pieces_per_buffer * self.pieces_per_buffer;
        let end = first.saturating_add(self.pieces_per_buffer);
        first..end.min(self.geometry.piece_count())
    }

    fn window_pieces(&self, piece: PieceIndex) -> Option<Range<u32>> {
        let behind = self.runs.partition_point(|run| run.first_piece <= piece);
        let run = self.runs[..behind].last()?;
        let into_run = piece.get() - run.first_piece.get();
        if into_run >= run.piece_count {
            return None;
        }
        let skipped = into_run / self.pieces_per_window * self.pieces_per_window;
        let first = run.first_piece.get() + skipped;
        Some(first..first + self.pieces_per_window.min(run.piece_count - skipped))
    }

    /// The pieces that are read together to send from one of them, where all of them are there.
    pub(super) fn read_with(&self, piece: PieceIndex) -> Range<u32> {
        let window = self.window_pieces(piece);
        window.unwrap_or_else(|| self.buffer_pieces(piece))
    }

    /// Which part of some pieces is read at once to send from one of them.
    pub(super) fn read_around(
        &self,
        pieces: &Range<u32>,
        piece: PieceIndex,
        offset_in_piece: u32,
        chunk_len_bytes: u32,
    ) -> Stretch {
        let alone = (piece, self.geometry.len_of(piece));
        let (first_piece, len_bytes) = self.extent(pieces).unwrap_or(alone);
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
    stage: Stage,
}

/// Whether a place can be received into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// It was asked for then, and is not there yet.
    Opening { since: Instant },
    /// It is resident and writable since then.
    Ready { since: Instant },
    /// It is there, and is being made writable again: nothing is received into it meanwhile.
    Refreshing,
}

impl LandingPlace {
    pub(super) fn is_window(&self) -> bool {
        matches!(self.group.what, PlaceSource::Window { .. })
    }

    /// Whether it can be received into now.
    pub(super) fn is_ready(&self) -> bool {
        matches!(self.stage, Stage::Ready { .. })
    }

    fn is_opening(&self) -> bool {
        matches!(self.stage, Stage::Opening { .. })
    }
}

/// The places of one torrent. No two of them hold the same piece.
#[derive(Debug, Default)]
pub(super) struct LandingPlaces {
    /// By their first pieces.
    places: BTreeMap<PieceIndex, LandingPlace>,
    first_pieces: BTreeMap<PlaceId, PieceIndex>,
    opening_count: usize,
    /// The pieces of the places that can be received into now, those of neighbours joined.
    ready: Vec<Range<u32>>,
}

impl LandingPlaces {
    pub(super) fn push(&mut self, now: Instant, id: PlaceId, group: Group) {
        let stage = Stage::Opening { since: now };
        let place = LandingPlace { id, group, stage };
        let former = self.places.insert(group.first_piece, place);
        assert!(former.is_none(), "a piece has one place");
        self.first_pieces.insert(id, group.first_piece);
        self.opening_count += 1;
    }

    fn get_mut(&mut self, id: PlaceId) -> Option<&mut LandingPlace> {
        self.places.get_mut(self.first_pieces.get(&id)?)
    }

    /// It is there; says since when it was asked for.
    pub(super) fn opened(&mut self, now: Instant, id: PlaceId) -> Option<(Group, Instant)> {
        let place = self.get_mut(id)?;
        let Stage::Opening { since: asked_at } = place.stage else {
            unreachable!("a place is opened once");
        };
        place.stage = Stage::Ready { since: now };
        let group = place.group;
        self.opening_count -= 1;
        self.note_ready();
        Some((group, asked_at))
    }

    /// The windows that were made writable longer ago than this; they are to be refreshed now.
    pub(super) fn take_stale(&mut self, now: Instant, age: Duration) -> Vec<PlaceId> {
        let is_stale = |place: &&mut LandingPlace| match place.stage {
            Stage::Ready { since } => place.is_window() && now - since >= age,
            Stage::Opening { .. } | Stage::Refreshing => false,
        };
        let stale = self.places.values_mut().filter(is_stale);
        let stale: Vec<_> = stale
            .map(|place| {
                place.stage = Stage::Refreshing;
                place.id
            })
            .collect();
        if !stale.is_empty() {
            self.note_ready();
        }
        stale
    }

    pub(super) fn refreshed(&mut self, now: Instant, id: PlaceId) {
        if let Some(place) = self.get_mut(id) {
            place.stage = Stage::Ready { since: now };
            self.note_ready();
        }
    }

    /// Whether bytes may be received into a place now.
    pub(super) fn is_fresh(&self, id: PlaceId) -> bool {
        let first_piece = self.first_pieces.get(&id);
        let place = first_piece.and_then(|first| self.places.get(first));
        place.is_none_or(|place| place.stage != Stage::Refreshing)
    }

    pub(super) fn remove(&mut self, id: PlaceId) -> Option<LandingPlace> {
        let place = self.places.remove(&self.first_pieces.remove(&id)?)?;
        if place.is_opening() {
            self.opening_count -= 1;
        } else {
            self.note_ready();
        }
        Some(place)
    }

    pub(super) fn of(&self, piece: PieceIndex) -> Option<&LandingPlace> {
        let (_, place) = self.places.range(..=piece).next_back()?;
        place.group.holds(piece).then_some(place)
    }

    /// Whether the piece can be received now.
    pub(super) fn is_ready(&self, piece: PieceIndex) -> bool {
        self.of(piece).is_some_and(LandingPlace::is_ready)
    }

    /// The pieces that can be received now.
    pub(super) fn ready_ranges(&self) -> &[Range<u32>] {
        &self.ready
    }

    pub(super) fn is_any_opening(&self) -> bool {
        self.opening_count > 0
    }

    /// Places come and go far less often than pieces are picked.
    fn note_ready(&mut self) {
        self.ready.clear();
        let ready = self.places.values().filter(|place| place.is_ready());
        for pieces in ready.map(|place| place.group.pieces()) {
            match self.ready.last_mut() {
                Some(last) if last.end == pieces.start => last.end = pieces.end,
                _ => self.ready.push(pieces),
            }
        }
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
        let place = self.of(piece).filter(|place| !place.is_opening())?;
        let into_place = (piece.get() - place.group.first_piece.get()) * geometry.piece_len_bytes();
        Some(PlaceRange {
            place: place.id,
            offset_bytes: into_place + offset_bytes,
            len_bytes,
        })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &LandingPlace> {
        self.places.values()
    }
}

#[cfg(test)]
#[path = "landing_tests.rs"]
mod tests;
