//! What a link said that could not be used.

use crate::base::limits::OUTER_LIST_LEN_MAX;
use crate::base::{PeerAddressError, UrlError};

/// A person reads these: past so many they are only counted.
const ODDITIES_KEPT_MAX: usize = 32;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Oddity {
    #[error("tracker dropped: {0}")]
    Tracker(UrlError),
    #[error("tracker dropped: `{url}` is of no kind that trackers answer")]
    NotATracker { url: String },
    #[error("web seed dropped: {0}")]
    WebSeed(UrlError),
    #[error("web seed dropped: `{url}` is of no kind that files are fetched from")]
    NotAWebSeed { url: String },
    #[error("peer dropped: {0}")]
    Peer(PeerAddressError),
    #[error("`{value}` dropped: it is not UTF-8")]
    NotUtf8 { value: String },
    #[error("selected files `{range}` dropped: they are no range of positions such as `6-8`")]
    FileRange { range: String },
    #[error("`{value}` dropped: {OUTER_LIST_LEN_MAX} of its kind are kept")]
    TooMany { value: String },
}

/// The first oddities, and how many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Oddities {
    first: Vec<Oddity>,
    count: usize,
}

impl Oddities {
    pub fn first(&self) -> &[Oddity] {
        &self.first
    }

    /// Of all, kept or not.
    pub fn count(&self) -> usize {
        self.count
    }

    pub(super) fn add(&mut self, oddity: Oddity) {
        if self.first.len() < ODDITIES_KEPT_MAX {
            self.first.push(oddity);
        }
        self.count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_are_kept_and_all_are_counted() {
        let mut oddities = Oddities::default();
        for number in 0..100 {
            oddities.add(Oddity::FileRange {
                range: format!("x{number}"),
            });
        }
        assert_eq!(oddities.count(), 100);
        assert_eq!(oddities.first().len(), ODDITIES_KEPT_MAX);
        assert_eq!(
            oddities.first()[31],
            Oddity::FileRange {
                range: "x31".into()
            }
        );
    }
}
