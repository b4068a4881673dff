//! Where each unit that has a hash of its own lies in the files.

use std::borrow::Cow;

/// Files in a row, cut into units of one length.
///
/// Each file has one number, which is all that a million of them can afford: where it ends. Files
/// follow each other in a space of bytes that units of one length divide, so that where a file
/// starts follows from where the one before it ends.
#[derive(Clone, Debug)]
pub struct Layout<'a> {
    ends_bytes: Cow<'a, [u64]>,
    unit_len_bytes: u32,
    shape: Shape,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Units run across files (v1).
    Contiguous,
    /// Each file that is not empty starts a unit; its last one may be short (v2).
    Aligned,
}

/// The bytes that one hash covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit {
    pub first_file: usize,
    pub offset_in_file_bytes: u64,
    pub len_bytes: u32,
    /// In an aligned layout: whether the file has no other unit.
    pub is_whole_file: bool,
}

/// A part of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    pub file: usize,
    pub offset_bytes: u64,
    pub len_bytes: usize,
}

impl Segment {
    pub fn is_followed_by(&self, next: &Self) -> bool {
        self.file == next.file && self.offset_bytes + self.len_bytes as u64 == next.offset_bytes
    }
}

/// A walk over the bytes of a unit.
#[derive(Clone, Copy, Debug)]
pub struct Cursor {
    file: usize,
    offset_bytes: u64,
    left_bytes: u32,
}

impl Cursor {
    pub fn left_bytes(&self) -> u32 {
        self.left_bytes
    }
}

impl<'a> Layout<'a> {
    pub fn new(
        shape: Shape,
        file_lens_bytes: impl Iterator<Item = u64>,
        unit_len_bytes: u32,
    ) -> Self {
        let mut end_bytes = 0;
        let ends_bytes = file_lens_bytes.map(|len_bytes| {
            if len_bytes > 0 {
                end_bytes = shape.start_after(end_bytes, unit_len_bytes) + len_bytes;
            }
            end_bytes
        });
        Self::of_ends(shape, ends_bytes.collect(), unit_len_bytes)
    }

    /// Of files of which it is known where they end, as [`Self::new`] would find.
    pub fn of_ends(shape: Shape, ends_bytes: Cow<'a, [u64]>, unit_len_bytes: u32) -> Self {
        assert!(unit_len_bytes > 0, "a unit has a length");
        Self {
            ends_bytes,
            unit_len_bytes,
            shape,
        }
    }

    pub fn unit_len_bytes(&self) -> u32 {
        self.unit_len_bytes
    }

    pub fn unit_count(&self) -> u64 {
        let end_bytes = self.ends_bytes.last().copied().unwrap_or_default();
        end_bytes.div_ceil(u64::from(self.unit_len_bytes))
    }

    pub fn file_count(&self) -> usize {
        self.ends_bytes.len()
    }

    pub fn total_bytes(&self) -> u64 {
        let files = 0..self.file_count();
        files.map(|file| self.file_len_bytes(file)).sum()
    }

    pub fn file_len_bytes(&self, file: usize) -> u64 {
        // An empty file ends where the one before it does, be that the start of a unit or not.
        self.ends_bytes[file].saturating_sub(self.file_start_bytes(file))
    }

    /// The first unit of a file that is not empty, in an aligned layout.
    pub fn first_unit(&self, file: usize) -> u64 {
        self.file_start_bytes(file) / u64::from(self.unit_len_bytes)
    }

    fn file_start_bytes(&self, file: usize) -> u64 {
        let before = file.checked_sub(1).map(|before| self.ends_bytes[before]);
        self.shape
            .start_after(before.unwrap_or_default(), self.unit_len_bytes)
    }

    /// The unit at an index below [`Self::unit_count`].
    pub fn unit(&self, index: u64) -> Unit {
        assert!(index < self.unit_count(), "a unit of this layout");
        let unit_len = u64::from(self.unit_len_bytes);
        let start_bytes = index * unit_len;
        // The first file that ends later; empty files before it end here or earlier.
        let first_file = self.ends_bytes.partition_point(|end| *end <= start_bytes);
        let file_start_bytes = self.file_start_bytes(first_file);
        let end_bytes = match self.shape {
            Shape::Contiguous => self.ends_bytes.last().copied().unwrap_or_default(),
            Shape::Aligned => self.ends_bytes[first_file],
        };
        Unit {
            first_file,
            offset_in_file_bytes: start_bytes - file_start_bytes,
            len_bytes: u32::try_from(end_bytes - start_bytes)
                .unwrap_or(u32::MAX)
                .min(self.unit_len_bytes),
            is_whole_file: self.shape == Shape::Aligned && end_bytes - file_start_bytes <= unit_len,
        }
    }

    /// The start of a walk over a unit.
    pub fn cursor(&self, unit: &Unit) -> Cursor {
        Cursor {
            file: unit.first_file,
            offset_bytes: unit.offset_in_file_bytes,
            left_bytes: unit.len_bytes,
        }
    }

    /// The part of a file that comes next, of `len_bytes_max` bytes at most; `None` at the end.
    pub fn advance(&self, cursor: &mut Cursor, len_bytes_max: u32) -> Option<Segment> {
        let wanted_bytes = cursor.left_bytes.min(len_bytes_max);
        if wanted_bytes == 0 {
            return None;
        }
        while cursor.offset_bytes >= self.file_len_bytes(cursor.file) {
            cursor.offset_bytes = 0;
            cursor.file += 1;
        }
        let rest_of_file_bytes = self.file_len_bytes(cursor.file) - cursor.offset_bytes;
        let len_bytes = u32::try_from(rest_of_file_bytes)
            .unwrap_or(u32::MAX)
            .min(wanted_bytes);
        let segment = Segment {
            file: cursor.file,
            offset_bytes: cursor.offset_bytes,
            len_bytes: len_bytes as usize,
        };
        cursor.offset_bytes += u64::from(len_bytes);
        cursor.left_bytes -= len_bytes;
        Some(segment)
    }

    /// The parts of files that a unit is made of.
    pub fn segments(&self, unit: &Unit) -> impl Iterator<Item = Segment> + '_ {
        let mut cursor = self.cursor(unit);
        std::iter::from_fn(move || self.advance(&mut cursor, u32::MAX))
    }
}

impl Shape {
    fn start_after(self, end_bytes: u64, unit_len_bytes: u32) -> u64 {
        match self {
            Self::Contiguous => end_bytes,
            Self::Aligned => end_bytes.next_multiple_of(u64::from(unit_len_bytes)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(shape: Shape, lens: &[u64]) -> Layout<'static> {
        Layout::new(shape, lens.iter().copied(), 4)
    }

    fn all_segments(layout: &Layout<'_>) -> Vec<Vec<(usize, u64, usize)>> {
        (0..layout.unit_count())
            .map(|index| {
                layout
                    .segments(&layout.unit(index))
                    .map(|part| (part.file, part.offset_bytes, part.len_bytes))
                    .collect()
            })
            .collect()
    }

    #[test]
    fn contiguous_units_run_across_files() {
        let layout = layout(Shape::Contiguous, &[0, 5, 0, 1, 9, 0]);
        assert_eq!(
            all_segments(&layout),
            [
                vec![(1, 0, 4)],
                vec![(1, 4, 1), (3, 0, 1), (4, 0, 2)],
                vec![(4, 2, 4)],
                vec![(4, 6, 3)],
            ]
        );
        assert_eq!(layout.total_bytes(), 15);
    }

    #[test]
    fn aligned_units_stay_in_their_file() {
        let lens = [0, 5, 4, 0, 1, 0];
        let layout = layout(Shape::Aligned, &lens);
        assert_eq!(
            all_segments(&layout),
            [
                vec![(1, 0, 4)],
                vec![(1, 4, 1)],
                vec![(2, 0, 4)],
                vec![(4, 0, 1)]
            ]
        );
        assert!(!layout.unit(0).is_whole_file && layout.unit(2).is_whole_file);
        let found: Vec<u64> = (0..lens.len())
            .map(|file| layout.file_len_bytes(file))
            .collect();
        assert_eq!(found, lens);
        assert_eq!(layout.total_bytes(), 10);
        assert_eq!([1, 2, 4].map(|file| layout.first_unit(file)), [0, 2, 3]);
    }

    #[test]
    fn a_unit_can_be_taken_in_steps() {
        let layout = Layout::new(Shape::Contiguous, [3, 0, 3, 3].into_iter(), 8);
        let mut cursor = layout.cursor(&layout.unit(0));
        let mut step = |len_bytes_max| {
            let part = layout.advance(&mut cursor, len_bytes_max)?;
            Some((part.file, part.offset_bytes, part.len_bytes))
        };
        assert_eq!(step(0), None);
        assert_eq!(step(2), Some((0, 0, 2)));
        assert_eq!(step(5), Some((0, 2, 1)));
        assert_eq!(step(5), Some((2, 0, 3)));
        assert_eq!(step(5), Some((3, 0, 2)));
        assert_eq!(step(5), None);
    }

    #[test]
    fn nothing_has_no_units() {
        assert_eq!(layout(Shape::Contiguous, &[]).unit_count(), 0);
        assert_eq!(layout(Shape::Aligned, &[0, 0]).unit_count(), 0);
    }
}
