//! What a core wants received and sent next on one connection.

use std::io::IoSlice;

use super::limits::{RECV_PLAN_SPANS_MAX, SEND_PLAN_PARTS_MAX};

/// Where some of the next bytes of a stream go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecvSpan {
    /// To the core, in [`Received`](super::Input::Received): at most `len_bytes`. The host may
    /// hand over less at a time.
    Scratch { len_bytes: usize },
    /// Away: `len_bytes`, counted back by [`Discarded`](super::Input::Discarded).
    Discard { len_bytes: usize },
}

impl RecvSpan {
    pub const fn len_bytes(self) -> usize {
        match self {
            Self::Scratch { len_bytes } | Self::Discard { len_bytes } => len_bytes,
        }
    }
}

/// The spans that the next bytes of a stream go to, in order; a span is filled before the one after
/// it gets any. Without spans, nothing is received.
#[derive(Debug, Default)]
pub struct RecvPlan {
    spans: Vec<RecvSpan>,
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

    pub fn spans(&self) -> &[RecvSpan] {
        &self.spans
    }

    pub fn len_bytes(&self) -> usize {
        let lens = self.spans.iter().map(|span| span.len_bytes());
        lens.fold(0, usize::saturating_add)
    }

    /// For hosts, which use one plan over and over.
    pub fn clear(&mut self) {
        self.spans.clear();
    }

    fn push(&mut self, span: RecvSpan) {
        assert!(self.spans.len() < RECV_PLAN_SPANS_MAX, "a plan is short");
        if span.len_bytes() > 0 {
            self.spans.push(span);
        }
    }
}

/// The next bytes of a stream, in pieces that stay where they are until they are sent.
#[derive(Debug)]
pub struct SendPlan<'a> {
    parts: [IoSlice<'a>; SEND_PLAN_PARTS_MAX],
    part_count: usize,
    len_bytes: usize,
}

impl<'a> SendPlan<'a> {
    pub fn new() -> Self {
        Self {
            parts: [IoSlice::new(&[]); SEND_PLAN_PARTS_MAX],
            part_count: 0,
            len_bytes: 0,
        }
    }

    /// Adds bytes; false where the plan is full, and they have to wait for the next.
    pub fn bytes(&mut self, bytes: &'a [u8]) -> bool {
        if bytes.is_empty() {
            return true;
        }
        if self.part_count == SEND_PLAN_PARTS_MAX {
            return false;
        }
        self.parts[self.part_count] = IoSlice::new(bytes);
        self.part_count += 1;
        self.len_bytes += bytes.len();
        true
    }

    pub fn parts(&self) -> &[IoSlice<'a>] {
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
