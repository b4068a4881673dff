//! The text in which a tracker remembers who has what, between its runs.
//!
//! Each line is one change, and stands for itself:
//!
//! ```text
//! seeder 0123456789abcdef0123456789abcdef01234567 192.0.2.1:6881
//! leecher 0123456789abcdef0123456789abcdef01234567 [2001:db8::1]:6881
//! gone 0123456789abcdef0123456789abcdef01234567 192.0.2.1:6881
//! downloads 0123456789abcdef0123456789abcdef01234567 12
//! ```
//!
//! Read from the top, the last word on a peer holds. So a file grows by appending, and may at any time
//! be replaced by one that says only what holds. A peer that merely announces again is not written
//! down; whoever reads the file takes all as heard of now. Lines that begin with `#`, and lines that
//! cannot be read, are passed over; one that does not end was torn and does not count.

mod read;
mod write;

pub use read::Reader;
pub use write::{HEADER, write_change};

#[cfg(test)]
mod tests;
