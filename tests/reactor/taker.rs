//! A core that receives blocks into a place. Its peers send messages of five bytes, a letter and a
//! number; behind a `b` follows the block of that number.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use mt::base::{
    Action, CloseReason, ConnId, Core, Ending, Input, Instant, ListenerId, RecvPlan, RecvSpan,
    SendPlan,
};
use mt::reactor::{Completions, Reactor, Remote, Stats, TcpPort};

use crate::harness::{PATIENCE, connect, loopback};
use crate::places::Place;

pub(crate) const HEAD_LEN_BYTES: usize = 5;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Opened(ConnId),
    /// A whole block of this number is in its place.
    Landed(u32),
    /// A block that nobody wants was thrown away.
    Thrown(u32),
    Note(u32),
    EndOfStream,
    Closed(CloseReason),
}

/// Pauses end.
#[derive(Debug)]
pub(crate) struct Resume;

/// What comes next on the stream.
#[derive(Clone, Copy, Debug)]
enum Expects {
    Head,
    Block { number: u32, landed_bytes: u32 },
    Unwanted { number: u32, left_bytes: u32 },
}

/// It has one connection at a time.
pub(crate) struct Taker {
    place: Place,
    conn: Option<ConnId>,
    head: Vec<u8>,
    expects: Expects,
    /// The blocks that it holds leases of, in the order in which it guesses that they come.
    leased: VecDeque<u32>,
    is_paused: bool,
    events: Sender<Event>,
    actions: VecDeque<Action<Infallible>>,
}

impl Taker {
    /// Says what comes of a head, and is told so by its letter.
    fn take_head(&mut self) {
        let number = u32::from_be_bytes(self.head[1..].try_into().unwrap());
        let letter = self.head[0];
        self.head.clear();
        match letter {
            b'b' => match self.leased.iter().position(|it| *it == number) {
                Some(index) => {
                    self.leased.remove(index);
                    let landed_bytes = 0;
                    self.expects = Expects::Block {
                        number,
                        landed_bytes,
                    };
                }
                None => {
                    let left_bytes = self.place.block_len_bytes;
                    self.expects = Expects::Unwanted { number, left_bytes };
                }
            },
            b'n' => self.tell(Event::Note(number)),
            b'g' => self.leased.clear(),
            b'p' => {
                self.is_paused = true;
                self.tell(Event::Note(number));
            }
            b'e' => {
                self.is_paused = true;
                let how = Ending::Now;
                self.actions
                    .extend(self.conn.map(|conn| Action::End { conn, how }));
            }
            letter => panic!("`{letter}` is no message"),
        }
    }

    fn landed(&mut self, len_bytes: usize) {
        let Expects::Block {
            number,
            landed_bytes,
        } = &mut self.expects
        else {
            panic!("no block is expected");
        };
        *landed_bytes += u32::try_from(len_bytes).unwrap();
        if *landed_bytes == self.place.block_len_bytes {
            let number = *number;
            assert_eq!(self.place.block(number), self.place.content(number));
            self.expects = Expects::Head;
            self.tell(Event::Landed(number));
        }
    }

    fn discarded(&mut self, len_bytes: usize) {
        let Expects::Unwanted { number, left_bytes } = &mut self.expects else {
            panic!("nothing is to be thrown away");
        };
        *left_bytes -= u32::try_from(len_bytes).unwrap();
        if *left_bytes == 0 {
            let number = *number;
            self.expects = Expects::Head;
            self.tell(Event::Thrown(number));
        }
    }

    fn tell(&self, event: Event) {
        // A test that has seen enough does not listen any more.
        let _ = self.events.send(event);
    }
}

impl Core for Taker {
    type Job = Infallible;
    type Done = Resume;

    fn handle(&mut self, _now: Instant, input: Input<'_>) {
        match input {
            Input::Opened { conn, .. } => {
                self.conn = Some(conn);
                self.tell(Event::Opened(conn));
            }
            Input::Received { bytes, .. } => {
                assert!(!self.is_paused, "nothing is received while it is paused");
                self.head.extend(bytes);
                if self.head.len() == HEAD_LEN_BYTES {
                    self.take_head();
                }
            }
            Input::Landed { len_bytes, .. } => self.landed(len_bytes),
            Input::Discarded { len_bytes, .. } => self.discarded(len_bytes),
            Input::EndOfStream { conn } => {
                self.tell(Event::EndOfStream);
                let how = Ending::Flush;
                self.actions.push_back(Action::End { conn, how });
            }
            Input::Closed { why, .. } => {
                self.conn = None;
                self.tell(Event::Closed(why));
            }
            Input::Shutdown => self.actions.push_back(Action::Stop),
            Input::DialFailed { .. } | Input::Sent { .. } | Input::Tick | Input::Reload => {}
        }
    }

    fn completed(&mut self, _now: Instant, _done: Resume) {
        self.is_paused = false;
        self.actions.extend(self.conn.map(Action::Replan));
    }

    fn poll(&mut self) -> Option<Action<Infallible>> {
        self.actions.pop_front()
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn recv_plan(&mut self, conn: ConnId, plan: &mut RecvPlan) {
        let head = HEAD_LEN_BYTES;
        match self.next_span(conn) {
            None => return,
            Some(RecvSpan::Scratch { len_bytes }) => plan.scratch(len_bytes),
            Some(RecvSpan::Discard { len_bytes }) => {
                plan.discard(len_bytes);
                plan.scratch(head);
            }
            Some(RecvSpan::Block(range)) => {
                plan.block(range);
                plan.scratch(head);
            }
        }
        for number in &self.leased {
            if plan.room() < 2 {
                break;
            }
            plan.block(self.place.range(*number));
            plan.scratch(head);
        }
    }

    fn next_span(&self, _conn: ConnId) -> Option<RecvSpan> {
        if self.is_paused {
            return None;
        }
        Some(match self.expects {
            Expects::Head => RecvSpan::Scratch {
                len_bytes: HEAD_LEN_BYTES - self.head.len(),
            },
            Expects::Block {
                number,
                landed_bytes,
            } => RecvSpan::Block(self.place.range(number).after(landed_bytes)),
            Expects::Unwanted { left_bytes, .. } => RecvSpan::Discard {
                len_bytes: left_bytes as usize,
            },
        })
    }

    fn send_plan<'a>(&'a mut self, _conn: ConnId, _plan: &mut SendPlan<'a>) {}
}

/// A reactor with a taker that is paused until it is told otherwise, and a stream to it.
pub(crate) struct Taking {
    pub(crate) stream: std::net::TcpStream,
    events: Receiver<Event>,
    completions: Completions<Resume>,
    remote: Remote,
    thread: JoinHandle<Stats>,
}

/// Starts one that holds the leases of all blocks.
pub(crate) fn take_into(place: &Place) -> Taking {
    let port = TcpPort::bind(loopback()).unwrap();
    let address = port.local_address();
    let (tell, events) = channel();
    let (hand_over, handed_over) = channel();
    let place = place.clone();
    let thread = std::thread::spawn(move || {
        let mut taker = Taker {
            leased: (0..place.block_count).collect(),
            place: place.clone(),
            conn: None,
            head: Vec::new(),
            expects: Expects::Head,
            is_paused: true,
            events: tell,
            actions: VecDeque::new(),
        };
        let mut reactor = Reactor::new().unwrap();
        let submit = |job, _: &Completions<Resume>| match job {};
        let (plugin, completions) = reactor.plug_with_places(&mut taker, place, submit);
        reactor.listen(plugin, ListenerId(0), port).unwrap();
        hand_over.send((reactor.remote(), completions)).unwrap();
        reactor.run().unwrap();
        reactor.stats()
    });
    let (remote, completions) = handed_over.recv_timeout(PATIENCE).unwrap();
    let taking = Taking {
        stream: connect(address),
        events,
        completions,
        remote,
        thread,
    };
    assert!(matches!(taking.event(), Event::Opened(_)));
    taking
}

impl Taking {
    pub(crate) fn resume(&self) {
        self.completions.send(Resume).unwrap();
    }

    pub(crate) fn event(&self) -> Event {
        self.events
            .recv_timeout(PATIENCE)
            .expect("an event in time")
    }

    pub(crate) fn expect(&self, events: &[Event]) {
        for event in events {
            assert_eq!(self.event(), *event);
        }
    }

    pub(crate) fn finish(self) -> Stats {
        self.remote.shut_down();
        self.thread.join().unwrap()
    }
}

/// A message without a block.
pub(crate) fn message(letter: u8, number: u32) -> Vec<u8> {
    let mut bytes = vec![letter];
    bytes.extend(number.to_be_bytes());
    bytes
}

/// A message with its block.
pub(crate) fn block(place: &Place, number: u32) -> Vec<u8> {
    [message(b'b', number), place.content(number)].concat()
}
