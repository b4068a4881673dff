//! Which files of a torrent are wanted, by position (BEP 53).

use std::fmt;
use std::ops::RangeInclusive;

use crate::base::excerpt;
use crate::base::limits::OUTER_LIST_LEN_MAX;

use super::oddities::Oddity;

/// Ranges of file positions: sorted, apart from each other, never expanded, since a link may well
/// ask for `0-4294967295`. No range at all means every file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileSelection {
    ranges: Vec<RangeInclusive<u32>>,
}

impl FileSelection {
    pub fn is_everything(&self) -> bool {
        self.ranges.is_empty()
    }

    pub fn contains(&self, file: u32) -> bool {
        let after = self.ranges.partition_point(|range| *range.start() <= file);
        self.is_everything()
            || after
                .checked_sub(1)
                .is_some_and(|index| self.ranges[index].contains(&file))
    }

    pub fn ranges(&self) -> &[RangeInclusive<u32>] {
        &self.ranges
    }

    /// Forgets the ranges beyond the first `count`.
    fn truncate(&mut self, count: usize) {
        self.ranges.truncate(count);
    }
}

impl FromIterator<RangeInclusive<u32>> for FileSelection {
    fn from_iter<I: IntoIterator<Item = RangeInclusive<u32>>>(ranges: I) -> Self {
        let mut apart: Vec<_> = ranges
            .into_iter()
            .filter(|range| !range.is_empty())
            .collect();
        apart.sort_unstable_by_key(|range| *range.start());
        apart.dedup_by(|next, range| {
            let touches = *next.start() <= range.end().saturating_add(1);
            if touches {
                *range = *range.start()..=*range.end().max(next.end());
            }
            touches
        });
        Self { ranges: apart }
    }
}

impl fmt::Display for FileSelection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, range) in self.ranges.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let (first, last) = (range.start(), range.end());
            if first == last {
                write!(f, "{comma}{first}")?;
            } else {
                write!(f, "{comma}{first}-{last}")?;
            }
        }
        Ok(())
    }
}

/// Gathers what several `so` parameters say.
#[derive(Debug, Default)]
pub(super) struct SelectionReader {
    ranges: Vec<RangeInclusive<u32>>,
}

impl SelectionReader {
    /// Takes `0,2,4,6-8`; each part that is none goes to `drop`.
    pub(super) fn take(&mut self, list: &str, mut drop: impl FnMut(Oddity)) {
        for part in list
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
        {
            match parse_range(part) {
                Some(range) => self.ranges.push(range),
                None => drop(Oddity::FileRange {
                    range: excerpt(part),
                }),
            }
        }
    }

    pub(super) fn finish(self, mut drop: impl FnMut(Oddity)) -> FileSelection {
        let mut selection: FileSelection = self.ranges.into_iter().collect();
        for range in selection.ranges().iter().skip(OUTER_LIST_LEN_MAX) {
            drop(Oddity::TooMany {
                value: format!("{}-{}", range.start(), range.end()),
            });
        }
        selection.truncate(OUTER_LIST_LEN_MAX);
        selection
    }
}

fn parse_range(part: &str) -> Option<RangeInclusive<u32>> {
    let (first, last) = part.split_once('-').unwrap_or((part, part));
    let range = parse_position(first)?..=parse_position(last)?;
    (!range.is_empty()).then_some(range)
}

/// Decimal digits only: a sign, which the standard library would take, is no part of a position.
fn parse_position(digits: &str) -> Option<u32> {
    if digits.bytes().all(|digit| digit.is_ascii_digit()) {
        digits.parse().ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(list: &str) -> (FileSelection, Vec<Oddity>) {
        let mut oddities = Vec::new();
        let mut reader = SelectionReader::default();
        reader.take(list, |oddity| oddities.push(oddity));
        let selection = reader.finish(|oddity| oddities.push(oddity));
        (selection, oddities)
    }

    #[test]
    fn ranges_are_sorted_and_merged() {
        for (list, merged) in [
            ("0,2,4,6-8", "0,2,4,6-8"),
            ("8,6,7,0", "0,6-8"),
            ("1-5,2-3", "1-5"),
            ("3-9,1-3,10", "1-10"),
            ("5,5,5-5", "5"),
            ("0-4294967295,7", "0-4294967295"),
            ("4294967295,4294967294", "4294967294-4294967295"),
            (" 1 ,, 3 ,", "1,3"),
            ("007", "7"),
            ("", ""),
        ] {
            let (selection, oddities) = read(list);
            assert_eq!(selection.to_string(), merged, "{list}");
            assert_eq!(oddities, [], "{list}");
        }
    }

    #[test]
    fn junk_is_dropped_and_told() {
        for junk in [
            "8-6",
            "-3",
            "3-",
            "-",
            "a",
            "1-2-3",
            "+1",
            "99999999999999999999",
            "é",
            "4294967296",
        ] {
            let (selection, oddities) = read(&format!("{junk},1"));
            assert_eq!(selection.to_string(), "1", "{junk}");
            assert_eq!(oddities, [Oddity::FileRange { range: junk.into() }]);
        }
    }

    #[test]
    fn membership() {
        let (selection, _) = read("2,6-8,4294967295");
        for (file, is_in) in [
            (0, false),
            (2, true),
            (3, false),
            (5, false),
            (6, true),
            (8, true),
            (9, false),
        ] {
            assert_eq!(selection.contains(file), is_in, "{file}");
        }
        assert!(selection.contains(u32::MAX));
        assert!(!selection.is_everything());
        let everything = FileSelection::default();
        assert!(
            everything.is_everything() && everything.contains(0) && everything.contains(u32::MAX)
        );
    }

    #[test]
    fn the_count_of_ranges_is_bounded() {
        let list: Vec<String> = (0..OUTER_LIST_LEN_MAX + 2)
            .map(|i| (i * 2).to_string())
            .collect();
        let (selection, oddities) = read(&list.join(","));
        assert_eq!(selection.ranges().len(), OUTER_LIST_LEN_MAX);
        assert_eq!(oddities.len(), 2);
    }
}
