//! One HTTP connection: what has come of a request, what has not left of the replies.
//!
//! Requests in a row are answered together, up to a bound; nothing more is received or answered
//! until all of these replies have left. So a peer that takes its replies slowly is seen as such, and
//! holds no more memory than that.

use std::net::SocketAddr;
use std::time::Duration;

use crate::base::limits::HTTP_HEAD_LEN_BYTES_MAX;
use crate::base::{Ending, Instant};
use crate::tracker::server::HttpStep;

/// How long a request may take to arrive, and the replies to what came together to be taken.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection may stay without a request.
pub(super) const IDLE_TIMEOUT: Duration = Duration::from_secs(120);

/// How long replies may take to be taken when all is coming to an end.
pub(super) const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);

/// Requests in a row are answered up to this much; the rest waits until the replies have left.
pub(super) const UNSENT_LEN_BYTES_MAX: usize = 64 << 10;

/// How many buffers of sent replies are kept for the next, and how large ones.
const SPARE_MAX: usize = 64;
const SPARE_LEN_BYTES_MAX: usize = 16 << 10;

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) remote: SocketAddr,
    pub(super) is_admin: bool,
    /// Whether it counts among those of its address.
    pub(super) is_counted: bool,
    /// Nothing more is received; what was answered may still leave.
    ending: Option<Ending>,
    pub(super) expires_at: Instant,
    /// The front of a request, or requests that wait for room.
    received: Vec<u8>,
    sending: Vec<u8>,
    sent_bytes: usize,
}

/// A request to be answered.
pub(super) struct Step<'a> {
    pub(super) remote: SocketAddr,
    pub(super) is_admin: bool,
    pub(super) received: &'a [u8],
    pub(super) out: &'a mut Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    GoOn,
    End,
}

impl Connection {
    pub(super) fn new(now: Instant, remote: SocketAddr, is_admin: bool, is_counted: bool) -> Self {
        Self {
            remote,
            is_admin,
            is_counted,
            ending: None,
            expires_at: now + REQUEST_TIMEOUT,
            received: Vec::new(),
            sending: Vec::new(),
            sent_bytes: 0,
        }
    }

    /// How much may be received now.
    pub(super) fn room_bytes(&self) -> usize {
        if self.ending.is_some() || !self.unsent().is_empty() {
            return 0;
        }
        // One more than a head may have, so that a longer one is seen to be longer.
        (2 * HTTP_HEAD_LEN_BYTES_MAX + 1).saturating_sub(self.received.len())
    }

    pub(super) fn unsent(&self) -> &[u8] {
        &self.sending[self.sent_bytes..]
    }

    /// Whether that is news: an ending only becomes harsher.
    pub(super) fn end(&mut self, how: Ending) -> bool {
        let is_news = match self.ending {
            None => true,
            Some(Ending::Now) => false,
            Some(Ending::Flush | Ending::HalfClose) => how == Ending::Now,
        };
        if is_news {
            self.ending = Some(how);
        }
        is_news
    }

    pub(super) fn hurry(&mut self, now: Instant) {
        self.expires_at = self.expires_at.min(now + SHUTDOWN_TIMEOUT);
    }

    /// Answers the requests that are complete, as many as there is room for.
    pub(super) fn received(
        &mut self,
        now: Instant,
        bytes: &[u8],
        spare: &mut Vec<Vec<u8>>,
        mut answer: impl FnMut(Step<'_>) -> HttpStep,
    ) -> Next {
        if self.ending.is_some() {
            return Next::GoOn;
        }
        let was_waiting = !self.received.is_empty();
        let mut held = std::mem::take(&mut self.received);
        let input: &[u8] = if was_waiting {
            held.extend_from_slice(bytes);
            &held
        } else {
            bytes
        };
        if self.sending.capacity() == 0 {
            self.sending = spare.pop().unwrap_or_default();
        }
        let mut at = 0;
        let mut next = Next::GoOn;
        while at < input.len() && self.unsent().len() <= UNSENT_LEN_BYTES_MAX {
            let step = Step {
                remote: self.remote,
                is_admin: self.is_admin,
                received: &input[at..],
                out: &mut self.sending,
            };
            match answer(step) {
                HttpStep::Wait => break,
                HttpStep::Answered { len_bytes } => at += len_bytes,
                HttpStep::Close => {
                    next = Next::End;
                    at = input.len();
                }
            }
        }
        if was_waiting && at == 0 {
            self.received = held;
        } else if at < input.len() {
            self.received = input[at..].to_vec();
        }
        if at > 0 || !was_waiting {
            self.set_expiry(now);
        }
        self.drop_empty_buffer(spare);
        next
    }

    /// Counts what left; true where requests wait that can be answered now.
    pub(super) fn sent(
        &mut self,
        now: Instant,
        len_bytes: usize,
        spare: &mut Vec<Vec<u8>>,
    ) -> bool {
        self.sent_bytes += len_bytes;
        assert!(
            self.sent_bytes <= self.sending.len(),
            "only what was there left"
        );
        if self.sent_bytes < self.sending.len() {
            return false;
        }
        self.sending.clear();
        self.sent_bytes = 0;
        self.drop_empty_buffer(spare);
        if self.ending.is_none() {
            self.set_expiry(now);
        }
        !self.received.is_empty()
    }

    fn set_expiry(&mut self, now: Instant) {
        let is_idle = self.received.is_empty() && self.unsent().is_empty();
        let timeout = if is_idle {
            IDLE_TIMEOUT
        } else {
            REQUEST_TIMEOUT
        };
        self.expires_at = now + timeout;
    }

    fn drop_empty_buffer(&mut self, spare: &mut Vec<Vec<u8>>) {
        if self.sending.is_empty() && self.sending.capacity() > 0 {
            let buffer = std::mem::take(&mut self.sending);
            if spare.len() < SPARE_MAX && buffer.capacity() <= SPARE_LEN_BYTES_MAX {
                spare.push(buffer);
            }
        }
    }
}
