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
    pub fn parse(query: &[u8]) -> Result<Self, MarkError> {
        let (mut token, mut address, mut age_s) = (None, None, None);
        for (key, value) in pairs(query) {
            match key {
                b"mt_token" => token = Token::parse(value),
                b"mt_ip" => address = text(value).and_then(|text| text.parse().ok()),
                b"mt_age" => age_s = text(value).and_then(|text| text.parse().ok()),
                _ => {}
            }
        }
        Ok(Self {
            token: token.ok_or(MarkError::Token)?,
            address: address
                .filter(|address| is_usable(*address, 1))
                .ok_or(MarkError::Address)?,
            age_s: age_s.ok_or(MarkError::Age)?,
        })
    }
}

fn text(value: &[u8]) -> Option<&str> {
    std::str::from_utf8(value).ok()
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
