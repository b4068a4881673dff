//! Finding the files of a torrent on a disk.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::FileState;
use crate::metainfo::Info;
use crate::storage::source::{Source, Stamp};
use crate::storage::unreadable::reason_of;

/// How many files are looked for to tell which directory holds the content.
const PROBED_FILES: usize = 64;

/// Where the bytes of each file are, and what is wrong with it at first sight. The files are held to
/// what they were then for as long as this is used: what is verified and what is hashed by one of
/// these is the same.
#[derive(Clone, Debug)]
pub struct Located {
    pub(in crate::storage) sources: Vec<Source>,
    /// [`FileState::Whole`] where nothing is wrong yet.
    pub(super) states: Vec<FileState>,
}

impl Located {
    /// Looks for the files of a torrent at `data`: the thing itself, or the directory that holds it.
    pub fn find(info: &Info, data: &Path) -> Self {
        let names = names_of(info);
        let root = root_of(info, &names, data);
        let mut located = Self {
            sources: Vec::new(),
            states: Vec::new(),
        };
        for (file, name) in info.files().iter().zip(&names) {
            let (source, state) = if file.attributes.padding {
                (Source::Zeros, FileState::Whole)
            } else if let Some(target) = file.symlink {
                (Source::Absent, link_state(&root.join(file.path), target))
            } else {
                let path = name.candidates(&root, info.is_directory());
                find(path, file.len_bytes)
            };
            located.sources.push(source);
            located.states.push(state);
        }
        located
    }
}

/// The names by which a file may lie on the disk: the safe one that this program gives, and the one
/// that the torrent says, which other programs may have given.
struct Names {
    safe: PathBuf,
    raw: Option<PathBuf>,
}

impl Names {
    /// Below a directory, or the one file itself.
    fn candidates(&self, root: &Path, is_directory: bool) -> impl Iterator<Item = PathBuf> {
        let at = |path: &PathBuf| {
            if is_directory {
                root.join(path)
            } else {
                root.to_owned()
            }
        };
        [Some(at(&self.safe)), self.raw.as_ref().map(at)]
            .into_iter()
            .flatten()
    }
}

fn names_of(info: &Info) -> Vec<Names> {
    let mut names: Vec<Names> = info
        .files()
        .iter()
        .map(|file| Names {
            safe: file.path.into(),
            raw: None,
        })
        .collect();
    info.for_each_raw_path(|index, components| {
        let path = plain_path(components);
        names[index].raw = path.filter(|path| *path != names[index].safe);
    });
    names
}

/// The path as the torrent says it, where all of its names are plain ones.
fn plain_path(components: &[&[u8]]) -> Option<PathBuf> {
    let is_plain = |name: &&[u8]| {
        !matches!(*name, b"" | b"." | b"..") && !name.iter().any(|byte| matches!(byte, b'/' | 0))
    };
    components.iter().all(is_plain).then(|| {
        components
            .iter()
            .map(|name| OsStr::from_bytes(name))
            .collect()
    })
}

/// The thing itself: `data`, or what has the torrent's name in it.
fn root_of(info: &Info, names: &[Names], data: &Path) -> PathBuf {
    let raw_name = plain_path(&[&info.raw_content_name()]);
    let inside = [
        Some(data.join(info.name())),
        raw_name.map(|name| data.join(name)),
    ];
    let mut candidates = inside.into_iter().flatten();
    if !info.is_directory() {
        if !data.is_dir() {
            return data.to_owned();
        }
        let first = candidates.next().unwrap_or_else(|| data.to_owned());
        return if first.exists() {
            first
        } else {
            candidates.find(|path| path.exists()).unwrap_or(first)
        };
    }
    let holds = |root: &PathBuf| {
        let stored = info.files().iter().zip(names);
        let stored = stored.filter(|(file, _)| !file.attributes.padding);
        stored.take(PROBED_FILES).any(|(_, name)| {
            name.candidates(root, true)
                .any(|path| fs::symlink_metadata(path).is_ok())
        })
    };
    let inside: Vec<PathBuf> = candidates.collect();
    let itself = [data.to_owned()];
    let with_files = inside.iter().chain(&itself).find(|root| holds(root));
    // Where the first files are all missing, the directory of the right name has the others.
    let with_name = || inside.iter().find(|root| root.is_dir());
    with_files
        .or_else(with_name)
        .unwrap_or(&itself[0])
        .to_owned()
}

fn find(candidates: impl Iterator<Item = PathBuf>, len_bytes: u64) -> (Source, FileState) {
    let mut otherwise = FileState::Missing;
    for path in candidates {
        let metadata = match fs::metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) => {
                if otherwise == FileState::Missing {
                    otherwise = state_without_file(&error);
                }
                continue;
            }
        };
        if !metadata.is_file() {
            return (Source::Absent, FileState::NotAFile);
        }
        let stamp = Stamp::of(&metadata);
        let found_bytes = stamp.len_bytes();
        let state = match found_bytes.cmp(&len_bytes) {
            std::cmp::Ordering::Less => FileState::Short { found_bytes },
            std::cmp::Ordering::Equal => FileState::Whole,
            std::cmp::Ordering::Greater => FileState::Long { found_bytes },
        };
        return (Source::Disk { path, stamp }, state);
    }
    (Source::Absent, otherwise)
}

/// Tells what is not there from what cannot be looked at.
fn state_without_file(error: &io::Error) -> FileState {
    match reason_of(error) {
        Errno::NOENT | Errno::NOTDIR | Errno::NAMETOOLONG => FileState::Missing,
        reason => FileState::Unreadable { reason },
    }
}

/// A link is whole when it leads where it should, in whatever words (some programs copy instead).
fn link_state(path: &Path, target: &str) -> FileState {
    match fs::symlink_metadata(path) {
        Err(error) => state_without_file(&error),
        Ok(metadata) if metadata.is_symlink() => {
            let says_so = fs::read_link(path).is_ok_and(|found| found == Path::new(target));
            if says_so || leads_to(path, target) {
                FileState::Whole
            } else {
                FileState::Bad
            }
        }
        Ok(metadata) if metadata.is_file() => FileState::Whole,
        Ok(_) => FileState::NotAFile,
    }
}

fn leads_to(link: &Path, target: &str) -> bool {
    let wanted = link.with_file_name(target).canonicalize();
    wanted.is_ok_and(|wanted| link.canonicalize().is_ok_and(|found| found == wanted))
}
