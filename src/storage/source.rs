//! What is known of the files of a job before they are read.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs::{self, Metadata};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::base::limits::MAPPED_LEN_BYTES_MIN;

/// So many files of a file system are kept to try it by: some may be such that nobody can open.
const PROBES_PER_DEVICE: usize = 4;

/// Where the bytes of one file of a torrent come from.
#[derive(Clone, Copy, Debug)]
pub enum Source {
    /// With what the file was when it was looked at first; it must still be that at the end.
    Disk(Stamp),
    /// Padding: zeros that are stored nowhere.
    Zeros,
    /// The file is not there or cannot be what it should be; its bytes are not known.
    Absent,
}

/// The files of a job, numbered in the order of its layout. Whoever implements this decides how
/// little is kept of each: there may be millions.
pub trait Sources: Debug + Sync {
    fn get(&self, file: usize) -> Source;

    /// Where a file that is on a disk lies.
    fn disk_path(&self, file: usize) -> PathBuf;

    fn file_systems(&self) -> &FileSystems;
}

/// What tells a file from the one that stood there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    len_bytes: u64,
    /// Over device, inode, and the times of modification and of change. The latter changes with
    /// every write and every change of the other times, which no program can undo.
    rest_hash: u64,
}

impl Stamp {
    /// Of nothing.
    pub(super) const NONE: Self = Self {
        len_bytes: 0,
        rest_hash: 0,
    };

    pub fn of(metadata: &Metadata) -> Self {
        let mut rest = DefaultHasher::new();
        (metadata.dev(), metadata.ino()).hash(&mut rest);
        (metadata.mtime(), metadata.mtime_nsec()).hash(&mut rest);
        (metadata.ctime(), metadata.ctime_nsec()).hash(&mut rest);
        Self {
            len_bytes: metadata.size(),
            rest_hash: rest.finish(),
        }
    }

    pub fn len_bytes(&self) -> u64 {
        self.len_bytes
    }

    /// Whether what stands there now is still that file, unchanged.
    pub(super) fn is_of(&self, path: &Path) -> bool {
        fs::metadata(path).is_ok_and(|now| Self::of(&now) == *self)
    }
}

/// The file systems that content lies on, each with some files to try how it can be read.
#[derive(Clone, Debug, Default)]
pub struct FileSystems {
    probes: BTreeMap<u64, Vec<PathBuf>>,
}

impl FileSystems {
    /// Takes note of a file if it is large enough that mapping it matters.
    pub(super) fn note(&mut self, metadata: &Metadata, path: impl FnOnce() -> PathBuf) {
        if metadata.len() < MAPPED_LEN_BYTES_MIN as u64 {
            return;
        }
        let probes = self.probes.entry(metadata.dev()).or_default();
        if probes.len() < PROBES_PER_DEVICE {
            probes.push(path());
        }
    }

    /// The files to try, one file system after the other.
    pub(super) fn probes(&self) -> impl Iterator<Item = &[PathBuf]> {
        self.probes.values().map(Vec::as_slice)
    }
}
