//! What a `.st` cannot carry: anything but the names, lengths and hashes of a v2 torrent's files.

use super::{Found, Named};
use crate::base::{excerpt_bytes, limits};
use crate::metainfo::file_list::Entry;
use crate::metainfo::file_tree::TreeWalk;
use crate::metainfo::oddity::Oddities;
use crate::metainfo::st;
use crate::metainfo::v1_files::for_each_file;
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
                    .add(|| "the v1 hashes (the format is v2)".to_owned());
                found
                    .needs_content
                    .push("SHA-256 hashes, which a v1 torrent has not".to_owned());
                &[b"files", b"length", b"pieces"]
            }
            Version::V2 => &[],
            Version::Hybrid => {
                found
                    .changes_hash
                    .add(|| "the v1 half (the format is v2)".to_owned());
                &[b"files", b"length", b"pieces"]
            }
        };
        let carried: &[&[u8]] = match self.info.version() {
            Version::V1 => &[b"name", b"piece length"],
            _ => &[b"file tree", b"meta version", b"name", b"piece length"],
        };
        self.other_info_keys(carried, other_half, &mut found.changes_hash);
        if self.info.version().has_v2() {
            self.file_tree_obstacles(found);
        } else {
            self.v1_obstacles(found);
        }
    }

    /// Names what a `.st` cannot say of the files in a v2 tree.
    fn file_tree_obstacles(&self, found: &mut Found) {
        let Some(Ok(mut tree)) = self.info_field(b"file tree").map(TreeWalk::new) else {
            return;
        };
        let mut passed_over = Oddities::default();
        let mut table = FileTable::new(self);
        // Those of a hybrid stand in the same order in both halves, and either may say `link`.
        let files = self.info.files().iter();
        let mut files = files.filter(|file| !file.attributes.padding);
        while let Ok(Some(entry)) = tree.next_file(&mut passed_over) {
            let is_link = files.next().is_some_and(|file| file.symlink.is_some());
            table.file(&entry, is_link, tree.components(), found);
        }
        // What the reader passes over is not written either.
        for oddity in passed_over.described() {
            found.changes_hash.add(|| oddity.clone());
        }
        found.changes_hash.more += passed_over.undescribed();
    }

    /// Names what stands in the way of a v2 tree of the files of a v1 torrent.
    fn v1_obstacles(&self, found: &mut Found) {
        let piece_length = self.info.piece_length();
        if !piece_length.is_power_of_two() || piece_length < limits::PIECE_LENGTH_V2_BYTES_MIN {
            found.changes_hash.add(|| {
                format!("the piece length of {piece_length} bytes (v2 needs a power of two)")
            });
        }
        let mut paths = Vec::new();
        let mut table = FileTable::new(self);
        let mut file = |entry: &Entry<'_>, path: &[&[u8]]| {
            if entry.attributes.padding {
                return;
            }
            table.file(entry, entry.symlink.is_some(), path, found);
            if path_fits_a_tree(path, &mut found.impossible) {
                paths.push(path.join(&b'/'));
            }
        };
        match self.info_field(b"files") {
            Some(files) => for_each_file(files, |_, entry, path| file(entry, path)),
            None => file(&Entry::default(), &[self.info.raw_name()]),
        }
        paths_have_places(paths, &mut found.impossible);
    }
}

/// What a `.st` cannot say of each file, and how long it would become.
struct FileTable {
    piece_length: u32,
    len_bytes: u64,
}

impl FileTable {
    fn new(metainfo: &Metainfo) -> Self {
        Self {
            piece_length: metainfo.info.piece_length(),
            len_bytes: 0,
        }
    }

    fn file(&mut self, entry: &Entry<'_>, is_link: bool, path: &[&[u8]], found: &mut Found) {
        let shown_path = || excerpt_bytes(&path.join(&b'/'));
        if is_link || entry.symlink.is_some() {
            found.impossible.add(|| {
                let path = shown_path();
                format!("`{path}` is a link (the format carries files only)")
            });
        } else if entry.has_other_properties {
            found
                .changes_hash
                .add(|| format!("the attributes of `{}`", shown_path()));
        }
        let too_long = |name: &&[u8]| u16::try_from(name.len()).is_err();
        if path.iter().any(too_long) {
            found
                .impossible
                .add(|| format!("`{}` has a name of over 65535 bytes", shown_path()));
        }
        let max = limits::METAINFO_LEN_BYTES_MAX;
        let fitted = self.len_bytes <= max;
        self.len_bytes = self.len_bytes.saturating_add(st::file_len_bytes(
            path,
            entry.len_bytes,
            self.piece_length,
        ));
        if fitted && self.len_bytes > max {
            found.impossible.add(|| {
                format!(
                    "it would be longer than the {max} bytes that are read, as it repeats the \
                     directory of each file"
                )
            });
        }
    }
}

/// A tree joins nothing and splits nothing: each of its names is that of one file or directory.
fn path_fits_a_tree(path: &[&[u8]], impossible: &mut Named) -> bool {
    let shown_path = || excerpt_bytes(&path.join(&b'/'));
    for name in path {
        let why = match *name {
            b"" => "is empty",
            b"." | b".." => "leads elsewhere",
            name if name.contains(&b'/') => "holds a separator",
            _ => continue,
        };
        impossible.add(|| {
            format!(
                "the name `{}` in `{}` {why}",
                excerpt_bytes(name),
                shown_path()
            )
        });
        return false;
    }
    if path.len() > limits::V2_PATH_COMPONENTS_MAX {
        let max = limits::V2_PATH_COMPONENTS_MAX;
        impossible.add(|| format!("`{}` has more names than the {max} of v2", shown_path()));
        return false;
    }
    true
}

/// A tree has one place for each path, and no file has others in it.
fn paths_have_places(mut paths: Vec<Vec<u8>>, impossible: &mut Named) {
    fn names(path: &[u8]) -> impl Iterator<Item = &[u8]> {
        path.split(|byte| *byte == b'/')
    }
    paths.sort_unstable_by(|a, b| names(a).cmp(names(b)));
    for pair in paths.windows(2) {
        let rest = pair[1].strip_prefix(pair[0].as_slice());
        let why = match rest {
            Some([]) => "is there twice",
            Some([b'/', ..]) => "is a file and a directory",
            _ => continue,
        };
        impossible.add(|| format!("`{}` {why}", excerpt_bytes(&pair[0])));
    }
}
