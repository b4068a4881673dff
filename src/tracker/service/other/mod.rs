//! The service's connection to the other tracker of the pair: it is called, told, asked and watched.

mod exchange;
mod link;
mod report;

use std::net::{IpAddr, SocketAddr};

use super::{Job, Service};
use crate::base::{Action, ConnId, DialToken, Ending, Input, Instant, RecvPlan, SendPlan};
use crate::tracker::pair::Token;
use crate::tracker::server::Server;
use link::{Link, Order};

pub(super) use report::PairView;
pub use report::{PairReport, Standing, Trouble};

#[derive(Debug)]
pub(super) struct OtherTracker {
    link: Link,
    /// As whom it is called.
    own: Option<IpAddr>,
    /// What people were told last, and whether that is still on its way to them.
    reported: Standing,
    is_reporting: bool,
}

impl OtherTracker {
    fn new(address: SocketAddr, own: Option<IpAddr>) -> Self {
        Self {
            link: Link::new(address),
            own,
            reported: Standing::Calling,
            is_reporting: false,
        }
    }

    pub(super) fn is_on(&self, conn: ConnId) -> bool {
        self.link.conn() == Some(conn)
    }

    pub(super) fn view(&self, server: &mut Server) -> PairView {
        self.link.view(server)
    }

    pub(super) fn has_hung_up(&self) -> bool {
        self.link.conn().is_none()
    }

    pub(super) fn recv_plan(&self, plan: &mut RecvPlan) {
        plan.scratch(self.link.room_bytes());
    }

    pub(super) fn send_plan<'a>(&'a self, plan: &mut SendPlan<'a>) {
        plan.bytes(self.link.unsent());
    }

    pub(super) fn reported(&mut self) {
        self.is_reporting = false;
    }

    /// One at a time: a log that hangs must not fill the memory.
    fn next_report(&mut self) -> Option<PairReport> {
        let report = self.link.report();
        let is_news = report.standing != self.reported && report.standing != Standing::Calling;
        if self.is_reporting || !is_news {
            return None;
        }
        self.reported = report.standing;
        self.is_reporting = true;
        Some(report)
    }
}

impl Service {
    /// From now on, this one and the one that listens at `address` tell each other of their announces.
    /// Where that one knows this one by `own`, it is called from there: so it can tell us from
    /// strangers before it knows us. The token is random, and drawn anew by each process.
    pub fn pair_with(&mut self, address: SocketAddr, own: Option<IpAddr>, own_token: Token) {
        self.server.pair_with_other(address.ip(), own_token);
        self.other = Some(OtherTracker::new(address, own));
    }

    /// How it stands with the pair, as JSON; `null` without one.
    pub fn pair_json(&mut self) -> serde_json::Value {
        let view = self
            .other
            .as_ref()
            .map(|other| other.view(&mut self.server));
        view.map_or(serde_json::Value::Null, |view| view.json())
    }

    /// Whether it happened on the connection to the other tracker, or to a call that did not lead to one.
    pub(super) fn is_about_other(&self, input: &Input<'_>) -> bool {
        let Some(other) = &self.other else {
            return false;
        };
        match *input {
            Input::Received { conn, .. }
            | Input::Sent { conn, .. }
            | Input::EndOfStream { conn }
            | Input::Closed { conn, .. } => other.is_on(conn),
            Input::DialFailed { .. } => true,
            _ => false,
        }
    }

    /// A call went through; it is ended where nobody waits for it any more.
    pub(super) fn other_answers(&mut self, now: Instant, token: DialToken, conn: ConnId) {
        let is_stopping = self.is_stopping();
        let is_awaited = self
            .other
            .as_mut()
            .is_some_and(|other| !is_stopping && other.link.connected(now, token, conn));
        if !is_awaited {
            let how = Ending::Now;
            self.actions.push_back(Action::End { conn, how });
        }
    }

    /// Something happened on the connection to the other tracker.
    pub(super) fn other_input(&mut self, now: Instant, input: &Input<'_>) {
        let Some(OtherTracker { link, .. }) = &mut self.other else {
            return;
        };
        let server = &mut self.server;
        let order = match *input {
            Input::Received { bytes, .. } => link.received(now, server, bytes),
            Input::Sent { len_bytes, .. } => {
                link.sent(len_bytes);
                None
            }
            Input::EndOfStream { .. } => link.give_up(server, Trouble::Ended),
            Input::Closed { why, .. } => {
                link.closed(now, server, Trouble::Lost(why));
                None
            }
            Input::DialFailed { token, why } => {
                link.dial_failed(now, token, why);
                None
            }
            _ => None,
        };
        self.carry_out(order);
    }

    /// Tells the other tracker what there is to tell, and people what has changed about it.
    pub(super) fn talk_to_other(&mut self, now: Instant) {
        let is_stopping = self.is_stopping();
        let Some(other) = self.other.as_mut().filter(|_| !is_stopping) else {
            return;
        };
        let order = other.link.drive(now, &mut self.server);
        let report = other.next_report();
        self.actions
            .extend(report.map(|report| Action::Submit(Job::Report(report))));
        self.carry_out(order);
    }

    pub(super) fn take_leave_of_other(&mut self, now: Instant) {
        self.talk_to_other(now);
        let conn = self
            .other
            .as_mut()
            .and_then(|other| other.link.shut_down(now));
        let how = Ending::Flush;
        self.actions
            .extend(conn.map(|conn| Action::End { conn, how }));
    }

    /// A farewell that is not taken is not waited for.
    pub(super) fn hurry_other(&mut self, now: Instant) {
        let late = self.other.iter().filter(|other| other.link.is_late(now));
        let conn = late.filter_map(|other| other.link.conn()).next();
        if self.is_stopping() {
            self.carry_out(conn.map(Order::HangUp));
        }
    }

    fn carry_out(&mut self, order: Option<Order>) {
        let Some(OtherTracker { link, own, .. }) = &self.other else {
            return;
        };
        let (from, to) = (*own, link.report().address);
        self.actions.extend(order.map(|order| match order {
            Order::Dial { token, give_up_at } => Action::Dial {
                token,
                from,
                to,
                give_up_at,
            },
            Order::Send(conn) => Action::Replan(conn),
            Order::HangUp(conn) => Action::End {
                conn,
                how: Ending::Now,
            },
        }));
    }
}
