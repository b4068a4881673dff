//! Lines to changes. A million of them are read while a service starts, so nothing is allocated, and
//! the common line goes through no general parser.

use std::net::SocketAddrV6;

use super::HEADER;
use crate::base::Sha1Digest;
use crate::base::hex;
use crate::base::limits::STATE_LINE_LEN_BYTES_MAX;
use crate::tracker::table::{Change, Fact, Role};
use crate::tracker::{Peer, addresses};

/// Reads a file in whatever pieces it comes.
#[derive(Debug)]
pub struct Reader {
    /// The front of a line whose end has not come yet.
    pending: [u8; STATE_LINE_LEN_BYTES_MAX],
    pending_len_bytes: usize,
    /// As it came, while no more than fits is kept.
    pending_seen_bytes: u64,
    whole_len_bytes: u64,
    readable_lines: u64,
    unreadable_lines: u64,
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            pending: [0; STATE_LINE_LEN_BYTES_MAX],
            pending_len_bytes: 0,
            pending_seen_bytes: 0,
            whole_len_bytes: 0,
            readable_lines: 0,
            unreadable_lines: 0,
        }
    }
}

impl Reader {
    /// Tells of the changes whose lines end in this piece of the file.
    pub fn read(&mut self, piece: &[u8], mut tell: impl FnMut(Change)) {
        let mut rest = piece;
        while let Some(end) = line_end(rest) {
            let line = &rest[..end];
            rest = &rest[end + 1..];
            self.whole_len_bytes += self.pending_seen_bytes + line.len() as u64 + 1;
            if self.pending_seen_bytes == 0 {
                self.take_line(line, &mut tell);
                continue;
            }
            self.keep(line);
            let pending = self.pending;
            let is_overlong = self.pending_seen_bytes > self.pending_len_bytes as u64;
            if is_overlong && pending[0] != b'#' {
                self.unreadable_lines += 1;
            } else {
                self.take_line(&pending[..self.pending_len_bytes], &mut tell);
            }
            self.pending_seen_bytes = 0;
            self.pending_len_bytes = 0;
        }
        self.keep(rest);
    }

    /// Up to the end of the last whole line. What stands beyond it in the file was torn, and is to be
    /// cut off before anything is appended: it would run into the next line.
    pub fn whole_len_bytes(&self) -> u64 {
        self.whole_len_bytes
    }

    pub fn unreadable_lines(&self) -> u64 {
        self.unreadable_lines
    }

    /// Whether what was read is somebody's other file, which must not be written over: nothing in it
    /// is a line that a tracker wrote, nor the front of one.
    pub fn is_foreign(&self) -> bool {
        let is_torn_line = || {
            let torn = &self.pending[..self.pending_len_bytes];
            let openings = ["seeder ", "leecher ", "gone ", "downloads ", HEADER];
            self.whole_len_bytes == 0
                && openings
                    .iter()
                    .any(|opening| agree(torn, opening.as_bytes()))
        };
        self.readable_lines == 0 && !is_torn_line()
    }

    fn keep(&mut self, part: &[u8]) {
        self.pending_seen_bytes += part.len() as u64;
        // Of a line longer than any real one, the rest is only counted.
        let kept = &part[..part.len().min(self.pending.len() - self.pending_len_bytes)];
        let end = self.pending_len_bytes + kept.len();
        self.pending[self.pending_len_bytes..end].copy_from_slice(kept);
        self.pending_len_bytes = end;
    }

    fn take_line(&mut self, line: &[u8], tell: &mut impl FnMut(Change)) {
        let is_too_long = line.len() > STATE_LINE_LEN_BYTES_MAX;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line == HEADER.trim_end().as_bytes() {
            self.readable_lines += 1;
        }
        if line.is_empty() || line[0] == b'#' {
            return;
        }
        match parse_line(line).filter(|_| !is_too_long) {
            Some(change) => {
                self.readable_lines += 1;
                tell(change);
            }
            None => self.unreadable_lines += 1,
        }
    }
}

/// As far as both go.
fn agree(one: &[u8], other: &[u8]) -> bool {
    one.iter().zip(other).all(|(one, other)| one == other)
}

fn line_end(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| *byte == b'\n')
}

fn parse_line(line: &[u8]) -> Option<Change> {
    let (word, rest) = word(line)?;
    let (hash, rest) = word_of::<40>(rest)?;
    let mut info_hash = Sha1Digest([0; 20]);
    hex::decode_into(hash, &mut info_hash.0)?;
    let fact = match word {
        b"seeder" => Fact::Here(peer(rest)?, Role::Seeder),
        b"leecher" => Fact::Here(peer(rest)?, Role::Leecher),
        b"gone" => Fact::Gone(peer(rest)?),
        b"downloads" => Fact::Downloads(number(rest)?),
        _ => return None,
    };
    Some(Change { info_hash, fact })
}

/// What stands before the first space, and after it.
fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = text.iter().position(|byte| *byte == b' ')?;
    Some((&text[..space], &text[space + 1..]))
}

fn word_of<const N: usize>(text: &[u8]) -> Option<(&[u8; N], &[u8])> {
    let (word, rest) = text.split_first_chunk()?;
    Some((word, rest.strip_prefix(b" ")?))
}

fn peer(text: &[u8]) -> Option<Peer> {
    let peer = match text.first()? {
        b'[' => {
            let text = std::str::from_utf8(text).ok()?;
            let address: SocketAddrV6 = text.parse().ok()?;
            Peer::new((*address.ip()).into(), address.port())
        }
        _ => peer_v4(text)?,
    };
    let address = peer.address();
    addresses::is_usable(address.ip(), address.port()).then_some(peer)
}

fn peer_v4(text: &[u8]) -> Option<Peer> {
    let mut packed = [0; 6];
    let mut rest = text;
    for (octet, after) in packed.iter_mut().zip(*b"...:") {
        let end = rest.iter().take(4).position(|byte| *byte == after)?;
        *octet = u8::try_from(number(&rest[..end])?).ok()?;
        rest = &rest[end + 1..];
    }
    let port = u16::try_from(number(rest)?).ok()?;
    packed[4..].copy_from_slice(&port.to_be_bytes());
    Some(Peer::V4(packed))
}

fn number(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u32, |number, digit| {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10)?;
        number.checked_mul(10)?.checked_add(digit.into())
    })
}
