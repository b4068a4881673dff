//! The files of one torrent on a disk, as the one row of bytes that its pieces are cut from.
//!
//! They are found where somebody has them ([`for_seeding`]), or made beneath a directory
//! ([`for_getting`]). Either way [`Prepared`] says what of the content is there already.
//!
//! Files that are got are never reached through a link below that directory (`beneath`), carry a
//! suffix until they are whole (`part_name`), and have their space on the disk before anything is
//! received, so that a full disk is an error at the start and not a signal in the middle. A file
//! without the suffix is whole and never written to.

mod beneath;
mod check;
mod descriptors;
mod destination;
mod disk;
mod finish;
mod get;
mod part_name;
mod runs;
mod seed;
mod selection;
mod survey;

#[cfg(test)]
mod get_tests;
#[cfg(test)]
mod tests;

use std::fs::{File, Metadata};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

pub use check::{CheckProgress, Checked};
pub use disk::IoChoice;
pub use get::{GetOptions, for_getting};
pub use seed::for_seeding;
pub use selection::Selection;

pub(super) use descriptors::Descriptors;
pub(super) use finish::finish;

use crate::base::{Bitfield, Geometry, PieceIndex, Sha1Digest};
use crate::engine::{MappableRun, StorageFault};
use crate::metainfo::Metainfo;
use destination::Destination;
use disk::Mapping;
use seed::FoundFiles;

/// A torrent whose files are there, and what of its content is.
#[derive(Debug)]
pub struct Prepared {
    pub files: Arc<TorrentFiles>,
    /// The pieces that are there and match their hashes.
    pub have: Bitfield,
    /// Nothing is to be fetched.
    pub lacks_nothing: bool,
    /// What can be received and sent through windows.
    pub runs: Vec<MappableRun>,
}

/// One torrent's files.
#[derive(Debug)]
pub struct TorrentFiles {
    metainfo: Arc<Metainfo>,
    geometry: Option<Geometry>,
    home: Home,
    selection: Selection,
    /// What tells each file from another that takes its place; 0 where there is none.
    identities: Vec<u64>,
    mapping: Mapping,
    /// What went wrong where nobody was waiting for an answer.
    fault: Mutex<Option<StorageFault>>,
}

#[derive(Debug)]
enum Home {
    /// Somebody else's, to be read.
    Found(FoundFiles),
    /// Ours, to be read and written.
    Made(Destination),
}

/// A part of the content, in one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) file: usize,
    pub(super) offset_in_file_bytes: u64,
    pub(super) len_bytes: usize,
    /// Zeros that are stored nowhere.
    pub(super) is_padding: bool,
}

impl TorrentFiles {
    fn new(metainfo: &Arc<Metainfo>, home: Home, mapping: Mapping) -> Self {
        let info = &metainfo.info;
        let last = info.files().len().checked_sub(1);
        let total_bytes = last.map_or(0, |last| {
            let file = info.files().get(last);
            file.offset_bytes + file.len_bytes
        });
        Self {
            geometry: Geometry::new(total_bytes, info.piece_length()),
            home,
            selection: Selection::default(),
            identities: vec![0; info.files().len()],
            mapping,
            fault: Mutex::new(None),
            metainfo: Arc::clone(metainfo),
        }
    }

    /// How the content is cut; `None` where all files are empty.
    pub fn geometry(&self) -> Option<Geometry> {
        self.geometry
    }

    pub fn metainfo(&self) -> &Arc<Metainfo> {
        &self.metainfo
    }

    pub(super) fn piece_count(&self) -> u32 {
        self.geometry.map_or(0, |geometry| geometry.piece_count())
    }

    /// What a piece is held to.
    pub(super) fn expected_hash(&self, piece: PieceIndex) -> Option<Sha1Digest> {
        let start = piece.as_usize() * Sha1Digest::LEN;
        let hashes = self.metainfo.info.v1_hashes()?;
        Sha1Digest::from_slice(hashes.get(start..start + Sha1Digest::LEN)?)
    }

    /// The parts of files that a part of the content is made of, as far as the content goes.
    pub(super) fn segments(
        &self,
        offset_bytes: u64,
        len_bytes: u64,
    ) -> impl Iterator<Item = Segment> + '_ {
        let files = self.metainfo.info.files();
        let mut index = self.first_file_beyond(offset_bytes);
        let mut at_bytes = offset_bytes;
        let end_bytes = offset_bytes.saturating_add(len_bytes);
        std::iter::from_fn(move || {
            while at_bytes < end_bytes && index < files.len() {
                let file = files.get(index);
                let file_end_bytes = file.offset_bytes + file.len_bytes;
                let here_bytes = file_end_bytes.min(end_bytes) - at_bytes;
                let segment = Segment {
                    file: index,
                    offset_in_file_bytes: at_bytes - file.offset_bytes,
                    len_bytes: usize::try_from(here_bytes).unwrap_or(usize::MAX),
                    is_padding: file.attributes.padding,
                };
                index += 1;
                at_bytes += here_bytes;
                if here_bytes > 0 {
                    return Some(segment);
                }
            }
            None
        })
    }

    /// The parts of files that a piece is made of.
    fn segments_of(&self, piece: PieceIndex) -> impl Iterator<Item = Segment> + '_ {
        let geometry = self.geometry;
        let range = geometry.map(|geometry| (geometry.start_of(piece), geometry.len_of(piece)));
        let (offset_bytes, len_bytes) = range.unwrap_or_default();
        self.segments(offset_bytes, u64::from(len_bytes))
    }

    /// The first file that ends behind a byte.
    fn first_file_beyond(&self, offset_bytes: u64) -> usize {
        let files = self.metainfo.info.files();
        let (mut low, mut high) = (0, files.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let file = files.get(middle);
            if file.offset_bytes + file.len_bytes <= offset_bytes {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The one file that a part of the content lies in.
    pub(super) fn single_segment(&self, offset_bytes: u64, len_bytes: u64) -> Option<Segment> {
        let first = self.segments(offset_bytes, len_bytes).next()?;
        (first.len_bytes as u64 == len_bytes && !first.is_padding).then_some(first)
    }

    /// Whether content is sent out of mappings of its files.
    pub(super) fn maps_for_sending(&self) -> bool {
        self.mapping.sending
    }

    /// Opens a file and makes sure that it is still the one that was there at the start.
    fn open(&self, file: usize) -> Result<File, StorageFault> {
        let opened = match &self.home {
            Home::Found(found) => found.open(file),
            Home::Made(destination) => destination.open(&self.metainfo.info, file),
        };
        let opened = opened.map_err(|error| self.fault_of(file, error.to_string()))?;
        self.check_identity(file, &opened)?;
        Ok(opened)
    }

    /// Whether a file that was opened is still what its name stands for, and long enough.
    fn check_identity(&self, file: usize, opened: &File) -> Result<(), StorageFault> {
        let metadata = opened.metadata();
        let metadata = metadata.map_err(|error| self.fault_of(file, error.to_string()))?;
        let wanted_bytes = self.metainfo.info.files().get(file).len_bytes;
        match &self.home {
            Home::Made(_) if metadata.len() < wanted_bytes => {
                let found_bytes = metadata.len();
                let reason =
                    format!("the file was cut short to {found_bytes} of {wanted_bytes} bytes");
                Err(self.fault_of(file, reason))
            }
            _ if self.identity_of(&metadata) != self.identities[file] => {
                let reason = "the file was replaced or changed by somebody else";
                Err(self.fault_of(file, reason.to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// Files that only we write to are told by what they are, others by their content's age too.
    fn identity_of(&self, metadata: &Metadata) -> u64 {
        let mut identity = DefaultHasher::new();
        (metadata.dev(), metadata.ino()).hash(&mut identity);
        if matches!(self.home, Home::Found(_)) {
            (metadata.len(), metadata.mtime(), metadata.mtime_nsec()).hash(&mut identity);
        }
        identity.finish().max(1)
    }

    /// Holds a file, from now on, to what it is.
    fn identify(&mut self, file: usize, metadata: &Metadata) {
        self.identities[file] = self.identity_of(metadata);
    }

    /// Whether there was such a file at the start.
    fn is_there(&self, file: usize) -> bool {
        self.identities[file] != 0
    }

    /// Where a file lies now, for people.
    fn path_of(&self, file: usize) -> PathBuf {
        match &self.home {
            Home::Found(found) => found.path_of(&self.metainfo.info, file),
            Home::Made(destination) => destination.path_of(&self.metainfo.info, file),
        }
    }

    pub(super) fn fault_of(&self, file: usize, reason: String) -> StorageFault {
        StorageFault {
            path: self.path_of(file).display().to_string(),
            reason,
        }
    }

    /// Keeps the first fault of those that nobody was waiting for.
    pub(super) fn remember(&self, fault: StorageFault) {
        let mut kept = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get_or_insert(fault);
    }

    /// The fault that was kept, for whoever asks first thereafter and for everybody later.
    pub(super) fn remembered(&self) -> Result<(), StorageFault> {
        let kept = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clone().map_or(Ok(()), Err)
    }
}
