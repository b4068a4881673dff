//! Magnet links: a torrent's hashes, and where to ask for the rest (BEP 9, BEP 53).
//!
//! Links are pasted out of web pages and chats, so everything but the hashes is read with
//! tolerance: what cannot be used is dropped and told as an [`Oddity`]. A hash that cannot be used
//! is an error, because guessing would find another torrent or none.

mod oddities;
mod read;
mod selection;
mod topic;

#[cfg(test)]
mod tests;

use std::fmt;

use crate::base::limits::MAGNET_LEN_BYTES_MAX;
use crate::base::percent::Escaped;
use crate::base::{InfoHashes, PeerAddress, Sha1Digest, Sha256Digest, Url};

pub use oddities::{Oddities, Oddity};
pub use selection::FileSelection;

/// What a magnet link says. [`Magnet::new`] sees to it that there is a hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Magnet {
    hashes: InfoHashes,
    /// For people to read while the real name is not known: neither checked nor fit for a path.
    pub name: Option<String>,
    pub trackers: Vec<Url>,
    pub web_seeds: Vec<Url>,
    pub peers: Vec<PeerAddress>,
    pub selected: FileSelection,
    /// What the link said that could not be used; never written.
    pub oddities: Oddities,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MagnetError {
    #[error("the magnet link is {len_bytes} bytes long: at most {MAGNET_LEN_BYTES_MAX} are read")]
    TooLong { len_bytes: usize },
    #[error("`{text}` is no magnet link: it does not begin with `magnet:?`")]
    NotAMagnet { text: String },
    #[error("the magnet link holds no BitTorrent hash: expected `xt=urn:btih:` or `xt=urn:btmh:`")]
    NoHash,
    #[error(
        "`{hash}` is no v1 info-hash: it has {len_digits} digits, \
         expected 40 hexadecimal or 32 base32 ones"
    )]
    V1Length { hash: String, len_digits: usize },
    #[error("`{hash}` is no v1 info-hash: {digit:?} is no hexadecimal digit")]
    V1HexDigit { hash: String, digit: char },
    #[error("`{hash}` is no v1 info-hash: {digit:?} is no base32 digit")]
    V1Base32Digit { hash: String, digit: char },
    #[error("`{hash}` is no v2 info-hash: expected `1220`, which says SHA-256, at its front")]
    V2Prefix { hash: String },
    #[error(
        "`{hash}` is no v2 info-hash: after `1220` it has {len_digits} digits, \
         expected 64 hexadecimal ones"
    )]
    V2Length { hash: String, len_digits: usize },
    #[error("`{hash}` is no v2 info-hash: {digit:?} is no hexadecimal digit")]
    V2Digit { hash: String, digit: char },
    #[error("the magnet link names two torrents: v1 info-hashes `{first}` and `{second}`")]
    TwoV1 {
        first: Sha1Digest,
        second: Sha1Digest,
    },
    #[error("the magnet link names two torrents: v2 info-hashes `{first}` and `{second}`")]
    TwoV2 {
        first: Sha256Digest,
        second: Sha256Digest,
    },
}

impl Magnet {
    /// The barest link to a torrent; `None` where there is no hash.
    pub fn new(hashes: InfoHashes) -> Option<Self> {
        if hashes.v1.is_none() && hashes.v2.is_none() {
            return None;
        }
        Some(Self {
            hashes,
            name: None,
            trackers: Vec::new(),
            web_seeds: Vec::new(),
            peers: Vec::new(),
            selected: FileSelection::default(),
            oddities: Oddities::default(),
        })
    }

    pub fn parse(text: &str) -> Result<Self, MagnetError> {
        read::magnet(text)
    }

    /// At least one is there; both are there in the link to a hybrid torrent.
    pub fn hashes(&self) -> InfoHashes {
        self.hashes
    }
}

/// Writes the link that parses back to the same value, save for the oddities.
///
/// Escapes make text up to three times longer, so a link near the limit may outgrow it here.
impl fmt::Display for Magnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "magnet:?";
        let mut write = |name: &str, value: fmt::Arguments<'_>| {
            write!(f, "{separator}{name}={value}")?;
            separator = "&";
            Ok(())
        };
        if let Some(hash) = self.hashes.v1 {
            write("xt", format_args!("urn:btih:{hash}"))?;
        }
        if let Some(hash) = self.hashes.v2 {
            write("xt", format_args!("urn:btmh:1220{hash}"))?;
        }
        if let Some(name) = &self.name {
            write("dn", format_args!("{}", Escaped(name.as_bytes())))?;
        }
        for tracker in &self.trackers {
            write(
                "tr",
                format_args!("{}", Escaped(tracker.as_str().as_bytes())),
            )?;
        }
        for web_seed in &self.web_seeds {
            write(
                "ws",
                format_args!("{}", Escaped(web_seed.as_str().as_bytes())),
            )?;
        }
        // Other clients read peers and selections without undoing escapes, and no character of
        // theirs needs one.
        for peer in &self.peers {
            write("x.pe", format_args!("{peer}"))?;
        }
        if !self.selected.is_everything() {
            write("so", format_args!("{}", self.selected))?;
        }
        Ok(())
    }
}
