//! Finding the files of a directory that shall become a torrent.
//!
//! The rules, which the README repeats:
//!
//! - Files stand in the order of a v2 file tree: component by component, byte by byte.
//! - A link is followed, and what it leads to becomes part of the torrent; a link that leads nowhere
//!   or into a directory that it lies in is an error. With [`Links::Keep`] a link to something else in
//!   the directory stays a link (BEP 47), and one that leads out of it is an error.
//! - Devices, sockets and pipes are an error.
//! - An exclude takes a file or a directory with all that is in it out before anything is said of
//!   it. A pattern without a slash is held against names, one with a slash against whole paths.
//! - Directories without files leave no trace: torrents know only files.

use std::cmp::Ordering;
use std::ffi::OsStr;
use std::fs::{self, DirEntry, FileType, Metadata};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use rayon::prelude::*;

use super::error::Error;
use super::source::Stamp;

/// Looking at fewer files is not worth waking another core for.
const STATS_PER_TASK: usize = 64;

/// What is done with symbolic links.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Links {
    #[default]
    Follow,
    Keep,
}

/// What is left out, and how links are taken.
#[derive(Clone, Debug, Default)]
pub struct ScanOptions {
    pub links: Links,
    names: GlobSet,
    paths: GlobSet,
}

impl ScanOptions {
    /// Patterns as in shells: `*.tmp`, `logs/*.txt`, `cache/**`; only `**` goes past a slash.
    pub fn new(links: Links, excludes: &[String]) -> Result<Self, globset::Error> {
        let mut names = GlobSetBuilder::new();
        let mut paths = GlobSetBuilder::new();
        for pattern in excludes {
            let trimmed = pattern.trim_end_matches('/');
            let builder = if trimmed.contains('/') {
                &mut paths
            } else {
                &mut names
            };
            let mut glob = GlobBuilder::new(trimmed.trim_start_matches('/'));
            builder.add(glob.literal_separator(true).build()?);
        }
        Ok(Self {
            links,
            names: names.build()?,
            paths: paths.build()?,
        })
    }

    fn excludes(&self, relative: &[u8], name: &OsStr) -> bool {
        self.names.is_match(name) || self.paths.is_match(OsStr::from_bytes(relative))
    }
}

/// A file or a directory, and what is in it.
#[derive(Clone, Debug)]
pub struct Scan {
    /// The bytes of its name on this disk.
    pub name: Vec<u8>,
    pub is_directory: bool,
    pub files: Vec<ScannedFile>,
}

impl Scan {
    /// Whether what is at `path` now, a link or what it leads to, was found.
    pub fn holds(&self, path: &Path) -> bool {
        let stamps = [fs::symlink_metadata(path), fs::metadata(path)]
            .map(|metadata| metadata.map(|metadata| Stamp::of(&metadata)));
        let mut found = self.files.iter().map(|file| &file.stamp);
        found.any(|found| stamps.iter().flatten().any(|now| now.is_same_file(found)))
    }
}

#[derive(Clone, Debug)]
pub struct ScannedFile {
    /// Below the directory; of a single file, nothing.
    pub relative: Vec<u8>,
    pub path: PathBuf,
    pub stamp: Stamp,
    pub executable: bool,
    /// Of a link that is kept: its target, relative to the directory that was scanned.
    pub symlink: Option<Vec<u8>>,
}

impl ScannedFile {
    pub fn len_bytes(&self) -> u64 {
        if self.symlink.is_some() {
            0
        } else {
            self.stamp.len_bytes()
        }
    }
}

/// Looks at `path`, which is a file or a directory.
pub fn scan(path: &Path, options: &ScanOptions) -> Result<Scan, Error> {
    // `.` and `..` have no name of their own.
    let real = path
        .canonicalize()
        .map_err(|error| Error::read(path, error))?;
    let named = if path.file_name().is_some() {
        path
    } else {
        &real
    };
    let name = named.file_name().map(|name| name.as_bytes().to_vec());
    let name = name.ok_or_else(|| Error::Unfit {
        path: path.to_owned(),
        what: "the root of the file system has no name that a torrent could have".to_owned(),
    })?;
    let metadata = fs::metadata(path).map_err(|error| Error::read(path, error))?;
    if !metadata.is_dir() {
        let file = regular(Vec::new(), path.to_owned(), &metadata)?;
        return Ok(Scan {
            name,
            is_directory: false,
            files: vec![file],
        });
    }
    let mut walk = Walk {
        root: path,
        real_root: &real,
        options,
        files: Vec::new(),
    };
    walk.directory(&metadata)?;
    let mut files = walk.files;
    if files.is_empty() {
        return Err(Error::NoFiles(path.to_owned()));
    }
    files.par_sort_unstable_by(|a, b| by_components(&a.relative, &b.relative));
    Ok(Scan {
        name,
        is_directory: true,
        files,
    })
}

/// The order of a v2 file tree. No name has a NUL, so one in the place of the separator puts the end
/// of a component before whatever could follow in a longer one.
fn by_components(a: &[u8], b: &[u8]) -> Ordering {
    let rank = |byte: &u8| if *byte == b'/' { 0 } else { *byte };
    a.iter().map(rank).cmp(b.iter().map(rank))
}

fn regular(relative: Vec<u8>, path: PathBuf, metadata: &Metadata) -> Result<ScannedFile, Error> {
    if let Some(what) = special(metadata.file_type()) {
        return Err(Error::Special { path, what });
    }
    Ok(ScannedFile {
        relative,
        path,
        stamp: Stamp::of(metadata),
        executable: metadata.permissions().mode() & 0o111 != 0,
        symlink: None,
    })
}

fn special(kind: FileType) -> Option<&'static str> {
    if kind.is_fifo() {
        Some("a named pipe")
    } else if kind.is_socket() {
        Some("a socket")
    } else if kind.is_block_device() || kind.is_char_device() {
        Some("a device")
    } else {
        None
    }
}

struct Walk<'a> {
    root: &'a Path,
    real_root: &'a Path,
    options: &'a ScanOptions,
    files: Vec<ScannedFile>,
}

/// A directory that is still to be looked at.
struct Pending {
    path: PathBuf,
    relative: Vec<u8>,
    /// Device and inode of this directory and those that it lies in: a link back into one of them
    /// would never end.
    ancestors: Vec<(u64, u64)>,
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

impl Walk<'_> {
    fn directory(&mut self, root: &Metadata) -> Result<(), Error> {
        let mut pending = vec![Pending {
            path: self.root.to_owned(),
            relative: Vec::new(),
            ancestors: vec![identity(root)],
        }];
        while let Some(directory) = pending.pop() {
            let entries = self.entries(&directory)?;
            // Relative to the open directory, which spares the walk down the path for each.
            let metadata: Vec<_> = entries
                .par_iter()
                .with_min_len(STATS_PER_TASK)
                .map(|(entry, _)| entry.metadata())
                .collect();
            for ((entry, relative), metadata) in entries.into_iter().zip(metadata) {
                let path = entry.path();
                let metadata = metadata.map_err(|error| Error::read(&path, error))?;
                pending.extend(self.entry(&path, relative, metadata, &directory.ancestors)?);
            }
        }
        Ok(())
    }

    /// What is in a directory and not excluded, each with its path below the root.
    fn entries(&self, directory: &Pending) -> Result<Vec<(DirEntry, Vec<u8>)>, Error> {
        let read = |error| Error::read(&directory.path, error);
        let mut entries = Vec::new();
        for entry in fs::read_dir(&directory.path).map_err(read)? {
            let entry = entry.map_err(read)?;
            let relative = join(&directory.relative, entry.file_name().as_bytes());
            if !self.options.excludes(&relative, &entry.file_name()) {
                entries.push((entry, relative));
            }
        }
        Ok(entries)
    }

    /// Takes a file in, or gives the directory that is to be looked at next.
    fn entry(
        &mut self,
        path: &Path,
        relative: Vec<u8>,
        mut metadata: Metadata,
        ancestors: &[(u64, u64)],
    ) -> Result<Option<Pending>, Error> {
        if metadata.is_symlink() {
            if self.options.links == Links::Keep {
                self.keep_link(path, relative, &metadata)?;
                return Ok(None);
            }
            metadata = fs::metadata(path).map_err(|error| Error::Unfit {
                path: path.to_owned(),
                what: format!("the link leads nowhere ({error}); remove it or use --exclude"),
            })?;
        }
        if !metadata.is_dir() {
            self.files
                .push(regular(relative, path.to_owned(), &metadata)?);
            return Ok(None);
        }
        let identity = identity(&metadata);
        if ancestors.contains(&identity) {
            return Err(Error::Unfit {
                path: path.to_owned(),
                what:
                    "the link leads into a directory that it lies in; use --exclude or --links keep"
                        .to_owned(),
            });
        }
        let ancestors = ancestors.iter().copied().chain([identity]).collect();
        Ok(Some(Pending {
            path: path.to_owned(),
            relative,
            ancestors,
        }))
    }

    fn keep_link(
        &mut self,
        path: &Path,
        relative: Vec<u8>,
        metadata: &Metadata,
    ) -> Result<(), Error> {
        let unfit = |what: String| Error::Unfit {
            path: path.to_owned(),
            what,
        };
        let target = path
            .canonicalize()
            .map_err(|error| unfit(format!("the link leads nowhere ({error}); use --exclude")))?;
        let inside = target.strip_prefix(self.real_root).ok();
        let inside = inside.filter(|inside| !inside.as_os_str().is_empty());
        let Some(inside) = inside else {
            let target = target.display();
            return Err(unfit(format!(
                "the link leads out of the directory, to `{target}`; use --exclude or --links follow"
            )));
        };
        self.files.push(ScannedFile {
            relative,
            path: path.to_owned(),
            stamp: Stamp::of(metadata),
            executable: false,
            symlink: Some(inside.as_os_str().as_bytes().to_vec()),
        });
        Ok(())
    }
}

fn join(directory: &[u8], name: &[u8]) -> Vec<u8> {
    if directory.is_empty() {
        name.to_vec()
    } else {
        [directory, b"/", name].concat()
    }
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
    fn files_of_many_folders_are_found_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let mut names = Vec::new();
        for index in 0..300 {
            let below = format!("{}/{index}", index % 3);
            let path = folder.path().join(&below);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, index.to_string()).unwrap();
            names.push(below.into_bytes());
        }
        names.sort();
        let found = scan(folder.path(), &ScanOptions::default()).unwrap();
        let relative: Vec<_> = found
            .files
            .iter()
            .map(|file| file.relative.clone())
            .collect();
        assert_eq!(relative, names);
        for file in found.files {
            let content = fs::read(&file.path).unwrap();
            assert_eq!(file.len_bytes(), content.len() as u64);
            assert!(file.relative.ends_with(&content));
        }
    }
}
