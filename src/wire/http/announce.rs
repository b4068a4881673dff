//! The queries of announces and scrapes.

use std::net::IpAddr;

use super::query::{decimal, pairs, unescape_exactly, unescape_into};
use crate::base::Sha1Digest;
use crate::base::limits::SCRAPE_HASHES_MAX;
use crate::wire::Event;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnnounceQuery<'a> {
    pub info_hash: Sha1Digest,
    pub peer_id: [u8; 20],
    pub port: u16,
    /// `None` from a client that does not say, or cannot know yet.
    pub left_bytes: Option<u64>,
    pub uploaded_bytes: u64,
    pub downloaded_bytes: u64,
    pub event: Event,
    /// `None` leaves the number to the tracker.
    pub wanted: Option<u32>,
    /// Peers as a packed string: so unless the client asks for the list of old.
    pub compact: bool,
    pub no_peer_id: bool,
    pub key: Option<&'a [u8]>,
    /// Where the client wishes to be found (`ip`, `ipv4` or `ipv6`): only a known proxy is to be
    /// believed.
    pub ip: Option<IpAddr>,
    /// With an `mt_token`, the words are another tracker's.
    pub mark: MarkWords<'a>,
}

/// What another tracker adds to an announce that it tells of, as it was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MarkWords<'a> {
    pub token: Option<&'a [u8]>,
    pub ip: Option<&'a [u8]>,
    pub age: Option<&'a [u8]>,
}

/// What a client is told as the reason of its failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    #[error("`{key}` is missing")]
    Missing { key: &'static str },
    #[error("`{key}` is no percent-encoded string of 20 bytes")]
    Not20Bytes { key: &'static str },
    #[error("`{key}` is no number in its range")]
    NotANumber { key: &'static str },
    #[error("`{key}` is given twice, with different values")]
    Twice { key: &'static str },
    #[error("`info_hash` is given more than {SCRAPE_HASHES_MAX} times")]
    TooManyHashes,
}

pub fn parse_announce(query: &[u8]) -> Result<AnnounceQuery<'_>, QueryError> {
    let mut found = Found::default();
    for (key, value) in pairs(query) {
        found.take(key, value)?;
    }
    Ok(AnnounceQuery {
        info_hash: required(found.info_hash, "info_hash")?,
        peer_id: required(found.peer_id, "peer_id")?,
        port: required(found.port, "port")?,
        left_bytes: found.left,
        uploaded_bytes: found.uploaded.unwrap_or(0),
        downloaded_bytes: found.downloaded.unwrap_or(0),
        event: found.event.unwrap_or_default(),
        wanted: found.wanted,
        compact: found.compact.unwrap_or(true),
        no_peer_id: found.no_peer_id.unwrap_or(false),
        key: found.key,
        ip: found.ip,
        mark: found.mark,
    })
}

fn required<T>(value: Option<T>, key: &'static str) -> Result<T, QueryError> {
    value.ok_or(QueryError::Missing { key })
}

#[derive(Default)]
struct Found<'a> {
    info_hash: Option<Sha1Digest>,
    peer_id: Option<[u8; 20]>,
    port: Option<u16>,
    left: Option<u64>,
    uploaded: Option<u64>,
    downloaded: Option<u64>,
    event: Option<Event>,
    wanted: Option<u32>,
    compact: Option<bool>,
    no_peer_id: Option<bool>,
    key: Option<&'a [u8]>,
    ip: Option<IpAddr>,
    mark: MarkWords<'a>,
}

impl<'a> Found<'a> {
    fn take(&mut self, key: &[u8], value: &'a [u8]) -> Result<(), QueryError> {
        match key {
            b"info_hash" => once(&mut self.info_hash, "info_hash", info_hash(value)?),
            b"peer_id" => once(&mut self.peer_id, "peer_id", twenty(value, "peer_id")?),
            b"port" => once(&mut self.port, "port", number(value, "port")?),
            b"left" => once(&mut self.left, "left", left(value)?),
            b"uploaded" => once(&mut self.uploaded, "uploaded", number(value, "uploaded")?),
            b"downloaded" => once(
                &mut self.downloaded,
                "downloaded",
                number(value, "downloaded")?,
            ),
            b"event" => once(&mut self.event, "event", event(value)),
            b"numwant" => {
                // Below zero, as by UDP, the number is left to the tracker.
                if !value.starts_with(b"-") {
                    once(&mut self.wanted, "numwant", number(value, "numwant")?)?;
                }
                Ok(())
            }
            b"compact" => once(&mut self.compact, "compact", value != b"0"),
            b"no_peer_id" => once(&mut self.no_peer_id, "no_peer_id", value != b"0"),
            b"key" => once(&mut self.key, "key", value),
            b"ip" | b"ipv4" | b"ipv6" => {
                // Names are allowed there, and told of by nobody.
                self.ip = address(value).or(self.ip);
                Ok(())
            }
            b"mt_token" => once(&mut self.mark.token, "mt_token", value),
            b"mt_ip" => once(&mut self.mark.ip, "mt_ip", value),
            b"mt_age" => once(&mut self.mark.age, "mt_age", value),
            _ => Ok(()),
        }
    }
}

fn once<T: PartialEq>(slot: &mut Option<T>, key: &'static str, value: T) -> Result<(), QueryError> {
    match slot {
        Some(first) if *first != value => Err(QueryError::Twice { key }),
        _ => {
            *slot = Some(value);
            Ok(())
        }
    }
}

fn info_hash(value: &[u8]) -> Result<Sha1Digest, QueryError> {
    twenty(value, "info_hash").map(Sha1Digest)
}

fn twenty(value: &[u8], key: &'static str) -> Result<[u8; 20], QueryError> {
    unescape_exactly(value).ok_or(QueryError::Not20Bytes { key })
}

fn number<T: TryFrom<u64>>(value: &[u8], key: &'static str) -> Result<T, QueryError> {
    let number = decimal(value).and_then(|number| number.try_into().ok());
    number.ok_or(QueryError::NotANumber { key })
}

/// Clients that have only a magnet link do not know what is left, and some then write -1.
fn left(value: &[u8]) -> Result<u64, QueryError> {
    if value.starts_with(b"-") {
        return Ok(u64::MAX);
    }
    number(value, "left")
}

fn event(value: &[u8]) -> Event {
    match value {
        b"started" => Event::Started,
        b"completed" => Event::Completed,
        b"stopped" => Event::Stopped,
        _ => Event::None,
    }
}

/// An address with or without a port, which is not looked at: `port` says where a peer listens.
fn address(value: &[u8]) -> Option<IpAddr> {
    let mut buffer = [0; 64];
    let text = std::str::from_utf8(unescape_into(value, &mut buffer)?).ok()?;
    if let Some((address, _)) = text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        return address.parse().ok().map(IpAddr::V6);
    }
    let with_port = || {
        text.parse::<std::net::SocketAddrV4>()
            .ok()
            .map(|both| (*both.ip()).into())
    };
    text.parse().ok().or_else(with_port)
}

/// The swarms of a scrape; reading it again for each use spares keeping them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScrapeQuery<'a> {
    query: &'a [u8],
}

impl ScrapeQuery<'_> {
    pub fn info_hashes(&self) -> impl Iterator<Item = Sha1Digest> {
        let hashes = pairs(self.query).filter(|(key, _)| *key == b"info_hash");
        hashes.filter_map(|(_, value)| info_hash(value).ok())
    }
}

pub fn parse_scrape(query: &[u8]) -> Result<ScrapeQuery<'_>, QueryError> {
    let mut count = 0;
    for (_, value) in pairs(query).filter(|(key, _)| *key == b"info_hash") {
        info_hash(value)?;
        count += 1;
    }
    match count {
        // Telling of every swarm at once is a service that trackers have ceased to give.
        0 => Err(QueryError::Missing { key: "info_hash" }),
        1..=SCRAPE_HASHES_MAX => Ok(ScrapeQuery { query }),
        _ => Err(QueryError::TooManyHashes),
    }
}
