//! How bytes that have arrived reach a core, span by span.
//!
//! The core hears of all of them before it is asked for an action. So no job that gives a place up
//! leaves it while bytes in that place still belong to the stream.

#[cfg(target_os = "linux")]
use super::copy_linux::copy;
#[cfg(not(target_os = "linux"))]
use super::copy_portable::copy;
use super::hosted::Hosted;
use super::iovecs::{PlaceGone, Sources, Targets};
use crate::base::{ConnId, Input, Instant, Memory, PlaceRange, RecvSpan};

/// Bytes of a stream that the core has not heard of.
pub(super) trait Arrivals {
    fn len_bytes(&self) -> usize;

    /// The next bytes, which are not in a place.
    fn take(&mut self, len_bytes: usize) -> &[u8];

    /// Sees to it that the next bytes are in their place, from the start of this range on.
    fn land(&mut self, range: PlaceRange, len_bytes: usize) -> Result<(), PlaceGone>;
}

/// What one call received for the spans of a plan: in the scratch, and in places already.
pub(super) struct Received<'a> {
    /// From the stretch of the next span on.
    scratch: &'a [u8],
    len_bytes: usize,
}

impl<'a> Received<'a> {
    pub(super) fn new(scratch: &'a [u8], len_bytes: usize) -> Self {
        Self { scratch, len_bytes }
    }

    pub(super) const fn scratch_left_bytes(&self) -> usize {
        self.scratch.len()
    }
}

impl Arrivals for Received<'_> {
    fn len_bytes(&self) -> usize {
        self.len_bytes
    }

    fn take(&mut self, len_bytes: usize) -> &[u8] {
        let (taken, rest) = self.scratch.split_at(len_bytes);
        self.scratch = rest;
        self.len_bytes -= len_bytes;
        taken
    }

    fn land(&mut self, _range: PlaceRange, len_bytes: usize) -> Result<(), PlaceGone> {
        self.len_bytes -= len_bytes;
        Ok(())
    }
}

/// What was received for other spans than those that it goes to.
pub(super) struct Replayed<'a> {
    bytes: &'a [u8],
    memory: &'a dyn Memory,
}

impl<'a> Replayed<'a> {
    pub(super) fn new(bytes: &'a [u8], memory: &'a dyn Memory) -> Self {
        Self { bytes, memory }
    }
}

impl Arrivals for Replayed<'_> {
    fn len_bytes(&self) -> usize {
        self.bytes.len()
    }

    fn take(&mut self, len_bytes: usize) -> &[u8] {
        let (taken, rest) = self.bytes.split_at(len_bytes);
        self.bytes = rest;
        taken
    }

    fn land(&mut self, range: PlaceRange, len_bytes: usize) -> Result<(), PlaceGone> {
        let mut place = Targets::of_place(range, len_bytes, self.memory)?;
        copy(&Sources::of_bytes(self.take(len_bytes)), &mut place)
    }
}

/// Tells the core of the arrivals that go to these spans, until there are no more or the plan turns
/// out to have guessed wrong. Says how many spans were filled; what is left belongs to none of the
/// others where that is not all of them.
pub(super) fn deliver(
    hosted: &mut dyn Hosted,
    now: Instant,
    conn: ConnId,
    spans: &[RecvSpan],
    arrivals: &mut impl Arrivals,
) -> Result<usize, PlaceGone> {
    for (index, span) in spans.iter().enumerate() {
        let len_bytes = span.len_bytes().min(arrivals.len_bytes());
        if len_bytes == 0 {
            return Ok(index);
        }
        let input = match *span {
            RecvSpan::Scratch { .. } => Input::Received {
                conn,
                bytes: arrivals.take(len_bytes),
            },
            RecvSpan::Discard { .. } => {
                arrivals.take(len_bytes);
                Input::Discarded { conn, len_bytes }
            }
            RecvSpan::Block(range) => {
                arrivals.land(range, len_bytes)?;
                Input::Landed { conn, len_bytes }
            }
        };
        hosted.handle(now, input);
        let is_scratch = matches!(span, RecvSpan::Scratch { .. });
        if is_scratch
            && arrivals.len_bytes() > 0
            && let Some(next) = spans.get(index + 1)
            && hosted.next_span(conn) != Some(*next)
        {
            return Ok(index + 1);
        }
    }
    Ok(spans.len())
}
