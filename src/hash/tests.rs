//! Every engine that this machine has, against the crates and the published vectors.

use super::engine::{Cascade, available_kernels};
use super::*;

/// One hasher for each engine, and one for each kernel alone, which then works with idle lanes too.
fn hashers() -> Vec<(String, Hasher)> {
    let mut hashers: Vec<_> = Engine::ALL
        .into_iter()
        .filter_map(|engine| Some((engine.to_string(), Hasher::with_engine(engine)?)))
        .collect();
    let (sha1, sha256) = available_kernels();
    for (sha1, sha256) in sha1.into_iter().zip(sha256) {
        let name = format!("only {} x{}", sha1.engine(), sha1.lanes());
        let hasher = Hasher {
            sha1: Cascade::only(sha1),
            sha256: Cascade::only(sha256),
        };
        hashers.push((name, hasher));
    }
    hashers
}

/// Bytes without a pattern that a wrong offset would keep.
fn noise(len_bytes: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let mut next = || {
        state = state
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(0x1405_7b7e_f767_814f);
        state.to_le_bytes()[7]
    };
    (0..len_bytes).map(|_| next()).collect()
}

fn check(inputs: &[Vec<Span<'_>>], joined: &[Vec<u8>]) {
    let sha1_expected: Vec<_> = joined.iter().map(|bytes| sha1(bytes)).collect();
    let sha256_expected: Vec<_> = joined.iter().map(|bytes| sha256(bytes)).collect();
    for (name, hasher) in hashers() {
        let mut digests = vec![Sha1Digest([0; 20]); inputs.len()];
        hasher.digest_many::<Sha1>(inputs, &mut digests);
        assert_eq!(digests, sha1_expected, "SHA-1 by {name}");
        let mut digests = vec![Sha256Digest::ZERO; inputs.len()];
        hasher.digest_many::<Sha256>(inputs, &mut digests);
        assert_eq!(digests, sha256_expected, "SHA-256 by {name}");
    }
}

fn check_slices(inputs: &[&[u8]]) {
    let spans: Vec<_> = inputs
        .iter()
        .map(|bytes| vec![Span::from(*bytes)])
        .collect();
    let joined: Vec<_> = inputs.iter().map(|bytes| bytes.to_vec()).collect();
    check(&spans, &joined);
}

#[test]
fn every_short_length() {
    let bytes = noise(320, 1);
    let inputs: Vec<_> = (0..=320).map(|len_bytes| &bytes[..len_bytes]).collect();
    check_slices(&inputs);
}
