//! What a `.st` cannot carry: anything but the names, lengths and hashes of a v2 torrent's files.

use super::Found;
use crate::base::limits;
use crate::metainfo::file_tree::TreeWalk;
use crate::metainfo::oddity::{Oddities, shown};
use crate::metainfo::st;
use crate::metainfo::{Metainfo, Version};

impl Metainfo {
    pub(super) fn st_obstacles(&self, found: &mut Found) {
        if u16::try_from(self.info.raw_name().len()).is_err() {
            found
                .impossible
                .add(|| "the name is longer than 65535 bytes".to_owned());
        }
        let other_half: &[&[u8]] = match self.info.version() {
            Version::V1 => {
                found
                    .changes_hash
                    .add(|| "the v1 hashes; the format is v2".to_owned());
                found
                    .needs_content
                    .push("SHA-256 hashes, which a v1 torrent has not".to_owned());
                &[b"files", b"length", b"pieces"]
            }
            Version::V2 => &[],
            Version::Hybrid => {
                found
                    .changes_hash
                    .add(|| "the v1 half; the format is v2".to_owned());
                &[b"files", b"length", b"pieces"]
            }
        };
        let carried: [&[u8]; 4] = [b"file tree", b"meta version", b"name", b"piece length"];
        self.other_info_keys(&carried, other_half, &mut found.changes_hash);
        if self.info.version().has_v2() {
            self.file_tree_obstacles(found);
        }
    }

    /// Names what a `.st` cannot say of the files: it knows lengths and roots.
    fn file_tree_obstacles(&self, found: &mut Found) {
        let Some(Ok(mut tree)) = self.info_field(b"file tree").map(TreeWalk::new) else {
            return;
        };
        let mut passed_over = Oddities::default();
        let mut st_len_bytes = 0;
        while let Ok(Some(entry)) = tree.next_file(&mut passed_over) {
            let path = || shown(&tree.components().join(&b'/'));
            if entry.symlink.is_some() {
                found.changes_hash.add(|| format!("the link `{}`", path()));
            } else if entry.has_other_properties {
                found
                    .changes_hash
                    .add(|| format!("the attributes of `{}`", path()));
            }
            let too_long = |name: &&[u8]| u16::try_from(name.len()).is_err();
            if tree.components().iter().any(too_long) {
                found
                    .impossible
                    .add(|| format!("`{}` has a name of over 65535 bytes", path()));
            }
            st_len_bytes +=
                st::file_len_bytes(tree.components(), entry.len_bytes, self.info.piece_length());
            if st_len_bytes > limits::METAINFO_LEN_BYTES_MAX {
                found.impossible.add(|| {
                    format!(
                        "it would be longer than the {} bytes that are read, as it repeats the \
                         directory of each file",
                        limits::METAINFO_LEN_BYTES_MAX
                    )
                });
                return;
            }
        }
        // What the reader passes over is not written either.
        for oddity in passed_over.described() {
            found.changes_hash.add(|| oddity.clone());
        }
        found.changes_hash.more += passed_over.undescribed();
    }
}
