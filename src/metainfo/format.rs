//! Which format a file has, and reading it.

use super::magnet::{Magnet, MagnetError};
use super::torrent::Metainfo;
use super::{Error, mtorrent, st};
use crate::base::limits::MAGNET_LEN_BYTES_MAX;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Torrent,
    Mtorrent,
    St,
    Magnet,
}

impl Format {
    pub const ALL: [Self; 4] = [Self::Torrent, Self::Mtorrent, Self::St, Self::Magnet];

    /// As it is called, and as the extension of its files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Torrent => "torrent",
            Self::Mtorrent => "mtorrent",
            Self::St => "st",
            Self::Magnet => "magnet",
        }
    }

    pub fn from_extension(extension: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|format| format.name().eq_ignore_ascii_case(extension))
    }

    /// What the bytes can only be, if anything.
    fn from_signature(bytes: &[u8]) -> Option<Self> {
        let text = bytes.trim_ascii_start();
        if st::has_magic(bytes) {
            Some(Self::St)
        } else if text
            .get(..7)
            .is_some_and(|front| front.eq_ignore_ascii_case(b"magnet:"))
        {
            Some(Self::Magnet)
        } else if matches!(bytes, [b'd', b'0'..=b'9', ..]) {
            Some(Self::Torrent)
        } else {
            None
        }
    }
}

/// What a file or a link may turn out to be.
#[derive(Debug)]
pub enum Document {
    Metainfo(Format, Box<Metainfo>),
    Magnet(Magnet),
}

#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("the file is empty")]
    Empty,
    #[error(
        "this is none of the formats that can be read (.torrent, .mtorrent, .st, magnet): it \
         begins with `{0}`"
    )]
    Unknown(String),
    #[error(transparent)]
    Metainfo(#[from] Error),
    #[error(transparent)]
    Magnet(#[from] MagnetError),
}

/// Reads a document. A signature says what it is; where there is none, the extension of the file
/// (`hint`) does, and without one the lines of a `.mtorrent`.
pub fn read(bytes: Vec<u8>, hint: Option<Format>) -> Result<Document, ReadError> {
    if bytes.is_empty() {
        return Err(ReadError::Empty);
    }
    // The first words of a `.mtorrent` (a tracker's host or, behind empty lines, the name) may
    // look like a signature; no other format has a first line that is a tracker's.
    let format = if hint == Some(Format::Mtorrent) && mtorrent::begins_with_tracker(&bytes) {
        hint
    } else {
        Format::from_signature(&bytes).or(hint)
    };
    let shaped = || mtorrent::has_shape(&bytes).then_some(Format::Mtorrent);
    let Some(format) = format.or_else(shaped) else {
        let front = &bytes[..bytes.len().min(16)];
        return Err(ReadError::Unknown(front.escape_ascii().to_string()));
    };
    let metainfo = match format {
        Format::Torrent => Metainfo::from_torrent(bytes)?,
        Format::Mtorrent => mtorrent::read(&bytes)?,
        Format::St => st::read(bytes)?,
        Format::Magnet => return Ok(Document::Magnet(magnet(&bytes)?)),
    };
    Ok(Document::Metainfo(format, Box::new(metainfo)))
}

/// Measures the bytes before they are decoded, which makes up to three of one.
fn magnet(bytes: &[u8]) -> Result<Magnet, MagnetError> {
    let len_bytes = bytes.len();
    if len_bytes > MAGNET_LEN_BYTES_MAX {
        return Err(MagnetError::TooLong { len_bytes });
    }
    Magnet::parse(&String::from_utf8_lossy(bytes))
}
