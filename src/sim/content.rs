//! What is transferred in a simulation: bytes that follow from a number, and how they are cut.

use std::ops::Range;
use std::rc::Rc;

use crate::base::{Block, Geometry, PieceIndex, Rng, Sha1Digest};
use crate::engine::MappableRun;

/// A torrent without a metainfo file: its true bytes, and what an engine is told of it.
#[derive(Clone, Debug)]
pub struct Content {
    pub geometry: Geometry,
    pub info_hash: Sha1Digest,
    /// Parts that are padding, in order: from and to, in bytes.
    pub padding: Vec<(u64, u64)>,
    pub runs: Vec<MappableRun>,
    bytes: Rc<[u8]>,
}

impl Content {
    /// One file, which can be mapped. `None` where there is nothing to cut, or nothing to cut with.
    pub fn of_one_file(seed: u64, len_bytes: u64, piece_len_bytes: u32) -> Option<Self> {
        let geometry = Geometry::new(len_bytes, piece_len_bytes)?;
        let mut rng = Rng::new(seed);
        let mut bytes = Vec::new();
        let len = usize::try_from(len_bytes).ok()?;
        while bytes.len() < len {
            bytes.extend(rng.next_u64().to_le_bytes());
        }
        bytes.truncate(len);
        let mut hash = [0; 20];
        hash[..8].copy_from_slice(&seed.to_be_bytes());
        Some(Self {
            geometry,
            info_hash: Sha1Digest(hash),
            padding: Vec::new(),
            runs: vec![MappableRun {
                first_piece: geometry.piece(0)?,
                piece_count: geometry.piece_count(),
            }],
            bytes: bytes.into(),
        })
    }

    /// Several files one behind the other, the odd ones of them padding (so a length of 0 is none).
    /// Pieces that lie whole in one file can be mapped.
    pub fn of_files(seed: u64, lens_bytes: &[u64], piece_len_bytes: u32) -> Option<Self> {
        let mut content = Self::of_one_file(seed, lens_bytes.iter().sum(), piece_len_bytes)?;
        let geometry = content.geometry;
        let piece_len = u64::from(piece_len_bytes);
        let mut bytes = content.bytes.to_vec();
        content.runs.clear();
        let mut start = 0;
        for (index, len) in lens_bytes.iter().enumerate().filter(|(_, len)| **len > 0) {
            let end = start + len;
            if index % 2 == 1 {
                content.padding.push((start, end));
                bytes[to_range(start, end)].fill(0);
            } else {
                let first = u32::try_from(start.div_ceil(piece_len)).ok()?;
                let behind = if end == geometry.total_bytes() {
                    geometry.piece_count()
                } else {
                    u32::try_from(end / piece_len).ok()?
                };
                if let Some(first_piece) = geometry.piece(first).filter(|_| first < behind) {
                    content.runs.push(MappableRun {
                        first_piece,
                        piece_count: behind - first,
                    });
                }
            }
            start = end;
        }
        content.bytes = bytes.into();
        Some(content)
    }

    /// Nothing of it can be mapped: all pieces land in buffers.
    #[must_use]
    pub fn without_runs(mut self) -> Self {
        self.runs.clear();
        self
    }

    /// Without padding.
    pub fn content_bytes(&self) -> u64 {
        let padding = self.padding.iter().map(|(from, to)| to - from);
        self.geometry.total_bytes() - padding.sum::<u64>()
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn piece(&self, piece: PieceIndex) -> &[u8] {
        &self.bytes[self.range_of(piece)]
    }

    pub fn block(&self, block: Block) -> &[u8] {
        let from = block.offset_bytes() as usize;
        &self.piece(block.piece())[from..from + block.len_bytes() as usize]
    }

    pub(super) fn range_of(&self, piece: PieceIndex) -> Range<usize> {
        let start = self.geometry.start_of(piece);
        to_range(start, start + u64::from(self.geometry.len_of(piece)))
    }

    pub(super) fn is_in_run(&self, range: &Range<usize>) -> bool {
        self.runs.iter().any(|run| {
            let first = self.range_of(run.first_piece);
            let last_index = run.first_piece.get() + run.piece_count - 1;
            let last = self.geometry.piece(last_index);
            let end = last.map_or(first.end, |last| self.range_of(last).end);
            first.start <= range.start && range.end <= end
        })
    }

    /// The parts of a range that are padding, from its start on.
    pub(super) fn padding_within(&self, range: &Range<usize>) -> Vec<Range<usize>> {
        let padding = self.padding.iter().map(|(from, to)| to_range(*from, *to));
        padding
            .map(|padding| padding.start.max(range.start)..padding.end.min(range.end))
            .filter(|padding| !padding.is_empty())
            .map(|padding| padding.start - range.start..padding.end - range.start)
            .collect()
    }
}

/// Simulated content fits memory, and so its offsets fit.
fn to_range(start: u64, end: u64) -> Range<usize> {
    let at = |bytes| usize::try_from(bytes).unwrap_or(usize::MAX);
    at(start)..at(end)
}
