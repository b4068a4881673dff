//! Where each unit that has a hash of its own lies in the files.

/// Files in a row, cut into units of one length.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Where each file starts, in bytes (contiguous) or units (aligned), and where the last ends.
    starts: Vec<u64>,
    file_lens_bytes: Vec<u64>,
    unit_len_bytes: u32,
    shape: Shape,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// Units run across files (v1).
    Contiguous,
    /// Each file starts a unit; its last one may be short (v2).
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

impl Layout {
    pub fn contiguous(file_lens_bytes: Vec<u64>, unit_len_bytes: u32) -> Self {
        Self::new(file_lens_bytes, unit_len_bytes, Shape::Contiguous)
    }

    pub fn aligned(file_lens_bytes: Vec<u64>, unit_len_bytes: u32) -> Self {
        Self::new(file_lens_bytes, unit_len_bytes, Shape::Aligned)
    }

    fn new(file_lens_bytes: Vec<u64>, unit_len_bytes: u32, shape: Shape) -> Self {
        assert!(unit_len_bytes > 0, "a unit has a length");
        let mut starts = Vec::with_capacity(file_lens_bytes.len() + 1);
        let mut end = 0;
        starts.push(end);
        for len in &file_lens_bytes {
            end += match shape {
                Shape::Contiguous => *len,
                Shape::Aligned => len.div_ceil(u64::from(unit_len_bytes)),
            };
            starts.push(end);
        }
        Self {
            starts,
            file_lens_bytes,
            unit_len_bytes,
            shape,
        }
    }

    pub fn unit_len_bytes(&self) -> u32 {
        self.unit_len_bytes
    }

    pub fn unit_count(&self) -> u64 {
        let end = self.end();
        match self.shape {
            Shape::Contiguous => end.div_ceil(u64::from(self.unit_len_bytes)),
            Shape::Aligned => end,
        }
    }

    pub fn total_bytes(&self) -> u64 {
        self.file_lens_bytes.iter().sum()
    }

    pub fn file_len_bytes(&self, file: usize) -> u64 {
        self.file_lens_bytes[file]
    }

    fn end(&self) -> u64 {
        self.starts.last().copied().unwrap_or_default()
    }

    /// The unit at an index below [`Self::unit_count`].
    pub fn unit(&self, index: u64) -> Unit {
        assert!(index < self.unit_count(), "a unit of this layout");
        let unit_len = u64::from(self.unit_len_bytes);
        let start = match self.shape {
            Shape::Contiguous => index * unit_len,
            Shape::Aligned => index,
        };
        // The last file that starts here or before; empty files before it start here too.
        let first_file = self
            .starts
            .partition_point(|file_start| *file_start <= start)
            - 1;
        let into_file = start - self.starts[first_file];
        let file_len = self.file_lens_bytes[first_file];
        let (offset, left) = match self.shape {
            Shape::Contiguous => (into_file, self.end() - start),
            Shape::Aligned => (into_file * unit_len, file_len - into_file * unit_len),
        };
        Unit {
            first_file,
            offset_in_file_bytes: offset,
            len_bytes: u32::try_from(left)
                .unwrap_or(u32::MAX)
                .min(self.unit_len_bytes),
            is_whole_file: self.shape == Shape::Aligned && file_len <= unit_len,
        }
    }

    /// The parts of files that `len_bytes` bytes of a unit from `skip_bytes` on are made of.
    pub fn segments(
        &self,
        unit: &Unit,
        skip_bytes: u32,
        len_bytes: u32,
    ) -> impl Iterator<Item = Segment> + '_ {
        let mut file = unit.first_file;
        let mut offset_bytes = unit.offset_in_file_bytes + u64::from(skip_bytes);
        let mut left = u64::from(len_bytes.min(unit.len_bytes.saturating_sub(skip_bytes)));
        std::iter::from_fn(move || {
            while left > 0 {
                let here = self.file_lens_bytes[file]
                    .saturating_sub(offset_bytes)
                    .min(left);
                if here > 0 {
                    let len_bytes = usize::try_from(here).unwrap_or(usize::MAX);
                    let segment = Segment {
                        file,
                        offset_bytes,
                        len_bytes,
                    };
                    left -= here;
                    offset_bytes += here;
                    return Some(segment);
                }
                offset_bytes -= self.file_lens_bytes[file];
                file += 1;
            }
            None
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_segments(layout: &Layout) -> Vec<Vec<(usize, u64, usize)>> {
        (0..layout.unit_count())
            .map(|index| {
                let unit = layout.unit(index);
                layout
                    .segments(&unit, 0, unit.len_bytes)
                    .map(|part| (part.file, part.offset_bytes, part.len_bytes))
                    .collect()
            })
            .collect()
    }

    #[test]
    fn contiguous_units_run_across_files() {
        let layout = Layout::contiguous(vec![0, 5, 0, 1, 9, 0], 4);
        assert_eq!(
            all_segments(&layout),
            [
                vec![(1, 0, 4)],
                vec![(1, 4, 1), (3, 0, 1), (4, 0, 2)],
                vec![(4, 2, 4)],
                vec![(4, 6, 3)],
            ]
        );
    }

    #[test]
    fn aligned_units_stay_in_their_file() {
        let layout = Layout::aligned(vec![0, 5, 4, 0, 1], 4);
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
    }

    #[test]
    fn a_unit_can_be_taken_in_steps() {
        let layout = Layout::contiguous(vec![3, 3, 3], 8);
        let unit = layout.unit(0);
        let step = |skip| -> Vec<_> {
            layout
                .segments(&unit, skip, 3)
                .map(|part| (part.file, part.offset_bytes))
                .collect()
        };
        assert_eq!(step(0), [(0, 0)]);
        assert_eq!(step(2), [(0, 2), (1, 0)]);
        assert_eq!(step(6), [(2, 0)]);
        assert_eq!(
            layout
                .segments(&unit, 6, 3)
                .map(|part| part.len_bytes)
                .sum::<usize>(),
            2
        );
        assert_eq!(layout.segments(&unit, 8, 3).count(), 0);
    }

    #[test]
    fn nothing_has_no_units() {
        assert_eq!(Layout::contiguous(vec![], 4).unit_count(), 0);
        assert_eq!(Layout::aligned(vec![0, 0], 4).unit_count(), 0);
    }
}
