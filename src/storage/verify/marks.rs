//! From units that failed to what is to be said of the files that they are of.

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

/// What failed, of those files of which something did.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// In the order of the torrent.
    files: Vec<Mark>,
}

#[derive(Debug)]
struct Mark {
    file: usize,
    worst: Outcome,
    bad: Vec<Range<u64>>,
}

impl Marks {
    /// Marks the files of a unit. Units come in order.
    pub(super) fn mark(&mut self, layout: &Layout<'_>, index: u64, outcome: Outcome) {
        let unit = layout.unit(index);
        for segment in layout.segments(&unit) {
            let start = segment.offset_bytes;
            let end = start + segment.len_bytes as u64;
            let mark = match self.files.last_mut() {
                Some(last) if last.file == segment.file => last,
                _ => self.files.push_mut(Mark {
                    file: segment.file,
                    worst: outcome,
                    bad: Vec::with_capacity(1),
                }),
            };
            if mark.worst != Outcome::Bad {
                mark.worst = outcome;
            }
            match mark.bad.last_mut() {
                Some(last) if last.end == start => last.end = end,
                _ => mark.bad.push(start..end),
            }
        }
    }

    /// Joins what failed with what was found of each of `file_count` files besides; gives the files
    /// of which there is something to say.
    pub(super) fn verdicts(
        self,
        file_count: usize,
        found: impl Fn(usize) -> FileState,
    ) -> Vec<(usize, FileVerdict)> {
        let mut marks = self.files.into_iter().peekable();
        let mut verdicts = Vec::new();
        for file in 0..file_count {
            let mark = marks.next_if(|mark| mark.file == file);
            let worst = mark.as_ref().map_or(Outcome::Good, |mark| mark.worst);
            let state = match (found(file), worst) {
                (FileState::Whole, Outcome::Bad) => FileState::Bad,
                (FileState::Whole, Outcome::Unknown) => FileState::Unverified,
                (state, _) => state,
            };
            let bad = mark.map(|mark| mark.bad).unwrap_or_default();
            if state != FileState::Whole || !bad.is_empty() {
                verdicts.push((file, FileVerdict { state, bad }));
            }
        }
        verdicts
    }
}
