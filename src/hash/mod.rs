//! SHA-1 and SHA-256 of bytes in memory.

pub mod merkle;

use sha1::Digest as _;

use crate::base::{Sha1Digest, Sha256Digest};

pub fn sha1(bytes: &[u8]) -> Sha1Digest {
    Sha1Digest(sha1::Sha1::digest(bytes).into())
}

pub fn sha256(bytes: &[u8]) -> Sha256Digest {
    Sha256Digest(sha2::Sha256::digest(bytes).into())
}
