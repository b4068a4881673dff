//! Holding content on a disk to the hashes of its torrent.
//!
//! A hybrid is held to its v2 hashes, which cover every byte of the content by the stronger hash.

mod locate;
mod marks;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use rustix::io::Errno;

use super::error::Error;
use super::hash_units::{Algorithms, Budget, IoMode, Job, Progress, UnitHash};
use super::layout::{Layout, Shape};
use super::source::{FileSystems, Source, Sources};
use super::unreadable::Unreadable;
use crate::base::{Sha1Digest, Sha256Digest};
use crate::metainfo::{Info, Metainfo, Version};

pub use locate::Located;

use marks::{Marks, Outcome};

/// What was found of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileState {
    Whole,
    Missing,
    /// Something else is there, such as a directory.
    NotAFile,
    /// The file is there and ends early.
    Short {
        found_bytes: u64,
    },
    /// The file goes on where it should end.
    Long {
        found_bytes: u64,
    },
    /// Of the right length, with wrong bytes in it.
    Bad,
    /// The file is there, and the disk or the system does not give all of it.
    Unreadable {
        reason: Errno,
    },
    /// Nothing speaks against it, but a piece that it shares with a neighbour cannot be checked.
    Unverified,
}

#[derive(Clone, Debug)]
pub struct FileVerdict {
    pub state: FileState,
    /// Bytes of pieces that do not match or cannot be checked; in order, neighbours joined.
    pub bad: Vec<Range<u64>>,
}

/// What was found of the whole.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Of the files that are not whole, in the order of the torrent, padding included.
    files: Vec<(usize, FileVerdict)>,
    pub piece_count: u64,
    pub good_pieces: u64,
}

impl Verdict {
    pub fn is_whole(&self) -> bool {
        self.files.is_empty()
    }

    /// By the index of a file in the torrent.
    pub fn of(&self, file: usize) -> &FileVerdict {
        static WHOLE: FileVerdict = FileVerdict {
            state: FileState::Whole,
            bad: Vec::new(),
        };
        let found = self.files.binary_search_by_key(&file, |(file, _)| *file);
        found.map_or(&WHOLE, |at| &self.files[at].1)
    }
}

/// How much [`verify`] is going to go through: padding too, where pieces have it.
pub fn bytes_to_verify(info: &Info) -> u64 {
    layout_of(info).total_bytes()
}

/// Reads all that was found of a torrent.
pub fn verify(
    metainfo: &Metainfo,
    located: &Located,
    mode: IoMode,
    progress: &Progress,
) -> Result<Verdict, Error> {
    let info = &metainfo.info;
    let layout = layout_of(info);
    let expected = Expected {
        metainfo,
        layout: &layout,
    };
    let failed: Mutex<Vec<(u64, Outcome)>> = Mutex::default();
    let unreadable = Unreadable::default();
    let job = Job {
        layout: &layout,
        sources: &Found { info, located },
        algorithms: algorithms_of(info),
        trees: None,
        mode,
        budget: Budget::default(),
        progress,
        unreadable: Some(&unreadable),
    };
    job.run(|first, hashes| {
        let outcomes = (first..)
            .zip(hashes)
            .map(|(unit, hash)| (unit, expected.compare(unit, hash)));
        let bad = outcomes.filter(|(_, outcome)| *outcome != Outcome::Good);
        failed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(bad);
    })?;
    let mut failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    failed.sort_unstable_by_key(|(unit, _)| *unit);
    let mut marks = Marks::default();
    for (unit, outcome) in &failed {
        marks.mark(&layout, *unit, *outcome);
    }
    let unreadable = unreadable.into_files();
    let found = |file| match unreadable.get(&file) {
        Some(reason) => FileState::Unreadable { reason: *reason },
        None => located.state(file, info.files().get(file).len_bytes),
    };
    Ok(Verdict {
        files: marks.verdicts(info.files().len(), found),
        piece_count: layout.unit_count(),
        good_pieces: layout.unit_count() - failed.len() as u64,
    })
}

/// The pieces whose hashes the content is held to.
fn layout_of(info: &Info) -> Layout<'_> {
    let ends_bytes = || Cow::Borrowed(info.files().ends_bytes());
    match info.version() {
        Version::V1 => Layout::of_ends(Shape::Contiguous, ends_bytes(), info.piece_length()),
        Version::V2 => Layout::of_ends(Shape::Aligned, ends_bytes(), info.piece_length()),
        Version::Hybrid => {
            // Padding is of the v1 half: here it is a file without bytes.
            let lens_bytes = info.files().iter().map(|file| {
                if file.attributes.padding {
                    0
                } else {
                    file.len_bytes
                }
            });
            Layout::new(Shape::Aligned, lens_bytes, info.piece_length())
        }
    }
}

/// The files of a torrent where they were found.
#[derive(Debug)]
struct Found<'a> {
    info: &'a Info,
    located: &'a Located,
}

impl Sources for Found<'_> {
    fn get(&self, file: usize) -> Source {
        self.located.source(file)
    }

    fn disk_path(&self, file: usize) -> PathBuf {
        self.located.disk_path(self.info, file)
    }

    fn file_systems(&self) -> &FileSystems {
        &self.located.file_systems
    }
}

fn algorithms_of(info: &Info) -> Algorithms {
    let merkle = info.version().has_v2();
    Algorithms {
        sha1: !merkle,
        sha1_padded: false,
        merkle,
    }
}

struct Expected<'a> {
    metainfo: &'a Metainfo,
    layout: &'a Layout<'a>,
}

impl Expected<'_> {
    fn compare(&self, unit: u64, hash: &UnitHash) -> Outcome {
        let matches = match hash {
            UnitHash::Absent => return Outcome::Unknown,
            UnitHash::Known {
                sha1: Some(found), ..
            } => self.v1(unit) == Some(*found),
            UnitHash::Known {
                merkle: Some(found),
                ..
            } => self.v2(unit) == Some(*found),
            UnitHash::Known { .. } => false,
        };
        if matches { Outcome::Good } else { Outcome::Bad }
    }

    fn v1(&self, unit: u64) -> Option<Sha1Digest> {
        let start = usize::try_from(unit).ok()? * Sha1Digest::LEN;
        let hashes = self.metainfo.info.v1_hashes()?;
        Sha1Digest::from_slice(hashes.get(start..start + Sha1Digest::LEN)?)
    }

    fn v2(&self, unit: u64) -> Option<Sha256Digest> {
        let unit = self.layout.unit(unit);
        let root = self.metainfo.info.files().get(unit.first_file).root?;
        if unit.is_whole_file {
            return Some(root);
        }
        let piece = unit.offset_in_file_bytes / u64::from(self.layout.unit_len_bytes());
        let start = usize::try_from(piece).ok()? * Sha256Digest::LEN;
        let layer = self.metainfo.layers.get(&root)?;
        Sha256Digest::from_slice(layer.get(start..start + Sha256Digest::LEN)?)
    }
}
