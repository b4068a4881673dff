//! Every engine against the crates, on any split of any bytes into messages and spans.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use mt::base::{Sha1Digest, Sha256Digest};
use mt::hash::{self, Engine, Feed, Hasher, Sha1, Sha256, Span, Stream};

static HASHERS: LazyLock<Vec<Hasher>> = LazyLock::new(|| {
    Engine::ALL
        .into_iter()
        .filter_map(Hasher::with_engine)
        .collect()
});

const MESSAGES_MAX: usize = 40;

/// The first bytes say where to cut the others; a zero ends a message instead.
fn messages(input: &[u8]) -> Vec<Vec<&[u8]>> {
    let Some((&cut_count, rest)) = input.split_first() else {
        return Vec::new();
    };
    let (cuts, mut bytes) = rest.split_at(rest.len().min(usize::from(cut_count)));
    let mut messages = vec![Vec::new()];
    for cut in cuts {
        if *cut == 0 && messages.len() < MESSAGES_MAX {
            messages.push(Vec::new());
        }
        let (span, rest) = bytes.split_at(bytes.len().min(usize::from(*cut)));
        bytes = rest;
        if let Some(message) = messages.last_mut() {
            message.push(span);
        }
    }
    messages.push(vec![bytes]);
    messages
}

fuzz_target!(|input: &[u8]| {
    let messages = messages(input);
    let joined: Vec<Vec<u8>> = messages.iter().map(|spans| spans.concat()).collect();
    let sha1: Vec<Sha1Digest> = joined.iter().map(|bytes| hash::sha1(bytes)).collect();
    let sha256: Vec<Sha256Digest> = joined.iter().map(|bytes| hash::sha256(bytes)).collect();
    let spans: Vec<Vec<Span<'_>>> = messages
        .iter()
        .map(|message| message.iter().map(|bytes| Span::from(*bytes)).collect())
        .collect();
    for hasher in HASHERS.iter() {
        let mut digests = vec![Sha1Digest([0; 20]); spans.len()];
        hasher.digest_many::<Sha1>(&spans, &mut digests);
        assert_eq!(digests, sha1);

        let mut digests = vec![Sha256Digest::ZERO; spans.len()];
        hasher.digest_many::<Sha256>(&spans, &mut digests);
        assert_eq!(digests, sha256);

        // The same spans once more, one feeding for each place in the lists.
        let mut streams = vec![Stream::<Sha256>::new(); spans.len()];
        for place in 0..spans.iter().map(Vec::len).max().unwrap_or(0) {
            let mut feeds: Vec<_> = streams
                .iter_mut()
                .zip(&spans)
                .map(|(stream, spans)| Feed {
                    stream,
                    spans: spans.get(place..=place).unwrap_or(&[]),
                })
                .collect();
            hasher.update_many(&mut feeds);
        }
        let finished: Vec<_> = streams.iter().map(|stream| hasher.finish(stream)).collect();
        assert_eq!(finished, sha256);
    }
});
