//! One connection gets its turn: what the plans ask for, until the socket has no more to give or
//! take, the core wants no more, or the others have waited long enough.

use std::io::{self, Read as _, Write as _};

use super::conns::Phase;
use super::net::{Net, Plug};
use super::ready::Source;
use crate::base::limits::{CONN_TURN_BYTES_MAX, CONN_TURN_ROUNDS_MAX};
use crate::base::{CloseReason, ConnId, Ending, Input, RecvSpan, SendPlan};

/// How often what a peer still sends is thrown away before its connection is closed.
const CLOSING_READS_MAX: usize = 16;

/// What one step did to a connection.
enum Step {
    /// This many bytes moved, or the stream ended.
    Moved(usize),
    /// Nothing can be done before the kernel or the core says so.
    Waits,
    Gone,
}

impl Net {
    pub(super) fn drive_conn(&mut self, plug: &mut Plug<'_>, id: ConnId) {
        let mut budget_bytes = CONN_TURN_BYTES_MAX;
        for _ in 0..CONN_TURN_ROUNDS_MAX {
            let mut has_moved = false;
            for step in [Self::send_some, Self::receive_some] {
                match step(self, plug, id) {
                    Step::Moved(len_bytes) => {
                        has_moved = true;
                        budget_bytes = budget_bytes.saturating_sub(len_bytes);
                        self.settle(plug);
                    }
                    Step::Waits => {}
                    Step::Gone => {
                        self.settle(plug);
                        return;
                    }
                }
            }
            if !has_moved {
                self.leave_waiting(plug, id);
                return;
            }
            if budget_bytes == 0 {
                break;
            }
        }
        if self.conns.get(id).is_some() {
            self.counters.budgets_spent += 1;
            self.ready.push_back(Source::Conn(id));
        }
    }

    /// The kernel or the core brings it back.
    fn leave_waiting(&mut self, plug: &mut Plug<'_>, id: ConnId) {
        let registry = self.poll.registry();
        let Some(conn) = self.conns.get(id) else {
            return;
        };
        conn.is_queued = false;
        if conn.watch(registry, id.slot()).is_err() {
            // The kernel cannot watch it, so nobody would ever serve it.
            self.close(id, CloseReason::Unreachable);
            self.settle(plug);
        }
    }

    fn send_some(&mut self, plug: &mut Plug<'_>, id: ConnId) -> Step {
        let Some(conn) = self.conns.get(id) else {
            return Step::Gone;
        };
        if conn.is_write_shut {
            return self.all_is_sent(id);
        }
        if !conn.is_writable {
            return Step::Waits;
        }
        let mut plan = SendPlan::new();
        plug.hosted.send_plan(id, &mut plan);
        let planned_bytes = plan.len_bytes();
        if planned_bytes == 0 {
            return self.all_is_sent(id);
        }
        let mut slices = [std::io::IoSlice::new(&[]); crate::base::limits::SEND_PLAN_PARTS_MAX];
        let mut count = 0;
        for part in plan.parts() {
            if let crate::base::SendPart::Bytes(bytes) = part {
                slices[count] = std::io::IoSlice::new(bytes);
                count += 1;
            }
        }
        let written = conn.stream.write_vectored(&slices[..count]);
        match written {
            Ok(len_bytes) => {
                // After a short write the kernel tells when there is room again.
                conn.is_writable = len_bytes == planned_bytes;
                self.counters.sent_bytes += len_bytes as u64;
                let input = Input::Sent {
                    conn: id,
                    len_bytes,
                };
                plug.hosted.handle(self.now, input);
                Step::Moved(len_bytes)
            }
            Err(error) => self.take_error(id, &error, |conn| conn.is_writable = false),
        }
    }

    /// The core has nothing to send, which is what an ending waits for.
    fn all_is_sent(&mut self, id: ConnId) -> Step {
        let Some(conn) = self.conns.get(id) else {
            return Step::Gone;
        };
        match conn.phase {
            Phase::Ending(Ending::HalfClose) => {
                conn.shut_write();
                conn.phase = Phase::Open;
                Step::Waits
            }
            Phase::Ending(Ending::Flush | Ending::Now) => {
                self.throw_away_rest(id);
                self.close(id, CloseReason::Ended);
                Step::Gone
            }
            Phase::Open | Phase::Dialling { .. } => Step::Waits,
        }
    }

    /// A socket that is closed with bytes unread resets the connection, and the reset may overtake
    /// what was just sent.
    fn throw_away_rest(&mut self, id: ConnId) {
        for _ in 0..CLOSING_READS_MAX {
            let Some(conn) = self.conns.get(id) else {
                return;
            };
            if !conn.is_readable || conn.is_read_to_end {
                return;
            }
            match conn.stream.read(&mut self.scratch) {
                Ok(len_bytes) => conn.is_readable = len_bytes == self.scratch.len(),
                Err(_) => return,
            }
        }
    }

    fn receive_some(&mut self, plug: &mut Plug<'_>, id: ConnId) -> Step {
        let Some(conn) = self.conns.get(id) else {
            return Step::Gone;
        };
        let is_flushing = matches!(conn.phase, Phase::Ending(Ending::Flush));
        if !conn.is_readable || conn.is_read_to_end || is_flushing {
            return Step::Waits;
        }
        self.recv_plan.clear();
        plug.hosted.recv_plan(id, &mut self.recv_plan);
        let wanted_bytes = self.recv_plan.len_bytes().min(self.scratch.len());
        if wanted_bytes == 0 {
            return self.pause(id);
        }
        match conn.stream.read(&mut self.scratch[..wanted_bytes]) {
            Ok(0) => {
                conn.is_read_to_end = true;
                plug.hosted
                    .handle(self.now, Input::EndOfStream { conn: id });
                Step::Moved(0)
            }
            Ok(len_bytes) => {
                // A short read took all there was. What comes later, the end included, is
                // reported anew; an end that was reported already is not.
                conn.is_readable = len_bytes == wanted_bytes || conn.is_ending;
                self.counters.received_bytes += len_bytes as u64;
                self.deliver(plug, id, len_bytes);
                Step::Moved(len_bytes)
            }
            Err(error) => self.take_error(id, &error, |conn| conn.is_readable = false),
        }
    }

    /// A paused connection reads nothing, so an error would stay unseen.
    fn pause(&mut self, id: ConnId) -> Step {
        match self.conns.get(id) {
            Some(conn) if conn.has_failed => {
                self.close(id, CloseReason::Reset);
                Step::Gone
            }
            Some(_) => Step::Waits,
            None => Step::Gone,
        }
    }

    /// Gives the first bytes of the scratch to the spans of the plan.
    fn deliver(&mut self, plug: &mut Plug<'_>, conn: ConnId, len_bytes: usize) {
        let mut rest = &self.scratch[..len_bytes];
        for span in self.recv_plan.spans() {
            let (bytes, after) = rest.split_at(span.len_bytes().min(rest.len()));
            rest = after;
            if bytes.is_empty() {
                break;
            }
            let input = match span {
                RecvSpan::Scratch { .. } => Input::Received { conn, bytes },
                RecvSpan::Discard { .. } => Input::Discarded {
                    conn,
                    len_bytes: bytes.len(),
                },
                RecvSpan::Block(_) => Input::Landed {
                    conn,
                    len_bytes: bytes.len(),
                },
            };
            plug.hosted.handle(self.now, input);
        }
    }

    fn take_error(
        &mut self,
        id: ConnId,
        error: &io::Error,
        wait: impl FnOnce(&mut super::conns::Connection),
    ) -> Step {
        match error.kind() {
            io::ErrorKind::Interrupted => Step::Moved(0),
            io::ErrorKind::WouldBlock => {
                if let Some(conn) = self.conns.get(id) {
                    wait(conn);
                }
                Step::Waits
            }
            kind => {
                self.close(id, reason(kind));
                Step::Gone
            }
        }
    }
}

fn reason(kind: io::ErrorKind) -> CloseReason {
    match kind {
        io::ErrorKind::TimedOut
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown => CloseReason::Unreachable,
        _ => CloseReason::Reset,
    }
}
