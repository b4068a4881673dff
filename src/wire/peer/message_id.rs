//! The byte that says what a message is, and how long a message of each kind may be.

use std::fmt;
use std::ops::RangeInclusive;

use crate::base::limits::{
    PEER_BITFIELD_LEN_BYTES_MAX, PEER_BLOCK_LEN_BYTES_MAX, PEER_EXTENDED_LEN_BYTES_MAX,
    PEER_SKIPPED_LEN_BYTES_MAX,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub u8);

impl MessageId {
    pub const CHOKE: Self = Self(0);
    pub const UNCHOKE: Self = Self(1);
    pub const INTERESTED: Self = Self(2);
    pub const NOT_INTERESTED: Self = Self(3);
    pub const HAVE: Self = Self(4);
    pub const BITFIELD: Self = Self(5);
    pub const REQUEST: Self = Self(6);
    pub const PIECE: Self = Self(7);
    pub const CANCEL: Self = Self(8);
    pub const PORT: Self = Self(9);
    pub const SUGGEST_PIECE: Self = Self(0x0d);
    pub const HAVE_ALL: Self = Self(0x0e);
    pub const HAVE_NONE: Self = Self(0x0f);
    pub const REJECT_REQUEST: Self = Self(0x10);
    pub const ALLOWED_FAST: Self = Self(0x11);
    pub const EXTENDED: Self = Self(20);
    pub const HASH_REQUEST: Self = Self(21);
    pub const HASHES: Self = Self(22);
    pub const HASH_REJECT: Self = Self(23);

    /// `None` where no protocol that mt knows of has such a message.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::CHOKE => "choke",
            Self::UNCHOKE => "unchoke",
            Self::INTERESTED => "interested",
            Self::NOT_INTERESTED => "not interested",
            Self::HAVE => "have",
            Self::BITFIELD => "bitfield",
            Self::REQUEST => "request",
            Self::PIECE => "piece",
            Self::CANCEL => "cancel",
            Self::PORT => "port",
            Self::SUGGEST_PIECE => "suggest piece",
            Self::HAVE_ALL => "have all",
            Self::HAVE_NONE => "have none",
            Self::REJECT_REQUEST => "reject request",
            Self::ALLOWED_FAST => "allowed fast",
            Self::EXTENDED => "extended",
            Self::HASH_REQUEST => "hash request",
            Self::HASHES => "hashes",
            Self::HASH_REJECT => "hash reject",
            _ => return None,
        })
    }

    /// What the length of such a message, which counts the id, may be. Without the number of
    /// pieces, as before the metadata of a magnet has come, any bitfield within reason will do.
    pub(super) fn lens_bytes(self, piece_count: Option<u32>) -> RangeInclusive<u32> {
        match self {
            Self::CHOKE | Self::UNCHOKE | Self::INTERESTED | Self::NOT_INTERESTED => 1..=1,
            Self::HAVE_ALL | Self::HAVE_NONE => 1..=1,
            Self::PORT => 3..=3,
            Self::HAVE | Self::SUGGEST_PIECE | Self::ALLOWED_FAST => 5..=5,
            Self::REQUEST | Self::CANCEL | Self::REJECT_REQUEST => 13..=13,
            Self::PIECE => 9..=9 + PEER_BLOCK_LEN_BYTES_MAX,
            Self::BITFIELD => match piece_count {
                Some(count) => 1 + count.div_ceil(8)..=1 + count.div_ceil(8),
                None => 1..=1 + PEER_BITFIELD_LEN_BYTES_MAX,
            },
            Self::EXTENDED => 2..=PEER_EXTENDED_LEN_BYTES_MAX,
            Self::HASH_REQUEST | Self::HASH_REJECT => 49..=49,
            Self::HASHES => 49..=PEER_SKIPPED_LEN_BYTES_MAX,
            _ => 1..=PEER_SKIPPED_LEN_BYTES_MAX,
        }
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "`{name}`"),
            None => write!(f, "`{}`, which is unknown,", self.0),
        }
    }
}
