//! Cores of different types behind one face, each with the pool that does its jobs.

use std::convert::Infallible;
use std::fmt;

use crate::base::{
    Action, ConnId, Core, DatagramBatch, Input, Instant, PlaceRange, RecvPlan, RecvSpan, SendPart,
    SendPlan, SocketId,
};

/// A place is not there, or does not reach that far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PlaceGone;

/// What does a core's jobs and holds its places, on virtual time.
pub(super) trait Pool<C: Core>: fmt::Debug {
    fn submit(&mut self, now: Instant, job: C::Job);

    /// When the next job is done.
    fn next_done_at(&self) -> Option<Instant>;

    /// A job that is done by now.
    fn take_done(&mut self, now: Instant) -> Option<C::Done>;

    /// Appends bytes of a place.
    fn read(&self, range: PlaceRange, out: &mut Vec<u8>) -> Result<(), PlaceGone>;

    /// Puts what was received into a place.
    fn write(&mut self, range: PlaceRange, bytes: &[u8]) -> Result<(), PlaceGone>;
}

/// For cores that submit nothing and name no place.
#[derive(Clone, Copy, Debug)]
pub(super) struct NoPool;

impl<C: Core> Pool<C> for NoPool {
    fn submit(&mut self, _now: Instant, _job: C::Job) {
        unreachable!("this core was set up to have no jobs");
    }

    fn next_done_at(&self) -> Option<Instant> {
        None
    }

    fn take_done(&mut self, _now: Instant) -> Option<C::Done> {
        None
    }

    fn read(&self, _range: PlaceRange, _out: &mut Vec<u8>) -> Result<(), PlaceGone> {
        Err(PlaceGone)
    }

    fn write(&mut self, _range: PlaceRange, _bytes: &[u8]) -> Result<(), PlaceGone> {
        Err(PlaceGone)
    }
}

/// A core as its machine sees it: without jobs.
pub(super) trait Hosted: fmt::Debug {
    fn handle(&mut self, now: Instant, input: Input<'_>);
    fn datagrams(
        &mut self,
        now: Instant,
        socket: SocketId,
        received: &DatagramBatch,
        replies: &mut DatagramBatch,
    );
    /// Hands over one job that is done; false where there is none.
    fn take_done(&mut self, now: Instant) -> bool;
    fn poll(&mut self, now: Instant) -> Option<Action<Infallible>>;
    /// When the core wants a tick.
    fn deadline(&self) -> Option<Instant>;
    fn next_done_at(&self) -> Option<Instant>;
    fn recv_plan(&mut self, conn: ConnId, plan: &mut RecvPlan);
    fn next_span(&self, conn: ConnId) -> Option<RecvSpan>;
    /// Appends the front of the send plan, as much as there is room for; says how long the whole
    /// plan is.
    fn gather(
        &mut self,
        conn: ConnId,
        room_bytes: usize,
        out: &mut Vec<u8>,
    ) -> Result<usize, PlaceGone>;
    fn land(&mut self, range: PlaceRange, bytes: &[u8]) -> Result<(), PlaceGone>;
}

#[derive(Debug)]
pub(super) struct Plugged<C, P> {
    pub(super) core: C,
    pub(super) pool: P,
}

impl<C: Core + fmt::Debug, P: Pool<C>> Hosted for Plugged<C, P> {
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

    fn take_done(&mut self, now: Instant) -> bool {
        match self.pool.take_done(now) {
            Some(done) => {
                self.core.completed(now, done);
                true
            }
            None => false,
        }
    }

    fn poll(&mut self, now: Instant) -> Option<Action<Infallible>> {
        loop {
            match self.core.poll()?.into_job() {
                Ok(job) => self.pool.submit(now, job),
                Err(action) => return Some(action),
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.core.deadline()
    }

    fn next_done_at(&self) -> Option<Instant> {
        self.pool.next_done_at()
    }

    fn recv_plan(&mut self, conn: ConnId, plan: &mut RecvPlan) {
        self.core.recv_plan(conn, plan);
    }

    fn next_span(&self, conn: ConnId) -> Option<RecvSpan> {
        self.core.next_span(conn)
    }

    fn gather(
        &mut self,
        conn: ConnId,
        room_bytes: usize,
        out: &mut Vec<u8>,
    ) -> Result<usize, PlaceGone> {
        let mut plan = SendPlan::new();
        self.core.send_plan(conn, &mut plan);
        let mut room_bytes = room_bytes;
        for part in plan.parts() {
            let len_bytes = part.len_bytes().min(room_bytes);
            room_bytes -= len_bytes;
            match *part {
                SendPart::Bytes(bytes) => out.extend_from_slice(&bytes[..len_bytes]),
                SendPart::Region(range) => {
                    // Where a place is gone, that is told whether or not its turn came.
                    let whole = u32::try_from(len_bytes).unwrap_or(range.len_bytes);
                    let range = PlaceRange {
                        len_bytes: whole,
                        ..range
                    };
                    self.pool.read(range, out)?;
                }
            }
        }
        Ok(plan.len_bytes())
    }

    fn land(&mut self, range: PlaceRange, bytes: &[u8]) -> Result<(), PlaceGone> {
        self.pool.write(range, bytes)
    }
}
