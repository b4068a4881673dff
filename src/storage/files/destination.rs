//! The files that a torrent is got into, by their names while unfinished and when whole.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{AtFlags, OFlags, RenameFlags, linkat, renameat_with};
use rustix::io::Errno;

use super::beneath::{Beneath, Missing, Spot};
use super::part_name::{part_name, suffix_for};
use crate::metainfo::Info;

/// Where a torrent's files are made.
#[derive(Debug)]
pub(super) struct Destination {
    beneath: Beneath,
    suffix: String,
    /// Which files are unfinished, and named so.
    is_part: Vec<AtomicBool>,
}

/// The two names of a file.
#[derive(Debug)]
pub(super) struct Names {
    /// Below the destination.
    pub(super) path: String,
    part: String,
}

impl Names {
    pub(super) fn part<'a>(&'a self, whole: &Spot<'_>) -> Spot<'a> {
        whole.beside(&self.part)
    }
}

impl Destination {
    pub(super) fn new(directory: &Path, info: &Info) -> io::Result<Self> {
        Ok(Self {
            beneath: Beneath::open(directory)?,
            suffix: suffix_for(info),
            is_part: info
                .files()
                .iter()
                .map(|_| AtomicBool::new(false))
                .collect(),
        })
    }

    pub(super) fn root(&self) -> &File {
        self.beneath.root()
    }

    pub(super) fn path(&self) -> &Path {
        self.beneath.path()
    }

    pub(super) fn names(&self, info: &Info, file: usize) -> Names {
        let path = info.full_path(&info.files().get(file));
        let name = path.rsplit('/').next().unwrap_or(&path);
        let part = part_name(name, &self.suffix);
        Names { path, part }
    }

    /// Where a file is when it is whole.
    pub(super) fn spot<'a>(&self, names: &'a Names, missing: Missing) -> io::Result<Spot<'a>> {
        self.beneath.spot(&names.path, missing)
    }

    pub(super) fn is_part(&self, file: usize) -> bool {
        self.is_part[file].load(Ordering::Acquire)
    }

    pub(super) fn set_part(&self, file: usize, is_part: bool) {
        self.is_part[file].store(is_part, Ordering::Release);
    }

    /// Where a file that is to be whole lies, for people.
    pub(super) fn whole_path(&self, names: &Names) -> PathBuf {
        self.beneath.path().join(&names.path)
    }

    pub(super) fn part_path(&self, names: &Names) -> PathBuf {
        self.whole_path(names).with_file_name(&names.part)
    }

    pub(super) fn path_of(&self, info: &Info, file: usize) -> PathBuf {
        let names = self.names(info, file);
        if self.is_part(file) {
            self.part_path(&names)
        } else {
            self.whole_path(&names)
        }
    }

    /// Opens a file that is there: an unfinished one to write to it too.
    pub(super) fn open(&self, info: &Info, file: usize) -> io::Result<File> {
        let names = self.names(info, file);
        let spot = self.spot(&names, Missing::Fail)?;
        if self.is_part(file) {
            match names.part(&spot).open(OFlags::RDWR) {
                // It gets its final name at this moment. What has that name is held to be the same
                // file by whoever asks.
                Err(gone) if gone.kind() == io::ErrorKind::NotFound => {
                    return spot.open(OFlags::RDONLY).map_err(|_| gone);
                }
                opened => return opened,
            }
        }
        spot.open(OFlags::RDONLY)
    }
}

/// Gives a file another name in its directory, which nothing has.
pub(super) fn rename(from: &Spot<'_>, to: &Spot<'_>) -> io::Result<()> {
    let (old, new) = (&from.directory, &to.directory);
    match renameat_with(old, from.name, new, to.name, RenameFlags::NOREPLACE) {
        // Not every file system has the flag; a link never replaces anything either.
        Err(Errno::INVAL | Errno::NOSYS) => {
            linkat(old, from.name, new, to.name, AtFlags::empty())?;
            from.remove()
        }
        renamed => Ok(renamed?),
    }
}
