//! What the benchmarks of documents share: which documents, and bytes a second.

use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BatchSize, BenchmarkGroup, Criterion, SamplingMode, Throughput};

use crate::documents;

const MANY_FILES: u32 = 1_000_000;

/// About ten megabytes of hashes.
const LAYER_PIECES: u32 = 10_000_000 / 32;

/// Torrents from a kilobyte to a quarter of a gigabyte.
pub(crate) fn torrents() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("v1, a kilobyte", documents::v1(14)),
        ("v1, a million files", documents::v1(MANY_FILES)),
        ("v2, a million files", documents::v2(MANY_FILES)),
        ("hybrid, a million files", documents::hybrid(MANY_FILES)),
        (
            "v2, a layer of 10 MB",
            documents::v2_with_layer(LAYER_PIECES),
        ),
    ]
}

/// Few samples: what takes a second is not measured for minutes.
pub(crate) fn group<'a>(criterion: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group
        .sampling_mode(SamplingMode::Flat)
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    group
}

/// Measures `read` on a copy of the document; what it returns is dropped outside of the time.
pub(crate) fn measure<T>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    document: &[u8],
    read: impl Fn(Vec<u8>) -> T,
) {
    group.throughput(Throughput::Bytes(document.len() as u64));
    group.bench_function(name, |bencher| {
        bencher.iter_batched(|| document.to_vec(), &read, BatchSize::PerIteration);
    });
}
