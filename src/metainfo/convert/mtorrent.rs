//! What a `.mtorrent` cannot carry: anything but one file in SHA-1 hashes of 512 KiB pieces.

use super::Found;
use crate::base::excerpt_bytes;
use crate::metainfo::mtorrent;
use crate::metainfo::{Metainfo, Version};

impl Metainfo {
    pub(super) fn mtorrent_obstacles(&self, found: &mut Found) {
        let name = self.info.raw_content_name();
        if self.info.is_directory() {
            found.impossible.add(|| {
                format!(
                    "`{}` is a directory (the format carries one file)",
                    excerpt_bytes(&name)
                )
            });
            return;
        }
        if name.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
            found
                .impossible
                .add(|| format!("the name `{}` holds a line break", excerpt_bytes(&name)));
        }
        let piece_length = self.info.piece_length();
        if piece_length != mtorrent::PIECE_LENGTH_BYTES {
            found.changes_hash.add(|| {
                format!(
                    "the piece length of {piece_length} bytes (the format has always {})",
                    mtorrent::PIECE_LENGTH_BYTES
                )
            });
            found
                .needs_content
                .push("the hashes of pieces of another length".to_owned());
        }
        let other_half: &[&[u8]] = match self.info.version() {
            Version::V1 => &[],
            Version::V2 => {
                found
                    .changes_hash
                    .add(|| "the v2 hashes (the format is v1)".to_owned());
                found
                    .needs_content
                    .push("SHA-1 hashes, which a v2 torrent has not".to_owned());
                &[b"file tree", b"meta version"]
            }
            Version::Hybrid => {
                found
                    .changes_hash
                    .add(|| "the v2 half (the format is v1)".to_owned());
                &[b"file tree", b"meta version"]
            }
        };
        let carried: [&[u8]; 4] = [b"length", b"name", b"piece length", b"pieces"];
        self.other_info_keys(&carried, other_half, &mut found.changes_hash);
        if !self.info_is_sorted() {
            found
                .changes_hash
                .add(|| "that its keys are not in order".to_owned());
        }
    }

    fn info_is_sorted(&self) -> bool {
        let entries = self.info.value().as_dict().map(|dict| dict.iter());
        entries
            .into_iter()
            .flatten()
            .map(|(key, _)| key)
            .is_sorted()
    }
}
