//! Log lines, on standard error or in a file.

mod queued;

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use log::LevelFilter;
use simplelog::{Config, ConfigBuilder, WriteLogger};

pub(super) use queued::{LogThread, write_above};

/// For commands that do one thing: warnings, and more if asked for.
pub(super) fn start(verbose: u8) {
    let level = level_of(verbose);
    // It fails only where a logger is there already, and then that one does.
    let _ = WriteLogger::init(level, config(LevelFilter::Debug), io::stderr());
}

/// For what runs a loop and shows a bar: the same lines, written by a thread of their own.
pub(super) fn start_queued(verbose: u8) -> LogThread {
    let (queue, thread) = queued::start();
    let level = level_of(verbose);
    let _ = WriteLogger::init(level, config(LevelFilter::Debug), queue);
    thread
}

fn level_of(verbose: u8) -> LevelFilter {
    match verbose {
        0 => LevelFilter::Warn,
        1 => LevelFilter::Debug,
        _ => LevelFilter::Trace,
    }
}

/// For what runs for long: what it does is told too, with the time.
pub(super) fn start_service(verbose: u8, path: Option<&Path>) -> Result<ServiceLog> {
    let log = ServiceLog::open(path)?;
    let level = if verbose == 0 {
        LevelFilter::Info
    } else {
        LevelFilter::Debug
    };
    let _ = WriteLogger::init(level, config(LevelFilter::Error), log.clone());
    Ok(log)
}

fn config(time_from: LevelFilter) -> Config {
    ConfigBuilder::new()
        .set_time_level(time_from)
        .set_time_format_rfc3339()
        .set_target_level(LevelFilter::Debug)
        .set_thread_level(LevelFilter::Off)
        .set_location_level(LevelFilter::Off)
        .build()
}

/// A log that can be opened afresh, after somebody has moved its file away.
#[derive(Clone, Debug)]
pub(super) struct ServiceLog {
    path: Option<PathBuf>,
    /// Standard error where there is none.
    file: Arc<Mutex<Option<File>>>,
}

impl ServiceLog {
    fn open(path: Option<&Path>) -> Result<Self> {
        let file = path.map(open).transpose()?;
        Ok(Self {
            path: path.map(Path::to_owned),
            file: Arc::new(Mutex::new(file)),
        })
    }

    pub(super) fn reopen(&self) {
        if let Some(path) = &self.path {
            match open(path) {
                Ok(file) => *self.file.lock().unwrap_or_else(PoisonError::into_inner) = Some(file),
                Err(error) => log::error!("the old log stays: {error:#}"),
            }
        }
    }
}

fn open(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    let opened = options.create(true).append(true).open(path);
    opened.with_context(|| format!("cannot write the log `{}`", path.display()))
}

impl Write for ServiceLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self
            .file
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_mut()
        {
            Some(file) => file.write(bytes),
            None => io::stderr().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self
            .file
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_mut()
        {
            Some(file) => file.flush(),
            None => io::stderr().flush(),
        }
    }
}
