//! Eight messages side by side in AVX2 lanes.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::super::engine::Engine;
use super::super::kernel::{Columns, Heads, Kernel};
use super::lanes::{self, Lanes};

/// The kernels for SHA-1 and SHA-256, if the processor can run them.
pub(super) fn kernels() -> Option<(Kernel, Kernel)> {
    if !is_x86_feature_detected!("avx2") {
        return None;
    }
    // SAFETY: the feature was just found, and a kernel reads the given blocks of eight heads.
    unsafe {
        Some((
            Kernel::new(Engine::Avx2, 8, sha1_blocks),
            Kernel::new(Engine::Avx2, 8, sha256_blocks),
        ))
    }
}

#[target_feature(enable = "avx2")]
unsafe fn sha1_blocks(columns: &mut Columns, heads: &Heads, block_count: usize) {
    // SAFETY: the feature is enabled here; the caller vouched for the blocks.
    unsafe { lanes::sha1_blocks::<__m256i>(columns, heads, block_count) }
}

#[target_feature(enable = "avx2")]
unsafe fn sha256_blocks(columns: &mut Columns, heads: &Heads, block_count: usize) {
    // SAFETY: the feature is enabled here; the caller vouched for the blocks.
    unsafe { lanes::sha256_blocks::<__m256i>(columns, heads, block_count) }
}

// SAFETY, for every operation below: a vector exists only where the feature is enabled.
impl Lanes for __m256i {
    #[inline(always)]
    unsafe fn splat(word: u32) -> Self {
        // SAFETY: the caller vouched for the feature.
        unsafe { _mm256_set1_epi32(word.cast_signed()) }
    }

    #[inline(always)]
    unsafe fn load(row: &[u32; 16]) -> Self {
        // SAFETY: the row is longer than the vector; unaligned loads ask for no more.
        unsafe { _mm256_loadu_si256(row.as_ptr().cast()) }
    }

    #[inline(always)]
    fn store(self, row: &mut [u32; 16]) {
        // SAFETY: the row is longer than the vector; unaligned stores ask for no more.
        unsafe { _mm256_storeu_si256(row.as_mut_ptr().cast(), self) }
    }

    #[inline(always)]
    unsafe fn load_block(heads: &Heads, offset_bytes: usize) -> [Self; 16] {
        // SAFETY: the caller vouched for the feature and for a block after each head.
        unsafe {
            let mut fronts = [_mm256_setzero_si256(); 8];
            let mut backs = [_mm256_setzero_si256(); 8];
            for lane in 0..8 {
                let block = heads[lane].add(offset_bytes);
                fronts[lane] = _mm256_loadu_si256(block.cast());
                backs[lane] = _mm256_loadu_si256(block.add(32).cast());
            }
            let [a, b, c, d, e, f, g, h] = transpose(fronts);
            let [i, j, k, l, m, n, o, p] = transpose(backs);
            [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]
        }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: see above.
        unsafe { _mm256_add_epi32(self, other) }
    }

    #[inline(always)]
    fn rotate_left(self, bits: i32) -> Self {
        // SAFETY: see above.
        unsafe {
            _mm256_or_si256(
                _mm256_sllv_epi32(self, _mm256_set1_epi32(bits)),
                _mm256_srlv_epi32(self, _mm256_set1_epi32(32 - bits)),
            )
        }
    }

    #[inline(always)]
    fn shift_right(self, bits: i32) -> Self {
        // SAFETY: see above.
        unsafe { _mm256_srlv_epi32(self, _mm256_set1_epi32(bits)) }
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        // SAFETY: see above.
        unsafe { _mm256_xor_si256(self, other) }
    }

    #[inline(always)]
    fn xor3(self, b: Self, c: Self) -> Self {
        self.xor(b).xor(c)
    }

    #[inline(always)]
    fn choose(self, ones: Self, zeros: Self) -> Self {
        // SAFETY: see above.
        unsafe { _mm256_and_si256(self, ones.xor(zeros)) }.xor(zeros)
    }

    #[inline(always)]
    fn majority(self, b: Self, c: Self) -> Self {
        // SAFETY: see above.
        unsafe {
            _mm256_or_si256(
                _mm256_and_si256(self, b),
                _mm256_and_si256(c, _mm256_or_si256(self, b)),
            )
        }
    }
}

/// Row `i` holds eight words of lane `i`; afterwards vector `i` holds word `i` of every lane, its
/// bytes turned from the message's order to the processor's.
#[inline]
#[target_feature(enable = "avx2")]
fn transpose(rows: [__m256i; 8]) -> [__m256i; 8] {
    let mut quads = [_mm256_setzero_si256(); 8];
    for group in 0..2 {
        let at = 4 * group;
        let low01 = _mm256_unpacklo_epi32(rows[at], rows[at + 1]);
        let low23 = _mm256_unpacklo_epi32(rows[at + 2], rows[at + 3]);
        let high01 = _mm256_unpackhi_epi32(rows[at], rows[at + 1]);
        let high23 = _mm256_unpackhi_epi32(rows[at + 2], rows[at + 3]);
        quads[at] = _mm256_unpacklo_epi64(low01, low23);
        quads[at + 1] = _mm256_unpackhi_epi64(low01, low23);
        quads[at + 2] = _mm256_unpacklo_epi64(high01, high23);
        quads[at + 3] = _mm256_unpackhi_epi64(high01, high23);
    }
    let swap_bytes = _mm256_broadcastsi128_si256(_mm_set_epi8(
        12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3,
    ));
    let mut words = [_mm256_setzero_si256(); 8];
    for word in 0..4 {
        let low = _mm256_permute2x128_si256::<0x20>(quads[word], quads[word + 4]);
        let high = _mm256_permute2x128_si256::<0x31>(quads[word], quads[word + 4]);
        words[word] = _mm256_shuffle_epi8(low, swap_bytes);
        words[word + 4] = _mm256_shuffle_epi8(high, swap_bytes);
    }
    words
}
