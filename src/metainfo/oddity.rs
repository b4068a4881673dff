//! What is strange about a torrent but does not spoil it.

use std::fmt;

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
