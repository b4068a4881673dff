//! Names of memory that content is received into and sent from, and the door to it.
//!
//! A core decides what becomes a place and who uses it; storage makes it; the host moves bytes
//! between it and a socket. The core never sees an address, and the host never sees a file.

use std::ptr::NonNull;

/// Names memory from the moment that a core asks for it until it has asked to give it up. Like a
/// connection's, its slot is used again under another generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlaceId {
    slot: u32,
    generation: u32,
}

impl PlaceId {
    /// For cores, which choose the names: a slot is low and used again, a generation is not.
    pub const fn new(slot: u32, generation: u32) -> Self {
        Self { slot, generation }
    }

    pub const fn slot(self) -> usize {
        self.slot as usize
    }

    pub const fn generation(self) -> u32 {
        self.generation
    }
}

/// Some bytes of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlaceRange {
    pub place: PlaceId,
    pub offset_bytes: u32,
    pub len_bytes: u32,
}

impl PlaceRange {
    /// What is left of it behind its first bytes.
    #[must_use]
    pub fn after(self, len_bytes: u32) -> Self {
        assert!(len_bytes <= self.len_bytes, "within the range");
        Self {
            offset_bytes: self.offset_bytes + len_bytes,
            len_bytes: self.len_bytes - len_bytes,
            ..self
        }
    }
}

/// Where places lie. Implemented by storage, used by the host's one thread.
///
/// The promise, on which the host's system calls rely: the bytes of a range that was located stay
/// mapped, and writable where the place was made for receiving, until the core submits the job
/// that gives the place up. That job is taken from the core by the same thread, after the system
/// call. Nothing else is promised: the file may shrink under a mapping, so the memory is only ever
/// handed to the kernel or read through raw pointers, and never becomes a slice.
pub trait Memory {
    /// The address of the first byte; `None` where the place does not exist (any more) or does not
    /// reach that far.
    fn locate(&self, range: PlaceRange) -> Option<NonNull<u8>>;

    /// Like [`Self::locate`], where what is received may be put.
    fn locate_for_receiving(&self, range: PlaceRange) -> Option<NonNull<u8>>;
}

impl<M: Memory> Memory for std::sync::Arc<M> {
    fn locate(&self, range: PlaceRange) -> Option<NonNull<u8>> {
        (**self).locate(range)
    }

    fn locate_for_receiving(&self, range: PlaceRange) -> Option<NonNull<u8>> {
        (**self).locate_for_receiving(range)
    }
}

/// For cores that never name a place.
#[derive(Clone, Copy, Debug)]
pub struct NoMemory;

impl Memory for NoMemory {
    fn locate(&self, _range: PlaceRange) -> Option<NonNull<u8>> {
        None
    }

    fn locate_for_receiving(&self, _range: PlaceRange) -> Option<NonNull<u8>> {
        None
    }
}
