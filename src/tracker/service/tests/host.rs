//! A host without sockets: it keeps to the contract of [`Core`] as the reactor does.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use super::super::*;
use crate::base::{CloseReason, DialToken, RecvSpan, SendPart};
use crate::tracker::Secret;

pub(super) const SECRET: Secret = Secret([7, 0x9e37_79b9_7f4a_7c15, 0xbf58_476d_1ce4_e5b9, 0]);

pub(super) const LIMITS: ConnectionLimits = ConnectionLimits {
    per_address_max: 3,
    loopback_is_bounded: false,
};

/// Without a limit to how often one address may ask.
pub(super) fn unlimited() -> Config {
    Config {
        rate: None,
        ..Config::default()
    }
}

pub(super) fn service() -> Service {
    Service::new(Server::new(unlimited(), SECRET, 1), LIMITS)
}

pub(super) struct Host {
    pub(super) service: Service,
    pub(super) now: Instant,
    pub(super) jobs: VecDeque<Job>,
    /// Calls that nobody has answered yet.
    pub(super) dials: VecDeque<DialToken>,
    pub(super) has_stopped: bool,
    /// How many actions of ending there were.
    pub(super) endings: usize,
    opened: u32,
    peers: BTreeMap<ConnId, Peer>,
}

/// The other end of a connection.
#[derive(Debug, Default)]
struct Peer {
    /// On the way to the service.
    sent: VecDeque<u8>,
    sends_no_more: bool,
    got: Vec<u8>,
    /// How much it takes before it stops reading.
    window_bytes: usize,
    ending: Option<Ending>,
    is_closed: bool,
}

impl Host {
    pub(super) fn new(service: Service) -> Self {
        let mut host = Self {
            service,
            now: Instant::ZERO,
            jobs: VecDeque::new(),
            dials: VecDeque::new(),
            has_stopped: false,
            endings: 0,
            opened: 0,
            peers: BTreeMap::new(),
        };
        host.advance(Duration::ZERO);
        host
    }

    pub(super) fn open(&mut self, from: &str) -> ConnId {
        self.open_at(PUBLIC, from)
    }

    pub(super) fn open_at(&mut self, listener: ListenerId, from: &str) -> ConnId {
        self.open_from(Origin::Listener(listener), from)
    }

    /// Answers the oldest call.
    pub(super) fn answer(&mut self, from: &str) -> ConnId {
        let token = self.dials.pop_front().expect("a call");
        self.open_from(Origin::Dial(token), from)
    }

    fn open_from(&mut self, origin: Origin, from: &str) -> ConnId {
        let remote: SocketAddr = from.parse().unwrap();
        let conn = ConnId::new(self.opened, 1);
        self.opened += 1;
        let peer = Peer {
            window_bytes: usize::MAX,
            ..Peer::default()
        };
        self.peers.insert(conn, peer);
        self.handle(Input::Opened {
            conn,
            origin,
            remote,
        });
        self.serve(conn);
        conn
    }

    pub(super) fn send(&mut self, conn: ConnId, bytes: &[u8]) {
        self.peer(conn).sent.extend(bytes);
        self.serve(conn);
    }

    pub(super) fn send_no_more(&mut self, conn: ConnId) {
        self.peer(conn).sends_no_more = true;
        self.serve(conn);
    }

    /// The peer reads so much, and then nothing until it is told to read again.
    pub(super) fn read_only(&mut self, conn: ConnId, len_bytes: usize) {
        self.peer(conn).window_bytes = len_bytes;
        self.serve(conn);
    }

    pub(super) fn got(&mut self, conn: ConnId) -> Vec<u8> {
        std::mem::take(&mut self.peer(conn).got)
    }

    /// What the service has not taken yet.
    pub(super) fn waiting_bytes(&mut self, conn: ConnId) -> usize {
        self.peer(conn).sent.len()
    }

    pub(super) fn is_open(&mut self, conn: ConnId) -> bool {
        !self.peer(conn).is_closed
    }

    /// The replies to one more request; each is a head and a body.
    pub(super) fn ask(&mut self, conn: ConnId, request: &str) -> Vec<(String, Vec<u8>)> {
        self.send(conn, request.as_bytes());
        replies(&self.got(conn))
    }

    pub(super) fn datagram(&mut self, from: &str, packet: &[u8]) -> Vec<u8> {
        let (mut received, mut answers) = (DatagramBatch::default(), DatagramBatch::default());
        received.push(from.parse().unwrap(), packet);
        let socket = SocketId(0);
        self.service
            .datagrams(self.now, socket, &received, &mut answers);
        self.settle();
        answers.get(0).map_or(vec![], |(_, bytes)| bytes.to_vec())
    }

    /// Lets time pass, with every tick that the service asks for.
    pub(super) fn advance(&mut self, duration: Duration) {
        let until = self.now + duration;
        while let Some(at) = self.service.deadline().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.handle(Input::Tick);
        }
        self.now = until;
    }

    pub(super) fn done(&mut self, done: Done) {
        self.service.completed(self.now, done);
        self.settle();
    }

    pub(super) fn handle(&mut self, input: Input<'_>) {
        self.service.handle(self.now, input);
        self.settle();
    }

    fn peer(&mut self, conn: ConnId) -> &mut Peer {
        self.peers.get_mut(&conn).unwrap()
    }

    fn settle(&mut self) {
        while let Some(action) = self.service.poll() {
            match action {
                Action::End { conn, how } => {
                    self.endings += 1;
                    if self.is_open(conn) {
                        self.peer(conn).ending = Some(how);
                        self.serve(conn);
                    }
                }
                Action::Replan(conn) => self.serve(conn),
                Action::Dial { token, .. } => self.dials.push_back(token),
                Action::Submit(job) => self.jobs.push_back(job),
                Action::Stop => {
                    assert!(!self.has_stopped, "once");
                    self.has_stopped = true;
                }
                Action::SendDatagram { .. } => panic!("{action:?}"),
            }
        }
    }

    fn serve(&mut self, conn: ConnId) {
        while self.is_open(conn) && (self.send_some(conn) || self.receive_some(conn)) {}
    }

    fn close(&mut self, conn: ConnId) {
        self.peer(conn).is_closed = true;
        let why = CloseReason::Ended;
        self.handle(Input::Closed { conn, why });
    }

    fn send_some(&mut self, conn: ConnId) -> bool {
        let peer = self.peers.get_mut(&conn).unwrap();
        let mut plan = SendPlan::new();
        if peer.ending != Some(Ending::Now) {
            self.service.send_plan(conn, &mut plan);
        }
        if plan.is_empty() {
            let is_over = peer.ending.is_some();
            if is_over {
                self.close(conn);
            }
            return is_over;
        }
        let start = peer.got.len();
        for part in plan.parts() {
            let SendPart::Bytes(part) = part else {
                unreachable!("a tracker sends from no place");
            };
            let room = peer.window_bytes - (peer.got.len() - start);
            peer.got.extend_from_slice(&part[..part.len().min(room)]);
        }
        let len_bytes = peer.got.len() - start;
        if peer.window_bytes < usize::MAX {
            peer.window_bytes -= len_bytes;
        }
        if len_bytes > 0 {
            self.handle(Input::Sent { conn, len_bytes });
        }
        len_bytes > 0
    }

    fn receive_some(&mut self, conn: ConnId) -> bool {
        let peer = self.peers.get_mut(&conn).unwrap();
        let mut plan = RecvPlan::default();
        if peer.ending.is_none() {
            self.service.recv_plan(conn, &mut plan);
        }
        let &[RecvSpan::Scratch { len_bytes }] = plan.spans() else {
            return false;
        };
        let bytes: Vec<u8> = peer.sent.drain(..peer.sent.len().min(len_bytes)).collect();
        if !bytes.is_empty() {
            let bytes = &bytes;
            self.handle(Input::Received { conn, bytes });
            return true;
        }
        let has_ended = std::mem::take(&mut peer.sends_no_more);
        if has_ended {
            self.handle(Input::EndOfStream { conn });
        }
        has_ended
    }
}

/// A request with these words after the target.
pub(super) fn announce(port: u16, left_bytes: u64, version_and_fields: &str) -> String {
    format!(
        "GET /announce?info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=-XX0000-aaaaaaaaaaaa&port={port}\
         &uploaded=0&downloaded=0&left={left_bytes}&compact=1 {version_and_fields}\r\n\r\n"
    )
}

/// Takes replies apart by the lengths that their heads tell.
pub(super) fn replies(mut bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut replies = Vec::new();
    while !bytes.is_empty() {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let (head, rest) = bytes.split_at(end.expect("a whole head") + 4);
        let head = String::from_utf8(head.to_vec()).unwrap();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("Content-Length:"));
        let (body, rest) = rest.split_at(length.unwrap().trim().parse().unwrap());
        replies.push((head, body.to_vec()));
        bytes = rest;
    }
    replies
}
