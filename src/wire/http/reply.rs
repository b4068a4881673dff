//! Replies, appended to a buffer that the caller keeps.

use std::io::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::base::Sha1Digest;
use crate::wire::udp_tracker::Scraped;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Ok,
    BadRequest,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    ContentTooLarge,
    UriTooLong,
    TooManyRequests,
    HeaderFieldsTooLarge,
}

impl Status {
    /// Number and phrase.
    pub fn text(self) -> &'static str {
        match self {
            Self::Ok => "200 OK",
            Self::BadRequest => "400 Bad Request",
            Self::Forbidden => "403 Forbidden",
            Self::NotFound => "404 Not Found",
            Self::MethodNotAllowed => "405 Method Not Allowed",
            Self::ContentTooLarge => "413 Content Too Large",
            Self::UriTooLong => "414 URI Too Long",
            Self::TooManyRequests => "429 Too Many Requests",
            Self::HeaderFieldsTooLarge => "431 Request Header Fields Too Large",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Bencode goes by this name, because clients have always been told so.
    Bencode,
    Text,
    Html,
    Json,
    Metrics,
}

impl Content {
    fn media_type(self) -> &'static str {
        match self {
            Self::Bencode | Self::Text => "text/plain",
            Self::Html => "text/html; charset=utf-8",
            Self::Json => "application/json",
            Self::Metrics => "text/plain; version=0.0.4",
        }
    }
}

/// The digits that are kept free for a body's length.
const LENGTH_WIDTH: usize = 8;

/// Appends a response whose body `write_body` appends. Its length is set in afterwards, right-aligned
/// behind spaces, which HTTP allows there.
pub fn write_response(
    out: &mut Vec<u8>,
    status: Status,
    content: Content,
    keep_alive: bool,
    write_body: impl FnOnce(&mut Vec<u8>),
) {
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(status.text().as_bytes());
    out.extend_from_slice(b"\r\nContent-Type: ");
    out.extend_from_slice(content.media_type().as_bytes());
    // Told both ways: clients that speak HTTP/1.0 do not know that a connection stays by itself.
    out.extend_from_slice(if keep_alive {
        b"\r\nConnection: keep-alive\r\nContent-Length:"
    } else {
        b"\r\nConnection: close\r\nContent-Length:"
    });
    let length_start = out.len();
    out.extend_from_slice(&[b' '; LENGTH_WIDTH]);
    out.extend_from_slice(b"\r\n\r\n");
    let body_start = out.len();
    write_body(out);
    let mut digits = [0; DIGITS_MAX];
    let digits = decimal(out.len() - body_start, &mut digits);
    assert!(digits.len() < LENGTH_WIDTH, "bodies are short");
    out[length_start + LENGTH_WIDTH - digits.len()..length_start + LENGTH_WIDTH]
        .copy_from_slice(digits);
}

/// Peers packed as they go over the wire: 6 bytes each, or 18.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Peers<'a> {
    pub v4: &'a [u8],
    pub v6: &'a [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnnounceReply<'a> {
    pub seeders: u32,
    pub leechers: u32,
    pub downloads: u32,
    pub interval_s: u32,
    pub min_interval_s: u32,
    pub peers: Peers<'a>,
    /// As strings (BEP 23, BEP 7), or as the list that BEP 3 knows; the list is without peer ids,
    /// for the tracker keeps none.
    pub compact: bool,
    pub warning: Option<&'a str>,
}

/// Appends the reply to an announce, its keys in their order.
pub fn write_announce(out: &mut Vec<u8>, reply: &AnnounceReply<'_>) {
    out.extend_from_slice(b"d8:complete");
    integer(out, reply.seeders);
    out.extend_from_slice(b"10:downloaded");
    integer(out, reply.downloads);
    out.extend_from_slice(b"10:incomplete");
    integer(out, reply.leechers);
    out.extend_from_slice(b"8:interval");
    integer(out, reply.interval_s);
    out.extend_from_slice(b"12:min interval");
    integer(out, reply.min_interval_s);
    out.extend_from_slice(b"5:peers");
    if reply.compact {
        string(out, reply.peers.v4);
        if !reply.peers.v6.is_empty() {
            out.extend_from_slice(b"6:peers6");
            string(out, reply.peers.v6);
        }
    } else {
        peer_list(out, reply.peers);
    }
    if let Some(warning) = reply.warning {
        out.extend_from_slice(b"15:warning message");
        string(out, warning.as_bytes());
    }
    out.push(b'e');
}

fn peer_list(out: &mut Vec<u8>, peers: Peers<'_>) {
    out.push(b'l');
    for [a, b, c, d, port @ ..] in peers.v4.as_chunks::<6>().0 {
        peer_entry(
            out,
            Ipv4Addr::new(*a, *b, *c, *d),
            u16::from_be_bytes(*port),
        );
    }
    for peer in peers.v6.as_chunks::<18>().0 {
        if let Some((address, &[high, low])) = peer.split_first_chunk::<16>() {
            peer_entry(
                out,
                Ipv6Addr::from(*address),
                u16::from_be_bytes([high, low]),
            );
        }
    }
    out.push(b'e');
}

fn peer_entry(out: &mut Vec<u8>, address: impl std::fmt::Display, port: u16) {
    // The longest text of an IPv6 address has 45 bytes.
    let mut text = [0; 48];
    let mut rest = &mut text[..];
    let _ = write!(rest, "{address}");
    let rest_len = rest.len();
    out.extend_from_slice(b"d2:ip");
    string(out, &text[..text.len() - rest_len]);
    out.extend_from_slice(b"4:port");
    integer(out, u32::from(port));
    out.push(b'e');
}

/// The reason is for people.
pub fn write_failure(out: &mut Vec<u8>, reason: &str) {
    out.extend_from_slice(b"d14:failure reason");
    string(out, reason.as_bytes());
    out.push(b'e');
}

/// Appends the reply to a scrape. Strict readers want rising keys: `entries` are sorted here.
pub fn write_scrape(out: &mut Vec<u8>, entries: &mut [(Sha1Digest, Scraped)]) {
    entries.sort_unstable_by_key(|(info_hash, _)| *info_hash);
    out.extend_from_slice(b"d5:filesd");
    let mut last = None;
    for (info_hash, scraped) in entries {
        if last.replace(*info_hash) == Some(*info_hash) {
            continue;
        }
        string(out, info_hash.as_bytes());
        out.extend_from_slice(b"d8:complete");
        integer(out, scraped.seeders);
        out.extend_from_slice(b"10:downloaded");
        integer(out, scraped.downloads);
        out.extend_from_slice(b"10:incomplete");
        integer(out, scraped.leechers);
        out.push(b'e');
    }
    out.extend_from_slice(b"ee");
}

const DIGITS_MAX: usize = 20;

fn integer(out: &mut Vec<u8>, number: u32) {
    out.push(b'i');
    let mut digits = [0; DIGITS_MAX];
    out.extend_from_slice(decimal(number as usize, &mut digits));
    out.push(b'e');
}

fn string(out: &mut Vec<u8>, content: &[u8]) {
    let mut digits = [0; DIGITS_MAX];
    out.extend_from_slice(decimal(content.len(), &mut digits));
    out.push(b':');
    out.extend_from_slice(content);
}

/// Several times faster than through the formatter, and every reply has ten of them.
fn decimal(mut number: usize, digits: &mut [u8; DIGITS_MAX]) -> &[u8] {
    let mut start = DIGITS_MAX;
    loop {
        start -= 1;
        #[expect(clippy::cast_possible_truncation, reason = "one decimal digit")]
        let digit = (number % 10) as u8;
        digits[start] = b'0' + digit;
        number /= 10;
        if number == 0 {
            return &digits[start..];
        }
    }
}
