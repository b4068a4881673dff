//! Bytes <-> values: what a torrent says, whichever format carried it. No files, no content.

pub mod magnet;
pub mod safe_path;
