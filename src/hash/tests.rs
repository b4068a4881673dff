//! Every engine that this machine has, against the crates and the published vectors.

use std::sync::LazyLock;

use proptest::collection::vec;
use proptest::prelude::*;

use super::engine::{Cascade, available_kernels};
use super::merkle::LEAF_LEN_BYTES;
use super::*;

/// One hasher for each engine, and one for each kernel alone, which then works with idle lanes too.
fn hashers() -> &'static [(String, Hasher)] {
    static HASHERS: LazyLock<Vec<(String, Hasher)>> = LazyLock::new(all_hashers);
    &HASHERS
}

fn all_hashers() -> Vec<(String, Hasher)> {
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
fn published_vectors() {
    let vectors: [(&[u8], &str, &str); 3] = [
        (
            b"abc",
            "a9993e364706816aba3e25717850c26c9cd0d89d",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
        (
            b"",
            "da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ),
        (
            b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        ),
    ];
    for (name, hasher) in hashers() {
        let inputs = vectors.map(|(message, ..)| [Span::from(message)]);
        let mut digests = [Sha1Digest([0; 20]); 3];
        hasher.digest_many::<Sha1>(&inputs, &mut digests);
        assert_eq!(
            digests.map(|digest| digest.to_string()),
            vectors.map(|v| v.1),
            "{name}"
        );
        let mut digests = [Sha256Digest::ZERO; 3];
        hasher.digest_many::<Sha256>(&inputs, &mut digests);
        assert_eq!(
            digests.map(|digest| digest.to_string()),
            vectors.map(|v| v.2),
            "{name}"
        );
    }
}

#[test]
fn published_vector_of_a_million_bytes() {
    let message = vec![b'a'; 1_000_000];
    for hasher in Engine::ALL.into_iter().filter_map(Hasher::with_engine) {
        let mut digest = [Sha1Digest([0; 20])];
        hasher.digest_many::<Sha1>(&[[Span::from(&message[..])]], &mut digest);
        assert_eq!(
            digest[0].to_string(),
            "34aa973cd4c4daa4f61eeb2bdbad27316534016f"
        );
        let mut digest = [Sha256Digest::ZERO];
        hasher.digest_many::<Sha256>(&[[Span::from(&message[..])]], &mut digest);
        assert_eq!(
            digest[0].to_string(),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        );
    }
}

#[test]
fn every_short_length() {
    let bytes = noise(320, 1);
    let inputs: Vec<_> = (0..=320).map(|len_bytes| &bytes[..len_bytes]).collect();
    check_slices(&inputs);
}

#[test]
fn lengths_around_blocks_and_leaves() {
    let bytes = noise(2 * LEAF_LEN_BYTES + 9, 2);
    let around = [640, 4096, LEAF_LEN_BYTES, 2 * LEAF_LEN_BYTES];
    let inputs: Vec<_> = around
        .into_iter()
        .flat_map(|center| {
            [
                center - 65,
                center - 9,
                center - 1,
                center,
                center + 1,
                center + 9,
            ]
        })
        .map(|len_bytes| &bytes[..len_bytes])
        .collect();
    check_slices(&inputs);
}

#[test]
fn every_alignment() {
    let bytes = noise(64 + 200, 3);
    let inputs: Vec<_> = (0..64).map(|offset| &bytes[offset..offset + 200]).collect();
    check_slices(&inputs);
}

#[test]
fn every_number_of_messages() {
    let bytes = noise(3000, 4);
    for count in 0..=33 {
        let equal: Vec<_> = (0..count).map(|i| &bytes[i..i + 150]).collect();
        check_slices(&equal);
        let unequal: Vec<_> = (0..count).map(|i| &bytes[i..i + i * 7919 % 700]).collect();
        check_slices(&unequal);
    }
}

#[test]
fn one_long_message_among_short_ones() {
    let bytes = noise(20_000, 5);
    for long_at in [0, 7, 20] {
        let len_bytes = |i: usize| if i == long_at { bytes.len() } else { 90 + i };
        let inputs: Vec<_> = (0..21).map(|i| &bytes[..len_bytes(i)]).collect();
        check_slices(&inputs);
    }
}

#[test]
fn scattered_spans() {
    let bytes = noise(3000, 6);
    for span_len_bytes in [1, 3, 63, 64, 65, 128, 200, 1000] {
        let inputs: Vec<Vec<Span<'_>>> = (0..19)
            .map(|i| {
                let mut spans: Vec<_> = bytes[i..1000 + 97 * i]
                    .chunks(span_len_bytes)
                    .map(Span::from)
                    .collect();
                spans.insert(i % spans.len(), Span::EMPTY);
                spans
            })
            .collect();
        let joined: Vec<_> = (0..19).map(|i| bytes[i..1000 + 97 * i].to_vec()).collect();
        check(&inputs, &joined);
    }
}

#[test]
#[should_panic(expected = "a digest for each input")]
fn as_many_digests_as_inputs() {
    sha1_many(&[b"one", b"two"], &mut [Sha1Digest([0; 20])]);
}

#[test]
fn free_functions_give_the_same() {
    let mut sha1_digests = [Sha1Digest([0; 20]); 2];
    sha1_many(&[b"one", b"two"], &mut sha1_digests);
    assert_eq!(sha1_digests, [sha1(b"one"), sha1(b"two")]);
    let mut sha256_digests = [Sha256Digest::ZERO; 2];
    sha256_many(&[b"one", b"two"], &mut sha256_digests);
    assert_eq!(sha256_digests, [sha256(b"one"), sha256(b"two")]);

    let one = [Span::from(&b"o"[..]), Span::from(&b"ne"[..])];
    sha1_scattered(&[&one], &mut sha1_digests[1..]);
    assert_eq!(sha1_digests[1], sha1(b"one"));
    sha256_scattered(&[&one], &mut sha256_digests[1..]);
    assert_eq!(sha256_digests[1], sha256(b"one"));
}

#[test]
fn engines_are_known_by_name() {
    for engine in Engine::ALL {
        assert_eq!(engine.to_string().parse(), Ok(engine));
    }
    let unknown = "sse9".parse::<Engine>().unwrap_err();
    assert!(unknown.to_string().contains("`sse9`"));
    assert!(Hasher::by_name("sse9").is_none());
    assert!(Hasher::by_name("portable").is_some());
}

#[test]
fn an_engine_leads_where_it_is_named() {
    for engine in Engine::ALL {
        let Some(hasher) = Hasher::with_engine(engine) else {
            continue;
        };
        for cascade in [&hasher.sha1, &hasher.sha256] {
            let stages = cascade.stages();
            assert_eq!(stages[0].kernel.engine(), engine);
            assert_eq!(stages[stages.len() - 1].worth_from, 1);
            assert!(stages.is_sorted_by_key(|stage| std::cmp::Reverse(stage.kernel.lanes())));
            assert!(
                stages
                    .iter()
                    .all(|stage| stage.worth_from <= stage.kernel.lanes())
            );
        }
    }
}

/// Feeds the streams of all messages their next parts until no message has any left.
fn feed_in_parts<A: Algorithm>(hasher: &Hasher, messages: &[Vec<&[u8]>]) -> Vec<A::Digest> {
    let mut streams: Vec<_> = messages.iter().map(|_| Stream::<A>::new()).collect();
    for part in 0..messages.iter().map(Vec::len).max().unwrap_or(0) {
        let spans: Vec<Vec<Span<'_>>> = messages
            .iter()
            .map(|parts| {
                parts
                    .get(part)
                    .map(|bytes| Span::from(*bytes))
                    .into_iter()
                    .collect()
            })
            .collect();
        let mut feeds: Vec<_> = streams
            .iter_mut()
            .zip(&spans)
            .map(|(stream, spans)| Feed { stream, spans })
            .collect();
        hasher.update_many(&mut feeds);
    }
    for (stream, parts) in streams.iter().zip(messages) {
        assert_eq!(stream.len_bytes(), parts.concat().len() as u64);
    }
    streams.iter().map(|stream| hasher.finish(stream)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_parts_of_any_messages(
        messages in vec(vec(vec(any::<u8>(), 0..150), 0..6), 0..24)
    ) {
        let parts: Vec<Vec<&[u8]>> =
            messages.iter().map(|parts| parts.iter().map(Vec::as_slice).collect()).collect();
        let joined: Vec<Vec<u8>> = messages.iter().map(|parts| parts.concat()).collect();
        let spans: Vec<Vec<Span<'_>>> = parts
            .iter()
            .map(|parts| parts.iter().map(|bytes| Span::from(*bytes)).collect())
            .collect();
        check(&spans, &joined);
        for (name, hasher) in hashers() {
            let sha1_digests = feed_in_parts::<Sha1>(hasher, &parts);
            prop_assert!(joined.iter().map(|bytes| sha1(bytes)).eq(sha1_digests), "{}", name);
            let sha256_digests = feed_in_parts::<Sha256>(hasher, &parts);
            prop_assert!(joined.iter().map(|bytes| sha256(bytes)).eq(sha256_digests), "{}", name);
        }
    }
}
