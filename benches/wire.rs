//! What peers say to each other: reading and writing it, besides the sockets.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mt::base::{BLOCK_LEN_BYTES, Block, Geometry};
use mt::wire::peer::{
    ExtensionHandshake, Frame, Message, PIECE_HEAD_LEN_BYTES, RawBlock, frame, piece_head,
    request_bytes,
};

const PIECES: u32 = 4096;
const PIECE_LEN_BYTES: u32 = 1 << 20;
const MESSAGES: u32 = 10_000;

/// Different ones in the order of a download.
fn blocks() -> Vec<Block> {
    let total_bytes = u64::from(PIECES) * u64::from(PIECE_LEN_BYTES);
    let geometry = Geometry::new(total_bytes, PIECE_LEN_BYTES);
    let per_piece = PIECE_LEN_BYTES / BLOCK_LEN_BYTES;
    let numbers = (0..MESSAGES).map(|n| (n / per_piece, n % per_piece));
    let block = |(piece_index, number)| {
        let raw = RawBlock {
            piece_index,
            offset_bytes: number * BLOCK_LEN_BYTES,
            len_bytes: BLOCK_LEN_BYTES,
        };
        raw.within(geometry.as_ref()?)
    };
    numbers.filter_map(block).collect()
}

/// Reads the heads of a stream in which no block has its bytes, as they never pass the parser.
fn read(stream: &[u8]) -> u32 {
    let mut rest = stream;
    let mut count = 0;
    while let Ok(read) = frame(black_box(rest), Some(PIECES)) {
        let len_bytes = match read {
            Frame::NeedMore { .. } => break,
            Frame::Message { len_bytes, .. } => len_bytes,
            Frame::PieceHead(_) => PIECE_HEAD_LEN_BYTES,
            Frame::Long(long) => long.len_bytes(),
        };
        black_box(read);
        rest = &rest[len_bytes..];
        count += 1;
    }
    count
}

fn read_streams(criterion: &mut Criterion) {
    let blocks = blocks();
    let haves = |index: usize| Message::Have {
        piece_index: u32::try_from(index).unwrap_or(0) % PIECES,
    };
    let requests: Vec<u8> = blocks.iter().copied().flat_map(request_bytes).collect();
    let pieces: Vec<u8> = blocks.iter().copied().flat_map(piece_head).collect();
    let (mut only_haves, mut mixed) = (Vec::new(), Vec::new());
    for (index, block) in blocks.iter().enumerate() {
        haves(index).write(&mut only_haves);
        match index % 3 {
            0 => haves(index).write(&mut mixed),
            1 => mixed.extend(request_bytes(*block)),
            _ => mixed.extend(piece_head(*block)),
        }
    }
    let mut group = criterion.benchmark_group("wire read");
    group.throughput(Throughput::Elements(MESSAGES.into()));
    for (name, stream) in [
        ("requests", requests),
        ("heads of pieces", pieces),
        ("haves", only_haves),
        ("all of these in turn", mixed),
    ] {
        assert_eq!(read(&stream), MESSAGES, "the whole stream is read");
        group.bench_function(name, |bencher| bencher.iter(|| read(&stream)));
    }
    group.finish();
}

fn write_requests(criterion: &mut Criterion) {
    let blocks = blocks();
    let mut out = Vec::with_capacity(17 * blocks.len());
    let mut group = criterion.benchmark_group("wire write");
    group.throughput(Throughput::Elements(MESSAGES.into()));
    group.bench_function("requests", |bencher| {
        bencher.iter(|| {
            out.clear();
            for block in black_box(&blocks) {
                out.extend(request_bytes(*block));
            }
            black_box(&out);
        });
    });
    group.finish();
}

fn extension_handshake(criterion: &mut Criterion) {
    let handshake = ExtensionHandshake {
        ids: vec![(b"ut_metadata", 3), (b"ut_pex", 1)],
        client: Some(b"Transmission 4.0.5"),
        requests_max: Some(512),
        listen_port: Some(51413),
        your_ip: Some([203, 0, 113, 5].into()),
        is_upload_only: Some(true),
        metadata_len_bytes: Some(31_235),
    };
    let mut message = Vec::new();
    handshake.write(&mut message);
    let Ok(Frame::Long(long)) = frame(&message, None) else {
        return;
    };
    criterion.bench_function("extension handshake", |bencher| {
        bencher.iter(|| {
            let body = long.body_of(black_box(&message));
            black_box(body.map(ExtensionHandshake::parse))
        });
    });
}

criterion_group!(benches, read_streams, write_requests, extension_handshake);
criterion_main!(benches);
