//! `.mtorrent` files: five lines of text.
//!
//! ```text
//! 10.0.0.1:4444                 tracker 1: ip:port, a URL, or nothing
//! udp://tracker.example:80      tracker 2
//! model.bin                     file name
//! 1310720                       file size in bytes
//! 89ab...                       SHA-1 of each 512 KiB piece, 40 hexadecimal digits each
//! ```
//!
//! It says the same as a torrent of one file with exactly `length`, `name`, `piece length` and
//! `pieces`, and has that torrent's info-hash. An older form has 20 raw bytes a piece in place of
//! the digits, up to the end of the file; it is read and never written.

use bytes::Bytes;

use super::error::{Error, Fault, Located};
use super::info::Info;
use super::oddity::Oddities;
use super::outer::Outer;
use super::torrent::Metainfo;
use crate::base::hex::{Hex, decode_into, digit_value};
use crate::base::{Amount, Host, PeerAddress, Scheme, Sha1Digest, Url, excerpt_bytes, limits};
use crate::bencode::Writer;

/// The piece length of every `.mtorrent`.
pub const PIECE_LENGTH_BYTES: u32 = 512 << 10;

const DIGITS_PER_PIECE: usize = 2 * Sha1Digest::LEN;

/// Reads the text, in either form.
pub fn read(text: &[u8]) -> Result<Metainfo, Error> {
    let mut lines = Lines { rest: Some(text) };
    let first = lines.next("tracker 1")?;
    let second = lines.next("tracker 2")?;
    let name = lines.next("file name")?;
    let size = lines.next("file size")?;
    let mut outer = Outer::default();
    outer
        .trackers
        .extend(tracker(first).at("tracker 1")?.map(|url| vec![url]));
    let second = tracker(second).at("tracker 2")?;
    outer.trackers.extend(
        second
            .filter(|url| {
                !outer.trackers[..]
                    .iter()
                    .flatten()
                    .any(|known| known == url)
            })
            .map(|url| vec![url]),
    );
    if name.is_empty() {
        return Err(Error::new("file name", Fault::Empty));
    }
    let size_bytes = size_bytes(size).at("file size")?;
    let hashes = match lines.rest {
        Some(rest) => Hashes::find(rest, size_bytes).at("hash string")?,
        None if size_bytes == 0 => Hashes::Digits(b""),
        None => return Err(Error::new("hash string", Fault::Missing)),
    };
    let mut oddities = Oddities::default();
    let info = info_dictionary(name, size_bytes, &hashes).at("hash string")?;
    let info = Info::parse(Bytes::from(info), &mut oddities)?;
    Metainfo::from_parts(info, Bytes::new(), outer, oddities)
}

/// Writes the five lines of a torrent that is exactly what the format can carry; who calls has
/// seen to that.
pub(super) fn write(name: &[u8], size_bytes: u64, hashes: &[u8], outer: &Outer) -> Vec<u8> {
    use std::io::Write as _;
    let mut text = Vec::with_capacity(2 * hashes.len() + name.len() + 256);
    let mut trackers = outer.all_trackers();
    for _ in 0..2 {
        let line = trackers.next().map(tracker_line).unwrap_or_default();
        text.extend_from_slice(line.as_bytes());
        text.push(b'\n');
    }
    text.extend_from_slice(name);
    // Writing to memory does not fail.
    let _ = write!(text, "\n{size_bytes}\n{}\n", Hex(hashes));
    text
}

/// The short form where it says everything, because old programs know no other.
fn tracker_line(url: &Url) -> String {
    let is_address = matches!(url.host(), Host::Ipv4(_) | Host::Ipv6(_));
    let short = format!("{}:{}", url.host(), url.port_or_default());
    let meant = format!("http://{short}/announce");
    if url.scheme() == Scheme::Http && is_address && url.as_str() == meant {
        short
    } else {
        url.to_string()
    }
}

struct Lines<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> Lines<'a> {
    /// The next line, whichever way it ends.
    fn next(&mut self, what: &'static str) -> Result<&'a [u8], Error> {
        let rest = self.rest.ok_or(Fault::Missing).at(what)?;
        let line = match rest.iter().position(|byte| *byte == b'\n') {
            Some(end) => {
                self.rest = Some(&rest[end + 1..]);
                &rest[..end]
            }
            None => {
                self.rest = None;
                rest
            }
        };
        Ok(line.strip_suffix(b"\r").unwrap_or(line))
    }
}

/// Whether the first line may be one of a tracker.
pub(super) fn begins_with_tracker(text: &[u8]) -> bool {
    let mut lines = Lines { rest: Some(text) };
    let first = lines.next("tracker 1").ok();
    first.is_some_and(|line| tracker(line).is_ok())
}

/// Whether there are four lines, the last of them a number.
pub(super) fn has_shape(text: &[u8]) -> bool {
    let mut lines = Lines { rest: Some(text) };
    let mut head = ["tracker 1", "tracker 2", "file name"].into_iter();
    head.all(|what| lines.next(what).is_ok())
        && lines
            .next("file size")
            .is_ok_and(|line| !line.is_empty() && line.iter().all(u8::is_ascii_digit))
}

fn tracker(line: &[u8]) -> Result<Option<Url>, Fault> {
    let text = std::str::from_utf8(line)
        .map_err(|_| Fault::Text(format!("`{}` is not UTF-8", excerpt_bytes(line))))?
        .trim_ascii();
    if text.is_empty() {
        return Ok(None);
    }
    if text.contains("://") {
        let url = Url::parse(text).map_err(|why| Fault::Text(why.to_string()))?;
        return if url.is_tracker() {
            Ok(Some(url))
        } else {
            Err(Fault::Text(format!("`{url}` is not the URL of a tracker")))
        };
    }
    let address: PeerAddress = text
        .parse()
        .map_err(|why| Fault::Text(format!("{why}; a tracker is `ip:port`, a URL, or nothing")))?;
    let url = Url::parse(&format!("http://{address}/announce"));
    url.map(Some).map_err(|why| Fault::Text(why.to_string()))
}

fn size_bytes(line: &[u8]) -> Result<u64, Fault> {
    let refused = |why: &str| Fault::Text(format!("`{}` {why}", excerpt_bytes(line)));
    if line.is_empty() {
        return Err(Fault::Empty);
    }
    if !line.iter().all(u8::is_ascii_digit) {
        return Err(refused("is no number of bytes: only digits may stand here"));
    }
    if line.len() > 1 && line[0] == b'0' {
        return Err(refused("has a leading zero"));
    }
    let value = std::str::from_utf8(line)
        .ok()
        .and_then(|text| text.parse().ok());
    match value {
        Some(value) if value <= limits::TOTAL_SIZE_BYTES_MAX => Ok(value),
        _ => Err(refused("is more bytes than one torrent may have")),
    }
}

/// The hashes as the file has them, as many as the size needs.
enum Hashes<'a> {
    Digits(&'a [u8]),
    Raw(&'a [u8]),
}

impl<'a> Hashes<'a> {
    fn find(rest: &'a [u8], size_bytes: u64) -> Result<Self, Fault> {
        let pieces = size_bytes.div_ceil(u64::from(PIECE_LENGTH_BYTES));
        let is_for = |len: usize, unit: usize| len as u64 == pieces.saturating_mul(unit as u64);
        let line = rest.trim_ascii_end();
        let first_wrong = line.iter().position(|byte| digit_value(*byte).is_none());
        if first_wrong.is_none() && is_for(line.len(), DIGITS_PER_PIECE) {
            return Ok(Self::Digits(line));
        }
        if first_wrong.is_none() && is_for(line.len(), Sha1Digest::LEN) {
            return Err(Fault::Text(format!(
                "is of the truncated form that old programs wrote, {} digits for each piece where a \
                 SHA-1 has {DIGITS_PER_PIECE}; share the file again to make a whole one",
                Sha1Digest::LEN
            )));
        }
        if is_for(rest.len(), Sha1Digest::LEN) {
            return Ok(Self::Raw(rest));
        }
        match first_wrong.map(|at| (at, line[at])) {
            Some((at, b'\r' | b'\n')) => Err(Fault::Text(format!(
                "ends after {}, with {} behind it, which the format does not have",
                Amount(at, "digit"),
                Amount(line.len() - at, "byte")
            ))),
            Some((at, wrong)) if wrong.is_ascii_graphic() => Err(Fault::Text(format!(
                "digit {} is `{}`, which is not hexadecimal",
                at + 1,
                char::from(wrong)
            ))),
            Some(_) => Err(Fault::Text(format!(
                "is {} of no hexadecimal digits; raw hashes of {} in pieces of 512 KiB \
                 would have {}",
                Amount(rest.len(), "byte"),
                Amount(size_bytes, "byte"),
                pieces.saturating_mul(Sha1Digest::LEN as u64)
            ))),
            None => Err(Fault::Text(format!(
                "has {}; {} in pieces of 512 KiB would have {}",
                Amount(line.len(), "digit"),
                Amount(size_bytes, "byte"),
                pieces.saturating_mul(DIGITS_PER_PIECE as u64)
            ))),
        }
    }

    fn write_into(&self, out: &mut Vec<u8>) -> Result<(), Fault> {
        match self {
            Self::Raw(hashes) => out.extend_from_slice(hashes),
            Self::Digits(digits) => {
                let start = out.len();
                out.resize(start + digits.len() / 2, 0);
                decode_into(digits, &mut out[start..]).ok_or(Fault::Empty)?;
            }
        }
        Ok(())
    }

    fn len_bytes(&self) -> usize {
        match self {
            Self::Raw(hashes) => hashes.len(),
            Self::Digits(digits) => digits.len() / 2,
        }
    }
}

/// The dictionary that has the info-hash.
fn info_dictionary(name: &[u8], size_bytes: u64, hashes: &Hashes<'_>) -> Result<Vec<u8>, Fault> {
    let mut written = Ok(());
    let mut writer = Writer::with_capacity(name.len() + hashes.len_bytes() + 128);
    writer.begin_dict();
    writer.key(b"length").integer(size_bytes);
    writer.key(b"name").bytes(name);
    writer.key(b"piece length").integer(PIECE_LENGTH_BYTES);
    writer
        .key(b"pieces")
        .bytes_with(hashes.len_bytes(), |out| written = hashes.write_into(out));
    writer.end();
    written.map(|()| writer.finish())
}
