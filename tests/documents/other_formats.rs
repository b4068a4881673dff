//! The same for the formats that are no bencode.

use mt::base::Sha256Digest;

use crate::documents::{directory_of, len_bytes_of, name_of, noise};

const FRAGMENT_LENGTH_BYTES: u32 = 1 << 20;
const MTORRENT_PIECE_LENGTH_BYTES: u64 = 512 << 10;

pub(crate) fn mtorrent(piece_count: u32) -> Vec<u8> {
    let size_bytes = u64::from(piece_count) * MTORRENT_PIECE_LENGTH_BYTES;
    let mut text = format!("10.0.0.1:4444\n\nmodel.bin\n{size_bytes}\n").into_bytes();
    for byte in noise(20, piece_count) {
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
pub(crate) fn st(file_count: u32) -> Vec<u8> {
    let len_of = |text: &str| u16::try_from(text.len()).unwrap_or_default().to_be_bytes();
    let mut out = b"mtST\x01\x01\0\0\0\x02st".to_vec();
    out.extend(FRAGMENT_LENGTH_BYTES.to_be_bytes());
    out.extend(file_count.to_be_bytes());
    for index in 0..file_count {
        out.extend(2_u16.to_be_bytes());
        for component in [directory_of(index), name_of(index)] {
            out.extend(len_of(&component));
            out.extend(component.as_bytes());
        }
        out.extend(u64::from(len_bytes_of(index)).to_be_bytes());
    }
    out.extend(noise(Sha256Digest::LEN, file_count));
    out
}
