//! A bounded number of open files for any number of torrents and files.

use std::collections::HashMap;
use std::fs::File;
use std::sync::{Arc, Mutex, PoisonError};

use super::TorrentFiles;
use crate::engine::{StorageFault, TorrentId};

/// Files that were used lately stay open. Only threads that may block ask for them.
#[derive(Debug)]
pub(in crate::storage) struct Descriptors {
    max: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    files: HashMap<(TorrentId, usize), Used>,
    uses: u64,
}

#[derive(Debug)]
struct Used {
    file: Arc<File>,
    /// The number of the use that was its last.
    last_use: u64,
}

impl Descriptors {
    pub(in crate::storage) fn new(max: usize) -> Self {
        assert!(max > 0, "a file is open while it is used");
        Self {
            max,
            open: Mutex::default(),
        }
    }

    /// The file, opened where it is not, and the same as ever.
    pub(in crate::storage) fn get(
        &self,
        torrent: TorrentId,
        files: &TorrentFiles,
        file: usize,
    ) -> Result<Arc<File>, StorageFault> {
        if let Some(known) = self.known((torrent, file)) {
            files.check_identity(file, &known)?;
            return Ok(known);
        }
        let opened = Arc::new(files.open(file)?);
        self.keep((torrent, file), &opened);
        Ok(opened)
    }

    /// Closes what is open of a torrent, but for what is in use.
    pub(in crate::storage) fn forget(&self, torrent: TorrentId) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.files.retain(|(owner, _), _| *owner != torrent);
    }

    fn known(&self, key: (TorrentId, usize)) -> Option<Arc<File>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.uses += 1;
        let now = open.uses;
        let used = open.files.get_mut(&key)?;
        used.last_use = now;
        Some(Arc::clone(&used.file))
    }

    fn keep(&self, key: (TorrentId, usize), file: &Arc<File>) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.files.len() >= self.max {
            let oldest = open.files.iter().min_by_key(|(_, used)| used.last_use);
            if let Some(oldest) = oldest.map(|(key, _)| *key) {
                open.files.remove(&oldest);
            }
        }
        let used = Used {
            file: Arc::clone(file),
            last_use: open.uses,
        };
        open.files.insert(key, used);
    }
}
