//! Two services that can call each other, over a network that can be cut.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use super::super::*;
use super::host::{LIMITS, SECRET, replies, unlimited};
use super::journal::Disk;
use crate::base::{CloseReason, DialError, DialToken, RecvSpan, Rng, SendPart};
use crate::tracker::pair::Token;

pub(super) const SIDES: [usize; 2] = [0, 1];
const CLIENT: &str = "127.0.0.1:999";

/// Nobody tells the clients of this machine and the other tracker apart by their addresses.
const ALIKE: [&str; 2] = ["127.0.0.1:6969", "127.0.0.1:6970"];

/// Each on a machine of its own.
const APART: [&str; 2] = ["192.0.2.1:6969", "192.0.2.2:6969"];

pub(super) struct Network {
    pub(super) now: Instant,
    pub(super) rng: Rng,
    addresses: [SocketAddr; 2],
    sides: [Side; 2],
    is_cut: bool,
    connections: Vec<Connection>,
    /// Calls that nobody answers.
    unanswered: Vec<(usize, DialToken, Instant)>,
    conns: u32,
}

#[derive(Default)]
struct Side {
    service: Option<Service>,
    /// Its clock begins with its process.
    started_at: Instant,
    disk: Disk,
    starts: u8,
    reports: Vec<Standing>,
}

/// Between the two services.
struct Connection {
    ends: [End; 2],
    is_stuck: bool,
}

struct End {
    side: usize,
    conn: ConnId,
    /// On the way to this end.
    inbox: VecDeque<u8>,
    ending: Option<Ending>,
    is_closed: bool,
}

impl Network {
    pub(super) fn new(seed: u64) -> Self {
        Self::of(ALIKE, seed)
    }

    pub(super) fn apart(seed: u64) -> Self {
        Self::of(APART, seed)
    }

    fn of(addresses: [&str; 2], seed: u64) -> Self {
        Self {
            now: Instant::ZERO,
            rng: Rng::new(seed),
            addresses: addresses.map(|text| text.parse().unwrap()),
            sides: Default::default(),
            is_cut: false,
            connections: Vec::new(),
            unanswered: Vec::new(),
            conns: 0,
        }
    }

    pub(super) fn started(seed: u64) -> Self {
        let mut network = Self::new(seed);
        for side in SIDES {
            network.start(side);
        }
        network
    }

    /// With what its disk holds, as after any end of a process.
    pub(super) fn start(&mut self, number: usize) {
        let side = &mut self.sides[number];
        side.starts += 1;
        side.started_at = self.now;
        let server = Server::new(unlimited(), SECRET, 1);
        let mut service = Service::new(server, LIMITS);
        side.disk.restore(&mut service);
        let own_token = Token([side.starts * 2 + u8::from(number == 1); 16]);
        let [own, other] = [number, 1 - number].map(|side| self.addresses[side]);
        service.pair_with(other, Some(own.ip()), own_token);
        service.keep_journal(side.starts == 1);
        side.service = Some(service);
        self.settle();
    }

    /// Without a word, as `kill -9` ends it.
    pub(super) fn kill(&mut self, number: usize) {
        self.sides[number].service = None;
        self.unanswered.retain(|(side, ..)| *side != number);
        for at in (0..self.connections.len()).rev() {
            let ends = &self.connections[at].ends;
            if let Some(end) = ends.iter().position(|end| end.side == number) {
                self.close(at, end);
            }
        }
        self.settle();
    }

    pub(super) fn forget_everything(&mut self, number: usize) {
        self.kill(number);
        self.sides[number].disk = Disk::default();
        self.sides[number].starts += 1;
    }

    pub(super) fn is_up(&self, number: usize) -> bool {
        self.sides[number].service.is_some()
    }

    /// From now on, nothing arrives any more; nobody is told.
    pub(super) fn cut(&mut self) {
        self.is_cut = true;
        for connection in &mut self.connections {
            connection.is_stuck = true;
        }
    }

    /// What was on its way arrives after all, and who is gone is seen to be gone.
    pub(super) fn heal(&mut self) {
        self.is_cut = false;
        for at in (0..self.connections.len()).rev() {
            self.connections[at].is_stuck = false;
            let ends = &self.connections[at].ends;
            if let Some(end) = ends.iter().position(|end| end.is_closed) {
                self.close(at, end);
            }
        }
        self.settle();
    }

    /// Whatever connects them is gone, and both notice at once.
    pub(super) fn drop_connections(&mut self) {
        for at in (0..self.connections.len()).rev() {
            self.close(at, 0);
        }
        self.settle();
    }

    pub(super) fn service(&mut self, number: usize) -> &mut Service {
        self.sides[number].service.as_mut().unwrap()
    }

    pub(super) fn reports(&mut self, number: usize) -> Vec<Standing> {
        std::mem::take(&mut self.sides[number].reports)
    }

    /// The body that a client is answered with.
    pub(super) fn ask(&mut self, number: usize, request: &str) -> String {
        let conn = self.next_conn();
        let remote = CLIENT.parse().unwrap();
        let origin = Origin::Listener(PUBLIC);
        self.handle(
            number,
            Input::Opened {
                conn,
                origin,
                remote,
            },
        );
        let bytes = request.as_bytes();
        self.handle(number, Input::Received { conn, bytes });
        let got = self.planned(number, conn, usize::MAX);
        let why = CloseReason::Reset;
        self.handle(number, Input::Closed { conn, why });
        self.settle();
        let (_, body) = replies(&got).remove(0);
        String::from_utf8_lossy(&body).into_owned()
    }

    /// Lets time pass, in steps no longer than a second.
    pub(super) fn advance(&mut self, seconds: u32) {
        for _ in 0..seconds {
            self.step(Duration::from_secs(1));
        }
    }

    pub(super) fn step(&mut self, duration: Duration) {
        self.now += duration;
        for number in SIDES {
            let (side, now) = (&self.sides[number], self.clock(number));
            let deadline = side.service.as_ref().and_then(Core::deadline);
            if deadline.is_some_and(|at| at <= now) {
                self.handle(number, Input::Tick);
            }
        }
        let clocks = SIDES.map(|number| self.clock(number));
        let late = self
            .unanswered
            .extract_if(.., |(number, _, until)| *until <= clocks[*number]);
        for (number, token, _) in late.collect::<Vec<_>>() {
            let why = DialError::TimedOut;
            self.handle(number, Input::DialFailed { token, why });
        }
        self.settle();
    }

    fn next_conn(&mut self) -> ConnId {
        self.conns += 1;
        ConnId::new(self.conns, 1)
    }

    fn clock(&self, number: usize) -> Instant {
        Instant::ZERO + self.now.saturating_since(self.sides[number].started_at)
    }

    fn handle(&mut self, number: usize, input: Input<'_>) {
        let now = self.clock(number);
        if let Some(service) = &mut self.sides[number].service {
            service.handle(now, input);
        }
    }

    /// Carries actions, bytes and jobs until nothing is left.
    fn settle(&mut self) {
        loop {
            let has_acted = SIDES.map(|number| self.act(number)).contains(&true);
            let count = self.connections.len();
            let has_moved =
                (0..count).any(|at| [0, 1].map(|end| self.carry(at, end)).contains(&true));
            if !has_acted && !has_moved {
                return;
            }
        }
    }

    fn act(&mut self, number: usize) -> bool {
        let mut has_acted = false;
        while let Some(action) = self.sides[number].service.as_mut().and_then(Core::poll) {
            has_acted = true;
            match action {
                Action::Dial {
                    token,
                    from,
                    to,
                    give_up_at,
                } => {
                    let seen_as = from.map_or(CLIENT.parse().unwrap(), |ip| (ip, 50_000).into());
                    self.dial((number, seen_as), token, to, give_up_at);
                }
                Action::End { conn, how } => {
                    let ends = self.connections.iter_mut().flat_map(|one| &mut one.ends);
                    let mut own = ends.filter(|end| end.side == number && end.conn == conn);
                    if let Some(end) = own.next() {
                        end.ending = Some(how);
                    }
                }
                Action::Submit(job) => self.carry_out(number, job),
                Action::Replan(_) => {}
                Action::Stop | Action::SendDatagram { .. } => panic!("{action:?}"),
            }
        }
        has_acted
    }

    fn carry_out(&mut self, number: usize, job: Job) {
        let side = &mut self.sides[number];
        let done = match job {
            Job::Journal(job) => {
                side.disk.carry_out(job);
                Done::Journal(Ok(()))
            }
            Job::Report(report) => {
                side.reports.push(report.standing);
                Done::Reported
            }
            Job::Reload => panic!("nobody asked"),
        };
        let now = self.clock(number);
        self.service(number).completed(now, done);
    }

    fn dial(
        &mut self,
        (from, seen_as): (usize, SocketAddr),
        token: DialToken,
        to: SocketAddr,
        give_up_at: Instant,
    ) {
        let other = self.addresses.iter().position(|address| *address == to);
        let other = other.unwrap();
        if self.is_cut {
            self.unanswered.push((from, token, give_up_at));
            return;
        }
        if self.sides[other].service.is_none() {
            let why = DialError::Refused;
            self.handle(from, Input::DialFailed { token, why });
            return;
        }
        let ends = [from, other].map(|side| End {
            side,
            conn: self.next_conn(),
            inbox: VecDeque::new(),
            ending: None,
            is_closed: false,
        });
        let origins = [Origin::Dial(token), Origin::Listener(PUBLIC)];
        let remotes = [to, seen_as];
        for ((end, origin), remote) in ends.iter().zip(origins).zip(remotes) {
            let conn = end.conn;
            self.handle(
                end.side,
                Input::Opened {
                    conn,
                    origin,
                    remote,
                },
            );
        }
        self.connections.push(Connection {
            ends,
            is_stuck: false,
        });
    }

    /// One end sends and receives some, in pieces of any size.
    fn carry(&mut self, at: usize, end: usize) -> bool {
        let Some(Connection { ends, is_stuck }) = self.connections.get(at) else {
            return false;
        };
        let (own, is_stuck) = (&ends[end], *is_stuck);
        let (number, conn, ending) = (own.side, own.conn, own.ending);
        if own.is_closed || is_stuck && ending.is_none() {
            return false;
        }
        let piece_len_bytes = 1 + self.rng.below(4000) as usize;
        let sent = if is_stuck || ending == Some(Ending::Now) {
            Vec::new()
        } else {
            self.planned(number, conn, piece_len_bytes)
        };
        if sent.is_empty() && ending.is_some() {
            self.close(at, end);
            return true;
        }
        self.connections[at].ends[1 - end].inbox.extend(&sent);
        self.receive(at, end) || !sent.is_empty()
    }

    /// One end is closed. The other one takes what was sent and sees it, unless the network is cut.
    fn close(&mut self, at: usize, end: usize) {
        let closed = &mut self.connections[at].ends[end];
        let (number, conn) = (closed.side, closed.conn);
        let was_closed = std::mem::replace(&mut closed.is_closed, true);
        if self.connections[at].is_stuck {
            let all_are_closed = self.connections[at].ends.iter().all(|end| end.is_closed);
            if all_are_closed {
                self.connections.remove(at);
            }
        } else {
            while self.receive(at, 1 - end) {}
            let gone = self.connections.remove(at);
            let other = &gone.ends[1 - end];
            if !other.is_closed {
                let (conn, why) = (other.conn, CloseReason::Reset);
                self.handle(other.side, Input::Closed { conn, why });
            }
        }
        if !was_closed {
            let why = CloseReason::Ended;
            self.handle(number, Input::Closed { conn, why });
        }
    }

    fn receive(&mut self, at: usize, end: usize) -> bool {
        let now = self.clock(self.connections[at].ends[end].side);
        let End {
            side, conn, inbox, ..
        } = &mut self.connections[at].ends[end];
        let Some(service) = &mut self.sides[*side].service else {
            return false;
        };
        let mut plan = RecvPlan::default();
        service.recv_plan(*conn, &mut plan);
        let &[RecvSpan::Scratch { len_bytes }] = plan.spans() else {
            return false;
        };
        let bytes: Vec<u8> = inbox.drain(..inbox.len().min(len_bytes)).collect();
        if !bytes.is_empty() {
            let (conn, bytes) = (*conn, bytes.as_slice());
            service.handle(now, Input::Received { conn, bytes });
        }
        !bytes.is_empty()
    }

    fn planned(&mut self, number: usize, conn: ConnId, len_bytes_max: usize) -> Vec<u8> {
        let now = self.clock(number);
        let Some(service) = &mut self.sides[number].service else {
            return Vec::new();
        };
        let mut plan = SendPlan::new();
        service.send_plan(conn, &mut plan);
        let mut bytes = Vec::new();
        for part in plan.parts() {
            let SendPart::Bytes(part) = part else {
                unreachable!("a tracker sends from no place");
            };
            bytes.extend_from_slice(part);
        }
        bytes.truncate(len_bytes_max);
        if !bytes.is_empty() {
            let len_bytes = bytes.len();
            service.handle(now, Input::Sent { conn, len_bytes });
        }
        bytes
    }
}
