//! What can be wrong with a torrent, and where in it.

use std::fmt;

use super::safe_path::PathsError;
use crate::base::Amount;
use crate::bencode::{self, Kind};

/// A fault at one place, named as one would write it down: `info.files[3].path`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{place}`: {fault}")]
pub struct Error {
    pub place: String,
    pub fault: Fault,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error(transparent)]
    Bencode(#[from] bencode::Error),
    #[error("is missing")]
    Missing,
    #[error("is {}, not {}", found.name(), wanted.name())]
    WrongType { wanted: Kind, found: Kind },
    #[error("is empty")]
    Empty,
    #[error("names no file")]
    NoFiles,
    #[error("`{0}` is negative")]
    Negative(i64),
    #[error("`{value}` is more than the {max} that one torrent may have")]
    TooLarge { value: u64, max: u64 },
    #[error(
        "the files have {pieces} pieces of this length, more than the {max} that one torrent may have"
    )]
    TooManyPieces { pieces: u64, max: u32 },
    #[error(
        "has more than the {max} names that one path may have",
        max = crate::base::limits::V1_PATH_COMPONENTS_MAX
    )]
    TooDeep,
    #[error("the sizes add up to more than the {max} bytes that one torrent may have")]
    SumTooLarge { max: u64 },
    #[error("`{0}` bytes is no piece length: it must be from 1 to {max}", max = crate::base::limits::PIECE_LENGTH_BYTES_MAX)]
    PieceLength(i64),
    #[error("`{0}` bytes is no piece length of a v2 torrent: it must be a power of two from {min} to {max}",
        min = crate::base::limits::PIECE_LENGTH_V2_BYTES_MIN, max = crate::base::limits::PIECE_LENGTH_BYTES_MAX)]
    PieceLengthV2(i64),
    #[error("has {}, which is no multiple of {unit_bytes}, the length of one hash", Amount(*len_bytes, "byte"))]
    NotWholeHashes { len_bytes: usize, unit_bytes: usize },
    #[error(
        "the number of hashes is {found}; for {} in pieces of {piece_length_bytes} it would be {wanted}",
        Amount(*size_bytes, "byte")
    )]
    WrongHashCount {
        found: u64,
        wanted: u64,
        size_bytes: u64,
        piece_length_bytes: u32,
    },
    #[error("is version `{0}`; this program reads 2, and torrents without a version (v1)")]
    MetaVersion(i64),
    #[error("there is a `file tree`, but no `meta version` that says how to read it")]
    NoMetaVersion,
    #[error("has both `length` (one file) and `files` (a directory)")]
    LengthAndFiles,
    #[error("the keys are not in order (byte {at} of `info`), which a v2 torrent must not have")]
    Unsorted { at: usize },
    #[error("is a file and has other entries beside it")]
    FileBesideOthers,
    #[error("the root of the file tree is a file without a name")]
    FileAtRoot,
    #[error("has {}, not the 32 of a SHA-256 hash", Amount(*.0, "byte"))]
    RootLength(usize),
    #[error("is all zeros, which is the hash of nothing")]
    ZeroRoot,
    #[error("is padding, which a v2 file tree does not have")]
    PaddingInTree,
    #[error("the key has {}, not the 32 of a pieces root", Amount(*.0, "byte"))]
    LayerKeyLength(usize),
    #[error("no file of more than one piece has this root")]
    LayerOfNobody,
    #[error("there is no piece layer for this file of {size_bytes} bytes (root {root})")]
    LayerMissing { root: String, size_bytes: u64 },
    #[error("its hashes do not add up to its root (they give {computed})")]
    LayerMismatch { computed: String },
    #[error("the v1 half has {v1}, the v2 half has {v2}")]
    HalvesDisagree { v1: String, v2: String },
    #[error(
        "starts {} into the v1 pieces, not at the start of a piece as in the v2 half",
        Amount(*offset_bytes, "byte")
    )]
    HalvesMisaligned { offset_bytes: u64 },
    #[error("this cannot be carried: {0}")]
    CannotCarry(String),
    #[error(transparent)]
    Paths(#[from] PathsError),
    #[error("{0}")]
    Text(String),
}

/// Names a place only when there is something to say about it.
pub(super) trait Located<T> {
    fn at(self, place: impl fmt::Display) -> Result<T, Error>;
}

impl<T, F: Into<Fault>> Located<T> for Result<T, F> {
    fn at(self, place: impl fmt::Display) -> Result<T, Error> {
        self.map_err(|fault| Error {
            place: place.to_string(),
            fault: fault.into(),
        })
    }
}

impl Error {
    pub(super) fn new(place: impl fmt::Display, fault: impl Into<Fault>) -> Self {
        Self {
            place: place.to_string(),
            fault: fault.into(),
        }
    }
}
