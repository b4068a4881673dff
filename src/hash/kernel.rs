//! The shape that every engine's inner loop has: some lanes, each some blocks further.
#![allow(unsafe_code)]

use super::engine::Engine;

pub(super) const BLOCK_LEN_BYTES: usize = 64;
pub(super) const LANES_MAX: usize = 16;

/// The chaining value of one message; SHA-1 uses the first five words.
pub(super) type State = [u32; 8];

/// Where each lane's next block starts.
pub(super) type Heads = [*const u8; LANES_MAX];

/// The chaining values of all lanes, transposed: a row is one word of every lane, so that it loads
/// as one vector.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(super) struct Columns {
    pub(super) rows: [[u32; LANES_MAX]; 8],
}

impl Columns {
    pub(super) const ZERO: Self = Self {
        rows: [[0; LANES_MAX]; 8],
    };

    pub(super) fn state(&self, lane: usize) -> State {
        std::array::from_fn(|word| self.rows[word][lane])
    }

    pub(super) fn set_state(&mut self, lane: usize, state: &State) {
        for (row, word) in self.rows.iter_mut().zip(state) {
            row[lane] = *word;
        }
    }

    pub(super) fn fill(&mut self, state: &State) {
        for (row, word) in self.rows.iter_mut().zip(state) {
            *row = [*word; LANES_MAX];
        }
    }
}

/// Moves the first lanes of the columns over as many blocks from each head.
pub(super) type Compress = unsafe fn(&mut Columns, &Heads, usize);

/// An inner loop that the processor can run: that is what its existence says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kernel {
    engine: Engine,
    lanes: usize,
    compress: Compress,
}

impl Kernel {
    /// # Safety
    ///
    /// The processor must have every feature that `compress` enables, and `compress` must read no
    /// more than the given number of blocks from each of the first `lanes` heads.
    pub(super) const unsafe fn new(engine: Engine, lanes: usize, compress: Compress) -> Self {
        assert!(0 < lanes && lanes <= LANES_MAX);
        Self {
            engine,
            lanes,
            compress,
        }
    }

    pub(super) fn engine(&self) -> Engine {
        self.engine
    }

    pub(super) fn lanes(&self) -> usize {
        self.lanes
    }

    /// # Safety
    ///
    /// `block_count` blocks must be readable from each of the first `self.lanes()` heads.
    pub(super) unsafe fn compress(&self, columns: &mut Columns, heads: &Heads, block_count: usize) {
        // SAFETY: the features were vouched for in `new`, the memory by the caller.
        unsafe { (self.compress)(columns, heads, block_count) }
    }
}
