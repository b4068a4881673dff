//! Changes to lines.

use crate::base::Sha1Digest;
use crate::base::limits::STATE_LINE_LEN_BYTES_MAX;
use crate::tracker::Peer;
use crate::tracker::table::{Change, Fact, Role};

/// The first line of a new file, for people who wonder what it is.
pub const HEADER: &str = "# mt tracker: who has what; the last word on a peer holds\n";

/// Appends the line of a change.
pub fn write_change(change: &Change, out: &mut Vec<u8>) {
    let mut line = Line {
        bytes: [0; STATE_LINE_LEN_BYTES_MAX],
        len: 0,
    };
    match change.fact {
        Fact::Here(_, Role::Seeder) => line.push(*b"seeder "),
        Fact::Here(_, Role::Leecher) => line.push(*b"leecher "),
        Fact::Gone(_) => line.push(*b"gone "),
        Fact::Downloads(_) => line.push(*b"downloads "),
    }
    line.push(hex(&change.info_hash));
    match change.fact {
        Fact::Here(peer, _) | Fact::Gone(peer) => line.address(peer),
        Fact::Downloads(downloads) => line.decimal(downloads),
    }
    line.push(*b"\n");
    out.extend_from_slice(&line.bytes[..line.len]);
}

/// A line that grows in place, by stores of fixed lengths: a busy tracker writes hundreds of thousands
/// of lines in a second. What is stored ahead of its end fits, too.
struct Line {
    bytes: [u8; STATE_LINE_LEN_BYTES_MAX],
    len: usize,
}

impl Line {
    fn push<const N: usize>(&mut self, bytes: [u8; N]) {
        self.push_front_of(bytes, N);
    }

    /// Adds the first `len` bytes; what the others leave behind is overwritten by what comes next.
    fn push_front_of<const N: usize>(&mut self, bytes: [u8; N], len: usize) {
        self.bytes[self.len..][..N].copy_from_slice(&bytes);
        self.len += len;
    }

    fn address(&mut self, peer: Peer) {
        match peer {
            Peer::V4([octets @ .., high, low]) => {
                for octet in octets {
                    let (digits, len) = OCTETS[usize::from(octet)];
                    self.push_front_of(digits, len);
                }
                self.bytes[self.len - 1] = b':';
                self.decimal(u16::from_be_bytes([high, low]).into());
            }
            Peer::V6(_) => {
                let text = peer.to_string();
                self.bytes[self.len..][..text.len()].copy_from_slice(text.as_bytes());
                self.len += text.len();
            }
        }
    }

    fn decimal(&mut self, number: u32) {
        const DIGITS_MAX: usize = 10;
        // Behind the digits there is room for what is stored ahead.
        let mut digits = [0; 2 * DIGITS_MAX];
        let mut start = DIGITS_MAX;
        let mut left = number;
        loop {
            start -= 1;
            digits[start] = b'0' + (left % 10).to_le_bytes()[0];
            left /= 10;
            if left == 0 {
                break;
            }
        }
        let mut ahead = [0; DIGITS_MAX];
        ahead.copy_from_slice(&digits[start..][..DIGITS_MAX]);
        self.push_front_of(ahead, DIGITS_MAX - start);
    }
}

/// Each octet in decimal with the dot behind it, and how long that is.
static OCTETS: [([u8; 4], usize); 256] = {
    let mut octets = [([0; 4], 0); 256];
    let mut octet = 0;
    while octet < 256 {
        let digits = [octet / 100, octet / 10 % 10, octet % 10];
        let skipped = (octet < 100) as usize + (octet < 10) as usize;
        let mut text = [b'.'; 4];
        let mut at = skipped;
        while at < digits.len() {
            #[expect(clippy::cast_possible_truncation, reason = "a digit")]
            let digit = digits[at] as u8;
            text[at - skipped] = b'0' + digit;
            at += 1;
        }
        octets[octet] = (text, digits.len() - skipped + 1);
        octet += 1;
    }
    octets
};

/// With a space behind it.
fn hex(info_hash: &Sha1Digest) -> [u8; 41] {
    let mut digits = [b' '; 41];
    for (pair, byte) in digits.as_chunks_mut::<2>().0.iter_mut().zip(info_hash.0) {
        *pair = [digit(byte >> 4), digit(byte & 15)];
    }
    digits
}

/// Without a branch or a table, so that many are made at once.
fn digit(half_byte: u8) -> u8 {
    half_byte + b'0' + u8::from(half_byte > 9) * (b'a' - b'0' - 10)
}
