//! One or more messages through the SHA instructions, interleaved.
//!
//! Each instruction waits for the one before it of the same message; a second message fills the
//! wait.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::super::constants::SHA256_K;
use super::super::engine::Engine;
use super::super::kernel::{BLOCK_LEN_BYTES, Columns, Heads, Kernel};

/// The kernels for SHA-1 and SHA-256, wider ones first, if the processor can run them.
pub(super) fn kernels() -> Option<([Kernel; 2], [Kernel; 2])> {
    let found = is_x86_feature_detected!("sha")
        && is_x86_feature_detected!("ssse3")
        && is_x86_feature_detected!("sse4.1");
    if !found {
        return None;
    }
    // SAFETY: the features were just found, and a kernel reads the blocks of as many heads.
    unsafe {
        Some((
            [
                Kernel::new(Engine::ShaInstructions, 2, sha1_blocks::<2>),
                Kernel::new(Engine::ShaInstructions, 1, sha1_blocks::<1>),
            ],
            [
                Kernel::new(Engine::ShaInstructions, 2, sha256_blocks::<2>),
                Kernel::new(Engine::ShaInstructions, 1, sha256_blocks::<1>),
            ],
        ))
    }
}

/// Four vectors of four message words each, for every message.
type Words<const N: usize> = [[__m128i; 4]; N];

/// # Safety
///
/// A block must be readable `offset_bytes` after each of the first `N` heads.
#[inline]
#[target_feature(enable = "sha,sse2,ssse3,sse4.1")]
unsafe fn load_block<const N: usize>(
    heads: &Heads,
    offset_bytes: usize,
    byte_order: __m128i,
) -> Words<N> {
    let mut words = [[_mm_setzero_si128(); 4]; N];
    for (words, head) in words.iter_mut().zip(heads) {
        for (quarter, word) in words.iter_mut().enumerate() {
            // SAFETY: the four quarters are the block that the caller vouched for.
            let bytes = unsafe { _mm_loadu_si128(head.add(offset_bytes + 16 * quarter).cast()) };
            *word = _mm_shuffle_epi8(bytes, byte_order);
        }
    }
    words
}

#[inline]
#[target_feature(enable = "sse2")]
fn vector(words: [u32; 4]) -> __m128i {
    let [a, b, c, d] = words.map(u32::cast_signed);
    _mm_set_epi32(a, b, c, d)
}

#[inline]
#[target_feature(enable = "sse4.1")]
fn unpack(vector: __m128i) -> [u32; 4] {
    [
        _mm_extract_epi32::<3>(vector),
        _mm_extract_epi32::<2>(vector),
        _mm_extract_epi32::<1>(vector),
        _mm_extract_epi32::<0>(vector),
    ]
    .map(i32::cast_unsigned)
}

#[derive(Clone, Copy)]
struct Sha1State {
    abcd: __m128i,
    /// `e` in the highest word, to which the first four message words will be added.
    e: __m128i,
    /// `abcd` as it was four rounds ago: its `a`, rotated, is the `e` of now.
    abcd_before: __m128i,
}

/// Rounds `4 G .. 4 G + 4` of every message.
#[inline]
#[target_feature(enable = "sha,sse2,ssse3,sse4.1")]
fn sha1_rounds4<const N: usize, const G: usize>(states: &mut [Sha1State; N], words: &mut Words<N>) {
    for (state, words) in states.iter_mut().zip(words) {
        if G >= 4 {
            let mixed = _mm_sha1msg1_epu32(words[G % 4], words[(G + 1) % 4]);
            let mixed = _mm_xor_si128(mixed, words[(G + 2) % 4]);
            words[G % 4] = _mm_sha1msg2_epu32(mixed, words[(G + 3) % 4]);
        }
        let input = if G == 0 {
            _mm_add_epi32(state.e, words[0])
        } else {
            _mm_sha1nexte_epu32(state.abcd_before, words[G % 4])
        };
        state.abcd_before = state.abcd;
        state.abcd = match G / 5 {
            0 => _mm_sha1rnds4_epu32::<0>(state.abcd, input),
            1 => _mm_sha1rnds4_epu32::<1>(state.abcd, input),
            2 => _mm_sha1rnds4_epu32::<2>(state.abcd, input),
            _ => _mm_sha1rnds4_epu32::<3>(state.abcd, input),
        };
    }
}

macro_rules! rounds4 {
    ($rounds4:ident, $states:ident, $words:ident: $($group:literal)*) => {
        $( $rounds4::<N, $group>(&mut $states, &mut $words); )*
    };
}

#[target_feature(enable = "sha,sse2,ssse3,sse4.1")]
unsafe fn sha1_blocks<const N: usize>(columns: &mut Columns, heads: &Heads, block_count: usize) {
    let byte_order = _mm_set_epi64x(0x0001_0203_0405_0607, 0x0809_0a0b_0c0d_0e0f);
    let zero = _mm_setzero_si128();
    let mut states = [Sha1State {
        abcd: zero,
        e: zero,
        abcd_before: zero,
    }; N];
    for (lane, state) in states.iter_mut().enumerate() {
        let [a, b, c, d, e, ..] = columns.state(lane);
        state.abcd = vector([a, b, c, d]);
        state.e = vector([e, 0, 0, 0]);
    }
    for block in 0..block_count {
        // SAFETY: the caller vouched for this block of each head.
        let mut words = unsafe { load_block::<N>(heads, block * BLOCK_LEN_BYTES, byte_order) };
        let before = states;
        rounds4!(sha1_rounds4, states, words: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19);
        for (state, before) in states.iter_mut().zip(before) {
            state.abcd = _mm_add_epi32(state.abcd, before.abcd);
            state.e = _mm_sha1nexte_epu32(state.abcd_before, before.e);
        }
    }
    for (lane, state) in states.iter().enumerate() {
        let [a, b, c, d] = unpack(state.abcd);
        let [e, ..] = unpack(state.e);
        columns.set_state(lane, &[a, b, c, d, e, 0, 0, 0]);
    }
}

/// The instructions want the eight words in this order.
#[derive(Clone, Copy)]
struct Sha256State {
    abef: __m128i,
    cdgh: __m128i,
}

/// Rounds `4 G .. 4 G + 4` of every message.
#[inline]
#[target_feature(enable = "sha,sse2,ssse3,sse4.1")]
fn sha256_rounds4<const N: usize, const G: usize>(
    states: &mut [Sha256State; N],
    words: &mut Words<N>,
) {
    let [k0, k1, k2, k3] = [0, 1, 2, 3].map(|round| SHA256_K[4 * G + round]);
    let constants = vector([k3, k2, k1, k0]);
    for (state, words) in states.iter_mut().zip(words) {
        if G >= 4 {
            let mixed = _mm_sha256msg1_epu32(words[G % 4], words[(G + 1) % 4]);
            let seven_ago = _mm_alignr_epi8::<4>(words[(G + 3) % 4], words[(G + 2) % 4]);
            let mixed = _mm_add_epi32(mixed, seven_ago);
            words[G % 4] = _mm_sha256msg2_epu32(mixed, words[(G + 3) % 4]);
        }
        let input = _mm_add_epi32(words[G % 4], constants);
        state.cdgh = _mm_sha256rnds2_epu32(state.cdgh, state.abef, input);
        let input = _mm_shuffle_epi32::<0b11_10>(input);
        state.abef = _mm_sha256rnds2_epu32(state.abef, state.cdgh, input);
    }
}

#[target_feature(enable = "sha,sse2,ssse3,sse4.1")]
unsafe fn sha256_blocks<const N: usize>(columns: &mut Columns, heads: &Heads, block_count: usize) {
    let byte_order = _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
    let zero = _mm_setzero_si128();
    let mut states = [Sha256State {
        abef: zero,
        cdgh: zero,
    }; N];
    for (lane, state) in states.iter_mut().enumerate() {
        let [a, b, c, d, e, f, g, h] = columns.state(lane);
        state.abef = vector([a, b, e, f]);
        state.cdgh = vector([c, d, g, h]);
    }
    for block in 0..block_count {
        // SAFETY: the caller vouched for this block of each head.
        let mut words = unsafe { load_block::<N>(heads, block * BLOCK_LEN_BYTES, byte_order) };
        let before = states;
        rounds4!(sha256_rounds4, states, words: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
        for (state, before) in states.iter_mut().zip(before) {
            state.abef = _mm_add_epi32(state.abef, before.abef);
            state.cdgh = _mm_add_epi32(state.cdgh, before.cdgh);
        }
    }
    for (lane, state) in states.iter().enumerate() {
        let [a, b, e, f] = unpack(state.abef);
        let [c, d, g, h] = unpack(state.cdgh);
        columns.set_state(lane, &[a, b, c, d, e, f, g, h]);
    }
}
