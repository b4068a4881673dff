//! Names from a torrent made safe for the disk.
//!
//! A torrent's names come from a stranger, and become files on a machine the stranger cannot see.
//! Three questions are answered here, each in its own file and nowhere else:
//!
//! - `component`: may this name stand in a directory, on any system the disk may travel to?
//! - `distinct`: do two files of the torrent claim one place on the disk?
//! - `symlink`: does a link stay inside the torrent's directory?
//!
//! The answers depend on the torrent alone: no randomness, no map with an order of its own, no look
//! at the disk. Resume data, seeders and a second download all count on the same paths.

mod arena;
mod component;
mod distinct;
mod fold;
mod symlink;

pub use arena::{PathArena, PathWriter, PathsError};
pub use component::{clean_component, clean_name};
pub use symlink::{SymlinkError, resolve_target};
