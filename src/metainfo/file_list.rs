//! The files of a torrent, stored so compactly that a million of them cost less than the
//! metainfo file that names them.

use bytes::Bytes;

use super::error::Fault;
use super::fields::offset_in;
use super::safe_path::{PathArena, resolve_target};
use crate::base::{Sha256Digest, limits};
use crate::bencode::{List, Value};

/// How files follow each other in the space of pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// One after the other, without gaps (v1).
    Contiguous,
    /// Every file that is not empty starts a piece of this many bytes (v2).
    Aligned(u32),
}

impl Layout {
    /// Where a file starts, given where the one before it ends.
    fn start_after(self, end_bytes: u64, is_empty: bool) -> u64 {
        match self {
            Self::Aligned(piece_length) if !is_empty => {
                end_bytes.next_multiple_of(u64::from(piece_length))
            }
            _ => end_bytes,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    pub padding: bool,
    pub executable: bool,
    pub hidden: bool,
}

/// What the info dictionary says of one file.
#[derive(Debug, Default)]
pub(super) struct Entry<'a> {
    pub(super) len_bytes: u64,
    pub(super) attributes: Attributes,
    /// The 32 bytes of the root as they stand in the info dictionary.
    pub(super) root: Option<&'a [u8]>,
    /// Components of the target, relative to the root of the torrent.
    pub(super) symlink: Option<List<'a>>,
    /// Whether more is said of the file than its path, its length and its root.
    pub(super) has_other_properties: bool,
}

const NO_ROOT: u32 = u32::MAX;

/// All files of a torrent, in its order, padding included. What is known of one stands side by side
/// in several lists, which leaves no gaps, and its start and length follow from where it ends.
#[derive(Clone, Debug)]
pub struct FileList {
    info: Bytes,
    layout: Layout,
    /// Where each file ends in the space of pieces.
    ends_bytes: Vec<u64>,
    attributes: Vec<Attributes>,
    /// Where the pieces root of each file stands in the info dictionary; empty until one has a root.
    roots_at: Vec<u32>,
    paths: PathArena,
    symlinks: Vec<(u32, String)>,
    content_bytes: u64,
}

/// One file as others see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct File<'a> {
    /// Safe for the disk; below the directory of the torrent, or the file itself.
    pub path: &'a str,
    pub len_bytes: u64,
    /// Where the file starts in the space of pieces.
    pub offset_bytes: u64,
    pub attributes: Attributes,
    /// The root of its Merkle tree, in torrents that have a v2 half.
    pub root: Option<Sha256Digest>,
    /// What the link that stands here contains: a path relative to its own directory.
    pub symlink: Option<&'a str>,
}

impl FileList {
    pub fn len(&self) -> usize {
        self.ends_bytes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends_bytes.is_empty()
    }

    /// Bytes of all files, without padding.
    pub fn content_bytes(&self) -> u64 {
        self.content_bytes
    }

    /// Where each file ends in the space of pieces, where those of a v2 torrent start a piece each.
    pub fn ends_bytes(&self) -> &[u64] {
        &self.ends_bytes
    }

    /// The file at an index below [`Self::len`].
    pub fn get(&self, index: usize) -> File<'_> {
        let end_bytes = self.ends_bytes[index];
        let previous_end_bytes = index.checked_sub(1).map_or(0, |at| self.ends_bytes[at]);
        let is_empty = end_bytes == previous_end_bytes;
        let offset_bytes = self.layout.start_after(previous_end_bytes, is_empty);
        let symlink = self
            .symlinks
            .binary_search_by_key(&index, |(at, _)| *at as usize)
            .ok();
        File {
            path: self.paths.get(index),
            len_bytes: end_bytes - offset_bytes,
            offset_bytes,
            attributes: self.attributes[index],
            root: self.root(index),
            symlink: symlink.map(|at| self.symlinks[at].1.as_str()),
        }
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = File<'_>> {
        (0..self.len()).map(|index| self.get(index))
    }

    fn root(&self, index: usize) -> Option<Sha256Digest> {
        let root_at = *self.roots_at.get(index).filter(|at| **at != NO_ROOT)?;
        let start = root_at as usize;
        Sha256Digest::from_slice(&self.info[start..start + Sha256Digest::LEN])
    }
}

/// Takes the files one by one.
#[derive(Debug)]
pub(super) struct FileListBuilder {
    list: FileList,
    /// Which files are links, and where the lists of their targets' components start in the info
    /// dictionary.
    targets: Vec<(u32, usize)>,
}

impl FileListBuilder {
    pub(super) fn new(info: Bytes, layout: Layout) -> Self {
        let list = FileList {
            paths: PathArena::for_info(info.len()),
            info,
            layout,
            ends_bytes: Vec::new(),
            attributes: Vec::new(),
            roots_at: Vec::new(),
            symlinks: Vec::new(),
            content_bytes: 0,
        };
        Self {
            list,
            targets: Vec::new(),
        }
    }

    /// Where a file that is pushed now would start.
    pub(super) fn next_offset_bytes(&self) -> u64 {
        self.list.ends_bytes.last().copied().unwrap_or_default()
    }

    pub(super) fn push<'p>(
        &mut self,
        entry: Entry<'_>,
        path: impl IntoIterator<Item = &'p [u8]>,
    ) -> Result<(), Fault> {
        let layout = self.list.layout;
        let offset_bytes = layout.start_after(self.next_offset_bytes(), entry.len_bytes == 0);
        // Both are below 2^60 or the last file was refused: the sum fits.
        let end_bytes = offset_bytes + entry.len_bytes.min(limits::TOTAL_SIZE_BYTES_MAX + 1);
        if end_bytes > limits::TOTAL_SIZE_BYTES_MAX {
            return Err(Fault::SumTooLarge {
                max: limits::TOTAL_SIZE_BYTES_MAX,
            });
        }
        // The arena refuses more paths than 32 bits can count.
        let index = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        self.list.paths.push(path)?;
        if !entry.attributes.padding {
            self.list.content_bytes += entry.len_bytes;
        }
        if let Some(target) = entry.symlink {
            self.targets
                .push((index, offset_in(&self.list.info, target.raw())));
        }
        if let Some(root) = entry.root {
            let root_at = offset_in(&self.list.info, root);
            self.list.roots_at.resize(self.list.len(), NO_ROOT);
            // Documents are shorter than 4 GiB: all offsets fit.
            self.list.roots_at.extend(u32::try_from(root_at));
        }
        self.list.attributes.push(entry.attributes);
        self.list.ends_bytes.push(end_bytes);
        Ok(())
    }

    /// Makes the paths distinct and resolves the links; `bad_link` hears of links that cannot be
    /// made, which become empty files.
    pub(super) fn finish(
        mut self,
        mut bad_link: impl FnMut(u32, &str, &dyn std::fmt::Display),
    ) -> Result<FileList, Fault> {
        let Self { list, targets, .. } = &mut self;
        let attributes = &list.attributes;
        list.paths
            .make_distinct(|index| attributes[index].padding)?;
        for (index, target_at) in targets.drain(..) {
            let path = list.paths.get(index as usize);
            let target = Value::from_checked(&list.info[target_at..]).as_list();
            let components = target.into_iter().flatten().filter_map(Value::as_bytes);
            match resolve_target(path, components) {
                Ok(relative) => list.symlinks.push((index, relative)),
                Err(reason) => bad_link(index, path, &reason),
            }
        }
        Ok(self.list)
    }
}
