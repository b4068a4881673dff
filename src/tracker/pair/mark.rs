//! The marked announce, both ways.

use std::io::Write as _;
use std::net::IpAddr;
use std::str::FromStr;

use super::Token;
use crate::base::percent::Escaped;
use crate::tracker::addresses::is_usable;
use crate::tracker::table::{Announce, Role};
use crate::wire::Event;
use crate::wire::http::MarkWords;

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
    pub fn parse(words: &MarkWords<'_>) -> Result<Self, MarkError> {
        let token = words.token.and_then(Token::parse);
        let address = parsed(words.ip).filter(|address| is_usable(*address, 1));
        Ok(Self {
            token: token.ok_or(MarkError::Token)?,
            address: address.ok_or(MarkError::Address)?,
            age_s: parsed(words.age).ok_or(MarkError::Age)?,
        })
    }
}

fn parsed<T: FromStr>(word: Option<&[u8]>) -> Option<T> {
    std::str::from_utf8(word?).ok()?.parse().ok()
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
