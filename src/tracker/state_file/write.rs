//! Changes to lines.

use crate::base::Sha1Digest;
use crate::tracker::Peer;
use crate::tracker::table::{Change, Fact, Role};

/// The first line of a new file, for people who wonder what it is.
pub const HEADER: &str = "# mt tracker: who has what; the last word on a peer holds\n";

/// Longer than any line.
const LINE_LEN_MAX: usize = 128;

/// Appends the line of a change.
pub fn write_change(change: &Change, out: &mut Vec<u8>) {
    let mut line = Line::default();
    let word: &[u8] = match change.fact {
        Fact::Here(_, Role::Seeder) => b"seeder ",
        Fact::Here(_, Role::Leecher) => b"leecher ",
        Fact::Gone(_) => b"gone ",
        Fact::Downloads(_) => b"downloads ",
    };
    line.push(word);
    line.hash(&change.info_hash);
    match change.fact {
        Fact::Here(peer, _) | Fact::Gone(peer) => line.address(peer),
        Fact::Downloads(downloads) => line.decimal(downloads),
    }
    line.push(b"\n");
    out.extend_from_slice(&line.bytes[..line.len]);
}

/// A line that grows in place, since a busy tracker writes hundreds of thousands in a second.
struct Line {
    bytes: [u8; LINE_LEN_MAX],
    len: usize,
}

impl Default for Line {
    fn default() -> Self {
        Self {
            bytes: [0; LINE_LEN_MAX],
            len: 0,
        }
    }
}

impl Line {
    fn push(&mut self, bytes: &[u8]) {
        self.bytes[self.len..][..bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    fn hash(&mut self, info_hash: &Sha1Digest) {
        let mut digits = [b' '; 41];
        for (pair, byte) in digits.as_chunks_mut::<2>().0.iter_mut().zip(info_hash.0) {
            *pair = [digit(byte >> 4), digit(byte & 15)];
        }
        self.push(&digits);
    }

    fn address(&mut self, peer: Peer) {
        match peer {
            Peer::V4([a, b, c, d, high, low]) => {
                for (octet, after) in [(a, b"."), (b, b"."), (c, b"."), (d, b":")] {
                    self.decimal(octet.into());
                    self.push(after);
                }
                self.decimal(u16::from_be_bytes([high, low]).into());
            }
            Peer::V6(_) => self.push(peer.to_string().as_bytes()),
        }
    }

    fn decimal(&mut self, number: u32) {
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
        self.push(&digits[start..]);
    }
}

/// Without a branch or a table, so that many are made at once.
fn digit(half_byte: u8) -> u8 {
    half_byte + b'0' + u8::from(half_byte > 9) * (b'a' - b'0' - 10)
}
