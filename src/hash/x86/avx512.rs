//! Sixteen messages side by side in AVX-512 lanes.
//!
//! Nothing is prefetched: measured on messages far beyond the caches, it gains nothing.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::super::engine::Engine;
use super::super::kernel::{Columns, Heads, Kernel};
use super::lanes::{self, Lanes};

/// The kernels for SHA-1 and SHA-256, if the processor can run them.
pub(super) fn kernels() -> Option<(Kernel, Kernel)> {
    if !(is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw")) {
        return None;
    }
    // SAFETY: the features were just found, and a kernel reads the given blocks of sixteen heads.
    unsafe {
        Some((
            Kernel::new(Engine::Avx512, 16, sha1_blocks),
            Kernel::new(Engine::Avx512, 16, sha256_blocks),
        ))
    }
}

#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn sha1_blocks(columns: &mut Columns, heads: &Heads, block_count: usize) {
    // SAFETY: the features are enabled here; the caller vouched for the blocks.
    unsafe { lanes::sha1_blocks::<__m512i>(columns, heads, block_count) }
}

#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn sha256_blocks(columns: &mut Columns, heads: &Heads, block_count: usize) {
    // SAFETY: the features are enabled here; the caller vouched for the blocks.
    unsafe { lanes::sha256_blocks::<__m512i>(columns, heads, block_count) }
}

// The third operand of a ternary-logic instruction is its truth table, from inputs 111 to 000.
const XOR3: i32 = 0b1001_0110;
const CHOOSE: i32 = 0b1100_1010;
const MAJORITY: i32 = 0b1110_1000;

// SAFETY, for every operation below: a vector exists only where the features are enabled.
impl Lanes for __m512i {
    #[inline(always)]
    unsafe fn splat(word: u32) -> Self {
        // SAFETY: the caller vouched for the features.
        unsafe { _mm512_set1_epi32(word.cast_signed()) }
    }

    #[inline(always)]
    unsafe fn load(row: &[u32; 16]) -> Self {
        // SAFETY: the row is as long as the vector; unaligned loads ask for no more.
        unsafe { _mm512_loadu_si512(row.as_ptr().cast()) }
    }

    #[inline(always)]
    fn store(self, row: &mut [u32; 16]) {
        // SAFETY: the row is as long as the vector; unaligned stores ask for no more.
        unsafe { _mm512_storeu_si512(row.as_mut_ptr().cast(), self) }
    }

    #[inline(always)]
    unsafe fn load_block(heads: &Heads, offset_bytes: usize) -> [Self; 16] {
        // SAFETY: the caller vouched for the features and for a block after each head.
        unsafe {
            let mut rows = [_mm512_setzero_si512(); 16];
            for (row, head) in rows.iter_mut().zip(heads) {
                *row = _mm512_loadu_si512(head.add(offset_bytes).cast());
            }
            transpose(rows)
        }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: see above.
        unsafe { _mm512_add_epi32(self, other) }
    }

    #[inline(always)]
    fn rotate_left(self, bits: i32) -> Self {
        // SAFETY: see above.
        unsafe { _mm512_rolv_epi32(self, _mm512_set1_epi32(bits)) }
    }

    #[inline(always)]
    fn shift_right(self, bits: i32) -> Self {
        // SAFETY: see above.
        unsafe { _mm512_srlv_epi32(self, _mm512_set1_epi32(bits)) }
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        // SAFETY: see above.
        unsafe { _mm512_xor_si512(self, other) }
    }

    #[inline(always)]
    fn xor3(self, b: Self, c: Self) -> Self {
        // SAFETY: see above.
        unsafe { _mm512_ternarylogic_epi32::<XOR3>(self, b, c) }
    }

    #[inline(always)]
    fn choose(self, ones: Self, zeros: Self) -> Self {
        // SAFETY: see above.
        unsafe { _mm512_ternarylogic_epi32::<CHOOSE>(self, ones, zeros) }
    }

    #[inline(always)]
    fn majority(self, b: Self, c: Self) -> Self {
        // SAFETY: see above.
        unsafe { _mm512_ternarylogic_epi32::<MAJORITY>(self, b, c) }
    }
}

/// Row `i` holds the sixteen words of lane `i`; afterwards vector `i` holds word `i` of every lane,
/// its bytes turned from the message's order to the processor's.
///
/// Pairs of words, then pairs of pairs trade places within each quarter of the registers; then
/// whole quarters do, twice.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn transpose(rows: [__m512i; 16]) -> [__m512i; 16] {
    let mut quads = [_mm512_setzero_si512(); 16];
    for group in 0..4 {
        let at = 4 * group;
        let low01 = _mm512_unpacklo_epi32(rows[at], rows[at + 1]);
        let low23 = _mm512_unpacklo_epi32(rows[at + 2], rows[at + 3]);
        let high01 = _mm512_unpackhi_epi32(rows[at], rows[at + 1]);
        let high23 = _mm512_unpackhi_epi32(rows[at + 2], rows[at + 3]);
        quads[at] = _mm512_unpacklo_epi64(low01, low23);
        quads[at + 1] = _mm512_unpackhi_epi64(low01, low23);
        quads[at + 2] = _mm512_unpacklo_epi64(high01, high23);
        quads[at + 3] = _mm512_unpackhi_epi64(high01, high23);
    }
    let swap_bytes = _mm512_broadcast_i32x4(_mm_set_epi8(
        12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3,
    ));
    let mut words = [_mm512_setzero_si512(); 16];
    for word in 0..4 {
        let front02 = _mm512_shuffle_i32x4::<0b10_00_10_00>(quads[word], quads[word + 4]);
        let front13 = _mm512_shuffle_i32x4::<0b11_01_11_01>(quads[word], quads[word + 4]);
        let back02 = _mm512_shuffle_i32x4::<0b10_00_10_00>(quads[word + 8], quads[word + 12]);
        let back13 = _mm512_shuffle_i32x4::<0b11_01_11_01>(quads[word + 8], quads[word + 12]);
        words[word] = _mm512_shuffle_i32x4::<0b10_00_10_00>(front02, back02);
        words[word + 4] = _mm512_shuffle_i32x4::<0b10_00_10_00>(front13, back13);
        words[word + 8] = _mm512_shuffle_i32x4::<0b11_01_11_01>(front02, back02);
        words[word + 12] = _mm512_shuffle_i32x4::<0b11_01_11_01>(front13, back13);
    }
    for word in &mut words {
        *word = _mm512_shuffle_epi8(*word, swap_bytes);
    }
    words
}
