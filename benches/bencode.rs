//! Bencode alone: checking a document, and going through it once.

#[path = "../tests/documents/mod.rs"]
mod documents;
mod throughput;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use mt::bencode::{Limits, Token, Value, Walk, parse};

fn parse_documents(criterion: &mut Criterion) {
    let mut group = throughput::group(criterion, "bencode parse");
    for (name, document) in throughput::torrents() {
        throughput::measure(&mut group, name, &document, |document| {
            assert!(parse(&document, Limits::METAINFO).is_ok(), "it is valid");
            document
        });
    }
    group.finish();
}

fn walk_documents(criterion: &mut Criterion) {
    let mut group = throughput::group(criterion, "bencode walk");
    for (name, document) in throughput::torrents() {
        throughput::measure(&mut group, name, &document, |document| {
            // What was checked by the other benchmark; here only the walk counts.
            let mut walk = Walk::resume(Value::from_checked(&document), 0);
            black_box(token_count(&mut walk));
            document
        });
    }
    group.finish();
}

fn token_count(walk: &mut Walk<'_>) -> usize {
    use mt::bencode::Kind::{Bytes, Dict, Integer, List};
    let mut count = 0;
    while let Some(token) = walk.peek() {
        match token {
            Token::Starts(Bytes) => drop(walk.string()),
            Token::Starts(Integer) => drop(walk.value()),
            Token::Starts(List | Dict) | Token::Ends => walk.step_over_bracket(),
        }
        count += 1;
    }
    count
}

criterion_group!(benches, parse_documents, walk_documents);
criterion_main!(benches);
