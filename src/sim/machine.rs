//! One machine: a process that hosts one core, its connections and what is ready of them.
//!
//! It keeps the contract of the reactor to the letter, also where a kinder host would be easier to
//! write: a connection is served only when something new came, when there is room again, or when its
//! core asks for it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, SocketAddr};

use super::hosted::Hosted;
use super::network::{EndId, MachineId, Network};
use super::receive::Misplaced;
use crate::base::{
    CloseReason, ConnId, DialError, DialToken, Ending, Input, Instant, ListenerId, Origin,
    RecvPlan, SocketId,
};

/// How many rounds of sending and receiving one connection gets before the others get their turn.
const TURN_ROUNDS_MAX: u32 = 16;

#[derive(Debug)]
pub(super) struct Conn {
    pub(super) end: EndId,
    generation: u32,
    pub(super) ending: Option<Ending>,
    pub(super) is_readable: bool,
    pub(super) is_writable: bool,
    pub(super) is_read_to_end: bool,
    is_write_shut: bool,
    is_queued: bool,
    pub(super) misplaced: Option<Misplaced>,
}

/// An input that outlives the call in which it came up.
#[derive(Debug)]
pub(super) enum Note {
    Closed { conn: ConnId, why: CloseReason },
    DialFailed { token: DialToken, why: DialError },
}

/// What one step did to a connection.
pub(super) enum Step {
    Moved,
    Waits,
    Gone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    Runs,
    /// Its process stands still; what is sent to it waits.
    Frozen,
    /// Its core came to its end.
    Stopped,
    /// Its process is gone.
    Killed,
}

/// A dial that its core asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dial {
    pub(super) to: SocketAddr,
    pub(super) give_up_at: Instant,
}

#[derive(Debug)]
pub(super) struct Machine {
    pub(super) id: MachineId,
    pub(super) ip: IpAddr,
    pub(super) hosted: Box<dyn Hosted>,
    pub(super) listeners: BTreeMap<u16, ListenerId>,
    pub(super) sockets: BTreeMap<u16, SocketId>,
    conns: Vec<Option<Conn>>,
    next_generation: u32,
    ready: Vec<ConnId>,
    notes: VecDeque<Note>,
    /// Dials under way.
    dials: BTreeSet<DialToken>,
    /// Dials and datagrams that the world is to carry out.
    pub(super) asked: Vec<Asked>,
    pub(super) life: Life,
    pub(super) wakes_at: Option<Instant>,
    pub(super) recv_plan: RecvPlan,
}

/// What is the world's to do.
#[derive(Debug)]
pub(super) enum Asked {
    Dial(DialToken, Dial),
    Datagram {
        socket: SocketId,
        to: SocketAddr,
        bytes: Vec<u8>,
    },
}

impl Machine {
    pub(super) fn new(id: MachineId, ip: IpAddr, hosted: Box<dyn Hosted>) -> Self {
        Self {
            id,
            ip,
            hosted,
            listeners: BTreeMap::new(),
            sockets: BTreeMap::new(),
            conns: Vec::new(),
            next_generation: 0,
            ready: Vec::new(),
            notes: VecDeque::new(),
            dials: BTreeSet::new(),
            asked: Vec::new(),
            life: Life::Runs,
            wakes_at: None,
            recv_plan: RecvPlan::default(),
        }
    }

    pub(super) fn conn(&mut self, id: ConnId) -> Option<&mut Conn> {
        let conn = self.conns.get_mut(id.slot())?.as_mut()?;
        (ConnId::new(u32::try_from(id.slot()).ok()?, conn.generation) == id).then_some(conn)
    }

    pub(super) fn conn_ids(&self) -> Vec<ConnId> {
        let conns = (0..).zip(&self.conns);
        conns
            .filter_map(|(slot, conn)| Some(ConnId::new(slot, conn.as_ref()?.generation)))
            .collect()
    }

    fn insert(&mut self, end: EndId) -> ConnId {
        let free = self.conns.iter().position(Option::is_none);
        let slot = free.unwrap_or_else(|| {
            self.conns.push(None);
            self.conns.len() - 1
        });
        let generation = self.next_generation;
        self.next_generation += 1;
        self.conns[slot] = Some(Conn {
            end,
            generation,
            ending: None,
            is_readable: true,
            is_writable: true,
            is_read_to_end: false,
            is_write_shut: false,
            is_queued: false,
            misplaced: None,
        });
        ConnId::new(u32::try_from(slot).unwrap_or(u32::MAX), generation)
    }

    /// A connection is there.
    pub(super) fn open(&mut self, net: &mut Network, end: EndId, origin: Origin) {
        let conn = self.insert(end);
        net.bind(end, conn);
        let remote = net.remote(end);
        let opened = Input::Opened {
            conn,
            origin,
            remote,
        };
        self.tell(net, opened);
        self.queue(conn);
    }

    /// Whether a dial is still wanted; it is answered once.
    pub(super) fn take_dial(&mut self, token: DialToken) -> bool {
        self.dials.remove(&token)
    }

    pub(super) fn tell(&mut self, net: &mut Network, input: Input<'_>) {
        self.hosted.handle(net.now, input);
        self.settle(net);
    }

    /// Carries out what the core wants done, and tells it what came of that, until neither has
    /// anything left to say.
    pub(super) fn settle(&mut self, net: &mut Network) {
        loop {
            while let Some(action) = self.hosted.poll(net.now) {
                self.perform(net, action);
            }
            let input = match self.notes.pop_front() {
                Some(Note::Closed { conn, why }) => Input::Closed { conn, why },
                Some(Note::DialFailed { token, why }) => Input::DialFailed { token, why },
                None => return,
            };
            self.hosted.handle(net.now, input);
        }
    }

    fn perform(
        &mut self,
        net: &mut Network,
        action: crate::base::Action<std::convert::Infallible>,
    ) {
        use crate::base::Action;
        match action {
            Action::Replan(conn) => self.queue(conn),
            Action::End { conn, how } => self.end(net, conn, how),
            Action::Dial {
                token,
                from,
                to,
                give_up_at,
            } => {
                assert!(self.dials.insert(token), "a dial has a token of its own");
                if from.is_none_or(|from| from == self.ip) {
                    self.asked.push(Asked::Dial(token, Dial { to, give_up_at }));
                } else {
                    self.dials.remove(&token);
                    let why = DialError::Unreachable;
                    self.notes.push_back(Note::DialFailed { token, why });
                }
            }
            Action::SendDatagram { socket, to, bytes } => {
                self.asked.push(Asked::Datagram { socket, to, bytes });
            }
            Action::Submit(job) => match job {},
            Action::Stop => self.life = Life::Stopped,
        }
    }

    fn end(&mut self, net: &mut Network, id: ConnId, how: Ending) {
        let Some(conn) = self.conn(id) else {
            return;
        };
        if how == Ending::Now {
            self.close(net, id, CloseReason::Ended);
            return;
        }
        conn.ending = Some(how);
        if how == Ending::Flush {
            conn.misplaced = None;
        }
        self.queue(id);
    }

    /// The core is told when it is settled.
    pub(super) fn close(&mut self, net: &mut Network, id: ConnId, why: CloseReason) {
        if let Some(conn) = self.conn(id) {
            let (end, is_abrupt) = (conn.end, conn.misplaced.is_some());
            net.close(end, is_abrupt);
            self.conns[id.slot()] = None;
            self.notes.push_back(Note::Closed { conn: id, why });
        }
    }

    pub(super) fn queue(&mut self, id: ConnId) {
        if let Some(conn) = self.conn(id)
            && !std::mem::replace(&mut conn.is_queued, true)
        {
            self.ready.push(id);
        }
    }

    /// Serves what is ready, in any order, and lets time have passed for core and pool.
    pub(super) fn run(&mut self, net: &mut Network) {
        while self.hosted.take_done(net.now) {
            self.settle(net);
        }
        while !self.ready.is_empty() && self.life == Life::Runs {
            let count = u32::try_from(self.ready.len()).unwrap_or(u32::MAX);
            let next = net.rng.below(count) as usize;
            let id = self.ready.swap_remove(next);
            self.drive(net, id);
        }
        if self.life == Life::Runs && self.hosted.deadline().is_some_and(|at| at <= net.now) {
            self.tell(net, Input::Tick);
        }
    }

    /// Whether there is something left to do at this very moment.
    pub(super) fn is_busy(&self) -> bool {
        !self.ready.is_empty() && self.life == Life::Runs
    }

    fn drive(&mut self, net: &mut Network, id: ConnId) {
        let rounds = 1 + net.rng.below(TURN_ROUNDS_MAX);
        for _ in 0..rounds {
            let mut has_moved = false;
            for step in [Self::send_some, Self::receive_some] {
                match step(self, net, id) {
                    Step::Moved => {
                        has_moved = true;
                        self.settle(net);
                    }
                    Step::Waits => {}
                    Step::Gone => {
                        self.settle(net);
                        return;
                    }
                }
            }
            if !has_moved {
                if let Some(conn) = self.conn(id) {
                    conn.is_queued = false;
                }
                return;
            }
        }
        if self.conn(id).is_some() {
            self.ready.push(id);
        }
    }

    fn send_some(&mut self, net: &mut Network, id: ConnId) -> Step {
        let Some(conn) = self.conn(id) else {
            return Step::Gone;
        };
        if conn.is_write_shut {
            return self.all_is_sent(net, id);
        }
        if !conn.is_writable {
            return Step::Waits;
        }
        let end = conn.end;
        let room_bytes = net.room_bytes(end);
        let mut bytes = Vec::new();
        let Ok(planned_bytes) = self.hosted.gather(id, room_bytes, &mut bytes) else {
            self.close(net, id, CloseReason::PlaceGone);
            return Step::Gone;
        };
        if planned_bytes == 0 {
            return self.all_is_sent(net, id);
        }
        if net.is_reset(end) {
            self.close(net, id, CloseReason::Reset);
            return Step::Gone;
        }
        let len_bytes = bytes.len();
        if let Some(conn) = self.conn(id) {
            conn.is_writable = len_bytes == planned_bytes;
        }
        if len_bytes == 0 {
            return Step::Waits;
        }
        net.write(end, &bytes);
        if len_bytes < planned_bytes {
            net.make_room_later(end);
        }
        self.hosted.handle(
            net.now,
            Input::Sent {
                conn: id,
                len_bytes,
            },
        );
        Step::Moved
    }

    /// The core has nothing to send, which is what an ending waits for.
    fn all_is_sent(&mut self, net: &mut Network, id: ConnId) -> Step {
        let Some(conn) = self.conn(id) else {
            return Step::Gone;
        };
        match conn.ending {
            Some(Ending::HalfClose) => {
                conn.ending = None;
                conn.is_write_shut = true;
                net.end_stream(conn.end);
                Step::Waits
            }
            Some(Ending::Flush | Ending::Now) => {
                net.throw_away(conn.end);
                self.close(net, id, CloseReason::Ended);
                Step::Gone
            }
            None => Step::Waits,
        }
    }

    /// The process is gone, and the system closes what it had.
    pub(super) fn die(&mut self, net: &mut Network) {
        self.life = Life::Killed;
        for conn in self.conns.iter_mut().filter_map(Option::take) {
            net.close(conn.end, true);
        }
        self.ready.clear();
        self.listeners.clear();
    }

    pub(super) fn note_dial_failed(&mut self, net: &mut Network, token: DialToken, why: DialError) {
        if self.dials.remove(&token) {
            self.notes.push_back(Note::DialFailed { token, why });
            self.settle(net);
        }
    }
}
