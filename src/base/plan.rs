//! What a core wants received and sent next on one connection.

use super::limits::{RECV_PLAN_SPANS_MAX, SEND_PLAN_PARTS_MAX};
use super::place::PlaceRange;

/// Where some of the next bytes of a stream go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecvSpan {
    /// To the core, in [`Received`](super::Input::Received): at most `len_bytes`. The host may
    /// hand over less at a time.
    Scratch { len_bytes: usize },
    /// Away: `len_bytes`, counted back by [`Discarded`](super::Input::Discarded).
    Discard { len_bytes: usize },
    /// Straight into a place, counted back by [`Landed`](super::Input::Landed). Nobody else
    /// writes there as long as the plan stands.
    Block(PlaceRange),
}

impl RecvSpan {
    pub const fn len_bytes(self) -> usize {
        match self {
            Self::Scratch { len_bytes } | Self::Discard { len_bytes } => len_bytes,
            Self::Block(range) => range.len_bytes as usize,
        }
    }
}

/// The spans that the next bytes of a stream go to, in order; a span is filled before the one after
/// it gets any. Without spans, nothing is received.
///
/// A plan may be a guess: a core that expects several blocks lists them with a scratch span of the
/// right length before each, for the words that announce it. Where the words say something else,
/// [`Core::next_span`](super::Core::next_span) tells, and the host gives what came behind them to
/// the plans that the core makes then.
#[derive(Debug, Default)]
pub struct RecvPlan {
    spans: Vec<RecvSpan>,
    len_bytes: usize,
}

impl RecvPlan {
    /// Takes bytes of any number up to the limit.
    pub fn scratch(&mut self, len_bytes: usize) {
        self.push(RecvSpan::Scratch { len_bytes });
    }

    /// Throws bytes away.
    pub fn discard(&mut self, len_bytes: usize) {
        self.push(RecvSpan::Discard { len_bytes });
    }

    /// Receives into a place; false where the plan is full.
    pub fn block(&mut self, range: PlaceRange) -> bool {
        let has_room = self.spans.len() < RECV_PLAN_SPANS_MAX;
        if has_room {
            self.push(RecvSpan::Block(range));
        }
        has_room
    }

    /// How many more spans it takes.
    pub fn room(&self) -> usize {
        RECV_PLAN_SPANS_MAX - self.spans.len()
    }

    pub fn spans(&self) -> &[RecvSpan] {
        &self.spans
    }

    pub fn len_bytes(&self) -> usize {
        self.len_bytes
    }

    /// For hosts, which use one plan over and over.
    pub fn clear(&mut self) {
        self.spans.clear();
        self.len_bytes = 0;
    }

    fn push(&mut self, span: RecvSpan) {
        assert!(self.spans.len() < RECV_PLAN_SPANS_MAX, "a plan is short");
        if span.len_bytes() > 0 {
            self.spans.push(span);
            self.len_bytes = self.len_bytes.saturating_add(span.len_bytes());
        }
    }
}

/// Some of the next bytes of a stream, which stay where they are until they are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendPart<'a> {
    Bytes(&'a [u8]),
    Region(PlaceRange),
}

impl SendPart<'_> {
    pub const fn len_bytes(self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Region(range) => range.len_bytes as usize,
        }
    }
}

/// The next bytes of a stream, in order.
#[derive(Debug)]
pub struct SendPlan<'a> {
    parts: [SendPart<'a>; SEND_PLAN_PARTS_MAX],
    part_count: usize,
    len_bytes: usize,
}

impl<'a> SendPlan<'a> {
    pub fn new() -> Self {
        Self {
            parts: [SendPart::Bytes(&[]); SEND_PLAN_PARTS_MAX],
            part_count: 0,
            len_bytes: 0,
        }
    }

    /// Adds bytes; false where the plan is full, and they have to wait for the next.
    pub fn bytes(&mut self, bytes: &'a [u8]) -> bool {
        self.push(SendPart::Bytes(bytes))
    }

    /// Adds bytes of a place; false where the plan is full, and they have to wait for the next.
    pub fn region(&mut self, range: PlaceRange) -> bool {
        self.push(SendPart::Region(range))
    }

    fn push(&mut self, part: SendPart<'a>) -> bool {
        if part.len_bytes() == 0 {
            return true;
        }
        if self.part_count == SEND_PLAN_PARTS_MAX {
            return false;
        }
        self.parts[self.part_count] = part;
        self.part_count += 1;
        self.len_bytes += part.len_bytes();
        true
    }

    /// How many more parts it takes.
    pub const fn room(&self) -> usize {
        SEND_PLAN_PARTS_MAX - self.part_count
    }

    pub fn parts(&self) -> &[SendPart<'a>] {
        &self.parts[..self.part_count]
    }

    pub const fn len_bytes(&self) -> usize {
        self.len_bytes
    }

    pub const fn is_empty(&self) -> bool {
        self.part_count == 0
    }
}

impl Default for SendPlan<'_> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_spans_and_parts_are_none() {
        let mut recv = RecvPlan::default();
        recv.scratch(0);
        assert_eq!(recv.spans(), []);
        recv.discard(usize::MAX);
        recv.scratch(2);
        assert_eq!(recv.len_bytes(), usize::MAX);
        recv.clear();
        assert_eq!(recv.len_bytes(), 0);

        let mut send = SendPlan::new();
        assert!(send.bytes(b"") && send.is_empty());
    }

    #[test]
    fn a_full_send_plan_takes_no_more() {
        let mut plan = SendPlan::new();
        for _ in 0..SEND_PLAN_PARTS_MAX {
            assert!(plan.bytes(b"ab"));
        }
        assert!(!plan.bytes(b"c"));
        assert_eq!(plan.len_bytes(), 2 * SEND_PLAN_PARTS_MAX);
        assert_eq!(plan.parts().len(), SEND_PLAN_PARTS_MAX);
    }
}
