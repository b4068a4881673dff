//! One lane by the `sha1` and `sha2` crates: always there, and what the other engines must equal.
//!
//! On x86 the crates use SHA instructions where they find them, one stream at a time.
#![allow(unsafe_code)]

use sha1::digest::generic_array::GenericArray;
use sha1::digest::typenum::U64;

use super::engine::Engine;
use super::kernel::{BLOCK_LEN_BYTES, Columns, Heads, Kernel};

// SAFETY: needs no feature of the processor and reads the first head only.
pub(super) const SHA1: Kernel = unsafe { Kernel::new(Engine::Portable, 1, sha1_blocks) };
// SAFETY: as above.
pub(super) const SHA256: Kernel = unsafe { Kernel::new(Engine::Portable, 1, sha256_blocks) };

type Block = GenericArray<u8, U64>;

/// Enough to make the crates' start-up per call vanish, little enough to stay in the first cache.
const CHUNK_BLOCKS: usize = 32;

unsafe fn sha1_blocks(columns: &mut Columns, heads: &Heads, block_count: usize) {
    let [a, b, c, d, e, ..] = columns.state(0);
    let mut state = [a, b, c, d, e];
    let compress = |chunk: &[Block]| sha1::compress(&mut state, chunk);
    // SAFETY: the caller vouched for the blocks.
    unsafe { for_each_chunk(heads[0], block_count, compress) };
    let [a, b, c, d, e] = state;
    columns.set_state(0, &[a, b, c, d, e, 0, 0, 0]);
}

unsafe fn sha256_blocks(columns: &mut Columns, heads: &Heads, block_count: usize) {
    let mut state = columns.state(0);
    let compress = |chunk: &[Block]| sha2::compress256(&mut state, chunk);
    // SAFETY: the caller vouched for the blocks.
    unsafe { for_each_chunk(heads[0], block_count, compress) };
    columns.set_state(0, &state);
}

/// The crates want slices, which promise bytes that do not change: so they get a copy.
///
/// # Safety
///
/// `block_count` blocks must be readable from `head` on.
unsafe fn for_each_chunk(head: *const u8, block_count: usize, mut compress: impl FnMut(&[Block])) {
    let mut chunk = [Block::default(); CHUNK_BLOCKS];
    let mut done = 0;
    while done < block_count {
        let count = CHUNK_BLOCKS.min(block_count - done);
        // SAFETY: blocks `done..done + count` lie within what the caller vouched for; the chunk
        // has room for `count` blocks of 64 bytes and is ours alone.
        unsafe {
            std::ptr::copy_nonoverlapping(
                head.add(done * BLOCK_LEN_BYTES),
                chunk.as_mut_ptr().cast::<u8>(),
                count * BLOCK_LEN_BYTES,
            );
        }
        compress(&chunk[..count]);
        done += count;
    }
}
