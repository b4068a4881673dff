//! The other tracker of a pair, as the server sees it.

use std::net::IpAddr;
use std::time::Duration;

use super::{Counter, NOT_SERVED, Server, time};
use crate::tracker::Peer;
use crate::tracker::addresses::is_usable;
use crate::tracker::pair::{Judgement, Mark, Teller, Token, Tokens, Welcome, Whence};
use crate::tracker::table::{Announce, Role};
use crate::wire::Event;
use crate::wire::http::{AnnounceQuery, pairs};

#[derive(Debug)]
pub struct Other {
    pub teller: Teller,
    pub tokens: Tokens,
    address: IpAddr,
    /// By where they came from.
    questions: [Option<Token>; 2],
}

impl Other {
    /// The token that the other tracker is now to be asked for, at its listening address.
    pub fn take_question(&mut self) -> Option<Token> {
        self.questions.iter_mut().find_map(Option::take)
    }

    pub fn has_question(&self) -> bool {
        self.questions.iter().any(Option::is_some)
    }

    /// Whether what carries this token is the other tracker's word; if nobody knows, it will be asked.
    fn is_trusted(&mut self, now: Duration, source: IpAddr, token: Token) -> bool {
        let whence = if source == self.address {
            Whence::Other
        } else {
            Whence::Elsewhere
        };
        let judgement = self.tokens.judge(now, token, whence);
        if judgement == Judgement::RefuseAndAsk {
            self.questions[whence as usize] = Some(token);
        }
        judgement == Judgement::Take
    }
}

/// Why an announce that another tracker tells of is refused where its token is not known: it is worth
/// another try then.
pub const NOT_CONFIRMED: &str = "the other tracker has not confirmed this token";

const NO_PAIR: &str = "this tracker is not paired";

impl Server {
    /// `own_token` is random, and drawn anew by each process.
    pub fn pair_with_other(&mut self, address: IpAddr, own_token: Token) {
        self.other = Some(Other {
            teller: Teller::new(own_token),
            tokens: Tokens::new(own_token),
            address: address.to_canonical(),
            questions: [None; 2],
        });
    }

    pub fn pair(&mut self) -> Option<&mut Other> {
        self.other.as_mut()
    }

    /// Appends what the other tracker is to be told now; see [`Teller::tell`].
    pub fn tell_other(&mut self, now: Duration, out: &mut Vec<u8>) -> usize {
        match &mut self.other {
            Some(other) => other.teller.tell(now, &self.table, out),
            None => 0,
        }
    }

    /// Takes what the other tracker was told, and tells nobody.
    pub(super) fn marked_announce(
        &mut self,
        now: Duration,
        source: IpAddr,
        mark: Mark,
        query: &AnnounceQuery<'_>,
    ) -> Result<Counter, &'static str> {
        let other = self.other.as_mut().ok_or(NO_PAIR)?;
        if !other.is_trusted(now, source, mark.token) {
            return Err(NOT_CONFIRMED);
        }
        if !self.config.access.allows(&query.info_hash) {
            return Err(NOT_SERVED);
        }
        if is_usable(mark.address, query.port) {
            let announce = Announce {
                info_hash: query.info_hash,
                peer: Peer::new(mark.address, query.port),
                role: if query.left_bytes == Some(0) {
                    Role::Seeder
                } else {
                    Role::Leecher
                },
                event: query.event,
            };
            let is_stop = announce.event == Event::Stopped;
            if is_stop || !other.teller.has_left_since(now, mark.age_s, &announce) {
                self.table.hear_of(time(now), mark.age_s, &announce);
            }
        }
        Ok(Counter::Told)
    }

    /// Whether a query carries the confirmed mark: the other tracker tells of many clients, and may ask
    /// as often as they all.
    pub(super) fn is_from_other(&self, query: &[u8]) -> bool {
        self.other.as_ref().is_some_and(|other| {
            let token = token_in(query, b"mt_token");
            token.is_some_and(|token| other.tokens.is_confirmed(token))
        })
    }

    /// Whether the token in a query is this tracker's own.
    pub(super) fn confirms(&self, query: &[u8]) -> bool {
        let other = self.other.as_ref().zip(token_in(query, b"token"));
        other.is_some_and(|(other, token)| other.tokens.is_own(token))
    }

    /// What somebody is answered who would tell of announces; `None` without a token.
    pub(super) fn welcome(
        &mut self,
        now: Duration,
        source: IpAddr,
        query: &[u8],
    ) -> Option<Welcome> {
        let token = token_in(query, b"mt_token")?;
        let Some(other) = &mut self.other else {
            return Some(Welcome::Unpaired);
        };
        Some(if other.tokens.is_own(token) {
            Welcome::Yourself
        } else if other.is_trusted(now, source, token) {
            Welcome::Known
        } else {
            Welcome::Unknown
        })
    }
}

fn token_in(query: &[u8], key: &[u8]) -> Option<Token> {
    let (_, digits) = pairs(query).find(|(found, _)| *found == key)?;
    Token::parse(digits)
}
