//! Two trackers that tell each other of the announces they take, so that a client which reaches only
//! one is found through both.
//!
//! Each tracker keeps one connection to the other, by HTTP. It begins with a greeting, and is kept alive
//! by one:
//!
//! ```text
//! GET /mt/hello?mt_token=00112233445566778899aabbccddeeff HTTP/1.1
//! ```
//!
//! which is answered with one word ([`Welcome`]). Nothing is told before that word is `known`: a tracker
//! of another kind would take what it is told for clients of ours at our own address. What is told then
//! is an announce with three more keys:
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
//!   trackers that meet again and again would keep their dead alive, and an old word would undo a
//!   new one.
//! - A marked announce is taken, and never told on. One that is not marked is a client's.
//! - A marked announce whose token is not confirmed is refused; the sender then greets again.
//!
//! When the connection comes up, and whenever something could not be told, those who left lately are
//! told of and then the whole table, a few peers at a time between the announces of the moment.
//!
//! # Strangers
//!
//! Anybody may greet with a token that he invented, and it will be asked for. So that a flood of
//! those keeps nobody from meeting, each tracker calls from the address that the other one was given for
//! it (where that is known: not from a wildcard), and what comes from there has a question of its own
//! each second, asked before a stranger's, and its own small share beside the limit for requests.
//! Strangers share one question a second in all. What is left: where the address does not show, because
//! a tracker listens on a wildcard or NAT changes it, or because clients share it, a flood of greetings
//! from there delays the meeting for as long as it lasts. What was confirmed stays so.
//!
//! # Which word is the younger one
//!
//! - While they are connected, a word is told at once with age 0, and the last to arrive stands. Two
//!   words on one peer that cross on the way, one told to each, may leave each tracker with the other's.
//! - Across a gap, words of the two have an order where eight seconds lie between them: tables keep times
//!   in steps of four, and an age told is rounded once more. Closer together each tracker goes by the
//!   ages that it sees; where they are equal, leaving stands against being there, and seeding against
//!   leeching.
//! - Where the two end up different, it is about one peer, and until it announces again or, having left,
//!   is forgotten in its time.
//! - Who left is known for as long as the process runs, the last of them: the state file tells of no
//!   times. A tracker that is started again takes from the other one whoever left it
//!   in the gap, and tells of such a peer until its time is over.

mod mark;
mod stops;
#[cfg(test)]
mod tests;
mod tokens;
mod welcome;

use std::collections::VecDeque;
use std::time::Duration;

use super::table::{Announce, Change, Fact, Role, Table, Time, Walk};
use crate::base::limits::{PAIR_ANNOUNCES_IN_FLIGHT_MAX, PAIR_ANNOUNCES_QUEUED_MAX};
use crate::wire::Event;

pub use mark::{Mark, MarkError};
use stops::{Stop, Stops};
pub use tokens::{CONFIRM_PATH, Judgement, Token, Tokens, Whence, write_question};
pub use welcome::{HELLO_PATH, Welcome, write_hello};

/// How long to wait before the table is told again, after something could not be told.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Times in the table are rounded by as much.
const ROUNDING: Duration = Duration::from_secs(4);

/// The half that tells.
#[derive(Debug)]
pub struct Teller {
    own_token: Token,
    link: Link,
    queue: VecDeque<Told>,
    stops: Stops,
    /// Those of them that come before the table.
    stops_due: VecDeque<Stop>,
    /// When the table is to be told, and how far that has come.
    table: Telling,
    figures: Figures,
}

/// What was told so far, and what is under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    pub told: u64,
    /// What the other one did not want.
    pub refused: u64,
    pub queued: usize,
    pub in_flight: usize,
    /// Whether the whole table is being told, or is about to be.
    pub is_telling_all: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    Down,
    Up { in_flight: usize },
}

/// An announce, and when it was made.
#[derive(Clone, Copy, Debug)]
struct Told {
    at: Duration,
    announce: Announce,
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
            stops: Stops::default(),
            stops_due: VecDeque::new(),
            table: Telling::Done,
            figures: Figures::default(),
        }
    }

    pub fn own_token(&self) -> Token {
        self.own_token
    }

    /// The connection to the other tracker stands, and it knows us.
    pub fn link_up(&mut self, now: Duration) {
        self.link = Link::Up { in_flight: 0 };
        self.table = Telling::DueAt(now);
    }

    /// It is gone. What waits is in the table, which will be told when it stands again.
    pub fn link_down(&mut self) {
        self.link = Link::Down;
        self.queue.clear();
        self.stops_due.clear();
        self.table = Telling::Done;
    }

    /// A client's announce was taken. Never to be called with a marked one.
    pub fn client_announced(&mut self, now: Duration, announce: &Announce) {
        let &Announce {
            info_hash, peer, ..
        } = announce;
        match announce.event {
            Event::Stopped => self.stops.add(Stop {
                at: now,
                info_hash,
                peer,
            }),
            _ => self.stops.came_back(info_hash, peer),
        }
        if self.link == Link::Down {
            return;
        }
        if self.queue.len() < PAIR_ANNOUNCES_QUEUED_MAX {
            let announce = *announce;
            self.queue.push_back(Told { at: now, announce });
        } else {
            self.tell_again(now);
        }
    }

    /// Whether a peer that the other tracker tells of has said here that it leaves, and did so later.
    pub fn has_left_since(&mut self, now: Duration, age_s: u32, announce: &Announce) -> bool {
        let age = Duration::from_secs(age_s.into());
        let rounding = if age_s == 0 { Duration::ZERO } else { ROUNDING };
        let announced_at = now.saturating_sub(age).saturating_sub(rounding);
        let &Announce {
            info_hash, peer, ..
        } = announce;
        let has_left = self.stops.has_left_since(announced_at, info_hash, peer);
        if !has_left {
            self.stops.came_back(info_hash, peer);
        }
        has_left
    }

    /// One announce was answered.
    pub fn answered(&mut self, was_taken: bool) {
        if let Link::Up { in_flight } = &mut self.link {
            *in_flight = in_flight.saturating_sub(1);
        }
        let count = if was_taken {
            &mut self.figures.told
        } else {
            &mut self.figures.refused
        };
        *count += 1;
    }

    /// Appends requests, as many as the other one may be asked without an answer: first what clients
    /// announced, then who left, then the table. Gives their number.
    pub fn tell(&mut self, now: Duration, table: &mut Table, out: &mut Vec<u8>) -> usize {
        let Link::Up { in_flight } = self.link else {
            return 0;
        };
        let room = PAIR_ANNOUNCES_IN_FLIGHT_MAX.saturating_sub(in_flight);
        let mut told = 0;
        for Told { at, announce } in self.queue.drain(..room.min(self.queue.len())) {
            mark::write(out, &announce, age_s(now, at), self.own_token);
            told += 1;
        }
        told += self.tell_of_stops(now, room - told, out);
        told += self.tell_of_table(now, table, room - told, out);
        self.link = Link::Up {
            in_flight: in_flight + told,
        };
        told
    }

    pub fn figures(&self) -> Figures {
        Figures {
            queued: self.queue.len() + self.stops_due.len(),
            in_flight: match self.link {
                Link::Down => 0,
                Link::Up { in_flight } => in_flight,
            },
            is_telling_all: !matches!(self.table, Telling::Done),
            ..self.figures
        }
    }

    fn tell_again(&mut self, now: Duration) {
        if !matches!(self.table, Telling::DueAt(_)) {
            self.table = Telling::DueAt(now + RETRY_AFTER);
        }
    }

    fn tell_of_stops(&mut self, now: Duration, room: usize, out: &mut Vec<u8>) -> usize {
        let count = room.min(self.stops_due.len());
        for stop in self.stops_due.drain(..count) {
            let announce = Announce {
                info_hash: stop.info_hash,
                peer: stop.peer,
                role: Role::Leecher,
                event: Event::Stopped,
            };
            mark::write(out, &announce, age_s(now, stop.at), self.own_token);
        }
        count
    }

    fn tell_of_table(
        &mut self,
        now: Duration,
        table: &mut Table,
        room: usize,
        out: &mut Vec<u8>,
    ) -> usize {
        let mut walk = match self.table {
            Telling::UnderWay(walk) => walk,
            Telling::DueAt(due) if due <= now => {
                self.stops_due = self.stops.iter().copied().collect();
                self.table = Telling::UnderWay(table.begin_walk());
                // Those who left come first.
                let stops = self.tell_of_stops(now, room, out);
                return stops + self.tell_of_table(now, table, room - stops, out);
            }
            _ => return 0,
        };
        if !self.stops_due.is_empty() {
            return 0;
        }
        let time = Time(u32::try_from(now.as_secs()).unwrap_or(u32::MAX));
        let mut told = 0;
        let goes_on = table.walk(&mut walk, time, room, |change, age_s| {
            if let Some(announce) = here(&change) {
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

fn here(change: &Change) -> Option<Announce> {
    let Fact::Here(peer, role) = change.fact else {
        return None;
    };
    Some(Announce {
        info_hash: change.info_hash,
        peer,
        role,
        event: Event::None,
    })
}

fn age_s(now: Duration, at: Duration) -> u32 {
    u32::try_from(now.saturating_sub(at).as_secs()).unwrap_or(u32::MAX)
}
