//! SHA-1 and SHA-256 of bytes in memory, many messages side by side.
//!
//! One message cannot be hashed faster than its chain of blocks allows; several can. So everything
//! here takes many inputs at once and spreads them over the lanes of the widest [`Engine`] that is
//! worth it.
//!
//! # Inputs
//!
//! An input is a list of [`Span`]s, hashed in order as one message. Pieces of a torrent cross files
//! and windows, and a list of spans says so without copying: blocks are hashed where they lie, and
//! only a block over a seam is put together in a buffer of its lane. A single span is the list of
//! one, so there is one path for all. A message whose bytes are not all at hand at once, such as a
//! piece larger than the windows that fit memory, is a [`Stream`] fed by the same lanes.
//!
//! A span may lie in memory that changes while it is read, which a slice must not.
//!
//! # Engines
//!
//! | name | lanes | needs |
//! |---|---|---|
//! | `avx512` | 16 | AVX-512 F and BW |
//! | `avx2` | 8 | AVX2 |
//! | `shani` | 2, and 1 for what is left | the SHA instructions of x86 or ARM |
//! | `portable` | 1 | nothing: the `sha1` and `sha2` crates |
//!
//! The engines that a processor has form a cascade, widest first. At first use each is timed for
//! some microseconds, which tells from how many live lanes on it beats the narrower ones; those that
//! never do are left out. The environment variable `MT_HASH_ENGINE`, set to one of the names, makes
//! that engine the widest; a name that is unknown or that the processor lacks is ignored with a
//! warning in the log.

#[cfg(target_arch = "aarch64")]
mod arm;
mod constants;
mod engine;
mod kernel;
pub mod merkle;
mod portable;
mod schedule;
mod span;
mod stream;
mod walker;
#[cfg(target_arch = "x86_64")]
mod x86;

#[cfg(test)]
mod tests;

use sha1::Digest as _;

pub use engine::{Engine, Hasher, UnknownEngine};
pub use span::Span;
pub use stream::{Algorithm, Feed, Sha1, Sha256, Stream};

use crate::base::{Sha1Digest, Sha256Digest};

/// The digest of one message.
pub fn sha1(bytes: &[u8]) -> Sha1Digest {
    Sha1Digest(sha1::Sha1::digest(bytes).into())
}

/// The digest of one message.
pub fn sha256(bytes: &[u8]) -> Sha256Digest {
    Sha256Digest(sha2::Sha256::digest(bytes).into())
}

/// The digest of each input, in the same place.
///
/// # Panics
///
/// Where there are not as many digests as inputs.
pub fn sha1_many(inputs: &[&[u8]], digests: &mut [Sha1Digest]) {
    Hasher::chosen().digest_many::<Sha1>(&single_spans(inputs), digests);
}

/// The digest of each input, in the same place.
///
/// # Panics
///
/// Where there are not as many digests as inputs.
pub fn sha256_many(inputs: &[&[u8]], digests: &mut [Sha256Digest]) {
    Hasher::chosen().digest_many::<Sha256>(&single_spans(inputs), digests);
}

/// The digest of each input, a list of spans.
///
/// # Panics
///
/// Where there are not as many digests as inputs.
pub fn sha1_scattered<'a>(inputs: &'a [impl AsRef<[Span<'a>]>], digests: &mut [Sha1Digest]) {
    Hasher::chosen().digest_many::<Sha1>(inputs, digests);
}

/// The digest of each input, a list of spans.
///
/// # Panics
///
/// Where there are not as many digests as inputs.
pub fn sha256_scattered<'a>(inputs: &'a [impl AsRef<[Span<'a>]>], digests: &mut [Sha256Digest]) {
    Hasher::chosen().digest_many::<Sha256>(inputs, digests);
}

fn single_spans<'a>(inputs: &[&'a [u8]]) -> Vec<[Span<'a>; 1]> {
    inputs.iter().map(|bytes| [Span::from(*bytes)]).collect()
}
