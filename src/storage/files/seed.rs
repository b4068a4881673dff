//! Content that is there, to be sent.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::check::{CheckProgress, whole_pieces};
use super::disk::{IoChoice, Mapping};
use super::{Home, Prepared, TorrentFiles};
use crate::metainfo::{Info, Metainfo};
use crate::storage::error::Error;
use crate::storage::source::Source;
use crate::storage::verify::Located;

/// Files as somebody else has laid them out.
#[derive(Debug)]
pub(super) struct FoundFiles {
    metainfo: Arc<Metainfo>,
    located: Located,
}

impl FoundFiles {
    fn found_path(&self, file: usize) -> Option<PathBuf> {
        match self.located.source(file) {
            Source::Disk(_) => Some(self.located.disk_path(&self.metainfo.info, file)),
            Source::Zeros | Source::Absent => None,
        }
    }

    pub(super) fn path_of(&self, info: &Info, file: usize) -> PathBuf {
        let nominal = || info.full_path(&info.files().get(file)).into();
        self.found_path(file).unwrap_or_else(nominal)
    }

    /// Opens a file; a pipe that took its place is not waited for.
    pub(super) fn open(&self, file: usize) -> io::Result<File> {
        let path = self.found_path(file).ok_or(io::ErrorKind::NotFound)?;
        OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NONBLOCK)
            .open(path)
    }
}

/// Finds the content at `data` (the thing itself, or the directory that holds it) and hashes it.
pub fn for_seeding(
    metainfo: &Arc<Metainfo>,
    data: &Path,
    choice: IoChoice,
    progress: &CheckProgress<'_>,
) -> Result<Prepared, Error> {
    require_v1(&metainfo.info, data)?;
    let located = Located::find(&metainfo.info, data);
    let found = FoundFiles {
        metainfo: Arc::clone(metainfo),
        located,
    };
    let mut mapping = None;
    let mut files = TorrentFiles::new(metainfo, Home::Found(found), Mapping::NONE);
    for file in 0..metainfo.info.files().len() {
        let Some(metadata) = found_metadata(&files, file) else {
            continue;
        };
        files.identify(file, &metadata);
        if mapping.is_none() && metadata.len() > 0 {
            let probe = files.open(file).ok();
            mapping = probe.map(|probe| Mapping::for_file(&probe, choice));
        }
    }
    files.mapping = mapping.unwrap_or(Mapping::NONE);
    let have = whole_pieces(&files, |_| true, progress);
    let runs = if files.mapping.sending {
        files.runs()
    } else {
        Vec::new()
    };
    Ok(Prepared {
        files: Arc::new(files),
        have,
        lacks_nothing: true,
        runs,
    })
}

fn found_metadata(files: &TorrentFiles, file: usize) -> Option<fs::Metadata> {
    let Home::Found(found) = &files.home else {
        return None;
    };
    let metadata = fs::metadata(found.found_path(file)?).ok()?;
    metadata.is_file().then_some(metadata)
}

pub(super) fn require_v1(info: &Info, path: &Path) -> Result<(), Error> {
    if info.version().has_v1() {
        Ok(())
    } else {
        Err(Error::Unfit {
            path: path.to_owned(),
            what: "the torrent has no v1 half, and v2 cannot be transferred yet".to_owned(),
        })
    }
}
