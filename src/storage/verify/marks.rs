//! From units that failed to what is to be said of each file.

use std::ops::Range;

use super::{FileState, FileVerdict};
use crate::storage::layout::Layout;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Good,
    Bad,
    /// Some bytes of the unit are not there.
    Unknown,
}

/// What failed, by file.
#[derive(Debug)]
pub(super) struct Marks {
    files: Vec<(Outcome, Vec<Range<u64>>)>,
}

impl Marks {
    pub(super) fn new(file_count: usize) -> Self {
        Self {
            files: vec![(Outcome::Good, Vec::new()); file_count],
        }
    }

    /// Marks the files of a unit. Units come in order.
    pub(super) fn mark(&mut self, layout: &Layout, index: u64, outcome: Outcome) {
        let unit = layout.unit(index);
        for segment in layout.segments(&unit, 0, unit.len_bytes) {
            let (worst, ranges) = &mut self.files[segment.file];
            if *worst != Outcome::Bad {
                *worst = outcome;
            }
            let start = segment.offset_bytes;
            let end = start + segment.len_bytes as u64;
            match ranges.last_mut() {
                Some(last) if last.end == start => last.end = end,
                _ => ranges.push(start..end),
            }
        }
    }

    /// Joins what failed with what was found of the files besides.
    pub(super) fn verdicts(self, found: &[FileState]) -> Vec<FileVerdict> {
        let verdict = |((worst, bad), found): ((Outcome, Vec<Range<u64>>), &FileState)| {
            let state = match (*found, worst) {
                (FileState::Whole, Outcome::Bad) => FileState::Bad,
                (FileState::Whole, Outcome::Unknown) => FileState::Unverified,
                (state, _) => state,
            };
            FileVerdict { state, bad }
        };
        self.files.into_iter().zip(found).map(verdict).collect()
    }
}
