//! A part of a file, mapped for reading.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::ops::Range;

use memmap2::{Advice, MmapOptions, MmapRaw};

use super::sigbus::Watch;
use crate::hash::Span;

/// Mapped bytes of a file, resident when they are handed out. The file may change or shrink under
/// us at any time, so they are never a slice.
#[derive(Debug)]
pub(super) struct Window {
    // The watch goes first, before the memory that it watches.
    watch: Watch,
    map: MmapRaw,
}

impl Window {
    /// Maps `len_bytes` (not 0) from `offset_bytes` on and makes them resident.
    pub(super) fn open(file: &File, offset_bytes: u64, len_bytes: usize) -> io::Result<Self> {
        let map = MmapOptions::new()
            .offset(offset_bytes)
            .len(len_bytes)
            .no_reserve_swap()
            .map_raw_read_only(file)?;
        // The crate maps from the page that `offset_bytes` lies in; what is beyond the last whole
        // page belongs to the mapping too, and a watch to the end of that is a watch of its pages.
        let start = map.as_ptr() as usize;
        let end = (start + len_bytes).next_multiple_of(page_len());
        // SAFETY: the mapping lives as long as the watch in this window, it is read through raw
        // pointers only (spans), and nobody else knows its addresses.
        let watch = unsafe { Watch::over(start..end) }
            .ok_or_else(|| io::Error::other("too many windows are mapped at once"))?;
        match map.advise(Advice::PopulateRead) {
            Ok(()) => {}
            // What lies beyond the end of the file cannot be made resident.
            Err(error) if error.raw_os_error() == Some(libc::EFAULT) => {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            // Kernels before 5.14 do not know the advice; the hash will fault the pages in.
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => {}
            Err(error) => return Err(error),
        }
        Ok(Self { watch, map })
    }

    /// The bytes of a range within the window.
    pub(super) fn span(&self, range: Range<usize>) -> Span<'_> {
        assert!(
            range.start <= range.end && range.end <= self.map.len(),
            "within the window"
        );
        // SAFETY: the range lies in the mapping, which lives as long as the borrow of this window;
        // where its file is cut short, the watch sees to it that it stays readable.
        unsafe { Span::from_raw(self.map.as_ptr().add(range.start), range.len()) }
    }

    /// Whether some of the bytes were gone when they were read.
    pub(super) fn is_spoiled(&self) -> bool {
        self.watch.is_spoiled()
    }
}

fn page_len() -> usize {
    rustix::param::page_size()
}
