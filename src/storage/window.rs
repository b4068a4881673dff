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

    /// Whether the file system maps its files at all.
    pub(super) fn can_open(file: &File) -> bool {
        MmapOptions::new().len(1).map_raw_read_only(file).is_ok()
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

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::Command;

    use super::*;
    use crate::base::Sha1Digest;
    use crate::hash::{Feed, Hasher, Sha1, Stream};

    const LEN_BYTES: usize = 1 << 20;

    fn file_of(byte: u8) -> (tempfile::NamedTempFile, File) {
        let named = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(named.path(), vec![byte; LEN_BYTES]).unwrap();
        let file = File::options()
            .read(true)
            .write(true)
            .open(named.path())
            .unwrap();
        (named, file)
    }

    fn hash(spans: &[Span<'_>]) -> Sha1Digest {
        let hasher = Hasher::chosen();
        let mut stream = Stream::<Sha1>::new();
        hasher.update_many(&mut [Feed {
            stream: &mut stream,
            spans,
        }]);
        hasher.finish(&stream)
    }

    fn hash_of_bytes(bytes: &[u8]) -> Sha1Digest {
        hash(&[Span::from(bytes)])
    }

    #[test]
    fn a_window_shows_its_part_of_the_file() {
        let (_named, file) = file_of(7);
        let window = Window::open(&file, 100, LEN_BYTES - 100).unwrap();
        let found = hash(&[window.span(5..70_000)]);
        assert_eq!(found, hash_of_bytes(&vec![7; 70_000 - 5]));
        assert!(!window.is_spoiled());
    }

    #[test]
    fn a_window_beyond_the_end_is_refused() {
        let (_named, file) = file_of(7);
        let error = Window::open(&file, 0, LEN_BYTES + (1 << 20)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn a_window_whose_file_is_cut_short_is_spoiled_and_reads_as_zeros() {
        for kept in [0, 4096, 300_000] {
            let (_named, file) = file_of(7);
            let (_other_named, other_file) = file_of(9);
            let window = Window::open(&file, 0, LEN_BYTES).unwrap();
            let other = Window::open(&other_file, 0, LEN_BYTES).unwrap();
            file.set_len(kept).unwrap();
            assert!(!window.is_spoiled(), "nobody has read yet");
            let mut expected = vec![7; usize::try_from(kept).unwrap()];
            expected.resize(LEN_BYTES, 0);
            assert_eq!(hash(&[window.span(0..LEN_BYTES)]), hash_of_bytes(&expected));
            assert!(window.is_spoiled());
            assert_eq!(
                hash(&[other.span(0..LEN_BYTES)]),
                hash_of_bytes(&vec![9; LEN_BYTES])
            );
            assert!(!other.is_spoiled());
        }
    }

    #[test]
    fn what_cannot_be_mapped_is_told_beforehand() {
        let (named, file) = file_of(7);
        assert!(Window::can_open(&file));
        let write_only = File::options().write(true).open(named.path()).unwrap();
        assert!(!Window::can_open(&write_only));
    }

    #[test]
    fn a_slot_is_clean_for_its_next_window() {
        for _ in 0..3 {
            let (_named, file) = file_of(7);
            let window = Window::open(&file, 0, LEN_BYTES).unwrap();
            assert!(!window.is_spoiled());
            file.set_len(0).unwrap();
            hash(&[window.span(0..1)]);
            assert!(window.is_spoiled());
        }
    }

    /// Tells the child to read what is gone, where nobody watches.
    const CHILD_VARIABLE: &str = "MT_READ_UNWATCHED";

    #[test]
    fn a_read_elsewhere_ends_the_process_as_it_always_did() {
        if std::env::var_os(CHILD_VARIABLE).is_some() {
            return read_unwatched();
        }
        let (_crate_name, module) = module_path!().split_once("::").unwrap();
        let name = format!("{module}::a_read_elsewhere_ends_the_process_as_it_always_did");
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &name])
            .env(CHILD_VARIABLE, "1")
            .output()
            .unwrap()
            .status;
        assert_eq!(status.signal(), Some(libc::SIGBUS), "{status}");
    }

    fn read_unwatched() {
        let (_named, file) = file_of(7);
        let (_other_named, other_file) = file_of(9);
        // The handler is there, and has work of its own.
        let _window = Window::open(&other_file, 0, LEN_BYTES).unwrap();
        let map = MmapOptions::new().map_raw_read_only(&file).unwrap();
        file.set_len(0).unwrap();
        // SAFETY: the mapping is alive; that its page is gone is what this is about.
        let byte = unsafe { map.as_ptr().read_volatile() };
        println!("read {byte}");
    }
}
