//! SHA-1 and SHA-256 over vectors of 32-bit words, one message to a lane, whatever the width.
//!
//! Everything here is inlined into a kernel that enables the processor's feature; that is how code
//! written once becomes instructions of two widths.
#![allow(unsafe_code)]

use super::super::constants::{SHA1_K, SHA256_K};
use super::super::kernel::{BLOCK_LEN_BYTES, Columns, Heads};

/// A vector with one 32-bit word of every lane.
///
/// A value of such a type exists only where an `unsafe` constructor made it, whose caller vouched
/// for the processor's feature; so the operations on values are safe.
pub(super) trait Lanes: Copy {
    /// # Safety
    ///
    /// The caller must run with the vector's feature enabled.
    unsafe fn splat(word: u32) -> Self;

    /// # Safety
    ///
    /// As for `splat`; and `row` must be as long as the vector and aligned to 64 bytes.
    unsafe fn load(row: &[u32; 16]) -> Self;

    fn store(self, row: &mut [u32; 16]);

    /// The words of one block of every lane, big-endian: vector `i` holds each lane's word `i`.
    ///
    /// # Safety
    ///
    /// As for `splat`; and a block must be readable `offset_bytes` after the head of every lane.
    unsafe fn load_block(heads: &Heads, offset_bytes: usize) -> [Self; 16];

    fn add(self, other: Self) -> Self;
    fn rotate_left(self, bits: i32) -> Self;
    fn shift_right(self, bits: i32) -> Self;
    fn xor(self, other: Self) -> Self;
    fn xor3(self, b: Self, c: Self) -> Self;
    /// Each bit from `ones` where it is set in `self`, else from `zeros`.
    fn choose(self, ones: Self, zeros: Self) -> Self;
    fn majority(self, b: Self, c: Self) -> Self;
}

/// Round `T`. The state's words stay where they are and change roles instead: what was `e` becomes
/// `a`, so role `r` is at `(r + 4 T) % 5`.
#[inline(always)]
unsafe fn sha1_round<V: Lanes, const T: usize>(state: &mut [V; 5], words: &mut [V; 16]) {
    let at = |role: usize| (role + 4 * T) % 5;
    let [a, b, c, d, e] = [
        state[at(0)],
        state[at(1)],
        state[at(2)],
        state[at(3)],
        state[at(4)],
    ];
    if T >= 16 {
        let mixed = words[(T + 13) % 16].xor3(words[(T + 8) % 16], words[(T + 2) % 16]);
        words[T % 16] = mixed.xor(words[T % 16]).rotate_left(1);
    }
    let mixed = match T / 20 {
        0 => b.choose(c, d),
        2 => b.majority(c, d),
        _ => b.xor3(c, d),
    };
    // SAFETY: the caller runs with the feature enabled.
    let constant = unsafe { V::splat(SHA1_K[T / 20]) };
    let early = e.add(constant).add(words[T % 16]);
    state[at(4)] = early.add(mixed).add(a.rotate_left(5));
    state[at(1)] = b.rotate_left(30);
}

/// Round `T`; role `r` is at `(r + 7 T) % 8`, as `h` becomes `a`.
#[inline(always)]
unsafe fn sha256_round<V: Lanes, const T: usize>(state: &mut [V; 8], words: &mut [V; 16]) {
    let at = |role: usize| (role + 7 * T) % 8;
    let [a, b, c, d] = [state[at(0)], state[at(1)], state[at(2)], state[at(3)]];
    let [e, f, g, h] = [state[at(4)], state[at(5)], state[at(6)], state[at(7)]];
    if T >= 16 {
        let old = words[(T + 1) % 16];
        let young = words[(T + 14) % 16];
        let sigma0 = old
            .rotate_left(32 - 7)
            .xor3(old.rotate_left(32 - 18), old.shift_right(3));
        let sigma1 = young
            .rotate_left(32 - 17)
            .xor3(young.rotate_left(32 - 19), young.shift_right(10));
        words[T % 16] = words[T % 16]
            .add(words[(T + 9) % 16])
            .add(sigma0)
            .add(sigma1);
    }
    let sum1 = e
        .rotate_left(32 - 6)
        .xor3(e.rotate_left(32 - 11), e.rotate_left(32 - 25));
    let sum0 = a
        .rotate_left(32 - 2)
        .xor3(a.rotate_left(32 - 13), a.rotate_left(32 - 22));
    // SAFETY: the caller runs with the feature enabled.
    let constant = unsafe { V::splat(SHA256_K[T]) };
    let first = h
        .add(constant)
        .add(words[T % 16])
        .add(e.choose(f, g))
        .add(sum1);
    state[at(3)] = d.add(first);
    state[at(7)] = first.add(sum0.add(a.majority(b, c)));
}

macro_rules! rounds {
    ($round:ident, $state:ident, $words:ident: $($t:literal)*) => {
        $( $round::<V, $t>(&mut $state, &mut $words); )*
    };
}

/// # Safety
///
/// The caller must run with the feature of `V` enabled, and `block_count` blocks must be readable
/// from the head of each of its lanes.
#[inline(always)]
pub(super) unsafe fn sha1_blocks<V: Lanes>(
    columns: &mut Columns,
    heads: &Heads,
    block_count: usize,
) {
    // SAFETY: the caller vouched for the feature and the blocks; rows are aligned by their type.
    unsafe {
        let mut state = [V::splat(0); 5];
        for (vector, row) in state.iter_mut().zip(&columns.rows) {
            *vector = V::load(row);
        }
        for block in 0..block_count {
            let before = state;
            let mut words = V::load_block(heads, block * BLOCK_LEN_BYTES);
            rounds!(sha1_round, state, words: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19);
            rounds!(sha1_round, state, words: 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39);
            rounds!(sha1_round, state, words: 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59);
            rounds!(sha1_round, state, words: 60 61 62 63 64 65 66 67 68 69 70 71 72 73 74 75 76 77 78 79);
            for (vector, before) in state.iter_mut().zip(before) {
                *vector = vector.add(before);
            }
        }
        for (vector, row) in state.iter().zip(&mut columns.rows) {
            vector.store(row);
        }
    }
}

/// # Safety
///
/// As for [`sha1_blocks`].
#[inline(always)]
pub(super) unsafe fn sha256_blocks<V: Lanes>(
    columns: &mut Columns,
    heads: &Heads,
    block_count: usize,
) {
    // SAFETY: the caller vouched for the feature and the blocks; rows are aligned by their type.
    unsafe {
        let mut state = [V::splat(0); 8];
        for (vector, row) in state.iter_mut().zip(&columns.rows) {
            *vector = V::load(row);
        }
        for block in 0..block_count {
            let before = state;
            let mut words = V::load_block(heads, block * BLOCK_LEN_BYTES);
            rounds!(sha256_round, state, words: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
            rounds!(sha256_round, state, words: 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31);
            rounds!(sha256_round, state, words: 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47);
            rounds!(sha256_round, state, words: 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63);
            for (vector, before) in state.iter_mut().zip(before) {
                *vector = vector.add(before);
            }
        }
        for (vector, row) in state.iter().zip(&mut columns.rows) {
            vector.store(row);
        }
    }
}
