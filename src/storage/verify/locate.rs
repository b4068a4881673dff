//! Finding the files of a torrent on a disk.

use std::cmp::Ordering;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::FileState;
use crate::metainfo::{File, Info};
use crate::storage::source::{FileSystems, Source, Stamp};
use crate::storage::unreadable::reason_of;

/// How many files are looked for to tell which directory holds the content.
const PROBED_FILES: usize = 64;

/// Where the bytes of each file are, and what is wrong with it at first sight. The files are held to
/// what they were then for as long as this is used: what is verified and what is hashed by one of
/// these is the same.
#[derive(Clone, Debug)]
pub struct Located {
    root: PathBuf,
    finds: Vec<Find>,
    raw_paths: RawPaths,
    pub(in crate::storage) file_systems: FileSystems,
}

/// What was found in the place of a file.
#[derive(Clone, Copy, Debug)]
enum Find {
    /// A file, by the safe path that this program gives.
    Safe(Stamp),
    /// A file, by the path that the torrent says, which other programs may have given.
    Raw(Stamp),
    Padding,
    Other(FileState),
}

const _: () = assert!(size_of::<Find>() == 24, "millions of finds are kept");

impl Located {
    /// Looks for the files of a torrent at `data`: the thing itself, or the directory that holds it.
    pub fn find(info: &Info, data: &Path) -> Self {
        let raw_paths = RawPaths::of(info);
        let root = root_of(info, &raw_paths, data);
        let mut located = Self {
            root,
            finds: Vec::with_capacity(info.files().len()),
            raw_paths,
            file_systems: FileSystems::default(),
        };
        for (index, file) in info.files().iter().enumerate() {
            let find = located.find_file(info, index, &file);
            located.finds.push(find);
        }
        located
    }

    fn find_file(&mut self, info: &Info, index: usize, file: &File<'_>) -> Find {
        if file.attributes.padding {
            return Find::Padding;
        }
        if let Some(target) = file.symlink {
            return Find::Other(link_state(&self.root.join(file.path), target));
        }
        let safe = candidate(&self.root, info, Path::new(file.path));
        let raw = self.raw_paths.get(index);
        let raw = raw.map(|raw| candidate(&self.root, info, raw));
        let mut otherwise = FileState::Missing;
        for (path, find) in [
            (Some(safe), Find::Safe as fn(Stamp) -> Find),
            (raw, Find::Raw),
        ] {
            let Some(path) = path else { continue };
            match fs::metadata(&path) {
                Ok(metadata) if metadata.is_file() => {
                    self.file_systems.note(&metadata, || path);
                    return find(Stamp::of(&metadata));
                }
                Ok(_) => return Find::Other(FileState::NotAFile),
                Err(error) if otherwise == FileState::Missing => {
                    otherwise = state_without_file(&error);
                }
                Err(_) => {}
            }
        }
        Find::Other(otherwise)
    }

    /// [`FileState::Whole`] where nothing is wrong yet.
    pub(super) fn state(&self, index: usize, len_bytes: u64) -> FileState {
        let stamp = match self.finds[index] {
            Find::Safe(stamp) | Find::Raw(stamp) => stamp,
            Find::Padding => return FileState::Whole,
            Find::Other(state) => return state,
        };
        let found_bytes = stamp.len_bytes();
        match found_bytes.cmp(&len_bytes) {
            Ordering::Less => FileState::Short { found_bytes },
            Ordering::Equal => FileState::Whole,
            Ordering::Greater => FileState::Long { found_bytes },
        }
    }

    pub(in crate::storage) fn source(&self, index: usize) -> Source {
        match self.finds[index] {
            Find::Safe(stamp) | Find::Raw(stamp) => Source::Disk(stamp),
            Find::Padding => Source::Zeros,
            Find::Other(_) => Source::Absent,
        }
    }

    pub(in crate::storage) fn root(&self) -> &Path {
        &self.root
    }

    /// Where a file of that torrent was found.
    pub(in crate::storage) fn disk_path(&self, info: &Info, index: usize) -> PathBuf {
        match (self.finds[index], self.raw_paths.get(index)) {
            (Find::Raw(_), Some(raw)) => candidate(&self.root, info, raw),
            _ => candidate(&self.root, info, Path::new(info.files().get(index).path)),
        }
    }
}

/// Below a directory, or the one file itself.
fn candidate(root: &Path, info: &Info, path: &Path) -> PathBuf {
    if info.is_directory() {
        root.join(path)
    } else {
        root.to_owned()
    }
}

/// The paths that the torrent says, of those files whose safe path is another.
#[derive(Clone, Debug, Default)]
struct RawPaths {
    /// By file, with where the path ends in `text`.
    ends: Vec<(usize, usize)>,
    text: Vec<u8>,
}

impl RawPaths {
    fn of(info: &Info) -> Self {
        let mut paths = Self::default();
        info.for_each_raw_path(|index, components| {
            let path = plain_path(components);
            let safe = Path::new(info.files().get(index).path);
            if let Some(path) = path.filter(|path| path != safe) {
                paths.text.extend_from_slice(path.as_os_str().as_bytes());
                paths.ends.push((index, paths.text.len()));
            }
        });
        paths
    }

    fn get(&self, index: usize) -> Option<&Path> {
        let at = self.ends.binary_search_by_key(&index, |(file, _)| *file);
        let at = at.ok()?;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before].1);
        let text = &self.text[start..self.ends[at].1];
        Some(Path::new(OsStr::from_bytes(text)))
    }
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
fn root_of(info: &Info, raw_paths: &RawPaths, data: &Path) -> PathBuf {
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
        let stored = info.files().iter().enumerate();
        let stored = stored.filter(|(_, file)| !file.attributes.padding);
        stored.take(PROBED_FILES).any(|(index, file)| {
            [Some(Path::new(file.path)), raw_paths.get(index)]
                .into_iter()
                .flatten()
                .any(|path| fs::symlink_metadata(root.join(path)).is_ok())
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
