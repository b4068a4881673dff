//! Hashing by engine, length of the inputs, how many they are, and cores.

use std::hint::black_box;
use std::time::Duration;

use criterion::{
    BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main,
};
use mt::base::{Sha1Digest, Sha256Digest};
use mt::hash::merkle::{self, Subtree};
use mt::hash::{Algorithm, Engine, Hasher, Sha1, Sha256, Span};
use rayon::prelude::*;

const LENGTHS_BYTES: [usize; 3] = [16 << 10, 256 << 10, 1 << 20];
const COUNTS: [usize; 5] = [1, 2, 9, 16, 64];

fn hashers() -> Vec<(&'static str, Hasher)> {
    let mut hashers: Vec<_> = Engine::ALL
        .into_iter()
        .filter_map(|engine| Some((engine.name(), Hasher::with_engine(engine)?)))
        .collect();
    hashers.push(("chosen", Hasher::chosen().clone()));
    hashers
}

/// One core, every engine.
fn engines<A: Algorithm>(c: &mut Criterion, name: &str, zero: A::Digest) {
    let mut group = c.benchmark_group(name);
    group.sampling_mode(SamplingMode::Flat);
    let memory = vec![0x5a; LENGTHS_BYTES[2] * COUNTS[4]];
    for length_bytes in LENGTHS_BYTES {
        for count in COUNTS {
            let inputs: Vec<_> = memory
                .chunks(length_bytes)
                .take(count)
                .map(|bytes| [Span::from(bytes)])
                .collect();
            let mut digests = vec![zero; count];
            group.throughput(Throughput::Bytes((length_bytes * count) as u64));
            for (engine, hasher) in hashers() {
                let id = BenchmarkId::new(engine, format!("{}KiB x{count}", length_bytes >> 10));
                group.bench_function(id, |b| {
                    b.iter(|| hasher.digest_many::<A>(black_box(&inputs), &mut digests));
                });
            }
        }
    }
    group.finish();
}

/// Jobs of sixteen inputs each, as the storage hands them out.
fn cores<A: Algorithm<Digest: Send>>(c: &mut Criterion, name: &str, zero: A::Digest) {
    const JOBS: usize = 16;
    const JOB_INPUTS: usize = 16;
    let mut group = c.benchmark_group(name);
    let length_bytes = 256 << 10;
    let memory = vec![0x5a; length_bytes * JOBS * JOB_INPUTS];
    let inputs: Vec<_> = memory
        .chunks(length_bytes)
        .map(|bytes| [Span::from(bytes)])
        .collect();
    let mut digests = vec![zero; inputs.len()];
    group.throughput(Throughput::Bytes(memory.len() as u64));
    for core_count in [1, 2] {
        let Ok(pool) = rayon::ThreadPoolBuilder::new()
            .num_threads(core_count)
            .build()
        else {
            continue;
        };
        group.bench_function(
            BenchmarkId::new("chosen", format!("{core_count} cores")),
            |b| {
                b.iter(|| {
                    pool.install(|| {
                        inputs
                            .par_chunks(JOB_INPUTS)
                            .zip(digests.par_chunks_mut(JOB_INPUTS))
                            .for_each(|(inputs, out)| {
                                Hasher::chosen().digest_many::<A>(inputs, out);
                            });
                    });
                });
            },
        );
    }
    group.finish();
}

/// Pieces of 1 MiB put together from small files, aligned to blocks or not.
fn scattered(c: &mut Criterion) {
    let mut group = c.benchmark_group("scattered");
    let piece_len_bytes = 1 << 20;
    let memory = vec![0x5a; piece_len_bytes * 16];
    group.throughput(Throughput::Bytes(memory.len() as u64));
    for span_len_bytes in [4 << 10, 4001, 333] {
        let pieces: Vec<Vec<Span<'_>>> = memory
            .chunks(piece_len_bytes)
            .map(|piece| piece.chunks(span_len_bytes).map(Span::from).collect())
            .collect();
        let mut digests = [Sha1Digest([0; 20]); 16];
        group.bench_function(BenchmarkId::new("spans", span_len_bytes), |b| {
            b.iter(|| Hasher::chosen().digest_many::<Sha1>(black_box(&pieces), &mut digests));
        });
    }
    group.finish();
}

fn trees(c: &mut Criterion) {
    let mut group = c.benchmark_group("merkle");
    let piece_length_bytes = 1 << 20;
    let memory = vec![0x5a; 16 << 20];
    let pieces: Vec<_> = memory
        .chunks(1 << 20)
        .map(|bytes| [Span::from(bytes)])
        .collect();
    let subtrees: Vec<_> = pieces
        .iter()
        .map(|spans| Subtree::piece(spans, piece_length_bytes))
        .collect();
    let mut roots = vec![Sha256Digest::ZERO; pieces.len()];
    group.throughput(Throughput::Bytes(memory.len() as u64));
    group.bench_function("16 pieces of 1MiB", |b| {
        b.iter(|| merkle::roots_many(black_box(&subtrees), &mut roots));
    });
    let layer = vec![Sha256Digest([0x5a; 32]); 1 << 14];
    group.throughput(Throughput::Bytes((layer.len() * Sha256Digest::LEN) as u64));
    group.bench_function("root over 16384 nodes", |b| {
        b.iter(|| merkle::root(black_box(&layer), 0));
    });
    group.finish();
}

fn all(c: &mut Criterion) {
    engines::<Sha1>(c, "sha1", Sha1Digest([0; 20]));
    engines::<Sha256>(c, "sha256", Sha256Digest::ZERO);
    cores::<Sha1>(c, "sha1 jobs", Sha1Digest([0; 20]));
    cores::<Sha256>(c, "sha256 jobs", Sha256Digest::ZERO);
    scattered(c);
    trees(c);
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(50))
        .measurement_time(Duration::from_millis(200))
        .without_plots();
    targets = all
}
criterion_main!(benches);
