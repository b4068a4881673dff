//! Cores of different types behind one face: what is special about each, its jobs and what comes
//! back of them, is settled here.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};

use super::wake::Alarm;
use crate::base::limits::COMPLETIONS_WAITING_MAX;
use crate::base::{
    Action, ConnId, Core, DatagramBatch, Input, Instant, RecvPlan, RecvSpan, SendPlan, SocketId,
};

/// A core as the loop sees it: without jobs.
pub(super) trait Hosted {
    fn handle(&mut self, now: Instant, input: Input<'_>);
    fn datagrams(
        &mut self,
        now: Instant,
        socket: SocketId,
        received: &DatagramBatch,
        replies: &mut DatagramBatch,
    );
    /// Hands over one thing that came from outside the thread; false where there is none.
    fn take_completed(&mut self, now: Instant) -> bool;
    fn poll(&mut self) -> Option<Action<Infallible>>;
    fn deadline(&self) -> Option<Instant>;
    fn recv_plan(&mut self, conn: ConnId, plan: &mut RecvPlan);
    fn next_span(&self, conn: ConnId) -> Option<RecvSpan>;
    fn send_plan<'a>(&'a mut self, conn: ConnId, plan: &mut SendPlan<'a>);
}

pub(super) struct Plugged<'c, C: Core, S> {
    core: &'c mut C,
    submit: S,
    completions: Completions<C::Done>,
    completed: Receiver<C::Done>,
}

impl<'c, C: Core, S: FnMut(C::Job, &Completions<C::Done>)> Plugged<'c, C, S> {
    pub(super) fn new(core: &'c mut C, submit: S, alarm: Arc<Alarm>) -> Self {
        let (sender, completed) = std::sync::mpsc::sync_channel(COMPLETIONS_WAITING_MAX);
        Self {
            core,
            submit,
            completions: Completions { sender, alarm },
            completed,
        }
    }

    pub(super) fn completions(&self) -> Completions<C::Done> {
        self.completions.clone()
    }
}

impl<C: Core, S: FnMut(C::Job, &Completions<C::Done>)> Hosted for Plugged<'_, C, S> {
    fn handle(&mut self, now: Instant, input: Input<'_>) {
        self.core.handle(now, input);
    }

    fn datagrams(
        &mut self,
        now: Instant,
        socket: SocketId,
        received: &DatagramBatch,
        replies: &mut DatagramBatch,
    ) {
        self.core.datagrams(now, socket, received, replies);
    }

    fn take_completed(&mut self, now: Instant) -> bool {
        match self.completed.try_recv() {
            Ok(done) => {
                self.core.completed(now, done);
                true
            }
            Err(_) => false,
        }
    }

    fn poll(&mut self) -> Option<Action<Infallible>> {
        loop {
            match self.core.poll()?.into_job() {
                Ok(job) => (self.submit)(job, &self.completions),
                Err(action) => return Some(action),
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.core.deadline()
    }

    fn recv_plan(&mut self, conn: ConnId, plan: &mut RecvPlan) {
        self.core.recv_plan(conn, plan);
    }

    fn next_span(&self, conn: ConnId) -> Option<RecvSpan> {
        self.core.next_span(conn)
    }

    fn send_plan<'a>(&'a mut self, conn: ConnId, plan: &mut SendPlan<'a>) {
        self.core.send_plan(conn, plan);
    }
}

/// The way from other threads to a core: finished jobs, and whatever else its `Done` can say.
pub struct Completions<D> {
    sender: SyncSender<D>,
    alarm: Arc<Alarm>,
}

impl<D> Completions<D> {
    /// Hands it to the core, and waits where too many are on their way already: so never call it
    /// on the reactor's own thread. Gives it back where the reactor has ended.
    pub fn send(&self, done: D) -> Result<(), D> {
        self.sender.send(done).map_err(|error| error.0)?;
        self.alarm.ring();
        Ok(())
    }
}

impl<D> Clone for Completions<D> {
    fn clone(&self) -> Self {
        Self {
            sender: self.sender.clone(),
            alarm: Arc::clone(&self.alarm),
        }
    }
}

impl<D> fmt::Debug for Completions<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Completions").finish_non_exhaustive()
    }
}
