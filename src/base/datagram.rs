//! Datagrams side by side in one buffer that is used again and again.

use std::net::SocketAddr;
use std::ops::Range;

/// A list of datagrams, each with the address it came from or goes to.
#[derive(Debug, Default)]
pub struct DatagramBatch {
    entries: Vec<(SocketAddr, Range<usize>)>,
    bytes: Vec<u8>,
}

impl DatagramBatch {
    /// A batch that holds this much before it has to allocate.
    pub fn with_capacity(datagrams: usize, len_bytes: usize) -> Self {
        Self {
            entries: Vec::with_capacity(datagrams),
            bytes: Vec::with_capacity(len_bytes),
        }
    }

    pub fn push(&mut self, address: SocketAddr, bytes: &[u8]) {
        self.push_with(address, |out| out.extend_from_slice(bytes));
    }

    /// Adds a datagram that `write` appends to the end of the buffer. Where it appends nothing,
    /// there is no datagram.
    pub fn push_with(&mut self, address: SocketAddr, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.bytes.len();
        write(&mut self.bytes);
        assert!(start <= self.bytes.len(), "a datagram is only appended");
        if start < self.bytes.len() {
            self.entries.push((address, start..self.bytes.len()));
        }
    }

    pub fn get(&self, index: usize) -> Option<(SocketAddr, &[u8])> {
        let (address, range) = self.entries.get(index)?;
        Some((*address, &self.bytes[range.clone()]))
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = (SocketAddr, &[u8])> {
        let entries = self.entries.iter();
        entries.map(|(address, range)| (*address, &self.bytes[range.clone()]))
    }

    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Keeps the memory for the next batch.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.bytes.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datagrams_keep_their_order_and_their_bounds() {
        let [a, b]: [SocketAddr; 2] = ["10.0.0.1:1", "[::1]:2"].map(|text| text.parse().unwrap());
        let mut batch = DatagramBatch::with_capacity(2, 16);
        batch.push(a, b"one");
        batch.push_with(b, |_| {});
        batch.push_with(b, |out| out.extend_from_slice(b"two"));
        let all: Vec<_> = batch.iter().collect();
        assert_eq!(all, [(a, &b"one"[..]), (b, &b"two"[..])]);
        assert_eq!((batch.get(1), batch.get(2)), (Some((b, &b"two"[..])), None));
        batch.clear();
        assert!(batch.is_empty() && batch.iter().next().is_none());
    }
}
