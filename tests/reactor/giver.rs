//! A core that sends the blocks of a place to whoever comes, each behind a head of five bytes, and
//! closes.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use mt::base::{
    Action, CloseReason, ConnId, Core, Ending, Input, Instant, ListenerId, RecvPlan, SendPlan,
};
use mt::reactor::{Completions, Reactor, Remote, Stats, TcpPort};

use crate::harness::{PATIENCE, connect, loopback};
use crate::places::Place;
use crate::taker::message;

pub(crate) struct Giver {
    place: Place,
    heads: Vec<Vec<u8>>,
    sent_bytes: usize,
    planned_bytes: usize,
    short_writes: usize,
    closed: Sender<CloseReason>,
    actions: VecDeque<Action<Infallible>>,
}

impl Core for Giver {
    type Job = Infallible;
    type Done = Infallible;

    fn handle(&mut self, _now: Instant, input: Input<'_>) {
        match input {
            Input::Opened { conn, .. } => {
                let how = Ending::Flush;
                self.actions.push_back(Action::End { conn, how });
            }
            Input::Sent { len_bytes, .. } => {
                self.sent_bytes += len_bytes;
                self.short_writes += usize::from(len_bytes < self.planned_bytes);
            }
            Input::Closed { why, .. } => self.closed.send(why).unwrap(),
            Input::Shutdown => self.actions.push_back(Action::Stop),
            _ => {}
        }
    }

    fn completed(&mut self, _now: Instant, done: Infallible) {
        match done {}
    }

    fn poll(&mut self) -> Option<Action<Infallible>> {
        self.actions.pop_front()
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn recv_plan(&mut self, _conn: ConnId, _plan: &mut RecvPlan) {}

    fn send_plan<'a>(&'a mut self, _conn: ConnId, plan: &mut SendPlan<'a>) {
        let mut skipped_bytes = self.sent_bytes;
        for (number, head) in (0..).zip(&self.heads) {
            let range = self.place.range(number);
            let head_skipped = skipped_bytes.min(head.len());
            skipped_bytes -= head_skipped;
            let block_skipped = skipped_bytes.min(range.len_bytes as usize);
            skipped_bytes -= block_skipped;
            let has_room = plan.bytes(&head[head_skipped..])
                && plan.region(range.after(u32::try_from(block_skipped).unwrap()));
            if !has_room {
                break;
            }
        }
        self.planned_bytes = plan.len_bytes();
    }
}

pub(crate) struct Giving {
    pub(crate) stream: std::net::TcpStream,
    closed: Receiver<CloseReason>,
    remote: Remote,
    thread: JoinHandle<(Stats, usize)>,
}

pub(crate) fn give_from(place: &Place) -> Giving {
    let port = TcpPort::bind(loopback()).unwrap();
    let address = port.local_address();
    let (tell, closed) = channel();
    let (hand_over, handed_over) = channel();
    let place = place.clone();
    let thread = std::thread::spawn(move || {
        let mut giver = Giver {
            heads: (0..place.block_count).map(|it| message(b'b', it)).collect(),
            place: place.clone(),
            sent_bytes: 0,
            planned_bytes: 0,
            short_writes: 0,
            closed: tell,
            actions: VecDeque::new(),
        };
        let mut reactor = Reactor::new().unwrap();
        let submit = |job, _: &Completions<Infallible>| match job {};
        let (plugin, _) = reactor.plug_with_places(&mut giver, place, submit);
        reactor.listen(plugin, ListenerId(0), port).unwrap();
        hand_over.send(reactor.remote()).unwrap();
        reactor.run().unwrap();
        let stats = reactor.stats();
        drop(reactor);
        (stats, giver.short_writes)
    });
    let remote = handed_over.recv_timeout(PATIENCE).unwrap();
    Giving {
        stream: connect(address),
        closed,
        remote,
        thread,
    }
}

impl Giving {
    pub(crate) fn closed(&self) -> CloseReason {
        self.closed
            .recv_timeout(PATIENCE)
            .expect("a closing in time")
    }

    /// The figures of the reactor, and how often the kernel took less than was planned.
    pub(crate) fn finish(self) -> (Stats, usize) {
        self.remote.shut_down();
        self.thread.join().unwrap()
    }
}
