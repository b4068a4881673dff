//! The tracker as a [`Core`]: connections, packets and time go in, replies and jobs come out.
//!
//! HTTP is answered straight from the bytes as they arrive; a connection owns a buffer only while a
//! request of it is incomplete or a reply has not left, so an idle one costs next to nothing. What
//! changes in the table goes to a journal, once a second and a bounded stretch at a time.

mod admin;
mod connection;
mod journal;
mod other;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use super::limiter::Connections;
use super::server::{Config, Server};
use super::state_file::Reader;
use super::table::ChangeQueue;
use crate::base::limits::STATE_CHANGES_QUEUED_MAX;
use crate::base::{
    Action, ConnId, ConnMap, Core, DatagramBatch, Ending, Input, Instant, ListenerId, Origin,
    RecvPlan, SendPlan, SocketId,
};
use connection::{Connection, Next, SHUTDOWN_TIMEOUT};
use journal::Journal;
use other::OtherTracker;

use admin::Shown;

pub use admin::HostFigures;
pub use journal::{JournalError, JournalJob};
pub use other::{PairReport, Standing, Trouble};

/// Connections from here are clients.
pub const PUBLIC: ListenerId = ListenerId(0);

/// Connections from here are the operator's.
pub const ADMIN: ListenerId = ListenerId(1);

const TICK: Duration = Duration::from_secs(1);

/// What is to be done outside of the reactor's thread.
#[derive(Debug)]
pub enum Job {
    Journal(JournalJob),
    /// Tell people how it stands with the other tracker.
    Report(PairReport),
    /// Read lists and settings again, and open the log afresh.
    Reload,
}

/// What came of a job.
#[derive(Debug)]
pub enum Done {
    Journal(Result<(), JournalError>),
    Reported,
    /// `None` where what was read is no good, and the old settings stay.
    Reloaded(Option<Box<Config>>),
}

/// What an operator decides of connections.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    pub per_address_max: u32,
    pub loopback_is_bounded: bool,
}

/// Reading lists and settings again: one at a time, whoever asks how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reload {
    NotAsked,
    UnderWay,
    /// What is under way may have read before somebody asked again.
    UnderWayAndAskedAgain,
}

#[derive(Debug)]
pub struct Service {
    server: Server,
    per_address: Connections,
    connections: ConnMap<Connection>,
    actions: VecDeque<Action<Job>>,
    journal: Option<Journal>,
    reload: Reload,
    /// The other tracker of the pair.
    other: Option<OtherTracker>,
    /// Changes that were read from the file of an earlier run.
    restored_changes: usize,
    /// Shown on the operator's pages.
    figures: Option<HostFigures>,
    /// Buffers of replies that were sent.
    spare: Vec<Vec<u8>>,
    tick_at: Instant,
    /// All is coming to an end, and nobody who does not read is waited for beyond this.
    stops_by: Option<Instant>,
    has_stopped: bool,
}

impl Service {
    pub fn new(server: Server, limits: ConnectionLimits) -> Self {
        Self {
            server,
            per_address: Connections::new(limits.per_address_max, limits.loopback_is_bounded),
            connections: ConnMap::new(),
            actions: VecDeque::new(),
            journal: None,
            reload: Reload::NotAsked,
            other: None,
            restored_changes: 0,
            figures: None,
            spare: Vec::new(),
            tick_at: Instant::ZERO,
            stops_by: None,
            has_stopped: false,
        }
    }

    /// Takes in a piece of what an earlier run wrote down; before anything else happens.
    pub fn restore(&mut self, reader: &mut Reader, piece: &[u8]) {
        let table = self.server.table();
        // A table that is full holds what it holds: the reader cannot help that.
        reader.read(piece, |change| {
            self.restored_changes += 1;
            table.restore(super::table::Time::default(), &change);
        });
    }

    /// From now on, changes become jobs for a writer. `replace_first` asks for a fresh file, where
    /// the one that is there is missing or could not be read whole.
    pub fn keep_journal(&mut self, replace_first: bool) {
        let queue = ChangeQueue::new(STATE_CHANGES_QUEUED_MAX);
        self.server.table().log_changes_to(queue);
        self.journal = Some(Journal::new(replace_first, self.restored_changes));
    }

    /// What the operator's pages show of the host.
    pub fn show_figures(&mut self, figures: HostFigures) {
        self.figures = Some(figures);
    }

    pub fn server(&mut self) -> &mut Server {
        &mut self.server
    }

    fn opened(&mut self, now: Instant, conn: ConnId, listener: ListenerId, remote: SocketAddr) {
        let is_admin = listener == ADMIN;
        let is_free = is_admin || self.server.is_proxy(remote.ip());
        let is_counted = !is_free && self.per_address.open(remote.ip());
        let connection = Connection::new(now, remote, is_admin, is_counted);
        self.connections.insert(conn, connection);
        if !(is_free || is_counted) || self.is_stopping() {
            self.end(conn, Ending::Now);
        }
    }

    fn received(&mut self, now: Instant, conn: ConnId, bytes: &[u8]) {
        let Some(connection) = self.connections.get_mut(conn) else {
            return;
        };
        let (server, spare) = (&mut self.server, &mut self.spare);
        let shown = Shown {
            figures: self.figures.as_ref(),
            other: self.other.as_ref(),
            journal: self.journal.as_ref(),
        };
        let next = connection.received(now, bytes, spare, |mut step| {
            if step.is_admin {
                admin::answer(now, server, shown, &mut step)
            } else {
                server.http(since_start(now), step.remote, step.received, step.out)
            }
        });
        if next == Next::End {
            self.end(conn, Ending::Flush);
        }
    }

    fn end(&mut self, conn: ConnId, how: Ending) {
        let connection = self.connections.get_mut(conn);
        if connection.is_some_and(|connection| connection.end(how)) {
            self.actions.push_back(Action::End { conn, how });
        }
    }

    fn tick(&mut self, now: Instant) {
        let end = self.stops_by.filter(|by| now < *by);
        self.tick_at = end.map_or(now + TICK, |by| by.min(now + TICK));
        self.server.tick(since_start(now));
        let expired = self
            .connections
            .iter()
            .filter(|(_, connection)| connection.expires_at <= now);
        let expired: Vec<ConnId> = expired.map(|(conn, _)| conn).collect();
        for conn in expired {
            self.end(conn, Ending::Now);
        }
        self.write_journal(now);
        self.hurry_other(now);
    }

    fn write_journal(&mut self, now: Instant) {
        if let Some(journal) = &mut self.journal {
            let job = journal.next_job(now, self.server.table(), self.stops_by.is_some());
            self.actions
                .extend(job.map(|job| Action::Submit(Job::Journal(job))));
        }
    }

    fn is_stopping(&self) -> bool {
        self.stops_by.is_some()
    }

    fn shut_down(&mut self, now: Instant) {
        self.take_leave_of_other(now);
        self.stops_by = Some(now + SHUTDOWN_TIMEOUT);
        for (conn, connection) in self.connections.iter_mut() {
            connection.hurry(now);
            if connection.end(Ending::Flush) {
                let how = Ending::Flush;
                self.actions.push_back(Action::End { conn, how });
            }
        }
        if let Some(journal) = &mut self.journal {
            journal.hurry();
        }
        self.write_journal(now);
    }

    fn stop_if_done(&mut self) {
        let is_written = match &mut self.journal {
            Some(journal) => journal.is_written(self.server.table()),
            None => true,
        };
        let has_hung_up = self.other.as_ref().is_none_or(OtherTracker::has_hung_up);
        let is_alone = self.connections.is_empty() && has_hung_up;
        if self.is_stopping() && !self.has_stopped && is_alone && is_written {
            self.has_stopped = true;
            self.actions.push_back(Action::Stop);
        }
    }
}

fn since_start(now: Instant) -> Duration {
    now.saturating_since(Instant::ZERO)
}

impl Core for Service {
    type Job = Job;
    type Done = Done;

    fn handle(&mut self, now: Instant, input: Input<'_>) {
        if self.is_about_other(&input) {
            self.other_input(now, &input);
        } else {
            self.client_input(now, &input);
        }
        self.follow_up(now);
    }

    fn completed(&mut self, now: Instant, done: Done) {
        match done {
            Done::Journal(result) => {
                if let Some(journal) = &mut self.journal {
                    journal.job_done(now, result);
                }
            }
            Done::Reported => {
                if let Some(other) = &mut self.other {
                    other.reported();
                }
            }
            Done::Reloaded(config) => self.reloaded(config),
        }
        self.follow_up(now);
    }

    fn datagrams(
        &mut self,
        now: Instant,
        _socket: SocketId,
        received: &DatagramBatch,
        replies: &mut DatagramBatch,
    ) {
        if self.is_stopping() {
            // What came now would be lost, or keep the journal from coming to its end.
            return;
        }
        self.server.udp_batch(since_start(now), received, replies);
        self.follow_up(now);
    }

    fn poll(&mut self) -> Option<Action<Job>> {
        self.actions.pop_front()
    }

    fn deadline(&self) -> Option<Instant> {
        Some(self.tick_at)
    }

    fn recv_plan(&mut self, conn: ConnId, plan: &mut RecvPlan) {
        if let Some(connection) = self.connections.get(conn) {
            plan.scratch(connection.room_bytes());
        } else if let Some(other) = self.other.as_ref().filter(|other| other.is_on(conn)) {
            other.recv_plan(plan);
        }
    }

    fn send_plan<'a>(&'a mut self, conn: ConnId, plan: &mut SendPlan<'a>) {
        if let Some(connection) = self.connections.get(conn) {
            plan.bytes(connection.unsent());
        } else if let Some(other) = self.other.as_ref().filter(|other| other.is_on(conn)) {
            other.send_plan(plan);
        }
    }
}

impl Service {
    fn client_input(&mut self, now: Instant, input: &Input<'_>) {
        match *input {
            Input::Opened {
                conn,
                origin: Origin::Dial(token),
                ..
            } => self.other_answers(now, token, conn),
            Input::Opened {
                conn,
                origin: Origin::Listener(listener),
                remote,
            } => self.opened(now, conn, listener, remote),
            Input::Received { conn, bytes } => self.received(now, conn, bytes),
            Input::Sent { conn, len_bytes } => {
                let connection = self.connections.get_mut(conn);
                let is_free = connection
                    .is_some_and(|connection| connection.sent(now, len_bytes, &mut self.spare));
                // Requests may have come in a row, and waited until there was room to answer them.
                if is_free {
                    self.received(now, conn, &[]);
                }
            }
            Input::EndOfStream { conn } => self.end(conn, Ending::Flush),
            Input::Closed { conn, .. } => {
                if let Some(connection) = self.connections.remove(conn)
                    && connection.is_counted
                {
                    self.per_address.close(connection.remote.ip());
                }
            }
            Input::Tick => self.tick(now),
            Input::Shutdown => self.shut_down(now),
            Input::Reload => self.reload(),
            Input::DialFailed { .. } | Input::Discarded { .. } | Input::Landed { .. } => {}
        }
    }

    /// What any input may have given reason for.
    fn follow_up(&mut self, now: Instant) {
        self.talk_to_other(now);
        self.write_journal_backlog(now);
        self.stop_if_done();
    }

    fn reload(&mut self) {
        self.reload = match self.reload {
            Reload::NotAsked => {
                self.actions.push_back(Action::Submit(Job::Reload));
                Reload::UnderWay
            }
            Reload::UnderWay | Reload::UnderWayAndAskedAgain => Reload::UnderWayAndAskedAgain,
        };
    }

    fn reloaded(&mut self, config: Option<Box<Config>>) {
        if let Some(config) = config {
            self.server.reconfigure(*config);
        }
        let was = std::mem::replace(&mut self.reload, Reload::NotAsked);
        if was == Reload::UnderWayAndAskedAgain {
            self.reload();
        }
    }

    /// Goes on at once where much is waiting; little waits for the next second.
    fn write_journal_backlog(&mut self, now: Instant) {
        let is_stopping = self.is_stopping();
        let is_urgent = match &mut self.journal {
            Some(journal) => is_stopping || journal.has_backlog(self.server.table()),
            None => false,
        };
        if is_urgent {
            self.write_journal(now);
        }
    }
}
