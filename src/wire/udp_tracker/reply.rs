//! What trackers answer.

use super::fields::Fields;
use super::{ANNOUNCE, CONNECT, ERROR, SCRAPE};

pub fn write_connect(out: &mut Vec<u8>, transaction_id: u32, connection_id: u64) {
    out.extend_from_slice(&CONNECT.to_be_bytes());
    out.extend_from_slice(&transaction_id.to_be_bytes());
    out.extend_from_slice(&connection_id.to_be_bytes());
}

/// The peers follow: 6 bytes each in an IPv4 packet, 18 in an IPv6 one.
pub fn write_announce_head(
    out: &mut Vec<u8>,
    transaction_id: u32,
    interval_s: u32,
    leechers: u32,
    seeders: u32,
) {
    let mut head = [0; 20];
    let (words, _) = head.as_chunks_mut::<4>();
    for (word, number) in
        words
            .iter_mut()
            .zip([ANNOUNCE, transaction_id, interval_s, leechers, seeders])
    {
        *word = number.to_be_bytes();
    }
    out.extend_from_slice(&head);
}

/// One entry for each info-hash of the request follows.
pub fn write_scrape_head(out: &mut Vec<u8>, transaction_id: u32) {
    out.extend_from_slice(&SCRAPE.to_be_bytes());
    out.extend_from_slice(&transaction_id.to_be_bytes());
}

pub fn write_scrape_entry(out: &mut Vec<u8>, entry: Scraped) {
    for number in [entry.seeders, entry.downloads, entry.leechers] {
        out.extend_from_slice(&number.to_be_bytes());
    }
}

pub fn write_error(out: &mut Vec<u8>, transaction_id: u32, message: &str) {
    out.extend_from_slice(&ERROR.to_be_bytes());
    out.extend_from_slice(&transaction_id.to_be_bytes());
    out.extend_from_slice(message.as_bytes());
}

/// What a tracker knows of one swarm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scraped {
    pub seeders: u32,
    pub downloads: u32,
    pub leechers: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply<'a> {
    Connect {
        connection_id: u64,
    },
    Announce {
        interval_s: u32,
        leechers: u32,
        seeders: u32,
        /// 6 or 18 bytes each, by the address family of the packet.
        peers: &'a [u8],
    },
    /// 12 bytes for each info-hash of the request: see [`Reply::scraped`].
    Scrape {
        entries: &'a [u8],
    },
    /// For people; any bytes.
    Error {
        message: &'a [u8],
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    #[error("the packet has {len_bytes} bytes, too few for its fields")]
    TooShort { len_bytes: usize },
    #[error("`{action}` is no action: expected 0 to 3")]
    UnknownAction { action: u32 },
}

impl Reply<'_> {
    /// In the order of the request.
    pub fn scraped(&self) -> impl Iterator<Item = Scraped> {
        let entries = match self {
            Self::Scrape { entries } => entries,
            _ => &[][..],
        };
        let (entries, _) = entries.as_chunks::<12>();
        entries.iter().filter_map(|entry| {
            let mut fields = Fields(entry);
            Some(Scraped {
                seeders: fields.u32()?,
                downloads: fields.u32()?,
                leechers: fields.u32()?,
            })
        })
    }
}

/// The transaction id, and what it was answered.
pub fn parse_reply(packet: &[u8]) -> Result<(u32, Reply<'_>), ReplyError> {
    let too_short = ReplyError::TooShort {
        len_bytes: packet.len(),
    };
    let mut fields = Fields(packet);
    let action = fields.u32().ok_or(too_short)?;
    let transaction_id = fields.u32().ok_or(too_short)?;
    let reply = match action {
        CONNECT => fields
            .u64()
            .map(|connection_id| Reply::Connect { connection_id }),
        ANNOUNCE => announce(fields),
        SCRAPE => Some(Reply::Scrape {
            entries: fields.rest(),
        }),
        ERROR => Some(Reply::Error {
            message: fields.rest(),
        }),
        _ => return Err(ReplyError::UnknownAction { action }),
    };
    Ok((transaction_id, reply.ok_or(too_short)?))
}

fn announce(mut fields: Fields<'_>) -> Option<Reply<'_>> {
    Some(Reply::Announce {
        interval_s: fields.u32()?,
        leechers: fields.u32()?,
        seeders: fields.u32()?,
        peers: fields.rest(),
    })
}
