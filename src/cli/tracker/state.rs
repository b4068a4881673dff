//! The state file on the disk: read at the start, then appended to and replaced by the worker.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use crate::tracker::service::{JournalJob, Service};
use crate::tracker::state_file::Reader;

const READ_LEN_BYTES: usize = 1 << 20;

#[derive(Debug)]
pub(super) struct StateFile {
    path: PathBuf,
    file: File,
    /// Up to here all is well; a write that failed may have left part of a line behind.
    len_bytes: u64,
    /// The file that is going to take its place.
    next: Option<BufWriter<File>>,
    /// Since when it lacks something.
    lacks_since: Option<Instant>,
}

impl StateFile {
    /// Gives the service what the file says, and has it keep the file from now on.
    pub(super) fn restore(path: &Path, service: &mut Service) -> Result<Self> {
        let named = || format!("`{}`", path.display());
        let started = Instant::now();
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(path).with_context(named)?;
        // What a link leads to is replaced, and not the link.
        let path = &path.canonicalize().with_context(named)?;
        if let Err(fs::TryLockError::WouldBlock) = file.try_lock() {
            bail!("{}: another tracker keeps this file", named());
        }
        if !file.metadata().with_context(named)?.is_file() {
            bail!("{}: it is no regular file", named());
        }
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
        if reader.is_foreign() {
            bail!(
                "{}: this is no file of a tracker's, and is left as it is; name another one",
                named()
            );
        }
        // A run that was killed may have left the beginning of a shorter file behind, of no use.
        let _ = fs::remove_file(next_path(path));
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
            len_bytes: reader.whole_len_bytes(),
            next: None,
            lacks_since: None,
        })
    }

    /// Does one step. People are told once that it fails, and once that the file is whole again.
    pub(super) fn carry_out(&mut self, job: &JournalJob) -> Result<(), ()> {
        let done = self.try_to(job);
        let path = self.path.display();
        if let Err(error) = &done {
            if self.lacks_since.is_none() {
                log::warn!(
                    "cannot write `{path}`: {error}; the swarms live on in memory, and it is tried \
                     again every few seconds"
                );
            }
            self.lacks_since.get_or_insert_with(Instant::now);
            self.abandon_next();
        } else if matches!(job, JournalJob::EndSnapshot { .. })
            && let Some(since) = self.lacks_since.take()
        {
            let lacked_s = since.elapsed().as_secs();
            log::info!("`{path}` is written again and lacks nothing, after {lacked_s} s");
        }
        done.map_err(|_| ())
    }

    fn try_to(&mut self, job: &JournalJob) -> io::Result<()> {
        match job {
            JournalJob::Append(changes) => self.append(changes),
            JournalJob::BeginSnapshot(head) => {
                let file = File::create(next_path(&self.path))?;
                // Whoever may not read the old one may not read the new one. Some file systems know
                // no permissions to be set.
                let permissions = self.file.metadata()?.permissions();
                let _ = file.set_permissions(permissions);
                // Where files cannot be locked, people have to take care themselves.
                let _ = file.try_lock();
                let mut next = BufWriter::new(file);
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

    fn append(&mut self, changes: &[u8]) -> io::Result<()> {
        let written = self.file.write_all(changes);
        if written.is_ok() {
            self.len_bytes += changes.len() as u64;
        } else {
            // Where this fails too, the two halves of lines make one that nobody can read.
            let _ = self.file.set_len(self.len_bytes);
            let _ = self.file.seek(SeekFrom::Start(self.len_bytes));
        }
        written
    }

    fn both(&mut self, changes: &[u8], snapshot: &[u8]) -> io::Result<()> {
        self.append(changes)?;
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
        fs::rename(next_path(&self.path), &self.path)?;
        self.len_bytes = next.metadata()?.len();
        self.file = next;
        // The old name must not come back with the old file after the power was cut.
        let folder = self.path.parent().filter(|it| !it.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }

    /// It will not take the place of the old one.
    fn abandon_next(&mut self) {
        if self.next.take().is_some() {
            let _ = fs::remove_file(next_path(&self.path));
        }
    }
}

impl Drop for StateFile {
    fn drop(&mut self) {
        self.abandon_next();
        if self.lacks_since.is_some() {
            let path = self.path.display();
            log::error!("`{path}` could not be written to the end, and lacks the last changes");
        }
    }
}

fn next_path(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".next");
    path.with_file_name(name)
}
