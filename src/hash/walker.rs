//! One message on its way through a lane: scattered bytes in, runs of whole blocks out.

use super::kernel::{BLOCK_LEN_BYTES, State};
use super::span::Cursor;

/// What is known of a message between two feedings.
#[derive(Clone, Debug)]
pub(super) struct Progress {
    /// After all whole blocks so far.
    pub(super) state: State,
    pub(super) len_bytes: u64,
    /// What came after the last whole block: `len_bytes % 64` bytes.
    pub(super) rest: [u8; BLOCK_LEN_BYTES],
}

impl Progress {
    pub(super) fn new(initial: &State) -> Self {
        Self {
            state: *initial,
            len_bytes: 0,
            rest: [0; BLOCK_LEN_BYTES],
        }
    }

    fn rest_len_bytes(&self) -> usize {
        // A remainder by 64 fits every integer.
        usize::from((self.len_bytes % BLOCK_LEN_BYTES as u64).to_le_bytes()[0])
    }
}

/// Whether the bytes at hand are all that the message will have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    MoreToCome,
    /// Close with the padding of FIPS 180-4.
    Pad,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// The head of the cursor.
    Memory,
    /// The buffer, from this byte on: a block over a seam between spans, or the padding.
    Buffer { start_bytes: usize },
}

/// Cuts a message into runs of blocks that lie side by side in memory.
///
/// Blocks are hashed where they are; only a block that lies over a seam is put together in a
/// buffer first.
#[derive(Clone, Debug)]
pub(super) struct Walker<'a> {
    /// Which message this is, to whoever made the walker.
    pub(super) ticket: usize,
    pub(super) state: State,
    len_bytes: u64,
    cursor: Cursor<'a>,
    end: End,
    source: Source,
    run_blocks: usize,
    buffer: [u8; 2 * BLOCK_LEN_BYTES],
    buffered_bytes: usize,
}

impl<'a> Walker<'a> {
    pub(super) fn new(ticket: usize, progress: &Progress, cursor: Cursor<'a>, end: End) -> Self {
        let mut buffer = [0; 2 * BLOCK_LEN_BYTES];
        buffer[..BLOCK_LEN_BYTES].copy_from_slice(&progress.rest);
        let mut walker = Self {
            ticket,
            state: progress.state,
            len_bytes: progress.len_bytes,
            cursor,
            end,
            source: Source::Memory,
            run_blocks: 0,
            buffer,
            buffered_bytes: progress.rest_len_bytes(),
        };
        walker.find_run();
        walker
    }

    /// How many blocks can be read from the head; none once everything has been hashed.
    #[inline]
    pub(super) fn run_blocks(&self) -> usize {
        self.run_blocks
    }

    /// Where the run starts; valid until the walker moves or is moved.
    #[inline]
    pub(super) fn head(&self) -> *const u8 {
        match self.source {
            Source::Memory => self.cursor.head().start(),
            Source::Buffer { start_bytes } => self.buffer[start_bytes..].as_ptr(),
        }
    }

    /// Moves on over blocks of the run, and to the next run where this one ends.
    #[inline]
    pub(super) fn advance(&mut self, blocks: usize) {
        debug_assert!(blocks <= self.run_blocks);
        self.run_blocks -= blocks;
        match &mut self.source {
            Source::Memory => self.cursor.advance(blocks * BLOCK_LEN_BYTES),
            Source::Buffer { start_bytes } => *start_bytes += blocks * BLOCK_LEN_BYTES,
        }
        if self.run_blocks == 0 {
            if self.source != Source::Memory {
                self.buffered_bytes = 0;
            }
            self.find_run();
        }
    }

    pub(super) fn progress(&self) -> Progress {
        let mut rest = [0; BLOCK_LEN_BYTES];
        rest.copy_from_slice(&self.buffer[..BLOCK_LEN_BYTES]);
        Progress {
            state: self.state,
            len_bytes: self.len_bytes,
            rest,
        }
    }

    /// Called with the last run used up, so that less than a block can be left in the buffer.
    fn find_run(&mut self) {
        loop {
            let head = self.cursor.head();
            if head.is_empty() {
                return self.pad();
            }
            if self.buffered_bytes == 0 && head.len_bytes() >= BLOCK_LEN_BYTES {
                self.source = Source::Memory;
                self.run_blocks = head.len_bytes() / BLOCK_LEN_BYTES;
                self.len_bytes += (self.run_blocks * BLOCK_LEN_BYTES) as u64;
                return;
            }
            let step_bytes = head.len_bytes().min(BLOCK_LEN_BYTES - self.buffered_bytes);
            let filled_bytes = self.buffered_bytes + step_bytes;
            head.copy_front_to(&mut self.buffer[self.buffered_bytes..filled_bytes]);
            self.cursor.advance(step_bytes);
            self.buffered_bytes = filled_bytes;
            self.len_bytes += step_bytes as u64;
            if filled_bytes == BLOCK_LEN_BYTES {
                self.source = Source::Buffer { start_bytes: 0 };
                self.run_blocks = 1;
                return;
            }
        }
    }

    /// A bit, zeros, and the length in bits in the last eight bytes of a block.
    fn pad(&mut self) {
        if self.end == End::MoreToCome {
            return;
        }
        self.end = End::MoreToCome;
        let length_at = if self.buffered_bytes < BLOCK_LEN_BYTES - 8 {
            BLOCK_LEN_BYTES - 8
        } else {
            2 * BLOCK_LEN_BYTES - 8
        };
        self.buffer[self.buffered_bytes] = 0x80;
        self.buffer[self.buffered_bytes + 1..length_at].fill(0);
        let len_bits = self.len_bytes.wrapping_mul(8);
        self.buffer[length_at..length_at + 8].copy_from_slice(&len_bits.to_be_bytes());
        self.source = Source::Buffer { start_bytes: 0 };
        self.run_blocks = (length_at + 8) / BLOCK_LEN_BYTES;
    }
}
