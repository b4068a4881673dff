//! Valid torrents of any size, generated: for measuring how they are read.

use mt::base::Sha256Digest;
use mt::bencode::Writer;
use mt::hash::merkle;

const FILES_PER_DIRECTORY: u32 = 1000;
const V1_PIECE_LENGTH_BYTES: u32 = 1 << 20;
const V2_PIECE_LENGTH_BYTES: u32 = 16 << 10;

/// A v1 torrent of a directory.
pub(crate) fn v1(file_count: u32) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.begin_dict();
    writer
        .key(b"announce")
        .bytes(b"http://tracker.example/announce");
    writer.key(b"info").begin_dict();
    writer.key(b"files").begin_list();
    let mut total_bytes = 0_u64;
    for index in 0..file_count {
        let len_bytes = len_bytes_of(index);
        total_bytes += u64::from(len_bytes);
        writer
            .begin_dict()
            .key(b"length")
            .integer(len_bytes)
            .key(b"path")
            .begin_list()
            .bytes(directory_of(index).as_bytes())
            .bytes(name_of(index).as_bytes())
            .end()
            .end();
    }
    writer.end();
    let pieces = noise(20, pieces_of(total_bytes));
    writer.key(b"name").bytes(b"v1");
    writer.key(b"piece length").integer(V1_PIECE_LENGTH_BYTES);
    writer.key(b"pieces").bytes(&pieces);
    writer.end().end();
    writer.finish()
}

/// A v2 torrent of a directory whose files are of one piece, so that none has a layer.
pub(crate) fn v2(file_count: u32) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.begin_dict();
    writer.key(b"info").begin_dict();
    write_file_tree(&mut writer, file_count);
    writer.key(b"meta version").integer(2);
    writer.key(b"name").bytes(b"v2");
    writer.key(b"piece length").integer(V2_PIECE_LENGTH_BYTES);
    writer.end().end();
    writer.finish()
}

/// A hybrid of the same files, each padded to a piece.
pub(crate) fn hybrid(file_count: u32) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.begin_dict();
    writer.key(b"info").begin_dict();
    write_file_tree(&mut writer, file_count);
    writer.key(b"files").begin_list();
    for index in 0..file_count {
        let len_bytes = len_bytes_of(index);
        writer
            .begin_dict()
            .key(b"length")
            .integer(len_bytes)
            .key(b"path")
            .begin_list()
            .bytes(directory_of(index).as_bytes())
            .bytes(name_of(index).as_bytes())
            .end()
            .end();
        let padding_bytes = V2_PIECE_LENGTH_BYTES - len_bytes;
        writer
            .begin_dict()
            .key(b"attr")
            .bytes(b"p")
            .key(b"length")
            .integer(padding_bytes)
            .key(b"path")
            .begin_list()
            .bytes(b".pad")
            .bytes(padding_bytes.to_string().as_bytes())
            .end()
            .end();
    }
    writer.end();
    writer.key(b"meta version").integer(2);
    writer.key(b"name").bytes(b"hybrid");
    writer.key(b"piece length").integer(V2_PIECE_LENGTH_BYTES);
    writer.key(b"pieces").bytes(&noise(20, file_count));
    writer.end().end();
    writer.finish()
}

/// A v2 torrent of one file, most of which is the hashes of its pieces.
pub(crate) fn v2_with_layer(piece_count: u32) -> Vec<u8> {
    let layer = noise(Sha256Digest::LEN, piece_count);
    let nodes: Vec<Sha256Digest> = layer
        .chunks(Sha256Digest::LEN)
        .filter_map(Sha256Digest::from_slice)
        .collect();
    let root = merkle::root(&nodes, merkle::piece_height(V2_PIECE_LENGTH_BYTES));
    let mut writer = Writer::default();
    writer.begin_dict();
    writer.key(b"info").begin_dict();
    writer.key(b"file tree").begin_dict();
    writer.key(b"model.bin").begin_dict();
    let len_bytes = u64::from(piece_count) * u64::from(V2_PIECE_LENGTH_BYTES);
    write_leaf(&mut writer, len_bytes, root.as_bytes());
    writer.end().end();
    writer.key(b"meta version").integer(2);
    writer.key(b"name").bytes(b"model.bin");
    writer.key(b"piece length").integer(V2_PIECE_LENGTH_BYTES);
    writer.end();
    writer.key(b"piece layers").begin_dict();
    writer.key(root.as_bytes()).bytes(&layer);
    writer.end().end();
    writer.finish()
}

fn write_file_tree(writer: &mut Writer, file_count: u32) {
    let roots = noise(Sha256Digest::LEN, file_count);
    writer.key(b"file tree").begin_dict();
    for (index, root) in (0_u32..).zip(roots.chunks(Sha256Digest::LEN)) {
        if index % FILES_PER_DIRECTORY == 0 {
            writer.key(directory_of(index).as_bytes()).begin_dict();
        }
        writer.key(name_of(index).as_bytes()).begin_dict();
        write_leaf(writer, u64::from(len_bytes_of(index)), root);
        writer.end();
        if (index + 1) % FILES_PER_DIRECTORY == 0 || index + 1 == file_count {
            writer.end();
        }
    }
    writer.end();
}

fn write_leaf(writer: &mut Writer, len_bytes: u64, root: &[u8]) {
    writer
        .key(b"")
        .begin_dict()
        .key(b"length")
        .integer(len_bytes)
        .key(b"pieces root")
        .bytes(root)
        .end();
}

pub(crate) fn directory_of(index: u32) -> String {
    format!("shard-{:04}", index / FILES_PER_DIRECTORY)
}

pub(crate) fn name_of(index: u32) -> String {
    format!("sample-{index:08}.jpg")
}

/// From one byte to one v2 piece.
pub(crate) fn len_bytes_of(index: u32) -> u32 {
    1 + index % (V2_PIECE_LENGTH_BYTES - 1)
}

fn pieces_of(total_bytes: u64) -> u32 {
    let piece_count = total_bytes.div_ceil(u64::from(V1_PIECE_LENGTH_BYTES));
    u32::try_from(piece_count).unwrap_or(u32::MAX)
}

/// Hashes that look random, and are the same each time.
pub(crate) fn noise(hash_len_bytes: usize, hash_count: u32) -> Vec<u8> {
    let len_bytes = hash_len_bytes * hash_count as usize;
    let mut bytes = Vec::with_capacity(len_bytes + 8);
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    while bytes.len() < len_bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(len_bytes);
    bytes
}
