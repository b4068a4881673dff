//! What HTTP trackers answer to an announce (BEP 3, 7, 23, 24, 31), read as tolerantly as clients
//! always have: what is missing or makes no sense is left out, where the rest still does.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::base::excerpt_bytes;
use crate::base::limits::{
    TRACKER_ID_LEN_BYTES_MAX, TRACKER_REPLY_DEPTH_MAX, TRACKER_REPLY_LEN_BYTES_MAX,
    TRACKER_REPLY_NODES_MAX, TRACKER_REPLY_PEERS_MAX, TRACKER_TEXT_LEN_BYTES_MAX,
};
use crate::bencode::{self, Dict, Limits, Value};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrackerReply {
    Refused(Refused),
    Told(Told),
}

/// The tracker does not want this announce.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub reason: String,
    pub retry: Option<RetryIn>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryIn {
    Minutes(u32),
    Never,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    pub interval_s: Option<u32>,
    pub min_interval_s: Option<u32>,
    pub seeders: Option<u32>,
    pub leechers: Option<u32>,
    /// None twice, and none that nobody can listen at.
    pub peers: Vec<SocketAddr>,
    /// To be told again with the next announce.
    pub tracker_id: Option<Vec<u8>>,
    /// Where the announce came from, as the tracker sees it.
    pub external_ip: Option<IpAddr>,
    pub warning: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrackerReplyError {
    #[error("the reply `{start}` is no bencode: {source}")]
    Bencode {
        start: String,
        source: bencode::Error,
    },
    #[error("the reply is {kind}: expected a dictionary")]
    NotADict { kind: &'static str },
}

/// Reads the body of a response. What follows the dictionary is ignored.
pub fn parse_tracker_reply(body: &[u8]) -> Result<TrackerReply, TrackerReplyError> {
    const LIMITS: Limits = Limits {
        len_bytes: TRACKER_REPLY_LEN_BYTES_MAX,
        depth: TRACKER_REPLY_DEPTH_MAX,
        values: TRACKER_REPLY_NODES_MAX,
    };
    let (parsed, _) =
        bencode::parse_prefix(body, LIMITS).map_err(|source| TrackerReplyError::Bencode {
            start: excerpt_bytes(body),
            source,
        })?;
    let dict = parsed.value.as_dict().ok_or(TrackerReplyError::NotADict {
        kind: parsed.value.kind().name(),
    })?;
    Ok(match dict.get(b"failure reason") {
        Some(reason) => TrackerReply::Refused(Refused {
            reason: text(reason).unwrap_or_default(),
            retry: dict.get(b"retry in").and_then(retry_in),
        }),
        None => TrackerReply::Told(told(dict)),
    })
}

fn told(dict: Dict<'_>) -> Told {
    let mut told = Told::default();
    let mut peers = PeerList::default();
    for (key, value) in dict.iter() {
        match key {
            b"interval" => told.interval_s = number(value),
            b"min interval" => told.min_interval_s = number(value),
            b"complete" => told.seeders = number(value),
            b"incomplete" => told.leechers = number(value),
            b"peers" => peers.take(value),
            b"peers6" => peers.take_v6(value.as_bytes().unwrap_or_default()),
            b"tracker id" => told.tracker_id = tracker_id(value),
            b"external ip" => told.external_ip = value.as_bytes().and_then(packed_ip),
            b"warning message" => told.warning = text(value),
            _ => {}
        }
    }
    told.peers = peers.finish();
    told
}

/// As trackers pack peers: 6 bytes each for IPv4, 18 for IPv6; UDP replies hold one of the two.
pub fn unpack_peers(packed: &[u8], is_ipv6: bool) -> Vec<SocketAddr> {
    let mut peers = PeerList::default();
    if is_ipv6 {
        peers.take_v6(packed);
    } else {
        peers.take_v4(packed);
    }
    peers.finish()
}

#[derive(Default)]
struct PeerList {
    peers: Vec<SocketAddr>,
}

impl PeerList {
    fn take(&mut self, value: Value<'_>) {
        if let Some(packed) = value.as_bytes() {
            self.take_v4(packed);
        }
        let entries = value.as_list().into_iter().flatten();
        for peer in entries.filter_map(Value::as_dict).filter_map(listed_peer) {
            if !self.push(peer) {
                break;
            }
        }
    }

    fn take_v4(&mut self, packed: &[u8]) {
        for &[a, b, c, d, high, low] in packed.as_chunks::<6>().0 {
            let port = u16::from_be_bytes([high, low]);
            if !self.push((Ipv4Addr::new(a, b, c, d), port).into()) {
                break;
            }
        }
    }

    fn take_v6(&mut self, packed: &[u8]) {
        for entry in packed.as_chunks::<18>().0 {
            if let Some((octets, &[high, low])) = entry.split_first_chunk::<16>() {
                let port = u16::from_be_bytes([high, low]);
                let address = Ipv6Addr::from(*octets).to_canonical();
                if !self.push((address, port).into()) {
                    break;
                }
            }
        }
    }

    /// Whether there is room for more.
    fn push(&mut self, peer: SocketAddr) -> bool {
        if peer.port() != 0 && is_somewhere(peer.ip()) {
            self.peers.push(peer);
        }
        self.peers.len() < TRACKER_REPLY_PEERS_MAX
    }

    fn finish(mut self) -> Vec<SocketAddr> {
        let mut seen = std::collections::BTreeSet::new();
        self.peers.retain(|peer| seen.insert(*peer));
        self.peers
    }
}

/// A place that one peer can be at. Link-local IPv6 addresses mean nothing without an interface.
fn is_somewhere(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            address.octets()[0] != 0 && !address.is_multicast() && !address.is_broadcast()
        }
        IpAddr::V6(address) => {
            !address.is_unspecified() && !address.is_multicast() && !address.is_unicast_link_local()
        }
    }
}

/// Host names in the place of addresses are left out.
fn listed_peer(entry: Dict<'_>) -> Option<SocketAddr> {
    let (mut ip, mut port) = (None, None);
    for (key, value) in entry.iter() {
        match key {
            b"ip" => ip = value.as_str().and_then(|ip| ip.parse::<IpAddr>().ok()),
            b"port" => port = value.as_i64().and_then(|port| u16::try_from(port).ok()),
            _ => {}
        }
    }
    Some(SocketAddr::new(ip?.to_canonical(), port?))
}

/// What is over the range counts as its end.
fn number(value: Value<'_>) -> Option<u32> {
    let number = value.as_i64().filter(|number| *number >= 0)?;
    Some(u32::try_from(number).unwrap_or(u32::MAX))
}

fn text(value: Value<'_>) -> Option<String> {
    let bytes = value.as_bytes()?;
    let kept = &bytes[..bytes.len().min(TRACKER_TEXT_LEN_BYTES_MAX)];
    Some(String::from_utf8_lossy(kept).into_owned())
}

fn tracker_id(value: Value<'_>) -> Option<Vec<u8>> {
    let id = value.as_bytes()?;
    (1..=TRACKER_ID_LEN_BYTES_MAX)
        .contains(&id.len())
        .then(|| id.to_vec())
}

fn packed_ip(bytes: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(bytes)
        .map(IpAddr::from)
        .or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from))
        .ok()
}

/// Minutes, as a number or in digits, or the word `never`.
fn retry_in(value: Value<'_>) -> Option<RetryIn> {
    match value.as_bytes() {
        Some(b"never") => Some(RetryIn::Never),
        Some(digits) => {
            let minutes = super::query::decimal(digits)?;
            Some(RetryIn::Minutes(u32::try_from(minutes).unwrap_or(u32::MAX)))
        }
        None => number(value).map(RetryIn::Minutes),
    }
}
