//! Which format a file has, and reading it.

use super::magnet::{Magnet, MagnetError};
use super::torrent::Metainfo;
use super::{Error, mtorrent, st};

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
/// (`hint`) does.
pub fn read(bytes: Vec<u8>, hint: Option<Format>) -> Result<Document, ReadError> {
    // The first words of a `.mtorrent` (a tracker's host or, behind empty lines, the name) may
    // look like a signature; no other format has a first line that is a tracker's.
    let format = if hint == Some(Format::Mtorrent) && mtorrent::begins_with_tracker(&bytes) {
        hint
    } else {
        Format::from_signature(&bytes).or(hint)
    };
    let Some(format) = format else {
        let front = &bytes[..bytes.len().min(16)];
        return Err(if bytes.is_empty() {
            ReadError::Empty
        } else {
            ReadError::Unknown(front.escape_ascii().to_string())
        });
    };
    let metainfo = match format {
        Format::Torrent => Metainfo::from_torrent(bytes)?,
        Format::Mtorrent => mtorrent::read(&bytes)?,
        Format::St => st::read(bytes)?,
        Format::Magnet => {
            return Ok(Document::Magnet(Magnet::parse(&String::from_utf8_lossy(
                &bytes,
            ))?));
        }
    };
    Ok(Document::Metainfo(format, Box::new(metainfo)))
}
