//! The files that a torrent is going to be made of, stored so compactly that a million of them cost
//! less than the torrent.

use std::cmp::Ordering;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::error::Error;
use super::source::{FileSystems, Source, Sources, Stamp};
use super::verify::Located;
use crate::metainfo::Info;

/// The names of all files together are longer than any torrent can carry.
#[derive(Clone, Copy, Debug)]
pub(super) struct TooMuchText;

impl TooMuchText {
    pub(super) fn below(self, root: &Path) -> Error {
        Error::Unfit {
            path: root.to_owned(),
            what: "the names of its files are longer than any torrent can carry".to_owned(),
        }
    }
}

/// Files in the order of a v2 file tree, once they are sorted.
#[derive(Clone, Debug)]
pub struct FileTable {
    /// What the paths on the disk are below of.
    root: PathBuf,
    rows: Vec<Row>,
    /// Of each row its path and what else its [`Kind`] asks for, each text with its length before it.
    texts: Vec<u8>,
    file_systems: FileSystems,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    stamp: Stamp,
    texts_at: u32,
    kind: Kind,
    executable: bool,
}

const _: () = assert!(size_of::<Row>() == 24, "millions of rows are kept");

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A file that lies on the disk by its path in the torrent.
    File,
    /// The second text is where it lies on the disk.
    FileElsewhere,
    /// Nothing that has bytes lies on the disk.
    Empty,
    /// The second text is the target.
    Link,
}

/// A file that is put into a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewFile<'a> {
    /// In the torrent, its components joined by `/`; of a single file, nothing.
    pub(super) path: &'a [u8],
    /// Of what lies on the disk, if something does.
    pub(super) stamp: Option<Stamp>,
    pub(super) executable: bool,
    /// Of a link that is kept: its target, relative to the directory of the torrent.
    pub(super) symlink: Option<&'a [u8]>,
    /// Where it lies on the disk below the root, unless by its path.
    pub(super) disk_path: Option<&'a [u8]>,
}

impl FileTable {
    pub(super) fn new(root: PathBuf) -> Self {
        Self {
            root,
            rows: Vec::new(),
            texts: Vec::new(),
            file_systems: FileSystems::default(),
        }
    }

    /// The files of a torrent where they were found, without anything but their bytes.
    pub fn of_located(info: &Info, located: Located) -> Result<Self, Error> {
        let mut table = Self::new(PathBuf::new());
        let mut pushed = Ok(());
        info.for_each_raw_path(|index, components| {
            if info.files().get(index).attributes.padding || pushed.is_err() {
                return;
            }
            let stamp = match located.source(index) {
                Source::Disk(stamp) => Some(stamp),
                Source::Zeros | Source::Absent => None,
            };
            let disk_path = located.disk_path(info, index);
            pushed = table.push(&NewFile {
                path: &components.join(&b'/'),
                stamp,
                executable: false,
                symlink: None,
                disk_path: Some(disk_path.as_os_str().as_bytes()),
            });
        });
        pushed.map_err(|TooMuchText| TooMuchText.below(located.root()))?;
        table.file_systems = located.file_systems;
        table.sort();
        Ok(table)
    }

    pub(super) fn push(&mut self, file: &NewFile<'_>) -> Result<(), TooMuchText> {
        let texts_at = u32::try_from(self.texts.len()).map_err(|_| TooMuchText)?;
        let (kind, second) = match (file.stamp, file.symlink, file.disk_path) {
            (_, Some(target), _) => (Kind::Link, Some(target)),
            (None, None, _) => (Kind::Empty, None),
            (Some(_), None, Some(path)) => (Kind::FileElsewhere, Some(path)),
            (Some(_), None, None) => (Kind::File, None),
        };
        for text in [Some(file.path), second].into_iter().flatten() {
            let len_bytes = u32::try_from(text.len()).map_err(|_| TooMuchText)?;
            self.texts.extend_from_slice(&len_bytes.to_le_bytes());
            self.texts.extend_from_slice(text);
        }
        self.rows.push(Row {
            stamp: file.stamp.unwrap_or(Stamp::NONE),
            texts_at,
            kind,
            executable: file.executable,
        });
        Ok(())
    }

    /// What the probes of file systems are noted in.
    pub(super) fn file_systems_mut(&mut self) -> &mut FileSystems {
        &mut self.file_systems
    }

    /// Brings the files into the order of a v2 file tree: component by component, byte by byte.
    pub(super) fn sort(&mut self) {
        let texts = &self.texts;
        let path = |row: &Row| text_at(texts, row.texts_at as usize).0;
        self.rows
            .par_sort_unstable_by(|a, b| by_components(path(a), path(b)));
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// In the torrent.
    pub fn path(&self, file: usize) -> &[u8] {
        self.texts_of(&self.rows[file]).0
    }

    pub fn paths(&self) -> impl Iterator<Item = &[u8]> {
        self.rows.iter().map(|row| self.texts_of(row).0)
    }

    pub fn len_bytes(&self, file: usize) -> u64 {
        self.rows[file].len_bytes()
    }

    pub fn lens_bytes(&self) -> impl Iterator<Item = u64> {
        self.rows.iter().map(Row::len_bytes)
    }

    pub fn is_executable(&self, file: usize) -> bool {
        self.rows[file].executable
    }

    pub fn has_executables(&self) -> bool {
        self.rows.iter().any(|row| row.executable)
    }

    /// Of a link that is kept: its target, relative to the directory of the torrent.
    pub fn symlink(&self, file: usize) -> Option<&[u8]> {
        let row = &self.rows[file];
        (row.kind == Kind::Link).then(|| self.texts_of(row).1)
    }

    pub fn has_symlinks(&self) -> bool {
        self.rows.iter().any(|row| row.kind == Kind::Link)
    }

    pub(super) fn stamps(&self) -> impl Iterator<Item = Stamp> {
        self.rows.iter().map(|row| row.stamp)
    }

    /// Where a file or link lies.
    pub fn disk_path(&self, file: usize) -> PathBuf {
        let row = &self.rows[file];
        let (path, second) = self.texts_of(row);
        let below = match row.kind {
            Kind::File | Kind::Empty | Kind::Link => path,
            Kind::FileElsewhere => second,
        };
        path_below(&self.root, below)
    }

    /// The path of a row, and its second text or nothing.
    fn texts_of(&self, row: &Row) -> (&[u8], &[u8]) {
        let (path, end) = text_at(&self.texts, row.texts_at as usize);
        match row.kind {
            Kind::File | Kind::Empty => (path, &[]),
            Kind::FileElsewhere | Kind::Link => (path, text_at(&self.texts, end).0),
        }
    }
}

impl Row {
    fn len_bytes(&self) -> u64 {
        match self.kind {
            Kind::File | Kind::FileElsewhere => self.stamp.len_bytes(),
            Kind::Empty | Kind::Link => 0,
        }
    }
}

/// The root itself, where there is nothing below.
pub(super) fn path_below(root: &Path, below: &[u8]) -> PathBuf {
    if below.is_empty() {
        root.to_owned()
    } else {
        root.join(OsStr::from_bytes(below))
    }
}

/// The text that begins there, and where it ends.
fn text_at(texts: &[u8], at: usize) -> (&[u8], usize) {
    let Some((len_bytes, rest)) = texts[at..].split_first_chunk::<4>() else {
        unreachable!("every text has its length before it");
    };
    let len_bytes = u32::from_le_bytes(*len_bytes) as usize;
    (&rest[..len_bytes], at + 4 + len_bytes)
}

impl Sources for FileTable {
    fn get(&self, file: usize) -> Source {
        let row = &self.rows[file];
        match row.kind {
            Kind::File | Kind::FileElsewhere => Source::Disk(row.stamp),
            Kind::Empty | Kind::Link => Source::Absent,
        }
    }

    fn disk_path(&self, file: usize) -> PathBuf {
        Self::disk_path(self, file)
    }

    fn file_systems(&self) -> &FileSystems {
        &self.file_systems
    }
}

/// A separator comes before whatever could follow in a longer component, a NUL included, which only
/// names from a torrent have.
fn by_components(a: &[u8], b: &[u8]) -> Ordering {
    let rank = |byte: &u8| {
        if *byte == b'/' {
            0
        } else {
            u16::from(*byte) + 1
        }
    };
    a.iter().map(rank).cmp(b.iter().map(rank))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_components() {
        let ordered = [
            &b"a"[..],
            b"a/b",
            b"a/b/c",
            b"a/b\x01",
            b"a/ba",
            b"a\0",
            b"a\x01/b",
            b"a.b",
            b"a0",
            b"ab/a",
            b"a\xff",
        ];
        for (i, a) in ordered.iter().enumerate() {
            for (j, b) in ordered.iter().enumerate() {
                assert_eq!(by_components(a, b), i.cmp(&j), "{a:?} {b:?}");
                let split = |byte: &u8| *byte == b'/';
                assert_eq!(a.split(split).cmp(b.split(split)), i.cmp(&j), "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn what_is_put_in_comes_out_in_order() {
        let metadata = std::fs::metadata(".").unwrap();
        let stamp = Stamp::of(&metadata);
        let mut table = FileTable::new("/root".into());
        let plain = NewFile {
            path: b"b/c",
            stamp: Some(stamp),
            executable: false,
            symlink: None,
            disk_path: None,
        };
        table.push(&plain).unwrap();
        let link = NewFile {
            path: b"b",
            symlink: Some(b"x/y"),
            ..plain
        };
        table.push(&link).unwrap();
        let elsewhere = NewFile {
            path: b"a\0:",
            executable: true,
            disk_path: Some(b"a__"),
            ..plain
        };
        table.push(&elsewhere).unwrap();
        table.sort();
        let paths: Vec<&[u8]> = table.paths().collect();
        assert_eq!(paths, [&b"a\0:"[..], b"b", b"b/c"]);
        let disk_paths = [0, 1, 2].map(|file| table.disk_path(file));
        let expected = ["/root/a__", "/root/b", "/root/b/c"];
        assert_eq!(disk_paths, expected.map(PathBuf::from));
        let links = [0, 1, 2].map(|file| table.symlink(file));
        assert_eq!(links, [None, Some(&b"x/y"[..]), None]);
        assert_eq!(
            table.lens_bytes().collect::<Vec<_>>(),
            [stamp.len_bytes(), 0, stamp.len_bytes()]
        );
        assert!(table.is_executable(0) && !table.is_executable(1));
    }
}
