//! Valid documents of any size, generated: for measuring how they are read.

use mt::base::Sha256Digest;
use mt::bencode::Writer;
use mt::hash::merkle;

const FILES_PER_DIRECTORY: usize = 1000;
const V1_PIECE_LENGTH_BYTES: u64 = 1 << 20;
const V2_PIECE_LENGTH_BYTES: u64 = 16 << 10;
const FRAGMENT_LENGTH_BYTES: u32 = 1 << 20;
const MTORRENT_PIECE_LENGTH_BYTES: u64 = 512 << 10;

/// A v1 torrent of a directory.
pub fn v1(file_count: usize) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.begin_dict();
    writer
        .key(b"announce")
        .bytes(b"http://tracker.example/announce");
    writer.key(b"info").begin_dict();
    writer.key(b"files").begin_list();
    let mut total_bytes = 0;
    for index in 0..file_count {
        let len_bytes = len_bytes_of(index);
        total_bytes += len_bytes;
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
    let pieces = noise(20 * total_bytes.div_ceil(V1_PIECE_LENGTH_BYTES) as usize);
    writer.key(b"name").bytes(b"v1");
    writer.key(b"piece length").integer(V1_PIECE_LENGTH_BYTES);
    writer.key(b"pieces").bytes(&pieces);
    writer.end().end();
    writer.finish()
}

/// A v2 torrent of a directory whose files are of one piece, so that none has a layer.
pub fn v2(file_count: usize) -> Vec<u8> {
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
pub fn hybrid(file_count: usize) -> Vec<u8> {
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
    writer.key(b"pieces").bytes(&noise(20 * file_count));
    writer.end().end();
    writer.finish()
}

/// A v2 torrent of one file, most of which is the hashes of its pieces.
pub fn v2_with_layer(piece_count: usize) -> Vec<u8> {
    let layer = noise(Sha256Digest::LEN * piece_count);
    let root = merkle::root_of_piece_layer(&layer, V2_PIECE_LENGTH_BYTES as u32);
    let mut writer = Writer::default();
    writer.begin_dict();
    writer.key(b"info").begin_dict();
    writer.key(b"file tree").begin_dict();
    writer.key(b"model.bin").begin_dict();
    let len_bytes = piece_count as u64 * V2_PIECE_LENGTH_BYTES;
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

pub fn mtorrent(piece_count: usize) -> Vec<u8> {
    let size_bytes = piece_count as u64 * MTORRENT_PIECE_LENGTH_BYTES;
    let mut text = format!("10.0.0.1:4444\n\nmodel.bin\n{size_bytes}\n").into_bytes();
    for byte in noise(20 * piece_count) {
        let digits = b"0123456789abcdef";
        text.extend([
            digits[usize::from(byte >> 4)],
            digits[usize::from(byte & 15)],
        ]);
    }
    text.push(b'\n');
    text
}

/// A `.st` of a directory whose files are of one fragment.
pub fn st(file_count: usize) -> Vec<u8> {
    let mut out = b"mtST\x01\x01\0\0\0\x02st".to_vec();
    out.extend(FRAGMENT_LENGTH_BYTES.to_be_bytes());
    out.extend((file_count as u32).to_be_bytes());
    for index in 0..file_count {
        out.extend(2_u16.to_be_bytes());
        for component in [directory_of(index), name_of(index)] {
            out.extend((component.len() as u16).to_be_bytes());
            out.extend(component.as_bytes());
        }
        out.extend(len_bytes_of(index).to_be_bytes());
    }
    out.extend(noise(Sha256Digest::LEN * file_count));
    out
}

fn write_file_tree(writer: &mut Writer, file_count: usize) {
    let roots = noise(Sha256Digest::LEN * file_count);
    writer.key(b"file tree").begin_dict();
    for (index, root) in roots.chunks(Sha256Digest::LEN).enumerate() {
        if index % FILES_PER_DIRECTORY == 0 {
            writer.key(directory_of(index).as_bytes()).begin_dict();
        }
        writer.key(name_of(index).as_bytes()).begin_dict();
        write_leaf(writer, len_bytes_of(index), root);
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

fn directory_of(index: usize) -> String {
    format!("shard-{:04}", index / FILES_PER_DIRECTORY)
}

fn name_of(index: usize) -> String {
    format!("sample-{index:08}.jpg")
}

/// From one byte to one v2 piece.
fn len_bytes_of(index: usize) -> u64 {
    1 + index as u64 * 7919 % (V2_PIECE_LENGTH_BYTES - 1)
}

/// Bytes that look random, and are the same each time.
pub fn noise(len_bytes: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.flatten().take(len_bytes).collect()
}
