//! What can be wrong with a document, and where.

use std::fmt;

use crate::base::Amount;

/// A fault at one byte of the document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("byte {at}: {fault}")]
pub struct Error {
    /// Offset from the start of the document.
    pub at: usize,
    pub fault: Fault,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("the document ends in the middle of {0}")]
    Truncated(&'static str),
    #[error("expected {expected}, found {}", Byte(*found))]
    Unexpected { expected: &'static str, found: u8 },
    #[error("the integer has a leading zero")]
    IntegerLeadingZero,
    #[error("the integer is a negative zero")]
    IntegerNegativeZero,
    #[error("the integer does not fit 64 bits")]
    IntegerTooLarge,
    #[error("the length of the string has a leading zero")]
    LengthLeadingZero,
    #[error("the length of the string has more than {0} digits")]
    LengthTooLarge(usize),
    #[error("the string is said to have {}, of which only {left_bytes} are there", Amount(*len_bytes, "byte"))]
    StringBeyondEnd { len_bytes: u64, left_bytes: usize },
    #[error("the key {} is there twice", Text(.0))]
    DuplicateKey(Vec<u8>),
    #[error("lists and dictionaries nest deeper than {0} levels")]
    TooDeep(usize),
    #[error("more than {0} values")]
    TooManyValues(usize),
    #[error("the document has {len_bytes} bytes, more than the {max_bytes} that are read")]
    TooLong { len_bytes: usize, max_bytes: usize },
    #[error("the value has ended, with {} behind it", Amount(*.0, "byte"))]
    Trailing(usize),
}

struct Byte(u8);

impl fmt::Display for Byte {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0.escape_ascii())
    }
}

struct Text<'a>(&'a [u8]);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = &self.0[..self.0.len().min(64)];
        let ellipsis = if shown.len() < self.0.len() {
            "..."
        } else {
            ""
        };
        write!(f, "`{}{ellipsis}`", shown.escape_ascii())
    }
}
