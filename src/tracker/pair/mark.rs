//! The marked announce, both ways.

use std::io::Write as _;
use std::net::IpAddr;

use super::Token;
use crate::base::percent::Escaped;
use crate::tracker::addresses::is_usable;
use crate::tracker::table::{Announce, Role};
use crate::wire::Event;
use crate::wire::http::pairs;

/// What the other tracker says of a client beside what clients say themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    pub token: Token,
    pub address: IpAddr,
    pub age_s: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MarkError {
    #[error("`mt_token` is no token of 32 hexadecimal digits")]
    Token,
    #[error("`mt_ip` is no address of a peer")]
    Address,
    #[error("`mt_age` is no number of seconds")]
    Age,
}

impl Mark {
    /// `None` for the query of an ordinary client.
    pub fn parse(query: &[u8]) -> Result<Option<Self>, MarkError> {
        let value = |wanted: &[u8]| pairs(query).find(|(key, _)| *key == wanted);
        let Some((_, token)) = value(b"mt_token") else {
            return Ok(None);
        };
        let text = |wanted, error: MarkError| {
            let (_, value) = value(wanted).ok_or(error)?;
            std::str::from_utf8(value).map_err(|_| error)
        };
        let address: IpAddr = text(b"mt_ip", MarkError::Address)?
            .parse()
            .map_err(|_| MarkError::Address)?;
        if !is_usable(address, 1) {
            return Err(MarkError::Address);
        }
        Ok(Some(Self {
            token: Token::parse(token).ok_or(MarkError::Token)?,
            address,
            age_s: text(b"mt_age", MarkError::Age)?
                .parse()
                .map_err(|_| MarkError::Age)?,
        }))
    }
}

/// Appends the request that tells of an announce.
pub(super) fn write(out: &mut Vec<u8>, announce: &Announce, age_s: u32, token: Token) {
    let peer = announce.peer.address();
    let event = match announce.event {
        Event::None => "",
        Event::Started => "&event=started",
        Event::Completed => "&event=completed",
        Event::Stopped => "&event=stopped",
    };
    // Writing to memory does not fail. The table knows no peer ids, and asks for one nevertheless.
    let _ = write!(
        out,
        "GET /announce?info_hash={}&peer_id=-mt-pair------------&port={}&left={}{event}&numwant=0\
         &mt_ip={}&mt_age={age_s}&mt_token={token} HTTP/1.1\r\nHost: pair\r\n\r\n",
        Escaped(announce.info_hash.as_bytes()),
        peer.port(),
        u8::from(announce.role == Role::Leecher),
        peer.ip(),
    );
}
