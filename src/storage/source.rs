//! A file that content is read from.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

/// Where the bytes of one file of a torrent come from.
#[derive(Clone, Debug)]
pub enum Source {
    Disk {
        path: PathBuf,
        /// What the file was when it was looked at first; it must still be that at the end.
        stamp: Stamp,
    },
    /// Padding: zeros that are stored nowhere.
    Zeros,
    /// The file is not there or cannot be what it should be; its bytes are not known.
    Absent,
}

/// What tells a file from the one that stood there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    device: u64,
    inode: u64,
    len_bytes: u64,
    modified: (i64, i64),
    /// Changes with every write and every change of the other times, which no program can undo.
    changed: (i64, i64),
}

impl Stamp {
    pub fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            len_bytes: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Whether both are of one file, changed or not.
    pub fn is_same_file(&self, other: &Self) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }

    /// The file system, or a part of one.
    pub fn device(&self) -> u64 {
        self.device
    }

    pub fn len_bytes(&self) -> u64 {
        self.len_bytes
    }
}
