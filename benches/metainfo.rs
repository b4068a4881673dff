//! Reading whole torrents of every format, hashes included.

#[path = "../tests/documents/mod.rs"]
mod documents;
#[path = "../tests/documents/other_formats.rs"]
mod other_formats;
mod throughput;

use criterion::{Criterion, criterion_group, criterion_main};
use mt::metainfo::{self, Format};

/// As long as the v1 torrent of a million files.
const MTORRENT_PIECES: u32 = 1_500_000;
const ST_FILES: u32 = 800_000;

fn read_documents(criterion: &mut Criterion) {
    let mut group = throughput::group(criterion, "metainfo read");
    let torrents = throughput::torrents().into_iter();
    let mut documents: Vec<_> = torrents
        .map(|(name, document)| (name, Format::Torrent, document))
        .collect();
    documents.push((
        ".mtorrent",
        Format::Mtorrent,
        other_formats::mtorrent(MTORRENT_PIECES),
    ));
    documents.push((".st", Format::St, other_formats::st(ST_FILES)));
    for (name, format, document) in documents {
        throughput::measure(&mut group, name, &document, |document| {
            let read = metainfo::read(document, Some(format));
            assert!(read.is_ok(), "the document is valid");
            read
        });
    }
    group.finish();
}

criterion_group!(benches, read_documents);
criterion_main!(benches);
