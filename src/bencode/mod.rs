//! The strict, zero-copy bencode reader and the writer.
//!
//! A document is checked once, in one pass without recursion ([`parse`]); what comes out are
//! [`Value`]s, each no more than the raw span of a value inside the checked document, so that
//! a tree of a million files costs no memory beyond its bytes and a value can always be copied
//! or hashed exactly as it was received. Looking into a value walks its span again; to go
//! through deep trees once, use a [`Walk`].
//!
//! Strict means: one value and nothing after it, integers and lengths in their only spelling and
//! within 64 bits, string keys, no key twice. Keys out of order are accepted, because the wild
//! has them, and [`Parsed::first_unsorted_key`] tells who cares.

mod check;
mod error;
#[cfg(test)]
mod tests;
mod value;
mod walk;
mod writer;

pub use check::{Limits, Parsed, parse, parse_prefix};
pub use error::{Error, Fault};
pub use value::{Dict, Kind, List, Value};
pub use walk::{Token, Walk};
pub use writer::Writer;
