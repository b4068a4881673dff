//! Files reached from a directory without following a link on the way.
//!
//! Every directory is opened by the one above it and by one name, which must not be a link. So
//! whatever stands or comes to stand below the directory, nothing outside it is opened, made,
//! renamed or removed. (`openat2` can promise the same in one call, where there is one.)

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::{AtFlags, Mode, OFlags, Stat, mkdirat, openat, statat, unlinkat};
use rustix::io::Errno;

const DIRECTORY: OFlags = OFlags::DIRECTORY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC)
    .union(OFlags::RDONLY);

/// A directory that a person named, whatever links lead to it.
#[derive(Debug)]
pub(super) struct Beneath {
    root: Arc<File>,
    path: PathBuf,
    /// The directory that was reached last: files are mostly reached one after the other.
    last: Mutex<Option<(String, Arc<File>)>>,
}

/// What to do where a directory on the way is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    Make,
    Fail,
}

/// A name in a directory that was reached safely.
#[derive(Debug)]
pub(super) struct Spot<'a> {
    pub(super) directory: Arc<File>,
    pub(super) name: &'a str,
}

impl Beneath {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let root = File::open(path)?;
        if !root.metadata()?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Self {
            root: Arc::new(root),
            path: path.to_owned(),
            last: Mutex::new(None),
        })
    }

    pub(super) fn root(&self) -> &File {
        &self.root
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Goes to the directory of a safe path.
    pub(super) fn spot<'a>(&self, path: &'a str, missing: Missing) -> io::Result<Spot<'a>> {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        let directory = self.directory(parent, missing)?;
        Ok(Spot { directory, name })
    }

    fn directory(&self, path: &str, missing: Missing) -> io::Result<Arc<File>> {
        if path.is_empty() {
            return Ok(Arc::clone(&self.root));
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, directory)) = last.as_ref().filter(|(reached, _)| reached == path) {
            return Ok(Arc::clone(directory));
        }
        let mut directory = Arc::clone(&self.root);
        for name in path.split('/') {
            if missing == Missing::Make {
                match mkdirat(&directory, name, Mode::from_raw_mode(0o777)) {
                    Ok(()) | Err(Errno::EXIST) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            let next = openat(&directory, name, DIRECTORY, Mode::empty());
            directory = Arc::new(File::from(next.map_err(|error| explained(error, name))?));
        }
        *last = Some((path.to_owned(), Arc::clone(&directory)));
        Ok(directory)
    }
}

/// The system's words for a link are no help.
fn explained(error: Errno, name: &str) -> io::Error {
    match error {
        Errno::LOOP | Errno::NOTDIR => io::Error::new(
            io::ErrorKind::NotADirectory,
            format!("`{name}` on the way is no directory (links are not followed)"),
        ),
        _ => error.into(),
    }
}

impl Spot<'_> {
    /// The same directory, another name.
    pub(super) fn beside<'a>(&self, name: &'a str) -> Spot<'a> {
        Spot {
            directory: Arc::clone(&self.directory),
            name,
        }
    }

    /// What stands there, links as such; `None` where nothing does.
    pub(super) fn look(&self) -> io::Result<Option<Stat>> {
        match statat(&self.directory, self.name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) => Ok(Some(found)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Opens a regular file: a pipe is not waited for, and a link not followed.
    pub(super) fn open(&self, access: OFlags) -> io::Result<File> {
        let flags = access | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let mode = Mode::from_raw_mode(0o666);
        let file = File::from(openat(&self.directory, self.name, flags, mode)?);
        if file.metadata()?.is_file() {
            Ok(file)
        } else {
            Err(io::Error::other("is no regular file"))
        }
    }

    pub(super) fn remove(&self) -> io::Result<()> {
        Ok(unlinkat(&self.directory, self.name, AtFlags::empty())?)
    }
}
