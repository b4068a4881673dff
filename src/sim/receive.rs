//! What a connection receives: straight into places, and, where a plan guessed wrong, taken out
//! again and given to the plans that the core makes then.

use super::hosted::{Hosted, PlaceGone};
use super::machine::{Machine, Step};
use super::network::{Network, Read};
use crate::base::limits::{RECV_MISPLACED_LEN_BYTES_MAX, RECV_SCRATCH_LEN_BYTES};
use crate::base::{CloseReason, ConnId, Ending, Input, Instant, RecvPlan, RecvSpan};

/// How often plans are held against each other: it takes long.
const OVERLAP_CHECK_ONE_IN: u32 = 16;

/// What was received for other spans than those that it goes to.
#[derive(Debug)]
pub(super) struct Misplaced(Vec<u8>);

/// Bytes of a stream that the core has not heard of.
struct Arrivals<'a> {
    bytes: &'a [u8],
    /// They are in their places already, if the plan guessed right.
    are_landed: bool,
}

impl Machine {
    pub(super) fn receive_some(&mut self, net: &mut Network, id: ConnId) -> Step {
        let Some(conn) = self.conn(id) else {
            return Step::Gone;
        };
        let has_misplaced = conn.misplaced.is_some();
        let has_more = has_misplaced || conn.is_readable && !conn.is_read_to_end;
        if !has_more || conn.ending == Some(Ending::Flush) {
            return Step::Waits;
        }
        let end = conn.end;
        self.recv_plan.clear();
        self.hosted.recv_plan(id, &mut self.recv_plan);
        if self.recv_plan.spans().is_empty() {
            if net.is_reset(end) {
                self.close(net, id, CloseReason::Reset);
                return Step::Gone;
            }
            return Step::Waits;
        }
        let step = if has_misplaced {
            self.replay(net, id)
        } else {
            self.receive(net, id)
        };
        step.unwrap_or_else(|PlaceGone| {
            self.close(net, id, CloseReason::PlaceGone);
            Step::Gone
        })
    }

    /// Reads once, for as many spans of the plan as one call can fill.
    fn receive(&mut self, net: &mut Network, id: ConnId) -> Result<Step, PlaceGone> {
        let spans = self.recv_plan.spans().to_vec();
        let wanted_bytes = readable_bytes(&spans);
        let Some(conn) = self.conn(id) else {
            return Ok(Step::Gone);
        };
        let bytes = match net.read(conn.end, wanted_bytes) {
            Read::Bytes(bytes) => bytes,
            Read::Nothing => {
                conn.is_readable = false;
                return Ok(Step::Waits);
            }
            Read::EndOfStream => {
                conn.is_read_to_end = true;
                self.hosted.handle(net.now, Input::EndOfStream { conn: id });
                return Ok(Step::Moved);
            }
            Read::Reset => {
                self.close(net, id, CloseReason::Reset);
                return Ok(Step::Gone);
            }
        };
        if net.rng.below(OVERLAP_CHECK_ONE_IN) == 0 {
            self.check_overlap(id, &spans);
        }
        self.land_all(&spans, &bytes)?;
        let mut arrivals = Arrivals {
            bytes: &bytes,
            are_landed: true,
        };
        deliver(self.hosted.as_mut(), net.now, id, &spans, &mut arrivals)?;
        let rest = arrivals.bytes.to_vec();
        net.misplaced_bytes += rest.len() as u64;
        if let Some(conn) = self.conn(id).filter(|_| !rest.is_empty()) {
            conn.misplaced = Some(Misplaced(rest));
        }
        Ok(Step::Moved)
    }

    /// As a system call does: all of it is in memory before the core hears of any.
    fn land_all(&mut self, spans: &[RecvSpan], bytes: &[u8]) -> Result<(), PlaceGone> {
        let mut rest = bytes;
        for span in spans {
            let (first, behind) = rest.split_at(span.len_bytes().min(rest.len()));
            if let RecvSpan::Block(range) = *span
                && !first.is_empty()
            {
                self.hosted.land(front(range, first.len()), first)?;
            }
            rest = behind;
        }
        Ok(())
    }

    /// Gives what an earlier plan guessed wrong about to the spans of this one.
    fn replay(&mut self, net: &mut Network, id: ConnId) -> Result<Step, PlaceGone> {
        let spans = self.recv_plan.spans().to_vec();
        let Some(Misplaced(bytes)) = self.conn(id).and_then(|conn| conn.misplaced.take()) else {
            return Ok(Step::Waits);
        };
        let mut arrivals = Arrivals {
            bytes: &bytes,
            are_landed: false,
        };
        let delivered = deliver(self.hosted.as_mut(), net.now, id, &spans, &mut arrivals);
        let rest = arrivals.bytes.to_vec();
        if let Some(conn) = self.conn(id).filter(|_| !rest.is_empty()) {
            conn.misplaced = Some(Misplaced(rest));
        }
        delivered.map(|()| Step::Moved)
    }

    /// Nobody else writes where a block lands, as long as its plan stands.
    fn check_overlap(&mut self, id: ConnId, spans: &[RecvSpan]) {
        let mut other_plan = RecvPlan::default();
        for other in self.conn_ids().into_iter().filter(|other| *other != id) {
            other_plan.clear();
            self.hosted.recv_plan(other, &mut other_plan);
            for (ours, theirs) in spans.iter().flat_map(|span| {
                let others = other_plan.spans().iter();
                others.map(move |theirs| (span, theirs))
            }) {
                let (RecvSpan::Block(a), RecvSpan::Block(b)) = (ours, theirs) else {
                    continue;
                };
                let is_apart = a.place != b.place
                    || a.offset_bytes + a.len_bytes <= b.offset_bytes
                    || b.offset_bytes + b.len_bytes <= a.offset_bytes;
                assert!(is_apart, "{id:?} and {other:?} both write {a:?}");
            }
        }
    }
}

/// What one call receives at most.
fn readable_bytes(spans: &[RecvSpan]) -> usize {
    if let [RecvSpan::Scratch { len_bytes } | RecvSpan::Discard { len_bytes }] = spans {
        return RECV_SCRATCH_LEN_BYTES.min(*len_bytes);
    }
    let mut total_bytes = 0;
    let mut scratch_bytes = RECV_SCRATCH_LEN_BYTES;
    for span in spans {
        let mut len_bytes = span
            .len_bytes()
            .min(RECV_MISPLACED_LEN_BYTES_MAX - total_bytes);
        if !matches!(span, RecvSpan::Block(_)) {
            len_bytes = len_bytes.min(scratch_bytes);
            scratch_bytes -= len_bytes;
        }
        total_bytes += len_bytes;
        if len_bytes < span.len_bytes() {
            break;
        }
    }
    total_bytes
}

/// Tells the core of the arrivals that go to these spans, until there are no more or the plan turns
/// out to have guessed wrong.
fn deliver(
    hosted: &mut dyn Hosted,
    now: Instant,
    conn: ConnId,
    spans: &[RecvSpan],
    arrivals: &mut Arrivals<'_>,
) -> Result<(), PlaceGone> {
    for (index, span) in spans.iter().enumerate() {
        let len_bytes = span.len_bytes().min(arrivals.bytes.len());
        if len_bytes == 0 {
            return Ok(());
        }
        let (bytes, rest) = arrivals.bytes.split_at(len_bytes);
        arrivals.bytes = rest;
        let input = match *span {
            RecvSpan::Scratch { .. } => Input::Received { conn, bytes },
            RecvSpan::Discard { .. } => Input::Discarded { conn, len_bytes },
            RecvSpan::Block(range) => {
                if !arrivals.are_landed {
                    hosted.land(front(range, len_bytes), bytes)?;
                }
                Input::Landed { conn, len_bytes }
            }
        };
        hosted.handle(now, input);
        let is_scratch = matches!(span, RecvSpan::Scratch { .. });
        if is_scratch
            && !arrivals.bytes.is_empty()
            && let Some(next) = spans.get(index + 1)
            && hosted.next_span(conn) != Some(*next)
        {
            return Ok(());
        }
    }
    Ok(())
}

fn front(range: crate::base::PlaceRange, len_bytes: usize) -> crate::base::PlaceRange {
    crate::base::PlaceRange {
        len_bytes: u32::try_from(len_bytes).unwrap_or(range.len_bytes),
        ..range
    }
}
