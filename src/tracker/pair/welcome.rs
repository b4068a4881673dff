//! How a connection to the other tracker begins.

use std::io::Write as _;

use super::Token;

/// What a greeting is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Welcome {
    /// Whatever carries this token is taken.
    Known,
    /// Not confirmed, or not yet: greet again in a moment.
    Unknown,
    /// Whoever was greeted has nobody to confirm a token.
    Unpaired,
    /// The greeting came back to who sent it.
    Yourself,
}

impl Welcome {
    pub fn word(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::Unknown => "unknown",
            Self::Unpaired => "unpaired",
            Self::Yourself => "yourself",
        }
    }

    /// `None` for what no tracker of ours says.
    pub fn parse(word: &[u8]) -> Option<Self> {
        let all = [Self::Known, Self::Unknown, Self::Unpaired, Self::Yourself];
        all.into_iter()
            .find(|welcome| welcome.word().as_bytes() == word)
    }
}

/// Where a tracker is greeted.
pub const HELLO_PATH: &[u8] = b"/mt/hello";

/// Appends a greeting.
pub fn write_hello(out: &mut Vec<u8>, own_token: Token) {
    // Writing to memory does not fail.
    let _ = write!(
        out,
        "GET /mt/hello?mt_token={own_token} HTTP/1.1\r\nHost: pair\r\n\r\n"
    );
}
