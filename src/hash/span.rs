//! Memory to be hashed, and the cursor that walks a list of it.
#![allow(unsafe_code)]

use std::marker::PhantomData;

/// Bytes to be hashed, which may change while they are.
///
/// A slice promises that nobody writes to its bytes; a mapping of a file that another process (or a
/// peer's data on its way through the kernel) may touch cannot promise that. A span promises only
/// that the bytes can be read, so it is only ever read through raw pointers.
#[derive(Clone, Copy, Debug)]
pub struct Span<'a> {
    start: *const u8,
    len_bytes: usize,
    memory: PhantomData<&'a [u8]>,
}

// SAFETY: a span is only read, and whoever made it vouched for reads from every thread.
unsafe impl Send for Span<'_> {}
// SAFETY: as above; a span has no interior state of its own.
unsafe impl Sync for Span<'_> {}

impl<'a> Span<'a> {
    pub const EMPTY: Self = Self {
        start: std::ptr::NonNull::dangling().as_ptr(),
        len_bytes: 0,
        memory: PhantomData,
    };

    /// # Safety
    ///
    /// For all of `'a`, `len_bytes` bytes from `start` on must be readable from any thread, within
    /// one mapping or allocation. They may be changed meanwhile from outside the program: by the
    /// kernel, a device, another process. A digest of bytes that changed is unspecified, and
    /// nothing else is.
    pub const unsafe fn from_raw(start: *const u8, len_bytes: usize) -> Self {
        Self {
            start,
            len_bytes,
            memory: PhantomData,
        }
    }

    pub const fn start(&self) -> *const u8 {
        self.start
    }

    pub const fn len_bytes(&self) -> usize {
        self.len_bytes
    }

    pub const fn is_empty(&self) -> bool {
        self.len_bytes == 0
    }

    /// The first `at_bytes` bytes and the rest; all and nothing where the span is shorter.
    pub fn split_at(self, at_bytes: usize) -> (Self, Self) {
        let at_bytes = at_bytes.min(self.len_bytes);
        // SAFETY: `at_bytes` is at most the length, so the sum stays within the same memory, and
        // both parts are covered by what the maker of this span vouched for.
        unsafe {
            (
                Self::from_raw(self.start, at_bytes),
                Self::from_raw(self.start.add(at_bytes), self.len_bytes - at_bytes),
            )
        }
    }

    /// A copy of all of their bytes.
    pub fn concat(spans: &[Self]) -> Vec<u8> {
        let mut bytes = vec![0; spans.iter().map(Self::len_bytes).sum()];
        let mut rest = &mut bytes[..];
        for span in spans {
            let (own, others) = rest.split_at_mut(span.len_bytes);
            span.copy_front_to(own);
            rest = others;
        }
        bytes
    }

    /// Copies the front of the span over all of `into`, which must not be longer than the span.
    pub(super) fn copy_front_to(&self, into: &mut [u8]) {
        assert!(into.len() <= self.len_bytes);
        // SAFETY: the span is readable for its length, `into` is exclusively borrowed, so the two
        // cannot overlap, and the length was just compared.
        unsafe { std::ptr::copy_nonoverlapping(self.start, into.as_mut_ptr(), into.len()) }
    }
}

impl<'a> From<&'a [u8]> for Span<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        // SAFETY: a shared slice is readable from every thread for as long as it is borrowed.
        unsafe { Self::from_raw(bytes.as_ptr(), bytes.len()) }
    }
}

/// Walks a list of spans as if it were one run of bytes.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'a> {
    head: Span<'a>,
    rest: &'a [Span<'a>],
    /// How much of `rest` still belongs to this cursor.
    rest_limit_bytes: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(spans: &'a [Span<'a>]) -> Self {
        let mut cursor = Self {
            head: Span::EMPTY,
            rest: spans,
            rest_limit_bytes: usize::MAX,
        };
        cursor.settle();
        cursor
    }

    /// The contiguous bytes that come next; empty only at the end.
    pub(super) fn head(&self) -> Span<'a> {
        self.head
    }

    /// Moves within the head.
    pub(super) fn advance(&mut self, by_bytes: usize) {
        debug_assert!(by_bytes <= self.head.len_bytes());
        self.head = self.head.split_at(by_bytes).1;
        self.settle();
    }

    /// Splits off the next `len_bytes` bytes, or what there is.
    pub(super) fn take(&mut self, len_bytes: usize) -> Self {
        let (head, _) = self.head.split_at(len_bytes);
        let mut taken = Self {
            head,
            rest: self.rest,
            rest_limit_bytes: len_bytes - head.len_bytes(),
        };
        taken.settle();
        let mut left_bytes = len_bytes;
        while left_bytes > 0 && !self.head.is_empty() {
            let step_bytes = left_bytes.min(self.head.len_bytes());
            self.advance(step_bytes);
            left_bytes -= step_bytes;
        }
        taken
    }

    fn settle(&mut self) {
        while self.head.is_empty() && self.rest_limit_bytes > 0 {
            let Some((next, rest)) = self.rest.split_first() else {
                return;
            };
            self.head = next.split_at(self.rest_limit_bytes).0;
            self.rest = rest;
            self.rest_limit_bytes -= self.head.len_bytes();
        }
    }
}
