//! The other tracker of a pair, as the server sees it.

use std::time::Duration;

use super::{Counter, Server, time};
use crate::tracker::Peer;
use crate::tracker::addresses::is_usable;
use crate::tracker::pair::{Judgement, Mark, Teller, Token, Tokens};
use crate::tracker::table::{Announce, Role};
use crate::wire::http::{AnnounceQuery, pairs};

#[derive(Debug)]
pub struct Other {
    pub teller: Teller,
    pub tokens: Tokens,
    question: Option<Token>,
}

impl Other {
    /// The token that the other tracker is now to be asked for, at its listening address.
    pub fn take_question(&mut self) -> Option<Token> {
        self.question.take()
    }
}

const NO_PAIR: &str = "this tracker is not paired";
const NOT_CONFIRMED: &str = "the other tracker has not confirmed this token";

impl Server {
    /// `own_token` is random, and drawn anew by each process.
    pub fn pair_with_other(&mut self, own_token: Token) {
        self.other = Some(Other {
            teller: Teller::new(own_token),
            tokens: Tokens::new(own_token),
            question: None,
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
        mark: Mark,
        query: &AnnounceQuery<'_>,
    ) -> Result<Counter, &'static str> {
        let other = self.other.as_mut().ok_or(NO_PAIR)?;
        match other.tokens.judge(now, mark.token) {
            Judgement::Take => {}
            Judgement::Refuse => return Err(NOT_CONFIRMED),
            Judgement::RefuseAndAsk => {
                other.question = Some(mark.token);
                return Err(NOT_CONFIRMED);
            }
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
            self.table.hear_of(time(now), mark.age_s, &announce);
        }
        Ok(Counter::Told)
    }

    /// Whether a query carries the confirmed mark: the other tracker tells of many clients, and may ask
    /// as often as they all.
    pub(super) fn is_from_other(&self, query: &[u8]) -> bool {
        let confirmed = |other: &Other| match Mark::parse(query) {
            Ok(Some(mark)) => other.tokens.is_confirmed(mark.token),
            _ => false,
        };
        self.other.as_ref().is_some_and(confirmed)
    }

    /// Whether the token in a query is this tracker's own.
    pub(super) fn confirms(&self, query: &[u8]) -> bool {
        let token = pairs(query).find(|(key, _)| *key == b"token");
        let token = token.and_then(|(_, digits)| Token::parse(digits));
        let other = self.other.as_ref().zip(token);
        other.is_some_and(|(other, token)| other.tokens.is_own(token))
    }
}
