//! The other tracker of a pair, as the server sees it.

use std::net::IpAddr;
use std::time::Duration;

use super::{Counter, NOT_SERVED, Server, time};
use crate::base::{Allowance, Instant};
use crate::tracker::Peer;
use crate::tracker::addresses::is_usable;
use crate::tracker::pair::{
    CONFIRM_PATH, HELLO_PATH, Judgement, Mark, Teller, Token, Tokens, Welcome, Whence,
};
use crate::tracker::table::{Announce, Role};
use crate::wire::Event;
use crate::wire::http::{AnnounceQuery, RequestHead, pairs};

#[derive(Debug)]
pub struct Other {
    pub teller: Teller,
    pub tokens: Tokens,
    address: IpAddr,
    /// By where they came from.
    questions: [Option<Token>; 2],
    /// For what comes from its address before its token is known.
    allowance: Allowance,
}

/// A pair that meets asks a few times a second at most, and both of its questions at once.
const UNKNOWN_ALLOWANCE: Allowance = Allowance::new(4, 16);

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
            allowance: UNKNOWN_ALLOWANCE,
        });
    }

    pub fn pair(&mut self) -> Option<&mut Other> {
        self.other.as_mut()
    }

    /// Appends what the other tracker is to be told now; see [`Teller::tell`].
    pub fn tell_other(&mut self, now: Duration, out: &mut Vec<u8>) -> usize {
        match &mut self.other {
            Some(other) => other.teller.tell(now, &mut self.table, out),
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

    /// Whether a request is the other tracker's, because it ends with the confirmed token, or may be,
    /// because it comes from that one's address and asks what a pair asks until it knows each other.
    /// Clients that share this address with it do not use up what they ask, nor it what they do.
    pub(super) fn is_from_other(
        &mut self,
        now: Duration,
        source: IpAddr,
        head: &RequestHead<'_>,
    ) -> bool {
        let Some(other) = &mut self.other else {
            return false;
        };
        let token = last_token(head.query);
        token.is_some_and(|token| other.tokens.is_confirmed(token))
            || matches!(head.path, HELLO_PATH | CONFIRM_PATH)
                && source == other.address
                && other.allowance.take(Instant::ZERO + now, 1)
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

/// The token comes last, so that nobody's query is walked twice for its sake.
fn last_token(query: &[u8]) -> Option<Token> {
    let start = query.iter().rposition(|byte| *byte == b'&');
    let last = &query[start.map_or(0, |at| at + 1)..];
    Token::parse(last.strip_prefix(b"mt_token=")?)
}

fn token_in(query: &[u8], key: &[u8]) -> Option<Token> {
    let (_, digits) = pairs(query).find(|(found, _)| *found == key)?;
    Token::parse(digits)
}
