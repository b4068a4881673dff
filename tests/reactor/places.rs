//! Places for tests: files that are mapped, so that what is in a place is read from its file.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::ptr::NonNull;
use std::sync::Arc;

use memmap2::{MmapOptions, MmapRaw};
use mt::base::{Memory, PlaceId, PlaceRange};

/// The only place: blocks of one length, side by side.
pub(crate) const PLACE: PlaceId = PlaceId::new(3, 1);

#[derive(Clone, Debug)]
pub(crate) struct Place {
    shared: Arc<Shared>,
    pub(crate) block_len_bytes: u32,
    pub(crate) block_count: u32,
}

#[derive(Debug)]
struct Shared {
    file: File,
    map: MmapRaw,
}

impl Place {
    pub(crate) fn new(block_len_bytes: u32, block_count: u32) -> Self {
        let len_bytes = block_len_bytes * block_count;
        let file = tempfile::tempfile().unwrap();
        file.set_len(u64::from(len_bytes)).unwrap();
        let map = MmapOptions::new()
            .len(len_bytes as usize)
            .map_raw(&file)
            .unwrap();
        Self {
            shared: Arc::new(Shared { file, map }),
            block_len_bytes,
            block_count,
        }
    }

    /// A place that holds the content of every block.
    pub(crate) fn full(block_len_bytes: u32, block_count: u32) -> Self {
        let place = Self::new(block_len_bytes, block_count);
        for number in 0..block_count {
            place.put(number, &place.content(number));
        }
        place
    }

    pub(crate) fn range(&self, number: u32) -> PlaceRange {
        PlaceRange {
            place: PLACE,
            offset_bytes: number * self.block_len_bytes,
            len_bytes: self.block_len_bytes,
        }
    }

    /// What belongs into a block: no two positions look alike for long.
    pub(crate) fn content(&self, number: u32) -> Vec<u8> {
        let start = number * self.block_len_bytes;
        let positions = start..start + self.block_len_bytes;
        positions
            .map(|at| (at.wrapping_mul(0x9e37_79b1) >> 24).to_le_bytes()[0])
            .collect()
    }

    pub(crate) fn block(&self, number: u32) -> Vec<u8> {
        let mut bytes = vec![0; self.block_len_bytes as usize];
        let offset = self.range(number).offset_bytes;
        let read = self.shared.file.read_exact_at(&mut bytes, offset.into());
        read.unwrap();
        bytes
    }

    pub(crate) fn put(&self, number: u32, bytes: &[u8]) {
        let offset = self.range(number).offset_bytes;
        self.shared.file.write_all_at(bytes, offset.into()).unwrap();
    }

    /// Only these blocks are left in the file; the mapping is as long as ever.
    pub(crate) fn cut_to(&self, block_count: u32) {
        let len_bytes = u64::from(block_count * self.block_len_bytes);
        self.shared.file.set_len(len_bytes).unwrap();
    }
}

impl Memory for Place {
    fn locate(&self, range: PlaceRange) -> Option<NonNull<u8>> {
        let end = range.offset_bytes.checked_add(range.len_bytes)? as usize;
        let map = &self.shared.map;
        let is_there = range.place == PLACE && end <= map.len();
        let start = map.as_mut_ptr().wrapping_add(range.offset_bytes as usize);
        NonNull::new(start).filter(|_| is_there)
    }

    fn locate_for_receiving(&self, range: PlaceRange) -> Option<NonNull<u8>> {
        self.locate(range)
    }
}
