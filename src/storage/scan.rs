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

use std::ffi::OsStr;
use std::fs::{self, DirEntry, FileType, Metadata, ReadDir};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use rayon::prelude::*;

use super::error::Error;
use super::file_table::{FileTable, NewFile, path_below};
use super::source::Stamp;
use crate::base::limits;

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
    pub files: FileTable,
}

impl Scan {
    /// Whether what is at `path` now, a link or what it leads to, was found. What changed since is
    /// not known again; it fails when it is hashed.
    pub fn holds(&self, path: &Path) -> bool {
        let stamps = [fs::symlink_metadata(path), fs::metadata(path)]
            .map(|metadata| metadata.map(|metadata| Stamp::of(&metadata)));
        let mut found = self.files.stamps();
        found.any(|found| stamps.iter().flatten().any(|now| *now == found))
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
    let mut walk = Walk {
        root: path,
        real_root: &real,
        options,
        files: FileTable::new(path.to_owned()),
    };
    if metadata.is_dir() {
        walk.directory(&metadata)?;
    } else {
        walk.regular(b"", &metadata)?;
    }
    let mut files = walk.files;
    if files.is_empty() {
        return Err(Error::NoFiles(path.to_owned()));
    }
    files.sort();
    Ok(Scan {
        name,
        is_directory: metadata.is_dir(),
        files,
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
    files: FileTable,
}

/// A directory that is still to be looked at.
struct Pending {
    /// Its path below the root.
    relative: Box<[u8]>,
    identity: Identity,
    /// The directory that it lies in.
    parent: Option<Rc<Ancestor>>,
}

/// A directory and those that it lies in: a link back into one of them would never end.
struct Ancestor {
    identity: Identity,
    parent: Option<Rc<Ancestor>>,
}

impl Ancestor {
    fn has(&self, identity: Identity) -> bool {
        let mut ancestors = std::iter::successors(Some(self), |it| it.parent.as_deref());
        ancestors.any(|ancestor| ancestor.identity == identity)
    }
}

/// Device and inode.
type Identity = (u64, u64);

fn identity(metadata: &Metadata) -> Identity {
    (metadata.dev(), metadata.ino())
}

impl Walk<'_> {
    fn directory(&mut self, root: &Metadata) -> Result<(), Error> {
        let mut pending = vec![Pending {
            relative: Box::default(),
            identity: identity(root),
            parent: None,
        }];
        while let Some(directory) = pending.pop() {
            let path = self.path_of(&directory.relative);
            let ancestors = Rc::new(Ancestor {
                identity: directory.identity,
                parent: directory.parent,
            });
            let mut read = fs::read_dir(&path).map_err(|error| Error::read(&path, error))?;
            loop {
                let entries = self.next_entries(&path, &directory.relative, &mut read)?;
                if entries.is_empty() {
                    break;
                }
                // Relative to the open directory, which spares the walk down the path for each.
                let metadata: Vec<_> = entries
                    .par_iter()
                    .with_min_len(STATS_PER_TASK)
                    .map(|(entry, _)| entry.metadata())
                    .collect();
                for ((_, relative), metadata) in entries.iter().zip(metadata) {
                    let metadata =
                        metadata.map_err(|error| Error::read(&self.path_of(relative), error))?;
                    pending.extend(self.entry(relative, metadata, &ancestors)?);
                }
            }
        }
        Ok(())
    }

    fn path_of(&self, relative: &[u8]) -> PathBuf {
        path_below(self.root, relative)
    }

    /// Some of what is in a directory and not excluded, each with its path below the root; nothing
    /// at the end.
    fn next_entries(
        &self,
        path: &Path,
        relative: &[u8],
        read: &mut ReadDir,
    ) -> Result<Vec<(DirEntry, Vec<u8>)>, Error> {
        let mut entries = Vec::new();
        for entry in read {
            let entry = entry.map_err(|error| Error::read(path, error))?;
            let relative = join(relative, entry.file_name().as_bytes());
            if !self.options.excludes(&relative, &entry.file_name()) {
                entries.push((entry, relative));
            }
            if entries.len() == limits::ENTRIES_LOOKED_AT_MAX {
                break;
            }
        }
        Ok(entries)
    }

    /// Takes a file in, or gives the directory that is to be looked at next.
    fn entry(
        &mut self,
        relative: &[u8],
        mut metadata: Metadata,
        ancestors: &Rc<Ancestor>,
    ) -> Result<Option<Pending>, Error> {
        if metadata.is_symlink() {
            if self.options.links == Links::Keep {
                self.keep_link(relative, &metadata)?;
                return Ok(None);
            }
            let path = self.path_of(relative);
            metadata = fs::metadata(&path).map_err(|error| Error::Unfit {
                path,
                what: format!("the link leads nowhere ({error}); remove it or use --exclude"),
            })?;
        }
        if !metadata.is_dir() {
            self.regular(relative, &metadata)?;
            return Ok(None);
        }
        let identity = identity(&metadata);
        if ancestors.has(identity) {
            return Err(Error::Unfit {
                path: self.path_of(relative),
                what:
                    "the link leads into a directory that it lies in; use --exclude or --links keep"
                        .to_owned(),
            });
        }
        Ok(Some(Pending {
            relative: relative.into(),
            identity,
            parent: Some(Rc::clone(ancestors)),
        }))
    }

    fn regular(&mut self, relative: &[u8], metadata: &Metadata) -> Result<(), Error> {
        if let Some(what) = special(metadata.file_type()) {
            let path = self.path_of(relative);
            return Err(Error::Special { path, what });
        }
        let path = || path_below(self.root, relative);
        self.files.file_systems_mut().note(metadata, path);
        self.push(&NewFile {
            path: relative,
            stamp: Some(Stamp::of(metadata)),
            executable: metadata.permissions().mode() & 0o111 != 0,
            symlink: None,
            disk_path: None,
        })
    }

    fn keep_link(&mut self, relative: &[u8], metadata: &Metadata) -> Result<(), Error> {
        let path = self.path_of(relative);
        let unfit = |what: String| Error::Unfit {
            path: path.clone(),
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
        self.push(&NewFile {
            path: relative,
            stamp: Some(Stamp::of(metadata)),
            executable: false,
            symlink: Some(inside.as_os_str().as_bytes()),
            disk_path: None,
        })
    }

    fn push(&mut self, file: &NewFile<'_>) -> Result<(), Error> {
        let pushed = self.files.push(file);
        pushed.map_err(|too_much_text| too_much_text.below(self.root))
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
        let relative: Vec<_> = found.files.paths().map(<[u8]>::to_vec).collect();
        assert_eq!(relative, names);
        for (file, name) in names.iter().enumerate() {
            let content = fs::read(found.files.disk_path(file)).unwrap();
            assert_eq!(found.files.len_bytes(file), content.len() as u64);
            assert!(name.ends_with(&content));
        }
    }
}
