//! Who has work that can be done now.

use std::collections::VecDeque;

use mio::Token;

use crate::base::ConnId;

/// A source of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Listener(usize),
    Udp(usize),
    Conn(ConnId),
}

/// What the kernel reports about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Watched {
    Alarm,
    Signals,
    Listener(usize),
    Udp(usize),
    /// The slot of a connection.
    Conn(usize),
}

const KIND_BITS: u32 = 3;

impl Watched {
    pub(super) const fn token(self) -> Token {
        let (kind, index) = match self {
            Self::Alarm => (0, 0),
            Self::Signals => (1, 0),
            Self::Listener(index) => (2, index),
            Self::Udp(index) => (3, index),
            Self::Conn(slot) => (4, slot),
        };
        Token(index << KIND_BITS | kind)
    }

    pub(super) const fn of(token: Token) -> Self {
        let index = token.0 >> KIND_BITS;
        match token.0 & ((1 << KIND_BITS) - 1) {
            0 => Self::Alarm,
            1 => Self::Signals,
            2 => Self::Listener(index),
            3 => Self::Udp(index),
            _ => Self::Conn(index),
        }
    }
}

/// Served in the order in which they came. Each source is on the list once at most, which the
/// source itself remembers.
pub(super) type ReadyList = VecDeque<Source>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_read_back() {
        for watched in [
            Watched::Alarm,
            Watched::Signals,
            Watched::Listener(0),
            Watched::Udp(7),
            Watched::Conn(1 << 28),
        ] {
            assert_eq!(Watched::of(watched.token()), watched);
        }
    }
}
