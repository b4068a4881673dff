//! The state file on the disk: read at the start, then appended to and replaced by the worker.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::tracker::service::{JournalJob, Service};
use crate::tracker::state_file::Reader;

const READ_LEN_BYTES: usize = 1 << 20;

#[derive(Debug)]
pub(super) struct StateFile {
    path: PathBuf,
    file: File,
    /// The file that is going to take its place.
    next: Option<BufWriter<File>>,
}

impl StateFile {
    /// Gives the service what the file says, and has it keep the file from now on.
    pub(super) fn restore(path: &Path, service: &mut Service) -> Result<Self> {
        let named = || format!("`{}`", path.display());
        let started = Instant::now();
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(path).with_context(named)?;
        let mut reader = Reader::default();
        let mut piece = vec![0; READ_LEN_BYTES];
        let mut len_bytes = 0;
        loop {
            let count = file.read(&mut piece).with_context(named)?;
            if count == 0 {
                break;
            }
            len_bytes += count as u64;
            service.restore(&mut reader, &piece[..count]);
        }
        // A torn line would run into the next one.
        file.set_len(reader.whole_len_bytes()).with_context(named)?;
        file.seek(SeekFrom::End(0)).with_context(named)?;
        let unreadable = reader.unreadable_lines();
        if unreadable > 0 {
            log::warn!(
                "{}: {unreadable} lines cannot be read and are passed over",
                named()
            );
        }
        let peers = service.server().table().totals().peers();
        if len_bytes > 0 {
            log::info!(
                "{}: {peers} peers restored in {:.2?}",
                named(),
                started.elapsed()
            );
        }
        service.keep_journal(len_bytes == 0 || unreadable > 0);
        Ok(Self {
            path: path.to_owned(),
            file,
            next: None,
        })
    }

    /// Does one step, and tells people where it fails.
    pub(super) fn carry_out(&mut self, job: &JournalJob) -> Result<(), ()> {
        self.try_to(job).map_err(|error| {
            self.next = None;
            let path = self.path.display();
            log::error!("cannot write `{path}`: {error}; the swarms live on in memory");
        })
    }

    fn try_to(&mut self, job: &JournalJob) -> io::Result<()> {
        match job {
            JournalJob::Append(changes) => self.file.write_all(changes),
            JournalJob::BeginSnapshot(head) => {
                let mut next = BufWriter::new(File::create(self.next_path())?);
                next.write_all(head)?;
                self.next = Some(next);
                Ok(())
            }
            JournalJob::Snapshot { changes, snapshot } => self.both(changes, snapshot),
            JournalJob::EndSnapshot { changes, snapshot } => {
                self.both(changes, snapshot)?;
                self.replace()
            }
        }
    }

    fn both(&mut self, changes: &[u8], snapshot: &[u8]) -> io::Result<()> {
        self.file.write_all(changes)?;
        if let Some(next) = &mut self.next {
            next.write_all(changes)?;
            next.write_all(snapshot)?;
        }
        Ok(())
    }

    fn replace(&mut self) -> io::Result<()> {
        let Some(next) = self.next.take() else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let next = next.into_inner().map_err(io::IntoInnerError::into_error)?;
        next.sync_all()?;
        fs::rename(self.next_path(), &self.path)?;
        self.file = next;
        Ok(())
    }

    fn next_path(&self) -> PathBuf {
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(".next");
        self.path.with_file_name(name)
    }
}
