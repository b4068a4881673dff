//! Everything but the cores: sockets, what is ready, and the carrying out of actions.

use std::collections::{BTreeSet, VecDeque};
use std::convert::Infallible;
use std::io;

use mio::{Poll, Registry};

use super::accept::Listener;
use super::conns::{Conns, Phase};
use super::dial::Route;
use super::hosted::Hosted;
use super::ready::{ReadyList, Source, Watched};
use super::stats::Counters;
use super::udp::{Udp, UdpScratch};
use crate::base::limits::RECV_SCRATCH_LEN_BYTES;
use crate::base::{
    Action, CloseReason, ConnId, DialError, DialToken, Ending, Input, Instant, Memory, RecvPlan,
};

/// A core that is plugged in.
pub(super) struct Plug<'c> {
    pub(super) hosted: Box<dyn Hosted + 'c>,
    /// Where the places lie that it names.
    pub(super) memory: Box<dyn Memory + 'c>,
    /// Its connections carry content, and not a few words each.
    pub(super) moves_content: bool,
    /// Its place among the cores of this reactor.
    pub(super) index: u16,
    pub(super) has_stopped: bool,
}

pub(super) struct Net {
    pub(super) poll: Poll,
    /// The time of this turn, or of what in it took long.
    pub(super) now: Instant,
    clock: std::time::Instant,
    pub(super) conns: Conns,
    pub(super) listeners: Vec<Listener>,
    pub(super) udps: Vec<Udp>,
    pub(super) ready: ReadyList,
    /// Dials under way, by the time at which to give up.
    pub(super) dials: BTreeSet<(Instant, ConnId)>,
    /// What an action led to, to be told when the core has no more actions.
    pub(super) notes: VecDeque<Note>,
    /// Where all connections receive: an idle one holds no buffer.
    pub(super) scratch: Box<[u8]>,
    pub(super) recv_plan: RecvPlan,
    /// For what is misplaced next: memory from the system comes a page fault at a time.
    pub(super) spare_buffer: Vec<u8>,
    pub(super) udp_scratch: UdpScratch,
    pub(super) counters: Counters,
}

/// An input that outlives the call in which it came up.
pub(super) enum Note {
    Closed { conn: ConnId, why: CloseReason },
    DialFailed { token: DialToken, why: DialError },
}

impl Net {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            poll: Poll::new()?,
            now: Instant::ZERO,
            clock: std::time::Instant::now(),
            conns: Conns::default(),
            listeners: Vec::new(),
            udps: Vec::new(),
            ready: ReadyList::new(),
            dials: BTreeSet::new(),
            notes: VecDeque::new(),
            scratch: vec![0; RECV_SCRATCH_LEN_BYTES].into_boxed_slice(),
            recv_plan: RecvPlan::default(),
            spare_buffer: Vec::new(),
            udp_scratch: UdpScratch::new(),
            counters: Counters::default(),
        })
    }

    pub(super) fn registry(&self) -> &Registry {
        self.poll.registry()
    }

    pub(super) fn read_clock(&mut self) {
        let nanos = u64::try_from(self.clock.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.now = Instant::from_nanos(nanos);
    }

    /// Hands the core an input and carries out what it wants done.
    pub(super) fn tell(&mut self, plug: &mut Plug<'_>, input: Input<'_>) {
        plug.hosted.handle(self.now, input);
        self.settle(plug);
    }

    /// Carries out what the core wants done, and tells it what came of that, until neither has
    /// anything left to say.
    pub(super) fn settle(&mut self, plug: &mut Plug<'_>) {
        loop {
            while let Some(action) = plug.hosted.poll() {
                self.perform(plug, action);
            }
            let input = match self.notes.pop_front() {
                Some(Note::Closed { conn, why }) => Input::Closed { conn, why },
                Some(Note::DialFailed { token, why }) => Input::DialFailed { token, why },
                None => return,
            };
            plug.hosted.handle(self.now, input);
        }
    }

    fn perform(&mut self, plug: &mut Plug<'_>, action: Action<Infallible>) {
        match action {
            Action::Replan(conn) => {
                if self.is_open(plug, conn) {
                    self.queue_conn(conn);
                }
            }
            Action::End { conn, how } => {
                if self.is_open(plug, conn) {
                    self.end(conn, how);
                }
            }
            Action::Dial {
                token,
                from,
                to,
                give_up_at,
            } => self.dial(plug, token, Route { from, to }, give_up_at),
            Action::SendDatagram { socket, to, bytes } => {
                self.send_datagram(plug, socket, to, &bytes);
            }
            Action::Submit(job) => match job {},
            Action::Stop => plug.has_stopped = true,
        }
    }

    fn is_open(&mut self, plug: &Plug<'_>, id: ConnId) -> bool {
        let conn = self.conns.get(id);
        conn.is_some_and(|conn| {
            conn.host == plug.index && !matches!(conn.phase, Phase::Dialling { .. })
        })
    }

    fn end(&mut self, id: ConnId, how: Ending) {
        if how == Ending::Now {
            self.close(id, CloseReason::Ended);
        } else if let Some(conn) = self.conns.get(id) {
            conn.phase = Phase::Ending(how);
            if how == Ending::Flush {
                // Nothing more is received.
                conn.misplaced = None;
            }
            self.queue_conn(id);
        }
    }

    /// Closes a connection that was opened; its core is told when it is settled.
    pub(super) fn close(&mut self, conn: ConnId, why: CloseReason) {
        if self.conns.remove(conn).is_some() {
            self.notes.push_back(Note::Closed { conn, why });
        }
    }

    /// Sees to it that the connection is served soon.
    pub(super) fn queue_conn(&mut self, id: ConnId) {
        if let Some(conn) = self.conns.get(id)
            && !conn.is_queued
        {
            conn.is_queued = true;
            self.ready.push_back(Source::Conn(id));
        }
    }

    /// Notes what the kernel has to tell about a socket.
    pub(super) fn take_event(&mut self, event: &mio::event::Event) {
        match Watched::of(event.token()) {
            Watched::Listener(index) => self.queue_listener(index),
            Watched::Udp(index) => self.take_udp_event(index, event),
            Watched::Conn(slot) => {
                let Some((id, conn)) = self.conns.at(slot) else {
                    return;
                };
                conn.is_readable |= event.is_readable() || event.is_error();
                conn.is_writable |= event.is_writable() || event.is_error();
                conn.is_ending |= event.is_read_closed();
                conn.has_failed |= event.is_error();
                self.queue_conn(id);
            }
            Watched::Alarm | Watched::Signals => {}
        }
    }
}
