//! Two trackers that tell each other of the announces they take, so that a client which reaches only
//! one is found through both.
//!
//! What is told is an announce, by HTTP over one connection that stays open, with three more keys:
//!
//! ```text
//! GET /announce?info_hash=…&peer_id=…&port=…&left=…&event=…&numwant=0
//!     &mt_ip=192.0.2.1&mt_age=0&mt_token=00112233445566778899aabbccddeeff HTTP/1.1
//! ```
//!
//! - `mt_token` is the mark. Each tracker draws one token when it starts. Whoever receives a token that
//!   it does not know asks for it at the address that its operator gave for the other one, never at
//!   the sender's: `GET /mt/confirm?token=…`, which is answered with `yes` or `no`. So a mark is worth
//!   what the other one says of it, and addresses prove nothing: on one machine all look alike.
//! - `mt_ip` is where the peer is, `mt_age` how many seconds ago it announced. Without the age, two
//!   trackers that meet again and again would keep their dead alive.
//! - A marked announce is taken, and never told on. One that is not marked is a client's.
//! - A marked announce whose token is not confirmed is refused, and the sender tells everything again
//!   a little later.
//!
//! When the connection comes up, and whenever something could not be told, the whole table is, a few
//! peers at a time between the announces of the moment.

mod mark;
#[cfg(test)]
mod tests;
mod tokens;

use std::collections::VecDeque;
use std::time::Duration;

use super::table::{Announce, Fact, Table, Time, Walk};
use crate::base::limits::{PAIR_ANNOUNCES_IN_FLIGHT_MAX, PAIR_ANNOUNCES_QUEUED_MAX};
use crate::wire::Event;

pub use mark::{Mark, MarkError};
pub use tokens::{Judgement, Token, Tokens};

/// How long to wait before the table is told again, after something could not be told.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// The half that tells.
#[derive(Debug)]
pub struct Teller {
    own_token: Token,
    link: Link,
    queue: VecDeque<Announce>,
    /// When the table is to be told, and how far that has come.
    table: Telling,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    Down,
    Up { in_flight: usize },
}

#[derive(Clone, Copy, Debug)]
enum Telling {
    Done,
    DueAt(Duration),
    UnderWay(Walk),
}

impl Teller {
    pub fn new(own_token: Token) -> Self {
        Self {
            own_token,
            link: Link::Down,
            queue: VecDeque::new(),
            table: Telling::Done,
        }
    }

    /// The connection to the other tracker stands.
    pub fn link_up(&mut self, now: Duration) {
        self.link = Link::Up { in_flight: 0 };
        self.table = Telling::DueAt(now);
    }

    /// It is gone. What waits is in the table, which will be told when it stands again.
    pub fn link_down(&mut self) {
        self.link = Link::Down;
        self.queue.clear();
        self.table = Telling::Done;
    }

    /// A client's announce was taken. Never to be called with a marked one.
    pub fn client_announced(&mut self, now: Duration, announce: &Announce) {
        if self.link == Link::Down {
            return;
        }
        if self.queue.len() < PAIR_ANNOUNCES_QUEUED_MAX {
            self.queue.push_back(*announce);
        } else {
            self.tell_again(now);
        }
    }

    /// One announce was answered; refused ones are told again, with everything else.
    pub fn answered(&mut self, now: Duration, was_taken: bool) {
        if let Link::Up { in_flight } = &mut self.link {
            *in_flight = in_flight.saturating_sub(1);
        }
        if !was_taken {
            self.tell_again(now);
        }
    }

    /// Appends requests, as many as the other one may be asked without an answer: first what clients
    /// announced, then the table. Gives their number.
    pub fn tell(&mut self, now: Duration, table: &Table, out: &mut Vec<u8>) -> usize {
        let Link::Up { in_flight } = self.link else {
            return 0;
        };
        let room = PAIR_ANNOUNCES_IN_FLIGHT_MAX.saturating_sub(in_flight);
        let mut told = 0;
        for announce in self.queue.drain(..room.min(self.queue.len())) {
            mark::write(out, &announce, 0, self.own_token);
            told += 1;
        }
        told += self.tell_of_table(now, table, room - told, out);
        self.link = Link::Up {
            in_flight: in_flight + told,
        };
        told
    }

    /// When [`Teller::tell`] has something to tell that nothing else calls for.
    pub fn deadline(&self) -> Option<Duration> {
        match self.table {
            Telling::DueAt(due) => Some(due),
            Telling::Done | Telling::UnderWay(_) => None,
        }
    }

    fn tell_again(&mut self, now: Duration) {
        if !matches!(self.table, Telling::DueAt(_)) {
            self.table = Telling::DueAt(now + RETRY_AFTER);
        }
    }

    fn tell_of_table(
        &mut self,
        now: Duration,
        table: &Table,
        room: usize,
        out: &mut Vec<u8>,
    ) -> usize {
        let mut walk = match self.table {
            Telling::UnderWay(walk) => walk,
            Telling::DueAt(due) if due <= now => table.begin_walk(),
            _ => return 0,
        };
        let time = Time(u32::try_from(now.as_secs()).unwrap_or(u32::MAX));
        let mut told = 0;
        let goes_on = table.walk(&mut walk, time, room, |change, age_s| {
            if let Fact::Here(peer, role) = change.fact {
                let announce = Announce {
                    info_hash: change.info_hash,
                    peer,
                    role,
                    event: Event::None,
                };
                mark::write(out, &announce, age_s, self.own_token);
                told += 1;
            }
        });
        self.table = if goes_on {
            Telling::UnderWay(walk)
        } else {
            Telling::Done
        };
        told
    }
}
