//! What a connection sends, and how its sending comes to an end.

use std::io::{Read as _, Write as _};

use super::conns::Phase;
use super::drive::Step;
use super::iovecs::{PlaceGone, Sources};
use super::net::{Net, Plug};
use crate::base::{CloseReason, ConnId, Ending, Input, SendPart, SendPlan};

/// How often what a peer still sends is thrown away before its connection is closed.
const CLOSING_READS_MAX: usize = 16;

impl Net {
    pub(super) fn send_some(&mut self, plug: &mut Plug<'_>, id: ConnId) -> Step {
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
        let sent = match plan.parts() {
            [] => return self.all_is_sent(id),
            [SendPart::Bytes(bytes)] => conn.stream.write(bytes),
            parts => match Sources::lay_out(parts, plug.memory.as_ref()) {
                Ok(sources) => sources.send(&conn.stream),
                Err(PlaceGone) => return self.place_is_gone(id),
            },
        };
        match sent {
            Ok(len_bytes) => {
                // After a short write the kernel tells when there is room again; but where what
                // cut it short is a place that ends too early, only the next write tells.
                let may_have_met_a_hole = plan.parts().iter().any(is_region);
                conn.is_writable = len_bytes == planned_bytes || may_have_met_a_hole;
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
}

const fn is_region(part: &SendPart<'_>) -> bool {
    matches!(part, SendPart::Region(_))
}
