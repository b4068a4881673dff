//! Bytes that were received for spans of a plan that guessed wrong.

use crate::base::limits::RECV_MISPLACED_LEN_BYTES_MAX;

/// What a connection received and its core has no place for yet, in order. It is never added to: the
/// socket is read again only when all of it has been given out.
#[derive(Debug)]
pub(super) struct Misplaced {
    bytes: Vec<u8>,
    given_out_bytes: usize,
}

impl Misplaced {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        assert!(
            !bytes.is_empty() && bytes.len() <= RECV_MISPLACED_LEN_BYTES_MAX,
            "one call receives no more"
        );
        Self {
            bytes,
            given_out_bytes: 0,
        }
    }

    pub(super) fn rest(&self) -> &[u8] {
        &self.bytes[self.given_out_bytes..]
    }

    pub(super) fn give_out(&mut self, len_bytes: usize) {
        assert!(len_bytes <= self.rest().len(), "no more than there is");
        self.given_out_bytes += len_bytes;
    }

    /// The memory, for the next one.
    pub(super) fn into_buffer(self) -> Vec<u8> {
        self.bytes
    }
}
