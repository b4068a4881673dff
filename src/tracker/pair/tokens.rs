//! Which token is the other tracker's.

use std::fmt;
use std::io::Write as _;
use std::time::Duration;

use crate::base::hex::{self, Hex};

/// Random bytes that a tracker draws when it starts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Token(pub [u8; 16]);

impl Token {
    pub fn parse(digits: &[u8]) -> Option<Self> {
        let mut bytes = [0; 16];
        hex::decode_into(digits, &mut bytes)?;
        Some(Self(bytes))
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hex(&self.0).fmt(f)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// What is to be done with a marked announce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// The other tracker's.
    Take,
    /// Not known to be; refuse it.
    Refuse,
    /// Refuse it, and ask the other tracker at its listening address.
    RefuseAndAsk,
}

/// However many marks are invented, the other tracker is asked no more often than this.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Where a tracker is asked whether a token is its own.
pub const CONFIRM_PATH: &[u8] = b"/mt/confirm";

/// Appends the request that asks the other tracker whether a token is its own.
pub fn write_question(out: &mut Vec<u8>, token: Token) {
    // Writing to memory does not fail.
    let _ = write!(
        out,
        "GET /mt/confirm?token={token} HTTP/1.1\r\nHost: pair\r\n\r\n"
    );
}

#[derive(Debug)]
pub struct Tokens {
    own: Token,
    confirmed: Option<Token>,
    /// When a token was last asked for, by where it came from.
    asked_at: [Option<Duration>; 2],
}

/// Where a token comes from. That proves nothing, but whoever invents tokens elsewhere must not keep
/// the other tracker's own from being asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whence {
    /// The address where the other tracker listens.
    Other,
    Elsewhere,
}

impl Tokens {
    pub fn new(own: Token) -> Self {
        Self {
            own,
            confirmed: None,
            asked_at: [None; 2],
        }
    }

    pub fn judge(&mut self, now: Duration, token: Token, whence: Whence) -> Judgement {
        if token == self.own {
            // Somebody gave us our own address for the other one's, or plays our words back.
            return Judgement::Refuse;
        }
        if self.is_confirmed(token) {
            return Judgement::Take;
        }
        let asked_at = &mut self.asked_at[whence as usize];
        if asked_at.is_some_and(|at| now < at + ASK_AGAIN_AFTER) {
            return Judgement::Refuse;
        }
        *asked_at = Some(now);
        Judgement::RefuseAndAsk
    }

    pub fn is_confirmed(&self, token: Token) -> bool {
        self.confirmed == Some(token)
    }

    /// Whether some token of the other tracker's is known.
    pub fn has_confirmed(&self) -> bool {
        self.confirmed.is_some()
    }

    /// The other tracker answered for a token that it was asked for. One that was confirmed once stays
    /// so until another one is: only the other tracker can have a new one confirmed.
    pub fn answered(&mut self, token: Token, is_its_own: bool) {
        if is_its_own && token != self.own {
            self.confirmed = Some(token);
        }
    }

    /// What the other tracker is told when it asks.
    pub fn is_own(&self, token: Token) -> bool {
        token == self.own
    }
}
