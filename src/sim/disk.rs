//! What a machine keeps when its process ends: the bytes of one torrent and what was verified of
//! them; and how reliable the disk is.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;
use std::rc::Rc;

use super::content::Content;
use crate::base::{Bitfield, PieceIndex, Rng};

/// Of all torrents of one process, by torrent.
pub(super) type Disks = Vec<Rc<RefCell<Disk>>>;

/// What goes wrong.
#[derive(Clone, Copy, Debug, Default)]
pub struct DiskFaults {
    /// After so many places were opened, no more are.
    pub opens_until_failure: Option<u32>,
    /// After so many pieces were hashed, what is hashed is gone: the disk has failed.
    pub hashes_until_failure: Option<u32>,
    /// After so many pieces were written out of buffers, the disk is full.
    pub writes_until_failure: Option<u32>,
    pub fails_to_finish: bool,
}

#[derive(Clone, Debug)]
pub struct Disk {
    content: Content,
    pub(super) bytes: Vec<u8>,
    /// Written where it belongs and found to be right.
    verified: BTreeSet<PieceIndex>,
    /// Bytes were spoiled on purpose: what is sent of it is not held to the truth.
    is_lying: bool,
    pub is_finished: bool,
    /// Its client is done before everything is there.
    pub(super) is_wanted_in_part: bool,
    /// How many places to receive into the pool has for it now.
    pub(super) receiving_places: usize,
    /// And to send from.
    pub(super) sending_places: usize,
    pub faults: DiskFaults,
}

impl Disk {
    /// Holds nothing of the content, but other bytes instead.
    pub fn empty(content: &Content) -> Self {
        let mut bytes = vec![0xee; content.bytes().len()];
        for padding in content.padding_within(&(0..bytes.len())) {
            bytes[padding].fill(0);
        }
        Self {
            content: content.clone(),
            bytes,
            verified: BTreeSet::new(),
            is_lying: false,
            is_finished: false,
            is_wanted_in_part: false,
            receiving_places: 0,
            sending_places: 0,
            faults: DiskFaults::default(),
        }
    }

    pub fn full(content: &Content) -> Self {
        Self::with_pieces(content, |_| true)
    }

    pub fn with_pieces(content: &Content, has: impl Fn(PieceIndex) -> bool) -> Self {
        let mut disk = Self::empty(content);
        for piece in content.geometry.pieces().filter(|piece| has(*piece)) {
            let range = content.range_of(piece);
            disk.bytes[range].copy_from_slice(content.piece(piece));
            disk.verified.insert(piece);
        }
        disk
    }

    /// Spoils a byte of some of the pieces that are there, without anybody noticing.
    #[must_use]
    pub fn spoiled(mut self, seed: u64, one_in: u32) -> Self {
        let mut rng = Rng::new(seed);
        self.is_lying = true;
        for piece in &self.verified {
            let range = self.content.range_of(*piece);
            let len = u32::try_from(range.len()).unwrap_or(u32::MAX);
            if rng.below(one_in) == 0 {
                self.bytes[range.start + rng.below(len) as usize] ^= 0x40;
            }
        }
        self
    }

    pub fn content(&self) -> &Content {
        &self.content
    }

    pub fn is_whole(&self) -> bool {
        self.bytes == self.content.bytes()
    }

    pub fn verified_count(&self) -> usize {
        self.verified.len()
    }

    /// What an engine is told of it.
    pub fn have(&self) -> Bitfield {
        let mut have = Bitfield::none(self.piece_count());
        for piece in &self.verified {
            have.set(*piece);
        }
        have
    }

    pub(super) fn piece_count(&self) -> u32 {
        self.content.geometry.piece_count()
    }

    /// Whether the bytes are the true ones of a piece.
    pub(super) fn is_right(&self, piece: PieceIndex, bytes: &[u8]) -> bool {
        bytes == self.content.piece(piece)
    }

    pub(super) fn verify(&mut self, piece: PieceIndex) {
        let range = self.content.range_of(piece);
        assert!(
            self.bytes[range] == *self.content.piece(piece),
            "piece {} is verified, and is not on the disk",
            piece.get()
        );
        self.verified.insert(piece);
    }

    pub(super) fn is_any_verified_in(&self, range: &Range<usize>) -> bool {
        let geometry = self.content.geometry;
        let start = geometry.piece_at(range.start as u64);
        let first = start
            .into_iter()
            .flat_map(|first| self.verified.range(first..));
        first
            .take_while(|piece| geometry.start_of(**piece) < range.end as u64)
            .next()
            .is_some()
    }

    /// A client tells a peer of a piece.
    pub(super) fn check_told(&self, index: Option<u32>) {
        let piece = index.and_then(|index| self.content.geometry.piece(index));
        assert!(
            piece.is_some_and(|piece| self.verified.contains(&piece)),
            "piece {index:?} is told of before it is verified"
        );
    }

    /// A client sends a peer some of a piece.
    pub(super) fn check_served(&self, index: Option<u32>, offset: Option<u32>, sent: &[u8]) {
        let geometry = self.content.geometry;
        let len_bytes = u32::try_from(sent.len()).unwrap_or(u32::MAX);
        let part = index
            .zip(offset)
            .and_then(|(index, offset)| geometry.part(index, offset, len_bytes));
        let Some(part) = part else {
            unreachable!("{len_bytes} bytes at {offset:?} of piece {index:?} are no part of it");
        };
        self.check_told(index);
        assert!(
            self.is_lying || self.content.block(part) == sent,
            "{part:?} is sent wrong"
        );
    }
}
