//! Digests and info-hashes as values.

use std::fmt;
use std::str::FromStr;

use super::hex::{Hex, decode_into};

macro_rules! digest_type {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $len]);

        impl $name {
            pub const LEN: usize = $len;

            /// `None` where the slice has another length.
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }

            pub fn as_bytes(&self) -> &[u8] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Hex(&self.0).fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Hex(&self.0).fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = NotADigest;

            fn from_str(digits: &str) -> Result<Self, NotADigest> {
                let mut bytes = [0; $len];
                decode_into(digits.as_bytes(), &mut bytes).ok_or(NotADigest { digits: $len * 2 })?;
                Ok(Self(bytes))
            }
        }
    };
}

digest_type!(
    /// A SHA-1 digest: of a v1 piece or of a v1 `info` dictionary.
    Sha1Digest,
    20
);
digest_type!(
    /// A SHA-256 digest: of a block, a Merkle node or a v2 `info` dictionary.
    Sha256Digest,
    32
);

impl Sha256Digest {
    /// What fills a Merkle tree beyond the end of its file.
    pub const ZERO: Self = Self([0; 32]);

    /// The 20 bytes by which trackers and handshakes know a v2 swarm.
    pub fn truncated(&self) -> Sha1Digest {
        let mut bytes = [0; 20];
        bytes.copy_from_slice(&self.0[..20]);
        Sha1Digest(bytes)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {digits} hexadecimal digits")]
pub struct NotADigest {
    digits: usize,
}

/// The swarms that a torrent belongs to: a hybrid has both hashes, a magnet may know only one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InfoHashes {
    pub v1: Option<Sha1Digest>,
    pub v2: Option<Sha256Digest>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_read_what_they_write() {
        let digest = Sha1Digest(std::array::from_fn(|i| u8::try_from(i).unwrap() * 13));
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert_eq!(digest.to_string().to_uppercase().parse(), Ok(digest));
        assert!("abc".parse::<Sha1Digest>().is_err());
        assert!("zz".repeat(32).parse::<Sha256Digest>().is_err());
    }

    #[test]
    fn truncation_keeps_the_front() {
        let digest = Sha256Digest(std::array::from_fn(|i| u8::try_from(i).unwrap()));
        assert_eq!(digest.truncated().0, digest.0[..20]);
    }
}
