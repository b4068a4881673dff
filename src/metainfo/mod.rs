//! Bytes <-> values: what a torrent says, whichever format carried it. No files, no content.
//!
//! Every format becomes one [`Metainfo`], and every one of them by way of the info dictionary that
//! the info-hash is of: a `.torrent` brings it, `.mtorrent` and `.st` are written out as the one
//! that they stand for. So there is one reader of info dictionaries ([`Info::parse`]), and where
//! the bytes are the same, the swarm is the same.

pub mod build;
mod convert;
mod error;
mod fields;
mod file_list;
mod file_tree;
mod format;
mod info;
mod layers;
pub mod magnet;
pub mod mtorrent;
mod oddity;
mod outer;
pub mod safe_path;
pub mod st;
mod torrent;
mod tree_writer;
mod v1_files;

pub use convert::Obstacles;
pub use error::{Error, Fault};
pub use file_list::{Attributes, File, FileList};
pub use format::{Document, Format, ReadError, read};
pub use info::{Info, Version};
pub use layers::PieceLayers;
pub use oddity::Oddities;
pub use outer::{Hints, Outer};
pub use torrent::Metainfo;
