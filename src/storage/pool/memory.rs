//! Memory that places are made of: parts of files, mapped, and buffers.
//!
//! None of it is ever a slice. A mapping changes with its file, and either kind is received into by
//! the kernel while other parts of it are read.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::AsRawFd as _;
use std::ptr::NonNull;

use memmap2::{Advice, MmapOptions, MmapRaw};

use crate::hash::Span;
use crate::storage::sigbus::Watch;

/// Populating in steps lets the disk and the page cache keep up with each other.
const POPULATE_STEP_BYTES: usize = 4 << 20;

/// Bytes of a file or of nothing, resident when they are handed out.
#[derive(Debug)]
pub(super) struct Memory {
    // The watch goes first, before the memory that it watches.
    watch: Option<Watch>,
    map: MmapRaw,
}

impl Memory {
    /// A part of a file (not empty) to receive into: what it holds is kept.
    pub(super) fn map_for_receiving(
        file: &File,
        offset_bytes: u64,
        len: usize,
    ) -> io::Result<Self> {
        let map = MmapOptions::new()
            .offset(offset_bytes)
            .len(len)
            .map_raw(file)?;
        // SAFETY: the mapping is writable, lives as long as the watch beside it, and is used
        // through raw pointers only.
        let watch = unsafe { Watch::over_writable(pages_of(&map)) };
        let memory = Self::watched(watch, map)?;
        memory.make_writable()?;
        Ok(memory)
    }

    /// Makes all of it resident and writable before anybody uses it.
    fn make_writable(&self) -> io::Result<()> {
        self.populate(|range| self.touch(range))
    }

    /// Does so again, while others may be writing to it: a kernel that has no call for it is left
    /// to fault the pages in.
    pub(super) fn keep_writable(&self) -> io::Result<()> {
        self.populate(|_| Ok(()))
    }

    fn populate(&self, otherwise: impl Fn(Range<usize>) -> io::Result<()>) -> io::Result<()> {
        let len = self.map.len();
        let mut done = 0;
        while done < len {
            let step = POPULATE_STEP_BYTES.min(len - done);
            match self.map.advise_range(Advice::PopulateWrite, done, step) {
                Err(error) if is_unknown(&error) => otherwise(done..done + step)?,
                populated => populated.map_err(explained)?,
            }
            done += step;
        }
        Ok(())
    }

    /// A part of a file (not empty) to send from.
    pub(super) fn map_for_sending(file: &File, offset_bytes: u64, len: usize) -> io::Result<Self> {
        let map = MmapOptions::new()
            .offset(offset_bytes)
            .len(len)
            .map_raw_read_only(file)?;
        // SAFETY: the mapping lives as long as the watch beside it, nobody can write through it,
        // and it is read through raw pointers only.
        let watch = unsafe { Watch::over(pages_of(&map)) };
        let memory = Self::watched(watch, map)?;
        match memory.map.advise(Advice::PopulateRead) {
            // The kernel that sends from it faults the pages in.
            Err(error) if is_unknown(&error) => Ok(memory),
            populated => populated.map_err(explained).map(|()| memory),
        }
    }

    /// Zeros, resident.
    pub(super) fn buffer(len: usize) -> io::Result<Self> {
        let map = MmapOptions::new().len(len).populate().map_anon()?;
        Ok(Self {
            watch: None,
            map: map.into(),
        })
    }

    fn watched(watch: Option<Watch>, map: MmapRaw) -> io::Result<Self> {
        let watch = watch.ok_or_else(|| io::Error::other("too many windows are mapped at once"))?;
        Ok(Self {
            watch: Some(watch),
            map,
        })
    }

    pub(super) fn start(&self) -> NonNull<u8> {
        NonNull::new(self.map.as_mut_ptr()).unwrap_or(NonNull::dangling())
    }

    pub(super) fn len_bytes(&self) -> usize {
        self.map.len()
    }

    /// Whether some of the bytes were gone when somebody read or wrote them.
    pub(super) fn is_spoiled(&self) -> bool {
        self.watch.as_ref().is_some_and(Watch::is_spoiled)
    }

    pub(super) fn span(&self, range: Range<usize>) -> Span<'_> {
        let start = self.at(&range);
        // SAFETY: the range lies in the mapping, which lives as long as the borrow; where its file
        // is cut short, the watch sees to it that it stays readable.
        unsafe { Span::from_raw(start, range.len()) }
    }

    /// Fills a part of a buffer that nobody else knows yet.
    pub(super) fn read(
        &mut self,
        range: Range<usize>,
        file: &File,
        offset_bytes: u64,
    ) -> io::Result<()> {
        let start = self.at(&range);
        transfer(range.len(), offset_bytes, |done, left, offset| {
            // SAFETY: the kernel writes at most `left` bytes behind `start + done`, which lie in
            // this mapping, borrowed exclusively.
            unsafe { libc::pread(file.as_raw_fd(), start.add(done).cast(), left, offset) }
        })
    }

    pub(super) fn zero(&mut self, range: Range<usize>) {
        let start = self.at(&range);
        // SAFETY: the range lies in this mapping, borrowed exclusively.
        unsafe { start.write_bytes(0, range.len()) }
    }

    /// Writes a part of it to a file.
    pub(super) fn write(
        &self,
        range: Range<usize>,
        file: &File,
        offset_bytes: u64,
    ) -> io::Result<()> {
        let start = self.at(&range);
        transfer(range.len(), offset_bytes, |done, left, offset| {
            // SAFETY: the kernel reads at most `left` bytes behind `start + done`, which lie in
            // this mapping.
            unsafe { libc::pwrite(file.as_raw_fd(), start.add(done).cast(), left, offset) }
        })
    }

    /// Where a range starts, which must lie within the memory.
    fn at(&self, range: &Range<usize>) -> *mut u8 {
        assert!(
            range.start <= range.end && range.end <= self.map.len(),
            "within the memory"
        );
        self.map.as_mut_ptr().wrapping_add(range.start)
    }

    /// Makes pages writable where the kernel (before 5.14) has no call for it: a byte of each is
    /// written as it is. Only bytes of this mapping are, which nobody else writes.
    fn touch(&self, range: Range<usize>) -> io::Result<()> {
        let page_len = rustix::param::page_size();
        let start = self.at(&range);
        let mut offset = 0;
        while offset < range.len() {
            // SAFETY: within the mapping, which is watched: where a page is gone, another is
            // there.
            unsafe {
                let byte = start.add(offset);
                byte.write_volatile(byte.read_volatile());
            }
            // The next is the first byte of the next page.
            offset += page_len - (start as usize + offset) % page_len;
        }
        if self.is_spoiled() {
            return Err(explained(io::Error::from_raw_os_error(libc::EFAULT)));
        }
        Ok(())
    }
}

/// The addresses of a mapping, whose first page may begin before what was asked for.
fn pages_of(map: &MmapRaw) -> Range<usize> {
    let start = map.as_ptr() as usize;
    start..(start + map.len()).next_multiple_of(rustix::param::page_size())
}

/// Whether the kernel does not know the advice.
fn is_unknown(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EINVAL)
}

/// The system calls a page that cannot be had a bad address.
fn explained(error: io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(libc::EFAULT) => io::Error::other(
            "the file was cut short, or its disk is full or failing: a part cannot be mapped",
        ),
        _ => error,
    }
}

/// Calls until all is done; a file that ends early is an error.
fn transfer(
    len: usize,
    offset_bytes: u64,
    call: impl Fn(usize, usize, libc::off_t) -> isize,
) -> io::Result<()> {
    let mut done = 0;
    while done < len {
        let offset = offset_bytes + done as u64;
        let offset = libc::off_t::try_from(offset).map_err(io::Error::other)?;
        match usize::try_from(call(done, len - done, offset)) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(more) => done += more,
            Err(_) => match io::Error::last_os_error() {
                error if error.kind() == io::ErrorKind::Interrupted => {}
                error => return Err(error),
            },
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of 64 KiB of sevens, and a part of it that begins and ends within pages.
    fn mapped() -> (std::fs::File, Memory) {
        let file = tempfile::tempfile().unwrap();
        std::os::unix::fs::FileExt::write_all_at(&file, &[7; 64 << 10], 0).unwrap();
        let memory = Memory::map_for_receiving(&file, 1000, 50_000).unwrap();
        (file, memory)
    }

    #[test]
    fn touching_changes_nothing() {
        let (file, memory) = mapped();
        memory.touch(0..50_000).unwrap();
        let mut found = vec![0; 64 << 10];
        std::os::unix::fs::FileExt::read_exact_at(&file, &mut found, 0).unwrap();
        assert_eq!(found, [7; 64 << 10]);
    }

    #[test]
    fn touching_what_is_gone_is_an_error() {
        let (file, memory) = mapped();
        file.set_len(20_000).unwrap();
        let error = memory.touch(0..50_000).unwrap_err();
        assert!(error.to_string().contains("cut short"), "{error}");
        assert!(memory.is_spoiled());
    }
}
