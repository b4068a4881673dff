//! Lists of memory for system calls: bytes of ours and stretches of places, in the order of a
//! stream.
//!
//! A place is only ever known here by its address: its memory may change at any time, so it never
//! becomes a slice, and it may be gone, so only the kernel touches it, which says so instead of
//! ending the process.
#![allow(unsafe_code)]

use std::io;
use std::marker::PhantomData;
use std::os::fd::AsRawFd;
use std::ptr::NonNull;

use crate::base::limits::{RECV_MISPLACED_LEN_BYTES_MAX, RECV_PLAN_SPANS_MAX, SEND_PLAN_PARTS_MAX};
use crate::base::{Memory, PlaceRange, RecvSpan, SendPart};

const LEN_MAX: usize = RECV_PLAN_SPANS_MAX;
const _: () = assert!(LEN_MAX >= SEND_PLAN_PARTS_MAX && LEN_MAX <= 1024, "IOV_MAX");

/// A place is not there, or not all of its memory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PlaceGone;

struct Iovecs {
    entries: [libc::iovec; LEN_MAX],
    count: usize,
    len_bytes: usize,
}

impl Iovecs {
    const fn new() -> Self {
        let nothing = libc::iovec {
            iov_base: std::ptr::null_mut(),
            iov_len: 0,
        };
        Self {
            entries: [nothing; LEN_MAX],
            count: 0,
            len_bytes: 0,
        }
    }

    fn push(&mut self, start: *mut u8, len_bytes: usize) {
        self.entries[self.count] = libc::iovec {
            iov_base: start.cast(),
            iov_len: len_bytes,
        };
        self.count += 1;
        self.len_bytes += len_bytes;
    }

    fn raw(&self) -> &[libc::iovec] {
        &self.entries[..self.count]
    }

    fn raw_count(&self) -> libc::c_int {
        libc::c_int::try_from(self.count).unwrap_or(0)
    }
}

/// Memory that a system call reads. Bytes of ours stay borrowed; those of places stay mapped by the
/// promise of [`Memory`], because no job is taken from a core before the call is over.
pub(super) struct Sources<'a> {
    iovecs: Iovecs,
    borrowed: PhantomData<&'a [u8]>,
}

impl<'a> Sources<'a> {
    pub(super) fn of_bytes(bytes: &'a [u8]) -> Self {
        let mut iovecs = Iovecs::new();
        iovecs.push(bytes.as_ptr().cast_mut(), bytes.len());
        Self {
            iovecs,
            borrowed: PhantomData,
        }
    }

    /// What a send plan names.
    pub(super) fn lay_out(parts: &[SendPart<'a>], memory: &dyn Memory) -> Result<Self, PlaceGone> {
        let mut iovecs = Iovecs::new();
        for part in parts {
            match *part {
                SendPart::Bytes(bytes) => iovecs.push(bytes.as_ptr().cast_mut(), bytes.len()),
                SendPart::Region(range) => {
                    let start = memory.locate(range).ok_or(PlaceGone)?;
                    iovecs.push(start.as_ptr(), part.len_bytes());
                }
            }
        }
        Ok(Self {
            iovecs,
            borrowed: PhantomData,
        })
    }

    pub(super) fn send(&self, stream: &impl AsRawFd) -> io::Result<usize> {
        // SAFETY: the entries name memory that can be read, or that the kernel finds to be gone:
        // bytes that are borrowed for as long as `self` lives, and stretches of places, which are
        // mapped by the promise of `Memory`.
        let sent = unsafe {
            libc::writev(
                stream.as_raw_fd(),
                self.iovecs.entries.as_ptr(),
                self.iovecs.raw_count(),
            )
        };
        usize::try_from(sent).map_err(|_| io::Error::last_os_error())
    }

    pub(super) fn raw(&self) -> &[libc::iovec] {
        self.iovecs.raw()
    }
}

/// Memory that a system call writes: as [`Sources`], and nobody else's meanwhile.
pub(super) struct Targets<'a> {
    iovecs: Iovecs,
    has_places: bool,
    borrowed: PhantomData<&'a mut [u8]>,
}

impl<'a> Targets<'a> {
    pub(super) fn of_bytes(bytes: &'a mut [u8]) -> Self {
        let mut targets = Self::new();
        targets.iovecs.push(bytes.as_mut_ptr(), bytes.len());
        targets
    }

    /// The first bytes of a range.
    pub(super) fn of_place(
        range: PlaceRange,
        len_bytes: usize,
        memory: &dyn Memory,
    ) -> Result<Self, PlaceGone> {
        let mut targets = Self::new();
        targets.push_place(range, len_bytes, memory)?;
        Ok(targets)
    }

    /// The memory for the spans of a plan: stretches of the scratch one behind the other, and
    /// places. It ends where the scratch does, and before there is more than may be misplaced.
    pub(super) fn lay_out(
        spans: &[RecvSpan],
        scratch: &'a mut [u8],
        memory: &dyn Memory,
    ) -> Result<Self, PlaceGone> {
        let mut targets = Self::new();
        let mut scratch = scratch;
        for span in spans {
            let room = RECV_MISPLACED_LEN_BYTES_MAX - targets.iovecs.len_bytes;
            let mut len_bytes = span.len_bytes().min(room);
            if let RecvSpan::Block(range) = *span {
                targets.push_place(range, len_bytes, memory)?;
            } else {
                len_bytes = len_bytes.min(scratch.len());
                let (stretch, rest) = scratch.split_at_mut(len_bytes);
                targets.iovecs.push(stretch.as_mut_ptr(), len_bytes);
                scratch = rest;
            }
            if len_bytes < span.len_bytes() {
                break;
            }
        }
        Ok(targets)
    }

    fn new() -> Self {
        Self {
            iovecs: Iovecs::new(),
            has_places: false,
            borrowed: PhantomData,
        }
    }

    fn push_place(
        &mut self,
        range: PlaceRange,
        len_bytes: usize,
        memory: &dyn Memory,
    ) -> Result<(), PlaceGone> {
        assert!(len_bytes <= range.len_bytes as usize, "within the range");
        let start: NonNull<u8> = memory.locate_for_receiving(range).ok_or(PlaceGone)?;
        self.iovecs.push(start.as_ptr(), len_bytes);
        self.has_places = true;
        Ok(())
    }

    pub(super) const fn len_bytes(&self) -> usize {
        self.iovecs.len_bytes
    }

    pub(super) const fn has_places(&self) -> bool {
        self.has_places
    }

    pub(super) fn receive(&mut self, stream: &impl AsRawFd) -> io::Result<usize> {
        // SAFETY: the entries name memory that can be written, or that the kernel finds to be
        // gone: bytes that are borrowed by nobody else for as long as `self` lives, and stretches
        // of places, which are mapped, writable and leased to this stream by the promise of
        // `Memory` and the rule of `RecvSpan::Block`.
        let received = unsafe {
            libc::readv(
                stream.as_raw_fd(),
                self.iovecs.entries.as_ptr(),
                self.iovecs.raw_count(),
            )
        };
        usize::try_from(received).map_err(|_| io::Error::last_os_error())
    }

    pub(super) fn raw(&self) -> &[libc::iovec] {
        self.iovecs.raw()
    }
}

impl<'a> From<Targets<'a>> for Sources<'a> {
    fn from(targets: Targets<'a>) -> Self {
        Self {
            iovecs: targets.iovecs,
            borrowed: PhantomData,
        }
    }
}
