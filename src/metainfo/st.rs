//! `.st` files: a v2 torrent in a binary form that any program reads with a few lines.
//!
//! All integers are big-endian; a `text` is a `u16` length and that many bytes.
//!
//! ```text
//! magic            4 bytes  "mtST"
//! version          u8       1
//! flags            u8       bit 0: a directory; no other bit is set
//! trackers         u16      how many; each:
//!   tier           u8       lower ones are asked first; never falls
//!   transport      u8       0: a URL, 1: HTTP, 2: UDP
//!     0:           text     the URL
//!     1, 2:        u8       address family, 4 or 6
//!                  4 or 16  the address
//!                  u16      the port; means http:// or udp://, and /announce
//! name             text
//! fragment length  u32      a power of two from 16 KiB
//! files            u32      how many: 1 where it is no directory; each:
//!   depth          u16      0 where it is no directory: the name is the path
//!     component    text     `depth` times
//!   length         u64
//! hashes           32 bytes each, file after file: none for an empty file, else one a fragment
//! ```
//!
//! The files stand in the order of a v2 file tree: component by component, byte by byte. The hash
//! of a fragment is its BEP 52 hash: the root of the Merkle tree over its 16 KiB blocks. The last
//! fragment of a longer file is padded with zero leaves; a file of at most one fragment is a tree
//! of its own blocks. So a `.st` carries exactly the info dictionary of `file tree`,
//! `meta version`, `name` and `piece length`, and has the info-hash of that v2 torrent.

mod read;
mod write;

pub use read::read;
pub(super) use write::{Content, file_len_bytes, write};

const MAGIC: &[u8; 4] = b"mtST";
const VERSION: u8 = 1;
const FLAG_DIRECTORY: u8 = 1;

const TRANSPORT_URL: u8 = 0;
const TRANSPORT_HTTP: u8 = 1;
const TRANSPORT_UDP: u8 = 2;

const FAMILY_IPV4: u8 = 4;
const FAMILY_IPV6: u8 = 6;

/// Whether bytes claim to be a `.st`.
pub(super) fn has_magic(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}
