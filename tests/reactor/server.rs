//! A core for tests: what it does with a connection depends on the listener that took it, and what
//! it is told it tells the test.

use std::collections::VecDeque;
use std::sync::mpsc::Sender;
use std::time::Duration;

use mt::base::{
    Action, CloseReason, ConnId, ConnMap, Core, DatagramBatch, DialError, DialToken, Ending, Input,
    Instant, ListenerId, Origin, RecvPlan, SendPlan, SocketId,
};

/// Sends back what it receives.
pub(crate) const ECHO: ListenerId = ListenerId(0);
/// Answers every line with `<line>`; `close` is the last.
pub(crate) const LINES: ListenerId = ListenerId(1);
/// Sends without end, and receives nothing.
pub(crate) const SOURCE: ListenerId = ListenerId(2);
/// Throws away what it receives.
pub(crate) const SINK: ListenerId = ListenerId(3);
/// Receives nothing until it is told to.
pub(crate) const PAUSED: ListenerId = ListenerId(4);
/// Says `bye`, ends its direction, and receives to the end.
pub(crate) const FAREWELL: ListenerId = ListenerId(5);

/// Sends every datagram back.
pub(crate) const DATAGRAM_ECHO: SocketId = SocketId(0);

const QUEUE_LEN_BYTES_MAX: usize = 64 << 10;
static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Opened(ConnId, Origin),
    DialFailed(DialToken, DialError),
    EndOfStream(ConnId),
    Closed(ConnId, CloseReason),
    Tick,
    Shutdown,
    Reload,
}

/// What a test has to say to the core.
#[derive(Debug)]
pub(crate) enum Command {
    Do(Action<Job>),
    TickAt(Instant),
    TickAfter(Duration),
    Unpause(ConnId),
}

/// A job of this server is the command that comes back when it is done.
pub(crate) type Job = Box<Command>;

pub(crate) struct Server {
    conns: ConnMap<Conn>,
    actions: VecDeque<Action<Job>>,
    deadline: Option<Instant>,
    events: Sender<Event>,
    pub(crate) stops_when_asked: bool,
    pub(crate) sent_bytes: u64,
    pub(crate) largest_queue_bytes: usize,
}

struct Conn {
    kind: ListenerId,
    /// Received and not yet a whole line.
    partial: Vec<u8>,
    outgoing: Vec<u8>,
}

impl Server {
    pub(crate) fn new(events: Sender<Event>) -> Self {
        Self {
            conns: ConnMap::new(),
            actions: VecDeque::new(),
            deadline: None,
            events,
            stops_when_asked: true,
            sent_bytes: 0,
            largest_queue_bytes: 0,
        }
    }

    fn tell(&self, event: Event) {
        // A test that has seen enough does not listen any more.
        let _ = self.events.send(event);
    }

    fn opened(&mut self, conn: ConnId, origin: Origin) {
        let kind = match origin {
            Origin::Listener(kind) => kind,
            Origin::Dial(_) => ECHO,
        };
        let mut outgoing = Vec::new();
        if kind == FAREWELL {
            outgoing.extend(b"bye");
            let how = Ending::HalfClose;
            self.actions.push_back(Action::End { conn, how });
        }
        let partial = Vec::new();
        self.conns.insert(
            conn,
            Conn {
                kind,
                partial,
                outgoing,
            },
        );
        self.tell(Event::Opened(conn, origin));
    }

    fn received(&mut self, id: ConnId, bytes: &[u8]) {
        let conn = self.conns.get_mut(id).expect("an open connection");
        match conn.kind {
            ECHO => conn.outgoing.extend(bytes),
            LINES => {
                conn.partial.extend(bytes);
                while let Some(end) = conn.partial.iter().position(|byte| *byte == b'\n') {
                    let line: Vec<u8> = conn.partial.drain(..=end).collect();
                    let line = &line[..end];
                    conn.outgoing.extend([b"<", line, b">\n"].concat());
                    if line == b"close" {
                        let how = Ending::Flush;
                        self.actions.push_back(Action::End { conn: id, how });
                    }
                }
            }
            kind => panic!("{kind:?} receives nothing"),
        }
        self.largest_queue_bytes = self.largest_queue_bytes.max(conn.outgoing.len());
    }
}

impl Core for Server {
    type Job = Job;
    type Done = Command;

    fn handle(&mut self, _now: Instant, input: Input<'_>) {
        match input {
            Input::Opened { conn, origin, .. } => self.opened(conn, origin),
            Input::DialFailed { token, why } => self.tell(Event::DialFailed(token, why)),
            Input::Received { conn, bytes } => self.received(conn, bytes),
            Input::Discarded { .. } | Input::Landed { .. } => {}
            Input::Sent { conn, len_bytes } => {
                self.sent_bytes += len_bytes as u64;
                let conn = self.conns.get_mut(conn).expect("an open connection");
                if conn.kind != SOURCE {
                    conn.outgoing.drain(..len_bytes);
                }
            }
            Input::EndOfStream { conn } => {
                self.tell(Event::EndOfStream(conn));
                let how = Ending::Flush;
                self.actions.push_back(Action::End { conn, how });
            }
            Input::Closed { conn, why } => {
                assert!(self.conns.remove(conn).is_some(), "closed once");
                self.tell(Event::Closed(conn, why));
            }
            Input::Tick => {
                self.deadline = None;
                self.tell(Event::Tick);
            }
            Input::Shutdown => {
                self.tell(Event::Shutdown);
                if self.stops_when_asked {
                    self.actions.push_back(Action::Stop);
                }
            }
            Input::Reload => self.tell(Event::Reload),
        }
    }

    fn completed(&mut self, now: Instant, command: Command) {
        match command {
            Command::Do(action) => self.actions.push_back(action),
            Command::TickAt(at) => self.deadline = Some(at),
            Command::TickAfter(delay) => self.deadline = Some(now + delay),
            Command::Unpause(conn) => {
                self.conns.get_mut(conn).expect("an open connection").kind = ECHO;
                self.actions.push_back(Action::Replan(conn));
            }
        }
    }

    fn datagrams(
        &mut self,
        _now: Instant,
        socket: SocketId,
        received: &DatagramBatch,
        replies: &mut DatagramBatch,
    ) {
        assert_eq!(socket, DATAGRAM_ECHO);
        for (from, bytes) in received.iter() {
            replies.push(from, bytes);
        }
    }

    fn poll(&mut self) -> Option<Action<Job>> {
        self.actions.pop_front()
    }

    fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    fn recv_plan(&mut self, conn: ConnId, plan: &mut RecvPlan) {
        let conn = self.conns.get(conn).expect("an open connection");
        match conn.kind {
            ECHO | LINES => plan.scratch(QUEUE_LEN_BYTES_MAX.saturating_sub(conn.outgoing.len())),
            SINK | FAREWELL => plan.discard(usize::MAX),
            _ => {}
        }
    }

    fn send_plan<'a>(&'a mut self, conn: ConnId, plan: &mut SendPlan<'a>) {
        let conn = self.conns.get(conn).expect("an open connection");
        if conn.kind == SOURCE {
            plan.bytes(&ZEROS);
        } else {
            // In two parts, to have both ways of writing used.
            let (first, second) = conn.outgoing.split_at(conn.outgoing.len() / 2);
            plan.bytes(first);
            plan.bytes(second);
        }
    }
}
