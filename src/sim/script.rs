//! A peer that says whatever a test makes it say: a core without protocol.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use crate::base::{
    Action, ConnId, ConnMap, Core, DialToken, Ending, Input, Instant, Origin, RecvPlan, SendPlan,
};

/// How many bytes a script is told of at once.
const STEP_BYTES: usize = 64 << 10;

/// What a script is told.
#[derive(Clone, Copy, Debug)]
pub enum Heard<'a> {
    /// It runs: the time to dial somebody.
    Begins,
    Opened {
        is_dialled: bool,
    },
    Bytes(&'a [u8]),
    Closed,
    /// Time has passed.
    Tick,
}

/// What a script does about it.
#[derive(Debug, Default)]
pub struct Reply {
    /// Said on the connection that it heard from, or on all at a tick.
    pub say: Vec<u8>,
    pub ends: bool,
    /// It reads no more.
    pub is_deaf: bool,
    pub dial: Vec<SocketAddr>,
}

/// What a script is: it is asked with the time and the connection.
pub type Script = Box<dyn FnMut(Instant, Option<ConnId>, Heard<'_>, &mut Reply)>;

#[derive(Debug, Default)]
struct Talk {
    unsent: VecDeque<u8>,
    is_deaf: bool,
}

pub struct ScriptedPeer {
    script: Script,
    tick: Duration,
    next_tick: Instant,
    has_begun: bool,
    conns: ConnMap<Talk>,
    actions: VecDeque<Action<Infallible>>,
    dials: u64,
}

impl ScriptedPeer {
    pub fn new(tick: Duration, script: Script) -> Self {
        Self {
            script,
            tick,
            next_tick: Instant::ZERO,
            has_begun: false,
            conns: ConnMap::new(),
            actions: VecDeque::new(),
            dials: 0,
        }
    }

    fn hear(&mut self, now: Instant, conn: Option<ConnId>, heard: Heard<'_>) {
        let mut reply = Reply::default();
        (self.script)(now, conn, heard, &mut reply);
        for to in reply.dial {
            self.dials += 1;
            self.actions.push_back(Action::Dial {
                token: DialToken(self.dials),
                from: None,
                to,
                give_up_at: now + Duration::from_secs(5),
            });
        }
        let all: Vec<ConnId> = match conn {
            Some(conn) => vec![conn],
            None => self.conns.iter().map(|(conn, _)| conn).collect(),
        };
        for conn in all {
            let Some(talk) = self.conns.get_mut(conn) else {
                continue;
            };
            talk.unsent.extend(&reply.say);
            talk.is_deaf |= reply.is_deaf;
            if !reply.say.is_empty() {
                self.actions.push_back(Action::Replan(conn));
            }
            if reply.ends {
                let how = Ending::Flush;
                self.actions.push_back(Action::End { conn, how });
            }
        }
    }
}

impl fmt::Debug for ScriptedPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedPeer").finish_non_exhaustive()
    }
}

impl Core for ScriptedPeer {
    type Job = Infallible;
    type Done = Infallible;

    fn handle(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Opened { conn, origin, .. } => {
                self.conns.insert(conn, Talk::default());
                let is_dialled = matches!(origin, Origin::Dial(_));
                self.hear(now, Some(conn), Heard::Opened { is_dialled });
            }
            Input::Received { conn, bytes } => self.hear(now, Some(conn), Heard::Bytes(bytes)),
            Input::Sent { conn, len_bytes } => {
                if let Some(talk) = self.conns.get_mut(conn) {
                    talk.unsent.drain(..len_bytes);
                }
            }
            Input::EndOfStream { conn } => {
                let how = Ending::Now;
                self.actions.push_back(Action::End { conn, how });
            }
            Input::Closed { conn, .. } => {
                self.conns.remove(conn);
                self.hear(now, Some(conn), Heard::Closed);
            }
            Input::Tick => {
                self.next_tick = now + self.tick;
                if !std::mem::replace(&mut self.has_begun, true) {
                    self.hear(now, None, Heard::Begins);
                }
                self.hear(now, None, Heard::Tick);
            }
            Input::Shutdown => self.actions.push_back(Action::Stop),
            Input::DialFailed { .. }
            | Input::Discarded { .. }
            | Input::Landed { .. }
            | Input::Reload => {}
        }
    }

    fn completed(&mut self, _now: Instant, done: Infallible) {
        match done {}
    }

    fn poll(&mut self) -> Option<Action<Infallible>> {
        self.actions.pop_front()
    }

    fn deadline(&self) -> Option<Instant> {
        Some(self.next_tick)
    }

    fn recv_plan(&mut self, conn: ConnId, plan: &mut RecvPlan) {
        if self.conns.get(conn).is_some_and(|talk| !talk.is_deaf) {
            plan.scratch(STEP_BYTES);
        }
    }

    fn send_plan<'a>(&'a mut self, conn: ConnId, plan: &mut SendPlan<'a>) {
        if let Some(talk) = self.conns.get(conn) {
            let (first, second) = talk.unsent.as_slices();
            plan.bytes(first);
            plan.bytes(second);
        }
    }
}
