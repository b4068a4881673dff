//! Names from a torrent made safe for the disk.
