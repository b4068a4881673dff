//! What is promised about places, held to.

use super::{Bytes, Place, State, Storage};
use crate::base::PlaceRange;
use crate::engine::{PieceInPlace, PlaceSource};

impl Storage {
    /// Counts what is being opened and closed, as the engine has to.
    pub(super) fn check_budget(&self) {
        let is_read = |place: &&Place| matches!(place.what, PlaceSource::Read { .. });
        let (reads, receives): (Vec<_>, Vec<_>) = self.places.values().partition(is_read);
        for (index, disk) in self.disks.iter().enumerate() {
            let is_its = |place: &&&Place| place.torrent.0 as usize == index;
            let mut disk = disk.borrow_mut();
            disk.receiving_places = receives.iter().filter(is_its).count();
            disk.sending_places = reads.iter().filter(is_its).count();
        }
        for (places, budget_bytes) in [
            (reads, self.budget.send_bytes),
            (receives, self.budget.receive_bytes),
        ] {
            let used_bytes: u64 = places.iter().map(|place| place.what.len_bytes()).sum();
            assert!(
                used_bytes <= budget_bytes || places.len() == 1,
                "{used_bytes} bytes of places are more than the {budget_bytes} there are"
            );
        }
    }

    /// A job reads a piece from now on.
    pub(super) fn pin(&mut self, piece: &PieceInPlace) {
        let Some(place) = self.places.get_mut(&piece.range.place) else {
            unreachable!("{piece:?} is in no place");
        };
        assert_eq!(
            place.state,
            State::Open,
            "a job is about a place that is there"
        );
        place.pins += 1;
        self.frozen.push(piece.range);
    }

    pub(super) fn unpin(&mut self, piece: &PieceInPlace) {
        if let Some(place) = self.places.get_mut(&piece.range.place) {
            place.pins -= 1;
        }
        let at = self.frozen.iter().position(|range| *range == piece.range);
        if let Some(at) = at {
            self.frozen.swap_remove(at);
        }
    }

    /// What nobody may write: what a job reads, and what was found to be right.
    pub(super) fn check_write(&self, range: PlaceRange, place: &Place) {
        let is_frozen = self.frozen.iter().any(|frozen| overlap(frozen, &range));
        assert!(!is_frozen, "{range:?} is written while a job reads it");
        let is_whole = match &place.bytes {
            Bytes::Mapped(mapped) => {
                let start = mapped.start + range.offset_bytes as usize;
                let written = start..start + range.len_bytes as usize;
                self.disk(place.torrent)
                    .borrow()
                    .is_any_verified_in(&written)
            }
            Bytes::Copied(_) => {
                let mut whole = self.whole_in_buffer.iter();
                whole.any(|whole| overlap(whole, &range))
            }
        };
        assert!(!is_whole, "{range:?} is written after it was verified");
    }
}

fn overlap(a: &PlaceRange, b: &PlaceRange) -> bool {
    a.place == b.place
        && a.offset_bytes < b.offset_bytes + b.len_bytes
        && b.offset_bytes < a.offset_bytes + a.len_bytes
}
