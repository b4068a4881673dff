//! Content on disks: files scanned, read and hashed on every core, and written whole or not at all.
//!
//! What is read goes through bounded [`window`]s that are made resident before they are hashed, or
//! through bounded buffers where mapping hurts (many small files) or fails. A file that changes
//! while it is read is an error and never a wrong hash: lengths are checked when bytes are taken,
//! the state of each file before and after ([`source::Stamp`]), and a page that vanishes under a
//! mapping spoils what was read ([`sigbus`]) instead of ending the process.

mod error;
mod file_table;
mod files;
mod hash_units;
mod layout;
mod make;
mod plan;
mod pool;
mod reader;
#[cfg(test)]
mod sample_tests;
mod scan;
mod sigbus;
mod source;
mod trees;
mod unreadable;
mod verify;
mod whole_file;
mod window;

pub use error::Error;
pub use file_table::FileTable;
pub use files::{
    CheckProgress, Checked, GetOptions, IoChoice, Prepared, Selection, TorrentFiles, for_getting,
    for_seeding,
};
pub use hash_units::{Algorithms, Budget, IoMode, Job, Progress, UnitHash};
pub use layout::{Layout, Shape, Unit};
pub use make::{Content, ContentHashes, piece_length_for};
pub use pool::{PlaceTable, Pool, PoolOptions};
pub use scan::{Links, Scan, ScanOptions, scan};
pub use source::{FileSystems, Source, Sources, Stamp};
pub use trees::Trees;
pub use unreadable::Unreadable;
pub use verify::{FileState, FileVerdict, Located, Verdict, bytes_to_verify, verify};
pub use whole_file::{Drafts, check_writable, directory_of, write_whole};
