//! What a connection receives: from its socket into the scratch and into places, or, where a plan
//! guessed wrong, from what was received before.

use std::io::{self, Read as _};

use super::conns::Phase;
#[cfg(target_os = "linux")]
use super::copy_linux::copy;
#[cfg(not(target_os = "linux"))]
use super::copy_portable::copy;
use super::deliver::{Arrivals as _, Received, Replayed, deliver};
use super::drive::Step;
use super::iovecs::{PlaceGone, Sources, Targets};
use super::misplaced::Misplaced;
use super::net::{Net, Plug};
use crate::base::{CloseReason, ConnId, Ending, Input, RecvSpan};

/// What a call gave.
struct Reading {
    result: io::Result<usize>,
    /// That it gave less than was asked for proves that there was no more.
    wanted_bytes: usize,
    touches_places: bool,
}

impl Net {
    pub(super) fn receive_some(&mut self, plug: &mut Plug<'_>, id: ConnId) -> Step {
        let Some(conn) = self.conns.get(id) else {
            return Step::Gone;
        };
        let has_misplaced = conn.misplaced.is_some();
        let has_more = has_misplaced || conn.is_readable && !conn.is_read_to_end;
        let is_flushing = matches!(conn.phase, Phase::Ending(Ending::Flush));
        if !has_more || is_flushing {
            return Step::Waits;
        }
        self.recv_plan.clear();
        plug.hosted.recv_plan(id, &mut self.recv_plan);
        if self.recv_plan.spans().is_empty() {
            self.pause(id)
        } else if has_misplaced {
            self.replay(plug, id)
        } else {
            self.receive(plug, id)
        }
    }

    /// Reads the socket once, for as many spans of the plan as one call can fill.
    fn receive(&mut self, plug: &mut Plug<'_>, id: ConnId) -> Step {
        let Some(conn) = self.conns.get(id) else {
            return Step::Gone;
        };
        let reading = match self.recv_plan.spans() {
            [RecvSpan::Scratch { len_bytes } | RecvSpan::Discard { len_bytes }] => {
                let wanted_bytes = self.scratch.len().min(*len_bytes);
                Reading {
                    result: conn.stream.read(&mut self.scratch[..wanted_bytes]),
                    wanted_bytes,
                    touches_places: false,
                }
            }
            spans => match Targets::lay_out(spans, &mut self.scratch, plug.memory.as_ref()) {
                Ok(mut targets) => Reading {
                    result: targets.receive(&conn.stream),
                    wanted_bytes: targets.len_bytes(),
                    touches_places: targets.has_places(),
                },
                Err(PlaceGone) => return self.place_is_gone(id),
            },
        };
        match reading.result {
            Ok(0) => {
                conn.is_read_to_end = true;
                plug.hosted
                    .handle(self.now, Input::EndOfStream { conn: id });
                Step::Moved(0)
            }
            Ok(len_bytes) => {
                // A short read took all there was. What comes later, the end included, is
                // reported anew; an end that was reported already is not. But where what cut it
                // short is a place that ends too early, only the next read tells.
                conn.is_readable =
                    len_bytes == reading.wanted_bytes || conn.is_ending || reading.touches_places;
                self.counters.received_bytes += len_bytes as u64;
                match self.deliver_received(plug, id, len_bytes) {
                    Ok(()) => Step::Moved(len_bytes),
                    Err(PlaceGone) => self.place_is_gone(id),
                }
            }
            Err(error) => self.take_error(id, &error, |conn| conn.is_readable = false),
        }
    }

    /// Gives what was received to the spans of the plan, and keeps what turns out not to be theirs.
    fn deliver_received(
        &mut self,
        plug: &mut Plug<'_>,
        id: ConnId,
        len_bytes: usize,
    ) -> Result<(), PlaceGone> {
        let spans = self.recv_plan.spans();
        let mut received = Received::new(&self.scratch, len_bytes);
        let hosted = plug.hosted.as_mut();
        let delivered = deliver(hosted, self.now, id, spans, &mut received)?;
        let left_bytes = received.len_bytes();
        if left_bytes == 0 {
            return Ok(());
        }
        let scratch_at = self.scratch.len() - received.scratch_left_bytes();
        let scratch = &mut self.scratch[scratch_at..];
        let received_into = Targets::lay_out(&spans[delivered..], scratch, plug.memory.as_ref())?;
        let mut bytes = std::mem::take(&mut self.spare_buffer);
        bytes.resize(left_bytes, 0);
        copy(
            &Sources::from(received_into),
            &mut Targets::of_bytes(&mut bytes),
        )?;
        self.counters.misplaced_bytes += left_bytes as u64;
        if let Some(conn) = self.conns.get(id) {
            conn.misplaced = Some(Box::new(Misplaced::new(bytes)));
        }
        Ok(())
    }

    /// Gives what an earlier plan guessed wrong about to the spans of this one.
    fn replay(&mut self, plug: &mut Plug<'_>, id: ConnId) -> Step {
        let Some(conn) = self.conns.get(id) else {
            return Step::Gone;
        };
        let Some(misplaced) = &mut conn.misplaced else {
            return Step::Waits;
        };
        let spans = self.recv_plan.spans();
        let mut replayed = Replayed::new(misplaced.rest(), plug.memory.as_ref());
        let hosted = plug.hosted.as_mut();
        let delivered = deliver(hosted, self.now, id, spans, &mut replayed);
        let left_bytes = replayed.len_bytes();
        let given_out_bytes = misplaced.rest().len() - left_bytes;
        misplaced.give_out(given_out_bytes);
        if left_bytes == 0
            && let Some(emptied) = conn.misplaced.take()
        {
            self.spare_buffer = emptied.into_buffer();
        }
        match delivered {
            Ok(_) => Step::Moved(given_out_bytes),
            Err(PlaceGone) => self.place_is_gone(id),
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
}
