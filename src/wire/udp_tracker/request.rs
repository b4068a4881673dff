//! What clients send.

use std::net::Ipv4Addr;

use super::fields::Fields;
use super::options::UrlData;
use super::{ANNOUNCE, CONNECT, PROTOCOL_ID, SCRAPE};
use crate::base::Sha1Digest;
use crate::base::limits::SCRAPE_HASHES_MAX;
use crate::wire::Event;

/// Who asks, and which answer belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub connection_id: u64,
    pub transaction_id: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    Connect(ConnectRequest),
    Announce(AnnounceRequest<'a>),
    Scrape(ScrapeRequest<'a>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectRequest {
    pub transaction_id: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnnounceRequest<'a> {
    pub header: Header,
    pub info_hash: Sha1Digest,
    pub peer_id: [u8; 20],
    pub downloaded_bytes: u64,
    pub left_bytes: u64,
    pub uploaded_bytes: u64,
    pub event: Event,
    /// Where the client wishes to be found, if not where the packet came from.
    pub ip: Option<Ipv4Addr>,
    pub key: u32,
    /// `None` leaves the number to the tracker.
    pub wanted: Option<u32>,
    pub port: u16,
    pub url_data: UrlData<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScrapeRequest<'a> {
    pub header: Header,
    info_hashes: &'a [u8],
}

/// A packet that is no request. Where a header could be read, its sender may be told, once the
/// connection id was found to be valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("a request has at least 16 bytes")]
    TooShort,
    #[error("a connect request begins with another number")]
    NotAConnect,
    #[error("`{action}` is no action: expected 0 to 2")]
    UnknownAction { header: Header, action: u32 },
    #[error("an announce request has at least 98 bytes")]
    ShortAnnounce { header: Header },
    #[error("a scrape request names at least one info-hash")]
    EmptyScrape { header: Header },
}

impl Malformed {
    pub fn header(self) -> Option<Header> {
        match self {
            Self::TooShort | Self::NotAConnect => None,
            Self::UnknownAction { header, .. }
            | Self::ShortAnnounce { header }
            | Self::EmptyScrape { header } => Some(header),
        }
    }
}

impl ScrapeRequest<'_> {
    /// At most as many as a packet can answer; what goes beyond is left out.
    pub fn info_hashes(&self) -> impl Iterator<Item = Sha1Digest> {
        let (hashes, _) = self.info_hashes.as_chunks();
        hashes
            .iter()
            .take(SCRAPE_HASHES_MAX)
            .map(|hash| Sha1Digest(*hash))
    }
}

pub fn parse_request(packet: &[u8]) -> Result<Request<'_>, Malformed> {
    let mut fields = Fields(packet);
    let mut front = || Some((fields.u64()?, fields.u32()?, fields.u32()?));
    let (connection_id, action, transaction_id) = front().ok_or(Malformed::TooShort)?;
    let header = Header {
        connection_id,
        transaction_id,
    };
    match action {
        CONNECT if connection_id == PROTOCOL_ID => {
            Ok(Request::Connect(ConnectRequest { transaction_id }))
        }
        CONNECT => Err(Malformed::NotAConnect),
        ANNOUNCE => announce(header, fields)
            .map(Request::Announce)
            .ok_or(Malformed::ShortAnnounce { header }),
        SCRAPE if fields.0.len() >= Sha1Digest::LEN => Ok(Request::Scrape(ScrapeRequest {
            header,
            info_hashes: fields.rest(),
        })),
        SCRAPE => Err(Malformed::EmptyScrape { header }),
        _ => Err(Malformed::UnknownAction { header, action }),
    }
}

fn announce(header: Header, mut fields: Fields<'_>) -> Option<AnnounceRequest<'_>> {
    Some(AnnounceRequest {
        header,
        info_hash: Sha1Digest(fields.array()?),
        peer_id: fields.array()?,
        downloaded_bytes: fields.u64()?,
        left_bytes: fields.u64()?,
        uploaded_bytes: fields.u64()?,
        event: match fields.u32()? {
            1 => Event::Completed,
            2 => Event::Started,
            3 => Event::Stopped,
            _ => Event::None,
        },
        ip: Some(Ipv4Addr::from(fields.array::<4>()?)).filter(|ip| !ip.is_unspecified()),
        key: fields.u32()?,
        // A negative number, of which -1 is the agreed one, leaves it to the tracker.
        wanted: Some(fields.u32()?).filter(|wanted| *wanted <= i32::MAX.cast_unsigned()),
        port: fields.u16()?,
        url_data: UrlData::new(fields.rest()),
    })
}

impl ConnectRequest {
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&PROTOCOL_ID.to_be_bytes());
        out.extend_from_slice(&CONNECT.to_be_bytes());
        out.extend_from_slice(&self.transaction_id.to_be_bytes());
    }
}

impl AnnounceRequest<'_> {
    /// Without the options: [`super::write_url_data`] appends them.
    pub fn write(&self, out: &mut Vec<u8>) {
        self.header.write(ANNOUNCE, out);
        out.extend_from_slice(self.info_hash.as_bytes());
        out.extend_from_slice(&self.peer_id);
        out.extend_from_slice(&self.downloaded_bytes.to_be_bytes());
        out.extend_from_slice(&self.left_bytes.to_be_bytes());
        out.extend_from_slice(&self.uploaded_bytes.to_be_bytes());
        let event: u32 = match self.event {
            Event::None => 0,
            Event::Completed => 1,
            Event::Started => 2,
            Event::Stopped => 3,
        };
        out.extend_from_slice(&event.to_be_bytes());
        out.extend_from_slice(&self.ip.unwrap_or(Ipv4Addr::UNSPECIFIED).octets());
        out.extend_from_slice(&self.key.to_be_bytes());
        out.extend_from_slice(&self.wanted.unwrap_or(u32::MAX).to_be_bytes());
        out.extend_from_slice(&self.port.to_be_bytes());
    }
}

impl Header {
    fn write(self, action: u32, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.connection_id.to_be_bytes());
        out.extend_from_slice(&action.to_be_bytes());
        out.extend_from_slice(&self.transaction_id.to_be_bytes());
    }

    /// Appends a scrape request under this header.
    pub fn write_scrape(self, info_hashes: &[Sha1Digest], out: &mut Vec<u8>) {
        self.write(SCRAPE, out);
        for info_hash in info_hashes.iter().take(SCRAPE_HASHES_MAX) {
            out.extend_from_slice(info_hash.as_bytes());
        }
    }
}
