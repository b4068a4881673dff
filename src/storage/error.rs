//! What can go wrong with content on a disk.

use std::io;
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read `{}`: {error}", path.display())]
    Read { path: PathBuf, error: io::Error },
    #[error("cannot write `{}`: {error}", path.display())]
    Write { path: PathBuf, error: io::Error },
    #[error("`{}` changed while it was read; try again when nobody writes to it", .0.display())]
    Changed(PathBuf),
    #[error("`{}` exists; use --force to replace it", .0.display())]
    Exists(PathBuf),
    #[error("`{}` is a directory", .0.display())]
    IsDirectory(PathBuf),
    #[error("`{}` is {what}, which no torrent can carry", path.display())]
    Special { path: PathBuf, what: &'static str },
    #[error("`{}`: {what}", path.display())]
    Unfit { path: PathBuf, what: String },
    #[error("`{}` holds no file", .0.display())]
    NoFiles(PathBuf),
}

impl Error {
    pub(super) fn read(path: &Path, error: io::Error) -> Self {
        Self::Read {
            path: path.to_owned(),
            error,
        }
    }

    pub(super) fn write(path: &Path, error: io::Error) -> Self {
        Self::Write {
            path: path.to_owned(),
            error: explained(error),
        }
    }
}

/// The system's words for a limit do not say whose it is.
pub(super) fn explained(error: io::Error) -> io::Error {
    match error.kind() {
        kind @ io::ErrorKind::FileTooLarge => io::Error::new(
            kind,
            "it would be longer than files may be here; see `ulimit -f`, or take another disk",
        ),
        _ => error,
    }
}
