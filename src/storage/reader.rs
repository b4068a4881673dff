//! Taking parts of files into memory, mapped or copied, for one round of hashing.

use std::fs::{File, OpenOptions};
use std::io;
use std::num::NonZeroU64;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::Advice;
use rustix::io::{Errno, ReadWriteFlags};

use super::error::Error;
use super::layout::Segment;
use super::source::{Source, Sources, Stamp};
use super::unreadable::{Unreadable, reason_of};
use super::window::Window;
use crate::base::limits::MAPPED_LEN_BYTES_MIN;
use crate::hash::Span;

/// The kernel shortens longer requests to what it would read ahead by itself.
const READ_AHEAD_STEP_BYTES: usize = 1 << 20;

/// How content is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IoMode {
    /// Mapped where that pays, and copied where it does not or does not work.
    #[default]
    Auto,
    /// Copied, always.
    Positional,
}

/// The parts that were taken in one round. They stay until the next round begins.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    sources: &'a dyn Sources,
    mode: IoMode,
    unreadable: Option<&'a Unreadable>,
    open: Option<(usize, File)>,
    /// With the file that each is of.
    windows: Vec<(usize, Window)>,
    buffer: Vec<u8>,
    buffered_len: usize,
    parts: Vec<Part>,
}

#[derive(Clone, Copy, Debug)]
struct Part {
    place: Place,
    len_bytes: usize,
}

/// Where a part landed.
#[derive(Clone, Copy, Debug)]
enum Place {
    Mapped {
        window: usize,
        start: usize,
    },
    Copied {
        start: usize,
    },
    Zeros,
    /// The bytes could not be had.
    Absent,
}

impl Place {
    fn after(self, len_bytes: usize) -> Self {
        match self {
            Self::Mapped { window, start } => Self::Mapped {
                window,
                start: start + len_bytes,
            },
            Self::Copied { start } => Self::Copied {
                start: start + len_bytes,
            },
            other => other,
        }
    }
}

static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

impl<'a> Reader<'a> {
    /// Where it is `unreadable` that is told of what cannot be read, that is no error.
    pub(super) fn new(
        sources: &'a dyn Sources,
        mode: IoMode,
        unreadable: Option<&'a Unreadable>,
    ) -> Self {
        Self {
            sources,
            mode,
            unreadable,
            open: None,
            windows: Vec::new(),
            buffer: Vec::new(),
            buffered_len: 0,
            parts: Vec::new(),
        }
    }

    /// Forgets the parts of the last round.
    pub(super) fn begin_round(&mut self) {
        self.parts.clear();
        self.windows.clear();
        self.buffered_len = 0;
    }

    /// Takes parts, neighbours together. An error is of a file that is not what it was; a file that
    /// was never there gives parts that are absent. Says how many bytes were mapped or copied.
    pub(super) fn take_all(&mut self, segments: &[Segment]) -> Result<u64, Error> {
        let mut read_bytes = 0;
        for run in segments.chunk_by(Segment::is_followed_by) {
            // What lies beyond the end of a file that is too short is known not to be there.
            let (there, beyond) = run.split_at(self.count_within_file(run));
            if !there.is_empty() {
                read_bytes += self.take_run(there)?;
            }
            let absent = |segment: &Segment| Part {
                place: Place::Absent,
                len_bytes: segment.len_bytes,
            };
            self.parts.extend(beyond.iter().map(absent));
        }
        Ok(read_bytes)
    }

    fn count_within_file(&self, run: &[Segment]) -> usize {
        let Source::Disk(stamp) = self.sources.get(run[0].file) else {
            return run.len();
        };
        run.partition_point(|part| part.offset_bytes + part.len_bytes as u64 <= stamp.len_bytes())
    }

    fn take_run(&mut self, run: &[Segment]) -> Result<u64, Error> {
        let len = run.iter().map(|segment| segment.len_bytes).sum();
        let whole = Segment {
            len_bytes: len,
            ..run[0]
        };
        let mut place = match self.sources.get(whole.file) {
            Source::Zeros => Place::Zeros,
            Source::Absent => Place::Absent,
            Source::Disk(_) => {
                let taken = self.open(whole.file).and_then(|()| self.take_open(&whole));
                match taken {
                    Ok(place) => place,
                    Err(error) => {
                        self.cannot_read(whole.file, &error)?;
                        Place::Absent
                    }
                }
            }
        };
        let read_bytes = match place {
            Place::Mapped { .. } | Place::Copied { .. } => len as u64,
            Place::Zeros | Place::Absent => 0,
        };
        for segment in run {
            self.parts.push(Part {
                place,
                len_bytes: segment.len_bytes,
            });
            place = place.after(segment.len_bytes);
        }
        Ok(read_bytes)
    }

    /// Asks the disk for bytes that are going to be taken soon, if the file that is open has them
    /// and the page cache has not.
    pub(super) fn read_ahead(&self, soon: &Segment) {
        let Some((_, file)) = self.open.as_ref().filter(|(open, _)| *open == soon.file) else {
            return;
        };
        let last_bytes = soon.offset_bytes + (soon.len_bytes as u64).saturating_sub(1);
        if is_cached(file, soon.offset_bytes) && is_cached(file, last_bytes) {
            return;
        }
        for step in (0..soon.len_bytes as u64).step_by(READ_AHEAD_STEP_BYTES) {
            // It is only advice: without it the reads are slower, and nothing else.
            let len_bytes = NonZeroU64::new(READ_AHEAD_STEP_BYTES as u64);
            let _ =
                rustix::fs::fadvise(file, soon.offset_bytes + step, len_bytes, Advice::WillNeed);
        }
    }

    /// Appends the bytes of a part; `false` where they could not be had.
    pub(super) fn spans<'s>(&'s self, part: usize, spans: &mut Vec<Span<'s>>) -> bool {
        let Part {
            place,
            len_bytes: mut len,
        } = self.parts[part];
        match place {
            Place::Mapped { window, start } => {
                spans.push(self.windows[window].1.span(start..start + len));
            }
            Place::Copied { start } => spans.push(Span::from(&self.buffer[start..start + len])),
            Place::Zeros => {
                while len > 0 {
                    let step = len.min(ZEROS.len());
                    spans.push(Span::from(&ZEROS[..step]));
                    len -= step;
                }
            }
            Place::Absent => return false,
        }
        true
    }

    /// Whether the bytes of a part were gone when they were read.
    pub(super) fn is_spoiled(&self, part: usize) -> bool {
        match self.parts[part].place {
            Place::Mapped { window, .. } => self.windows[window].1.is_spoiled(),
            _ => false,
        }
    }

    /// Tells of the files whose bytes vanished in this round while they were read.
    pub(super) fn tell_spoiled(&self) -> Result<(), Error> {
        for (file, window) in &self.windows {
            if window.is_spoiled() {
                self.cannot_read(*file, &Errno::IO.into())?;
            }
        }
        Ok(())
    }

    /// Tells a file that cannot be read from one that is another than it was, which is an error.
    fn cannot_read(&self, file: usize, error: &io::Error) -> Result<(), Error> {
        let Source::Disk(stamp) = self.sources.get(file) else {
            return Ok(());
        };
        let path = self.sources.disk_path(file);
        if !stamp.is_of(&path) {
            return Err(Error::Changed(path));
        }
        let reason = reason_of(error);
        match self.unreadable {
            Some(unreadable) => {
                unreadable.note(file, reason);
                Ok(())
            }
            None => Err(Error::read(&path, reason.into())),
        }
    }

    fn open(&mut self, file: usize) -> io::Result<()> {
        if matches!(self.open, Some((open, _)) if open == file) {
            return Ok(());
        }
        if let Source::Disk(stamp) = self.sources.get(file) {
            let opened = open_content(&self.sources.disk_path(file))?;
            let metadata = opened.metadata()?;
            if !metadata.is_file() || Stamp::of(&metadata) != stamp {
                // Whatever it is now, it is not the file that was looked at.
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.open = Some((file, opened));
        }
        Ok(())
    }

    fn take_open(&mut self, whole: &Segment) -> io::Result<Place> {
        let Some((_, file)) = &self.open else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let len = whole.len_bytes;
        if self.mode == IoMode::Auto && len >= MAPPED_LEN_BYTES_MIN {
            match Window::open(file, whole.offset_bytes, len) {
                Ok(window) => {
                    self.windows.push((whole.file, window));
                    return Ok(Place::Mapped {
                        window: self.windows.len() - 1,
                        start: 0,
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(error),
                // Some file systems cannot map; all can read.
                Err(error) => log::debug!("mapping failed, reading instead: {error}"),
            }
        }
        let start = self.buffered_len;
        let end = start + len;
        // It only ever grows to what one round needs, so that it is zeroed once.
        if self.buffer.len() < end {
            self.buffer.resize(end, 0);
        }
        file.read_exact_at(&mut self.buffer[start..end], whole.offset_bytes)?;
        self.buffered_len = end;
        Ok(Place::Copied { start })
    }
}

/// Opens what was a file when it was looked at. If it is a pipe by now, that must not wait for
/// somebody to write; a file does not know the difference.
pub(super) fn open_content(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)
}

/// Whether a byte can be read without waiting for the disk.
fn is_cached(file: &File, offset_bytes: u64) -> bool {
    let mut byte = [0];
    let mut into = [io::IoSliceMut::new(&mut byte)];
    let read = rustix::io::preadv2(file, &mut into, offset_bytes, ReadWriteFlags::NOWAIT);
    read != Err(Errno::AGAIN)
}
