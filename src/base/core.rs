//! The seam between protocol and world: what a core is told, and what it wants done.
//!
//! A [`Core`] is protocol and policy without input or output. It owns no socket, reads no clock and
//! draws no randomness; bytes, events and the time are handed to it by a host (the reactor, or a
//! simulation), which carries out the actions that the core answers with. The order is always the
//! same:
//!
//! 1. the host calls [`Core::handle`], [`Core::datagrams`] or [`Core::completed`];
//! 2. it takes actions from [`Core::poll`] until there are none;
//! 3. it asks for the plans of the connections that it is about to read from or write to, and acts
//!    on each plan before it calls anything else;
//! 4. when the time of [`Core::deadline`] has come, it hands over [`Input::Tick`].
//!
//! A connection is an ordered stream of bytes, whatever carries it. The core pulls: nothing is
//! received that a [`RecvPlan`] has no room for, and what waits to be sent stays with the core
//! until [`Input::Sent`] says that it is gone. So a peer that does not read, or one that sends too
//! much, is seen where it can be judged, and costs the host no memory.
//!
//! Content never passes through a core: a plan names a [`PlaceRange`](super::PlaceRange), and the
//! host receives straight into it and sends straight from it.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use super::conn::ConnId;
use super::datagram::DatagramBatch;
use super::plan::{RecvPlan, RecvSpan, SendPlan};
use super::time::Instant;

/// A state machine that a host drives.
pub trait Core {
    /// Work for the pools, as plain data. `Infallible` where there is none.
    type Job: Send + 'static;
    /// What comes back from outside the host's thread: finished jobs, commands of a person.
    type Done: Send + 'static;

    /// Something happened.
    fn handle(&mut self, now: Instant, input: Input<'_>);

    /// A job is done, or somebody outside sent word.
    fn completed(&mut self, now: Instant, done: Self::Done);

    /// Datagrams came in; whatever is pushed to `replies` (empty at the call) leaves by the same
    /// socket. Both hold a bounded batch, so that none of it allocates. Only cores with a datagram
    /// socket have to answer.
    fn datagrams(
        &mut self,
        _now: Instant,
        _socket: SocketId,
        _received: &DatagramBatch,
        _replies: &mut DatagramBatch,
    ) {
    }

    /// The next thing that the core wants done.
    fn poll(&mut self) -> Option<Action<Self::Job>>;

    /// When the core wants its next [`Input::Tick`]. A moment that is past means at once, so a core
    /// that has a deadline from the start gets its first tick before anything else.
    fn deadline(&self) -> Option<Instant>;

    /// Says where the next bytes of a connection go, into a plan that is empty at the call. A plan
    /// left empty pauses the connection until [`Action::Replan`], or until something is sent on it.
    fn recv_plan(&mut self, conn: ConnId, plan: &mut RecvPlan);

    /// What the first span of a plan would be that was made now: asked after each scratch span of a
    /// plan that goes on behind it. Where it is not the span that the plan goes on with, the plan
    /// guessed wrong. Only cores that plan behind a scratch span have to answer.
    fn next_span(&self, _conn: ConnId) -> Option<RecvSpan> {
        None
    }

    /// Says what is to be sent next, into a plan that is empty at the call. [`Input::Sent`] tells
    /// how much of it went; the rest is asked for again.
    fn send_plan<'a>(&'a mut self, conn: ConnId, plan: &mut SendPlan<'a>);
}

/// What happened.
#[derive(Debug)]
pub enum Input<'a> {
    /// A connection is there. Exactly one [`Input::Closed`] follows, whoever ends it.
    Opened {
        conn: ConnId,
        origin: Origin,
        remote: SocketAddr,
    },
    /// No connection came of an [`Action::Dial`].
    DialFailed { token: DialToken, why: DialError },
    /// Bytes that a [`RecvSpan::Scratch`](super::RecvSpan) had room for.
    Received { conn: ConnId, bytes: &'a [u8] },
    /// Bytes that a [`RecvSpan::Discard`](super::RecvSpan) asked to throw away are gone.
    Discarded { conn: ConnId, len_bytes: usize },
    /// Bytes that a [`RecvSpan::Block`](super::RecvSpan) had room for are in their place.
    Landed { conn: ConnId, len_bytes: usize },
    /// Bytes from the front of the send plan left the core's care.
    Sent { conn: ConnId, len_bytes: usize },
    /// The peer sends no more. The other direction stays open until the core ends it.
    EndOfStream { conn: ConnId },
    /// The connection is gone and its id is dead.
    Closed { conn: ConnId, why: CloseReason },
    /// The deadline has come.
    Tick,
    /// Come to an end and say [`Action::Stop`]; the host waits for a bounded time. No more
    /// connections are accepted.
    Shutdown,
    /// Whoever runs the program wants its lists and logs looked at afresh.
    Reload,
}

/// What a core wants done. An action about a connection that is gone is ignored.
#[derive(Debug, PartialEq, Eq)]
pub enum Action<Job> {
    /// Ask for the plans of this connection again: they changed for another reason than an input
    /// about the connection itself.
    Replan(ConnId),
    End {
        conn: ConnId,
        how: Ending,
    },
    /// Connect; [`Input::Opened`] or [`Input::DialFailed`] with the same token answers.
    Dial {
        token: DialToken,
        /// The address of this machine that the other side is to see; `None` leaves it to the host.
        from: Option<IpAddr>,
        to: SocketAddr,
        give_up_at: Instant,
    },
    /// Send a datagram that answers none of a batch. It may be lost, as datagrams may.
    SendDatagram {
        socket: SocketId,
        to: SocketAddr,
        bytes: Vec<u8>,
    },
    /// Have a pool do it. The host takes every job: a core bounds how many it has under way.
    Submit(Job),
    /// This core is done. The host ends when all of its cores are.
    Stop,
}

impl<Job> Action<Job> {
    /// The job that it submits; or else the same action, for a host that knows nothing of jobs.
    pub fn into_job(self) -> Result<Job, Action<Infallible>> {
        Err(match self {
            Self::Submit(job) => return Ok(job),
            Self::Replan(conn) => Action::Replan(conn),
            Self::End { conn, how } => Action::End { conn, how },
            Self::Dial {
                token,
                from,
                to,
                give_up_at,
            } => Action::Dial {
                token,
                from,
                to,
                give_up_at,
            },
            Self::SendDatagram { socket, to, bytes } => Action::SendDatagram { socket, to, bytes },
            Self::Stop => Action::Stop,
        })
    }
}

/// How to end a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// When all that is planned has been sent, send no more, and go on receiving.
    HalfClose,
    /// When all that is planned has been sent, close. Nothing more is received. A peer that does
    /// not read delays it, until the core loses patience and ends it now.
    Flush,
    /// Close now; what has not been sent is lost.
    Now,
}

/// Where a connection came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Listener(ListenerId),
    Dial(DialToken),
}

/// Names a listener of one core; whoever plugs the core in chooses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListenerId(pub u32);

/// Names a datagram socket of one core; whoever plugs the core in chooses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketId(pub u32);

/// Names a dial until it is answered; the core chooses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DialToken(pub u64);

/// Why a connection is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CloseReason {
    #[error("closed by this side")]
    Ended,
    #[error("reset by the peer")]
    Reset,
    #[error("the network gave up on it")]
    Unreachable,
    #[error("the memory of a place that it sends from or receives into is gone")]
    PlaceGone,
}

/// Why no connection came of a dial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DialError {
    #[error("nobody listens there")]
    Refused,
    #[error("no way leads there")]
    Unreachable,
    #[error("no answer in time")]
    TimedOut,
    #[error("this process has no descriptor left")]
    NoDescriptor,
}
