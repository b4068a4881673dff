//! What is strange about a torrent but does not spoil it.

use std::fmt;

use crate::base::excerpt;

/// How many oddities are described; the rest are counted.
const DESCRIBED_MAX: usize = 20;

/// Remarks for people, in the order in which they were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Oddities {
    described: Vec<String>,
    undescribed: usize,
}

impl Oddities {
    pub(super) fn note(&mut self, place: impl fmt::Display, what: impl fmt::Display) {
        if self.described.len() < DESCRIBED_MAX {
            self.described.push(format!("`{place}`: {what}"));
        } else {
            self.undescribed += 1;
        }
    }

    pub fn described(&self) -> &[String] {
        &self.described
    }

    /// How many more there were than are described.
    pub fn undescribed(&self) -> usize {
        self.undescribed
    }
}

/// A value from outside as it may stand in a sentence.
pub(super) fn shown(bytes: &[u8]) -> String {
    // No excerpt is longer than this many bytes of text.
    let front = &bytes[..bytes.len().min(1024)];
    excerpt(&String::from_utf8_lossy(front))
}
