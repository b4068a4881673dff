//! The files of a torrent, stored so compactly that a million of them cost less than the
//! metainfo file that names them.

use bytes::Bytes;

use super::error::Fault;
use super::fields::offset_in;
use super::safe_path::{PathArena, resolve_target};
use crate::base::{Sha256Digest, limits};

/// How files follow each other in the space of pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// One after the other, without gaps (v1).
    Contiguous,
    /// Every file that is not empty starts a piece of this many bytes (v2).
    Aligned(u32),
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
    pub(super) symlink: Option<Vec<&'a [u8]>>,
    /// Whether a v2 tree says more of the file than its length and its root.
    pub(super) has_other_properties: bool,
}

#[derive(Clone, Debug)]
struct Record {
    offset_bytes: u64,
    len_bytes: u64,
    /// Where its pieces root stands in the info dictionary.
    root_at: u32,
    attributes: Attributes,
}

const NO_ROOT: u32 = u32::MAX;

/// All files of a torrent, in its order, padding included.
#[derive(Clone, Debug)]
pub struct FileList {
    info: Bytes,
    records: Vec<Record>,
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
        self.records.len()
    }

    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Bytes of all files, without padding.
    pub fn content_bytes(&self) -> u64 {
        self.content_bytes
    }

    /// The file at an index below [`Self::len`].
    pub fn get(&self, index: usize) -> File<'_> {
        let record = &self.records[index];
        let symlink = self
            .symlinks
            .binary_search_by_key(&index, |(at, _)| *at as usize)
            .ok();
        File {
            path: self.paths.get(index),
            len_bytes: record.len_bytes,
            offset_bytes: record.offset_bytes,
            attributes: record.attributes,
            root: self.root(record),
            symlink: symlink.map(|at| self.symlinks[at].1.as_str()),
        }
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = File<'_>> {
        (0..self.len()).map(|index| self.get(index))
    }

    fn root(&self, record: &Record) -> Option<Sha256Digest> {
        let at = record.root_at as usize;
        (record.root_at != NO_ROOT)
            .then(|| &self.info[at..at + Sha256Digest::LEN])
            .and_then(Sha256Digest::from_slice)
    }
}

/// Takes the files one by one.
#[derive(Debug)]
pub(super) struct FileListBuilder {
    list: FileList,
    layout: Layout,
    /// Where the next file would start in a contiguous layout.
    end_bytes: u64,
    targets: Vec<(u32, Vec<Vec<u8>>)>,
}

impl FileListBuilder {
    pub(super) fn new(info: Bytes, layout: Layout) -> Self {
        let list = FileList {
            info,
            records: Vec::new(),
            paths: PathArena::with_capacity(0, 0),
            symlinks: Vec::new(),
            content_bytes: 0,
        };
        Self {
            list,
            layout,
            end_bytes: 0,
            targets: Vec::new(),
        }
    }

    /// Where a file that is pushed now would start.
    pub(super) fn next_offset_bytes(&self) -> u64 {
        self.end_bytes
    }

    pub(super) fn push<'p>(
        &mut self,
        entry: Entry<'_>,
        path: impl IntoIterator<Item = &'p [u8]>,
    ) -> Result<(), Fault> {
        let offset_bytes = match self.layout {
            Layout::Aligned(piece_length) if entry.len_bytes > 0 => {
                self.end_bytes.next_multiple_of(u64::from(piece_length))
            }
            _ => self.end_bytes,
        };
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
                .push((index, target.into_iter().map(<[u8]>::to_vec).collect()));
        }
        let root_at = entry.root.map(|root| offset_in(&self.list.info, root));
        self.list.records.push(Record {
            offset_bytes,
            len_bytes: entry.len_bytes,
            root_at: root_at
                .map_or(Ok(NO_ROOT), u32::try_from)
                .unwrap_or(NO_ROOT),
            attributes: entry.attributes,
        });
        self.end_bytes = end_bytes;
        Ok(())
    }

    /// Makes the paths distinct and resolves the links; `bad_link` hears of links that cannot be
    /// made, which become empty files.
    pub(super) fn finish(
        mut self,
        mut bad_link: impl FnMut(&str, &dyn std::fmt::Display),
    ) -> Result<FileList, Fault> {
        let Self { list, targets, .. } = &mut self;
        let records = &list.records;
        list.paths
            .make_distinct(|index| records[index].attributes.padding)?;
        for (index, target) in targets.drain(..) {
            let path = list.paths.get(index as usize);
            match resolve_target(path, target.iter().map(Vec::as_slice)) {
                Ok(relative) => list.symlinks.push((index, relative)),
                Err(reason) => bad_link(path, &reason),
            }
        }
        Ok(self.list)
    }
}
