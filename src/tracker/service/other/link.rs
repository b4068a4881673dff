//! The connection to the other tracker: when it is called, what is asked, and when it is given up.
//!
//! Nobody waits for it. Whatever goes wrong ends the connection, and after a rest it is called again;
//! at once where somebody brings a token that has to be asked for, since then it may be back.

use std::net::SocketAddr;
use std::time::Duration;

use super::exchange::{Answer, Exchange};
use super::{PairReport, PairView, Standing, Trouble};
use crate::base::{ConnId, DialError, DialToken, Instant};
use crate::tracker::pair::Welcome;
use crate::tracker::server::{Other, Server};
use crate::tracker::service::connection::SHUTDOWN_TIMEOUT;
use crate::tracker::service::since_start;

const DIAL_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the other tracker may take for its next answer.
pub(in crate::tracker::service) const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest rest between two calls, or two greetings that led to nothing.
pub(in crate::tracker::service) const REST_MAX: Duration = Duration::from_secs(15);

/// How long a rest is at least, whoever asks for a call.
const REST_MIN: Duration = Duration::from_secs(1);

/// Often enough that the connection is not taken for idle, and that a dead one is noticed.
const GREET_AGAIN_AFTER: Duration = Duration::from_secs(30);

/// The other tracker has to ask us for our token before it knows it, which takes a moment.
const UNKNOWN_BORNE: u32 = 3;

#[derive(Debug)]
pub(in crate::tracker::service) struct Link {
    address: SocketAddr,
    state: State,
    standing: Standing,
    /// Calls in a row that led to nothing.
    failures: u32,
    dials: u64,
}

#[derive(Debug)]
enum State {
    Resting { since: Instant, until: Instant },
    Dialling(DialToken),
    Connected(Call),
}

#[derive(Debug)]
struct Call {
    conn: ConnId,
    exchange: Exchange,
    greet_at: Instant,
    /// Greetings in a row that were answered with `unknown`.
    unknowns: u32,
    /// When the last answer came, or the first question was asked after it.
    waiting_since: Instant,
    /// Nothing more is asked, and no answer is looked at.
    is_over: bool,
}

/// What the host is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Dial {
        token: DialToken,
        give_up_at: Instant,
    },
    Send(ConnId),
    HangUp(ConnId),
}

impl Link {
    pub(super) fn new(address: SocketAddr) -> Self {
        Self {
            address,
            state: State::Resting {
                since: Instant::ZERO,
                until: Instant::ZERO,
            },
            standing: Standing::Calling,
            failures: 0,
            dials: 0,
        }
    }

    pub(super) fn conn(&self) -> Option<ConnId> {
        match &self.state {
            State::Connected(call) => Some(call.conn),
            State::Resting { .. } | State::Dialling(_) => None,
        }
    }

    pub(super) fn report(&self) -> PairReport {
        PairReport {
            address: self.address,
            standing: self.standing,
        }
    }

    pub(in crate::tracker::service) fn view(&self, server: &mut Server) -> PairView {
        let pair = server.pair();
        let figures = pair.as_ref().map(|pair| pair.teller.figures());
        PairView {
            report: self.report(),
            figures: figures.unwrap_or_default(),
            is_confirmed: pair.is_some_and(|pair| pair.tokens.has_confirmed()),
        }
    }

    /// Does what is due. To be called after whatever may have given it something to do.
    pub(super) fn drive(&mut self, now: Instant, server: &mut Server) -> Option<Order> {
        match &mut self.state {
            State::Resting { since, until } => {
                let is_wanted = server.pair().is_some_and(|pair| pair.has_question());
                let is_due = *until <= now || is_wanted && *since + REST_MIN <= now;
                is_due.then(|| self.dial(now))
            }
            State::Dialling(_) => None,
            State::Connected(call) if call.is_over => None,
            State::Connected(call) if call.is_overdue(now) => self.give_up(server, Trouble::Silent),
            State::Connected(call) => {
                let is_paired = self.standing == Standing::Paired;
                call.ask(now, server, is_paired)
            }
        }
    }

    fn dial(&mut self, now: Instant) -> Order {
        let token = DialToken(self.dials);
        self.dials += 1;
        self.state = State::Dialling(token);
        Order::Dial {
            token,
            give_up_at: now + DIAL_TIMEOUT,
        }
    }

    /// False where nobody waits for this connection any more.
    pub(super) fn connected(&mut self, now: Instant, token: DialToken, conn: ConnId) -> bool {
        let is_awaited = matches!(self.state, State::Dialling(dialled) if dialled == token);
        if is_awaited {
            self.state = State::Connected(Call {
                conn,
                exchange: Exchange::default(),
                greet_at: now,
                unknowns: 0,
                waiting_since: now,
                is_over: false,
            });
        }
        is_awaited
    }

    pub(super) fn dial_failed(&mut self, now: Instant, token: DialToken, why: DialError) {
        if matches!(self.state, State::Dialling(dialled) if dialled == token) {
            self.standing = Standing::Trouble(Trouble::NotReached(why));
            self.rest(now);
        }
    }

    pub(super) fn received(
        &mut self,
        now: Instant,
        server: &mut Server,
        bytes: &[u8],
    ) -> Option<Order> {
        let State::Connected(call) = &mut self.state else {
            return None;
        };
        let pair = server.pair().filter(|_| !call.is_over)?;
        call.waiting_since = now;
        let mut verdict = Ok(());
        let Call {
            exchange,
            greet_at,
            unknowns,
            ..
        } = call;
        let mut hearing = Hearing {
            now,
            pair,
            greet_at,
            unknowns,
            standing: &mut self.standing,
            failures: &mut self.failures,
        };
        let received = exchange.received(bytes, |answer| {
            if verdict.is_ok() {
                verdict = hearing.take(answer);
            }
        });
        match verdict.and(received) {
            Ok(()) => None,
            Err(trouble) => self.give_up(server, trouble),
        }
    }

    pub(super) fn sent(&mut self, len_bytes: usize) {
        if let State::Connected(call) = &mut self.state {
            call.exchange.sent(len_bytes);
        }
    }

    pub(super) fn closed(&mut self, now: Instant, server: &mut Server, trouble: Trouble) {
        self.give_up(server, trouble);
        self.rest(now);
    }

    /// The connection is of no use any more.
    pub(super) fn give_up(&mut self, server: &mut Server, trouble: Trouble) -> Option<Order> {
        let State::Connected(call) = &mut self.state else {
            return None;
        };
        if std::mem::replace(&mut call.is_over, true) {
            return None;
        }
        self.standing = Standing::Trouble(trouble);
        if let Some(pair) = server.pair() {
            pair.teller.link_down();
        }
        Some(Order::HangUp(call.conn))
    }

    /// All comes to an end: what was written may still leave. Gives the connection to be ended.
    pub(super) fn shut_down(&mut self, now: Instant) -> Option<ConnId> {
        let State::Connected(call) = &mut self.state else {
            return None;
        };
        call.waiting_since = now;
        let was_over = std::mem::replace(&mut call.is_over, true);
        (!was_over).then_some(call.conn)
    }

    /// Whether what was written has had its time to leave.
    pub(super) fn is_late(&self, now: Instant) -> bool {
        match &self.state {
            State::Connected(call) => call.waiting_since + SHUTDOWN_TIMEOUT <= now,
            State::Resting { .. } | State::Dialling(_) => false,
        }
    }

    pub(super) fn room_bytes(&self) -> usize {
        match &self.state {
            State::Connected(call) if !call.is_over => call.exchange.room_bytes(),
            _ => 0,
        }
    }

    pub(super) fn unsent(&self) -> &[u8] {
        match &self.state {
            State::Connected(call) => call.exchange.unsent(),
            _ => &[],
        }
    }

    fn rest(&mut self, now: Instant) {
        let until = now + rest_after(self.failures);
        self.failures = self.failures.saturating_add(1);
        self.state = State::Resting { since: now, until };
    }
}

impl Call {
    fn is_overdue(&self, now: Instant) -> bool {
        self.exchange.is_waiting() && self.waiting_since + ANSWER_TIMEOUT <= now
    }

    fn ask(&mut self, now: Instant, server: &mut Server, is_paired: bool) -> Option<Order> {
        let has_nothing_to_send = self.exchange.unsent().is_empty();
        if !self.exchange.is_waiting() {
            self.waiting_since = now;
        }
        let pair = server.pair()?;
        if self.greet_at <= now {
            self.exchange.greet(pair.teller.own_token());
            self.greet_at = now + GREET_AGAIN_AFTER;
        }
        if let Some(token) = pair.take_question() {
            self.exchange.ask_for(token);
        }
        if is_paired {
            self.exchange
                .tell(|out| server.tell_other(since_start(now), out));
        }
        let has_something_to_send = !self.exchange.unsent().is_empty();
        (has_nothing_to_send && has_something_to_send).then_some(Order::Send(self.conn))
    }
}

/// What answers change.
struct Hearing<'a> {
    now: Instant,
    pair: &'a mut Other,
    greet_at: &'a mut Instant,
    unknowns: &'a mut u32,
    standing: &'a mut Standing,
    failures: &'a mut u32,
}

impl Hearing<'_> {
    fn take(&mut self, answer: Answer) -> Result<(), Trouble> {
        match answer {
            Answer::Welcome(Welcome::Known) => self.known(),
            Answer::Welcome(Welcome::Unknown) => self.unknown(),
            Answer::Welcome(Welcome::Unpaired) => return Err(Trouble::Unpaired),
            Answer::Welcome(Welcome::Yourself) => return Err(Trouble::Yourself),
            Answer::Confirmed { token, is_its_own } => {
                self.pair.tokens.answered(token, is_its_own);
            }
            Answer::Taken => self.pair.teller.answered(true),
            Answer::Refused => self.pair.teller.answered(false),
            Answer::NotKnown => {
                self.pair.teller.answered(false);
                self.not_known_any_more();
            }
        }
        Ok(())
    }

    fn known(&mut self) {
        *self.unknowns = 0;
        *self.failures = 0;
        if *self.standing != Standing::Paired {
            *self.standing = Standing::Paired;
            self.pair.teller.link_up(since_start(self.now));
        }
    }

    fn unknown(&mut self) {
        self.not_known_any_more();
        *self.greet_at = self.now + rest_after(*self.unknowns);
        *self.unknowns = self.unknowns.saturating_add(1);
        if *self.unknowns > UNKNOWN_BORNE {
            *self.standing = Standing::Trouble(Trouble::NotConfirmed);
        }
    }

    /// What is still under way will be refused too, and one greeting tells when that is over.
    fn not_known_any_more(&mut self) {
        if *self.standing == Standing::Paired {
            *self.standing = Standing::Calling;
            self.pair.teller.link_down();
            *self.greet_at = self.now + REST_MIN;
        }
    }
}

/// One second, and twice as long after each failure.
fn rest_after(failures: u32) -> Duration {
    let rest = REST_MIN.saturating_mul(1 << failures.min(8));
    rest.min(REST_MAX)
}
