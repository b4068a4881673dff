//! The kernels of aarch64: one message or two through the SHA instructions.
//!
//! The crates do not use these for SHA-1, nor for SHA-256 unless built with assembly.
#![allow(unsafe_code)]

use std::arch::aarch64::*;
use std::arch::is_aarch64_feature_detected;

use super::constants::{SHA1_K, SHA256_K};
use super::engine::Engine;
use super::kernel::{BLOCK_LEN_BYTES, Columns, Heads, Kernel};

/// What this processor can run for SHA-1 and for SHA-256, wider kernels first.
pub(super) fn kernels() -> (Vec<Kernel>, Vec<Kernel>) {
    if !is_aarch64_feature_detected!("sha2") {
        return (Vec::new(), Vec::new());
    }
    // SAFETY: the feature was just found, and a kernel reads the blocks of as many heads.
    unsafe {
        (
            vec![
                Kernel::new(Engine::ShaInstructions, 2, sha1_blocks::<2>),
                Kernel::new(Engine::ShaInstructions, 1, sha1_blocks::<1>),
            ],
            vec![
                Kernel::new(Engine::ShaInstructions, 2, sha256_blocks::<2>),
                Kernel::new(Engine::ShaInstructions, 1, sha256_blocks::<1>),
            ],
        )
    }
}

/// Four vectors of four message words each, for every message.
type Words<const N: usize> = [[uint32x4_t; 4]; N];

/// # Safety
///
/// A block must be readable `offset_bytes` after each of the first `N` heads.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn load_block<const N: usize>(heads: &Heads, offset_bytes: usize) -> Words<N> {
    let mut words = [[vdupq_n_u32(0); 4]; N];
    for (words, head) in words.iter_mut().zip(heads) {
        for (quarter, word) in words.iter_mut().enumerate() {
            // SAFETY: the four quarters are the block that the caller vouched for.
            let bytes = unsafe { vld1q_u8(head.add(offset_bytes + 16 * quarter)) };
            *word = vreinterpretq_u32_u8(vrev32q_u8(bytes));
        }
    }
    words
}

#[inline]
#[target_feature(enable = "neon")]
fn vector(words: [u32; 4]) -> uint32x4_t {
    // SAFETY: four words are as long as the vector.
    unsafe { vld1q_u32(words.as_ptr()) }
}

#[inline]
#[target_feature(enable = "neon")]
fn unpack(vector: uint32x4_t) -> [u32; 4] {
    let mut words = [0; 4];
    // SAFETY: four words are as long as the vector.
    unsafe { vst1q_u32(words.as_mut_ptr(), vector) };
    words
}

#[derive(Clone, Copy)]
struct Sha1State {
    abcd: uint32x4_t,
    e: u32,
}

/// Rounds `4 G .. 4 G + 4` of every message.
#[inline]
#[target_feature(enable = "neon,sha2")]
fn sha1_rounds4<const N: usize, const G: usize>(states: &mut [Sha1State; N], words: &mut Words<N>) {
    let constants = vdupq_n_u32(SHA1_K[G / 5]);
    for (state, words) in states.iter_mut().zip(words) {
        if G >= 4 {
            let mixed = vsha1su0q_u32(words[G % 4], words[(G + 1) % 4], words[(G + 2) % 4]);
            words[G % 4] = vsha1su1q_u32(mixed, words[(G + 3) % 4]);
        }
        let input = vaddq_u32(words[G % 4], constants);
        let next_e = vsha1h_u32(vgetq_lane_u32::<0>(state.abcd));
        state.abcd = match G / 5 {
            0 => vsha1cq_u32(state.abcd, state.e, input),
            2 => vsha1mq_u32(state.abcd, state.e, input),
            _ => vsha1pq_u32(state.abcd, state.e, input),
        };
        state.e = next_e;
    }
}

macro_rules! rounds4 {
    ($rounds4:ident, $states:ident, $words:ident: $($group:literal)*) => {
        $( $rounds4::<N, $group>(&mut $states, &mut $words); )*
    };
}

#[target_feature(enable = "neon,sha2")]
unsafe fn sha1_blocks<const N: usize>(columns: &mut Columns, heads: &Heads, block_count: usize) {
    let mut states = [Sha1State {
        abcd: vdupq_n_u32(0),
        e: 0,
    }; N];
    for (lane, state) in states.iter_mut().enumerate() {
        let [a, b, c, d, e, ..] = columns.state(lane);
        *state = Sha1State {
            abcd: vector([a, b, c, d]),
            e,
        };
    }
    for block in 0..block_count {
        // SAFETY: the caller vouched for this block of each head.
        let mut words = unsafe { load_block::<N>(heads, block * BLOCK_LEN_BYTES) };
        let before = states;
        rounds4!(sha1_rounds4, states, words: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19);
        for (state, before) in states.iter_mut().zip(before) {
            state.abcd = vaddq_u32(state.abcd, before.abcd);
            state.e = state.e.wrapping_add(before.e);
        }
    }
    for (lane, state) in states.iter().enumerate() {
        let [a, b, c, d] = unpack(state.abcd);
        columns.set_state(lane, &[a, b, c, d, state.e, 0, 0, 0]);
    }
}

#[derive(Clone, Copy)]
struct Sha256State {
    abcd: uint32x4_t,
    efgh: uint32x4_t,
}

/// Rounds `4 G .. 4 G + 4` of every message.
#[inline]
#[target_feature(enable = "neon,sha2")]
fn sha256_rounds4<const N: usize, const G: usize>(
    states: &mut [Sha256State; N],
    words: &mut Words<N>,
) {
    let constants = vector([0, 1, 2, 3].map(|round| SHA256_K[4 * G + round]));
    for (state, words) in states.iter_mut().zip(words) {
        if G >= 4 {
            let mixed = vsha256su0q_u32(words[G % 4], words[(G + 1) % 4]);
            words[G % 4] = vsha256su1q_u32(mixed, words[(G + 2) % 4], words[(G + 3) % 4]);
        }
        let input = vaddq_u32(words[G % 4], constants);
        let abcd = state.abcd;
        state.abcd = vsha256hq_u32(abcd, state.efgh, input);
        state.efgh = vsha256h2q_u32(state.efgh, abcd, input);
    }
}

#[target_feature(enable = "neon,sha2")]
unsafe fn sha256_blocks<const N: usize>(columns: &mut Columns, heads: &Heads, block_count: usize) {
    let mut states = [Sha256State {
        abcd: vdupq_n_u32(0),
        efgh: vdupq_n_u32(0),
    }; N];
    for (lane, state) in states.iter_mut().enumerate() {
        let [a, b, c, d, e, f, g, h] = columns.state(lane);
        *state = Sha256State {
            abcd: vector([a, b, c, d]),
            efgh: vector([e, f, g, h]),
        };
    }
    for block in 0..block_count {
        // SAFETY: the caller vouched for this block of each head.
        let mut words = unsafe { load_block::<N>(heads, block * BLOCK_LEN_BYTES) };
        let before = states;
        rounds4!(sha256_rounds4, states, words: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
        for (state, before) in states.iter_mut().zip(before) {
            state.abcd = vaddq_u32(state.abcd, before.abcd);
            state.efgh = vaddq_u32(state.efgh, before.efgh);
        }
    }
    for (lane, state) in states.iter().enumerate() {
        let [a, b, c, d] = unpack(state.abcd);
        let [e, f, g, h] = unpack(state.efgh);
        columns.set_state(lane, &[a, b, c, d, e, f, g, h]);
    }
}
