//! One connection gets its turn: what the plans ask for, until the socket has no more to give or
//! take, the core wants no more, or the others have waited long enough.

use std::io;

use super::conns::Connection;
use super::net::{Net, Plug};
use super::ready::Source;
use crate::base::limits::{CONN_TURN_BYTES_MAX, CONN_TURN_ROUNDS_MAX};
use crate::base::{CloseReason, ConnId};

/// What one step did to a connection.
pub(super) enum Step {
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

    pub(super) fn take_error(
        &mut self,
        id: ConnId,
        error: &io::Error,
        wait: impl FnOnce(&mut Connection),
    ) -> Step {
        match error.kind() {
            io::ErrorKind::Interrupted => Step::Moved(0),
            io::ErrorKind::WouldBlock => {
                if let Some(conn) = self.conns.get(id) {
                    wait(conn);
                }
                Step::Waits
            }
            _ => {
                self.close(id, reason(error));
                Step::Gone
            }
        }
    }

    pub(super) fn place_is_gone(&mut self, id: ConnId) -> Step {
        self.close(id, CloseReason::PlaceGone);
        Step::Gone
    }
}

fn reason(error: &io::Error) -> CloseReason {
    // So the kernel tells that a file ends before the place that is mapped from it, or that its
    // disk is full. What was to be received stays in the socket.
    if error.raw_os_error() == Some(libc::EFAULT) {
        return CloseReason::PlaceGone;
    }
    match error.kind() {
        io::ErrorKind::TimedOut
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown => CloseReason::Unreachable,
        _ => CloseReason::Reset,
    }
}
