//! What the engine asks of the pools, and what comes back: plain data both ways.

use super::report::Report;
use crate::base::{HostName, PieceIndex, PlaceId, PlaceRange, Sha1Digest};
use std::net::IpAddr;

/// Names a torrent of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TorrentId(pub u32);

/// Work that may block or take long.
#[derive(Debug, PartialEq, Eq)]
pub enum Job {
    /// Make a place; [`Done::Opened`] answers.
    Open {
        torrent: TorrentId,
        place: PlaceId,
        what: PlaceSource,
    },
    /// Make a window resident and writable again: the kernel writes dirty pages back, and protects
    /// them, when it sees fit. [`Done::Refreshed`] answers.
    Refresh { torrent: TorrentId, place: PlaceId },
    /// Give a place up: nothing uses it any more. [`Done::Closed`] answers when its memory is free
    /// again, which takes until enough of what was received is on its way to the disk.
    Close { place: PlaceId },
    /// Hold pieces to their hashes, side by side; [`Done::Hashed`] answers.
    Hash {
        torrent: TorrentId,
        pieces: Vec<PieceInPlace>,
    },
    /// Write a piece out of a buffer to where it belongs; [`Done::Written`] answers.
    Write {
        torrent: TorrentId,
        piece: PieceInPlace,
    },
    /// The SHA-1 of every block of a piece, to find out later who sent the wrong ones;
    /// [`Done::Digested`] answers.
    Digest {
        torrent: TorrentId,
        piece: PieceInPlace,
    },
    /// Everything has arrived: make it durable and give it its final names and attributes.
    /// [`Done::Finished`] answers.
    Finish { torrent: TorrentId },
    /// Tell people how things stand. Nothing answers.
    Report(Box<Report>),
    /// Find the addresses of a name; [`Done::Resolved`] answers.
    Resolve { query: ResolveId, name: HostName },
}

/// Names a question for an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResolveId(pub u64);

/// What a place is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceSource {
    /// A window over pieces that lie in one file without a gap, to receive into: resident and
    /// writable when it is there. What these pieces hold already is kept.
    Window {
        first_piece: PieceIndex,
        len_bytes: u32,
    },
    /// A buffer for pieces that no window is for, to receive into. Where padding lies in them, the
    /// buffer holds zeros; of what they hold already it holds nothing.
    Buffer {
        first_piece: PieceIndex,
        len_bytes: u32,
    },
    /// Some of the content, to send from: a window or a copy, resident when it is there.
    Read {
        /// From the start of the content, padding included.
        offset_bytes: u64,
        len_bytes: u32,
    },
}

/// A whole piece and where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PieceInPlace {
    pub piece: PieceIndex,
    pub range: PlaceRange,
}

/// What came of a [`Job`].
#[derive(Debug, PartialEq, Eq)]
pub enum Done {
    Opened {
        torrent: TorrentId,
        place: PlaceId,
        result: Result<(), StorageFault>,
    },
    Refreshed {
        torrent: TorrentId,
        place: PlaceId,
        result: Result<(), StorageFault>,
    },
    Closed {
        place: PlaceId,
    },
    Hashed {
        torrent: TorrentId,
        verdicts: Vec<(PieceIndex, PieceVerdict)>,
    },
    Written {
        torrent: TorrentId,
        piece: PieceIndex,
        result: Result<(), StorageFault>,
    },
    Digested {
        torrent: TorrentId,
        piece: PieceIndex,
        blocks: Vec<Sha1Digest>,
    },
    Finished {
        torrent: TorrentId,
        result: Result<(), StorageFault>,
    },
    Resolved {
        query: ResolveId,
        result: Result<Vec<IpAddr>, String>,
    },
}

/// What became of a piece that was hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PieceVerdict {
    Whole,
    Wrong,
    /// The memory it was in vanished: a file was cut short or a disk failed.
    Gone(StorageFault),
}

/// Why content could not be read or written. Its torrent stops; the others go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{path}`: {reason}")]
pub struct StorageFault {
    pub path: String,
    pub reason: String,
}

/// Consecutive pieces that lie whole in one file and can be mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MappableRun {
    pub first_piece: PieceIndex,
    pub piece_count: u32,
}
