//! Changes to lines.

use std::io::Write as _;

use crate::base::Sha1Digest;
use crate::tracker::Peer;
use crate::tracker::table::{Change, Fact, Role};

/// The first line of a new file, for people who wonder what it is.
pub const HEADER: &str = "# mt tracker: who has what; the last word on a peer holds\n";

/// Appends the line of a change.
pub fn write_change(change: &Change, out: &mut Vec<u8>) {
    match change.fact {
        Fact::Here(peer, role) => {
            let word: &[u8] = match role {
                Role::Seeder => b"seeder ",
                Role::Leecher => b"leecher ",
            };
            front(out, word, &change.info_hash);
            address(out, peer);
        }
        Fact::Gone(peer) => {
            front(out, b"gone ", &change.info_hash);
            address(out, peer);
        }
        Fact::Downloads(downloads) => {
            front(out, b"downloads ", &change.info_hash);
            decimal(out, downloads);
        }
    }
    out.push(b'\n');
}

fn front(out: &mut Vec<u8>, word: &[u8], info_hash: &Sha1Digest) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.extend_from_slice(word);
    let mut digits = [0; 41];
    digits[40] = b' ';
    for (pair, byte) in digits.as_chunks_mut::<2>().0.iter_mut().zip(info_hash.0) {
        *pair = [
            DIGITS[usize::from(byte >> 4)],
            DIGITS[usize::from(byte & 15)],
        ];
    }
    out.extend_from_slice(&digits);
}

fn address(out: &mut Vec<u8>, peer: Peer) {
    match peer {
        Peer::V4([a, b, c, d, high, low]) => {
            for (octet, after) in [(a, b'.'), (b, b'.'), (c, b'.'), (d, b':')] {
                decimal(out, octet.into());
                out.push(after);
            }
            decimal(out, u16::from_be_bytes([high, low]).into());
        }
        Peer::V6(_) => {
            // Writing to memory does not fail.
            let _ = write!(out, "{peer}");
        }
    }
}

fn decimal(out: &mut Vec<u8>, number: u32) {
    let mut digits = [0; 10];
    let mut start = digits.len();
    let mut left = number;
    loop {
        start -= 1;
        digits[start] = b'0' + (left % 10).to_le_bytes()[0];
        left /= 10;
        if left == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}
