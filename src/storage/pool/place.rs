//! What a place is made of, and how it is made.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::Arc;

use super::budget::{Budget, Taken};
use super::buffers::Buffers;
use super::memory::Memory;
use crate::base::limits::MAPPED_LEN_BYTES_MIN;
use crate::base::{PieceIndex, PlaceRange};
use crate::engine::{PlaceSource, StorageFault, TorrentId};
use crate::hash::Span;
use crate::storage::files::{Descriptors, Segment, TorrentFiles};

/// A torrent that the pool knows.
#[derive(Clone, Debug)]
pub(super) struct Torrent {
    pub(super) id: TorrentId,
    pub(super) files: Arc<TorrentFiles>,
}

/// What places are made from.
#[derive(Debug)]
pub(super) struct Means {
    pub(super) mapped: Arc<Budget>,
    pub(super) buffers: Arc<Buffers>,
    pub(super) descriptors: Descriptors,
}

/// Memory that has a name.
#[derive(Debug)]
pub(super) struct Place {
    memory: Option<Memory>,
    len_bytes: usize,
    origin: Origin,
    pub(super) torrent: Torrent,
}

#[derive(Debug)]
enum Origin {
    Mapping {
        file: Arc<File>,
        segment: Segment,
        is_for_receiving: bool,
        _taken: Taken,
    },
    Buffer {
        home: Arc<Buffers>,
        is_for_receiving: bool,
    },
}

/// A part of a file that was received into.
#[derive(Clone, Debug)]
pub(super) struct Received {
    pub(super) file: Arc<File>,
    pub(super) segment: Segment,
    pub(super) torrent: Torrent,
}

impl Place {
    pub(super) fn open(
        torrent: &Torrent,
        what: PlaceSource,
        means: &Means,
    ) -> Result<Self, StorageFault> {
        torrent.files.remembered()?;
        match what {
            PlaceSource::Window {
                first_piece,
                len_bytes,
            } => Self::window(torrent, first_piece, len_bytes, means),
            PlaceSource::Buffer {
                first_piece,
                len_bytes,
            } => {
                let start_bytes = start_of(torrent, first_piece);
                let mut place = Self::buffer(torrent, len_bytes as usize, true, means)?;
                place.fill(start_bytes, means, Fill::PaddingOnly)?;
                Ok(place)
            }
            PlaceSource::Read {
                offset_bytes,
                len_bytes,
            } => Self::read(torrent, offset_bytes, len_bytes, means),
        }
    }

    fn window(
        torrent: &Torrent,
        first_piece: PieceIndex,
        len_bytes: u32,
        means: &Means,
    ) -> Result<Self, StorageFault> {
        let start_bytes = start_of(torrent, first_piece);
        let single = torrent
            .files
            .single_segment(start_bytes, u64::from(len_bytes));
        let segment = single.ok_or_else(|| {
            let path = torrent.files.metainfo().info.name().to_owned();
            let reason = "a window was asked for that lies in no one file".to_owned();
            StorageFault { path, reason }
        })?;
        Self::mapping(torrent, segment, true, means)
    }

    fn read(
        torrent: &Torrent,
        offset_bytes: u64,
        len_bytes: u32,
        means: &Means,
    ) -> Result<Self, StorageFault> {
        let single = torrent
            .files
            .single_segment(offset_bytes, u64::from(len_bytes));
        let mapped = single.filter(|segment| {
            segment.len_bytes >= MAPPED_LEN_BYTES_MIN && torrent.files.maps_for_sending()
        });
        if let Some(segment) = mapped {
            return Self::mapping(torrent, segment, false, means);
        }
        let mut place = Self::buffer(torrent, len_bytes as usize, false, means)?;
        place.fill(offset_bytes, means, Fill::Everything)?;
        Ok(place)
    }

    fn mapping(
        torrent: &Torrent,
        segment: Segment,
        is_for_receiving: bool,
        means: &Means,
    ) -> Result<Self, StorageFault> {
        let fault = |error: io::Error| torrent.files.fault_of(segment.file, error.to_string());
        let taken = means.mapped.take(segment.len_bytes);
        let taken = taken.ok_or_else(|| fault(io::Error::other("too much is mapped already")))?;
        let file = means
            .descriptors
            .get(torrent.id, &torrent.files, segment.file)?;
        let map = if is_for_receiving {
            Memory::map_for_receiving
        } else {
            Memory::map_for_sending
        };
        let memory = map(&file, segment.offset_in_file_bytes, segment.len_bytes);
        Ok(Self {
            memory: Some(memory.map_err(fault)?),
            len_bytes: segment.len_bytes,
            origin: Origin::Mapping {
                file,
                segment,
                is_for_receiving,
                _taken: taken,
            },
            torrent: torrent.clone(),
        })
    }

    fn buffer(
        torrent: &Torrent,
        len_bytes: usize,
        is_for_receiving: bool,
        means: &Means,
    ) -> Result<Self, StorageFault> {
        let memory = means
            .buffers
            .take(len_bytes)
            .map_err(|error| StorageFault {
                path: torrent.files.metainfo().info.name().to_owned(),
                reason: error.to_string(),
            })?;
        Ok(Self {
            memory: Some(memory),
            len_bytes,
            origin: Origin::Buffer {
                home: Arc::clone(&means.buffers),
                is_for_receiving,
            },
            torrent: torrent.clone(),
        })
    }

    /// Puts content, or what of it is stored nowhere, into a buffer.
    fn fill(&mut self, offset_bytes: u64, means: &Means, fill: Fill) -> Result<(), StorageFault> {
        let Self {
            memory: Some(memory),
            torrent,
            ..
        } = self
        else {
            return Ok(());
        };
        let mut at = 0;
        for segment in torrent.files.segments(offset_bytes, self.len_bytes as u64) {
            let range = at..at + segment.len_bytes;
            at = range.end;
            if segment.is_padding {
                memory.zero(range);
            } else if fill == Fill::Everything {
                let file = means
                    .descriptors
                    .get(torrent.id, &torrent.files, segment.file)?;
                let read = memory.read(range, &file, segment.offset_in_file_bytes);
                let fault =
                    |error: io::Error| torrent.files.fault_of(segment.file, error.to_string());
                read.map_err(fault)?;
            }
        }
        Ok(())
    }

    fn memory(&self) -> &Memory {
        match &self.memory {
            Some(memory) => memory,
            None => unreachable!("memory is taken away when the place is dropped"),
        }
    }

    pub(super) fn start(&self) -> NonNull<u8> {
        self.memory().start()
    }

    pub(super) fn len_bytes(&self) -> usize {
        self.len_bytes
    }

    pub(super) fn is_for_receiving(&self) -> bool {
        match self.origin {
            Origin::Mapping {
                is_for_receiving, ..
            }
            | Origin::Buffer {
                is_for_receiving, ..
            } => is_for_receiving,
        }
    }

    /// Whether it is a part of a file that is received into.
    pub(super) fn is_window(&self) -> bool {
        let is_mapped = matches!(self.origin, Origin::Mapping { .. });
        is_mapped && self.is_for_receiving()
    }

    /// Where a range of this place lies in it, if it does.
    fn bounds(&self, range: PlaceRange) -> Option<Range<usize>> {
        let start = range.offset_bytes as usize;
        let end = start.checked_add(range.len_bytes as usize)?;
        (end <= self.len_bytes).then_some(start..end)
    }

    pub(super) fn span(&self, range: PlaceRange) -> Option<Span<'_>> {
        Some(self.memory().span(self.bounds(range)?))
    }

    /// Why nothing that was read of it counts.
    pub(super) fn spoiled(&self) -> Option<StorageFault> {
        let is_spoiled = self.memory().is_spoiled();
        let Origin::Mapping { segment, .. } = &self.origin else {
            return None;
        };
        let reason = "the file was cut short, or its disk failed, while it was mapped";
        is_spoiled.then(|| self.torrent.files.fault_of(segment.file, reason.to_owned()))
    }

    /// Writes some of it to a file.
    pub(super) fn write(&self, range: Range<usize>, file: &File, offset: u64) -> io::Result<()> {
        self.memory().write(range, file, offset)
    }

    /// Makes a window writable again without faults, while it is received into.
    pub(super) fn keep_writable(&self) -> Result<(), StorageFault> {
        match &self.origin {
            Origin::Mapping {
                segment,
                is_for_receiving: true,
                ..
            } => {
                let files = &self.torrent.files;
                let kept = self.memory().keep_writable();
                kept.map_err(|error| files.fault_of(segment.file, error.to_string()))
            }
            Origin::Mapping { .. } | Origin::Buffer { .. } => Ok(()),
        }
    }

    /// What has to go to a disk, of a window.
    pub(super) fn received(&self) -> Option<Received> {
        match &self.origin {
            Origin::Mapping {
                file,
                segment,
                is_for_receiving: true,
                ..
            } => Some(Received {
                file: Arc::clone(file),
                segment: *segment,
                torrent: self.torrent.clone(),
            }),
            _ => None,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let (Origin::Buffer { home, .. }, Some(memory)) = (&self.origin, self.memory.take()) {
            home.give_back(memory);
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fill {
    PaddingOnly,
    Everything,
}

fn start_of(torrent: &Torrent, piece: PieceIndex) -> u64 {
    let geometry = torrent.files.geometry();
    geometry.map_or(0, |geometry| geometry.start_of(piece))
}
