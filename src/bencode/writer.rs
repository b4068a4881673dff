//! Writing bencode in its canonical form.

use std::io::Write as _;

/// Appends values to a buffer. That keys rise and brackets match is the caller's promise; it is
/// asserted, because a document that breaks it would be a different torrent.
#[derive(Debug, Default)]
pub struct Writer {
    out: Vec<u8>,
    open: Vec<Open>,
}

#[derive(Debug)]
enum Open {
    List,
    /// The span in `out` of the last key.
    Dict {
        last_key: Option<(usize, usize)>,
    },
}

impl Writer {
    pub fn with_capacity(len_bytes: usize) -> Self {
        Self {
            out: Vec::with_capacity(len_bytes),
            open: Vec::new(),
        }
    }

    pub fn integer(&mut self, value: impl Into<i128>) -> &mut Self {
        // Writing to memory does not fail.
        let _ = write!(self.out, "i{}e", value.into());
        self
    }

    pub fn bytes(&mut self, content: &[u8]) -> &mut Self {
        self.length(content.len());
        self.out.extend_from_slice(content);
        self
    }

    /// A whole value as it was received or written before.
    pub fn raw(&mut self, value: &[u8]) -> &mut Self {
        self.out.extend_from_slice(value);
        self
    }

    /// A string whose content `fill` appends; it is told the buffer and appends `len_bytes` bytes.
    pub fn bytes_with(&mut self, len_bytes: usize, fill: impl FnOnce(&mut Vec<u8>)) -> &mut Self {
        self.length(len_bytes);
        let start = self.out.len();
        fill(&mut self.out);
        assert_eq!(
            self.out.len() - start,
            len_bytes,
            "a string of the length that was said"
        );
        self
    }

    /// How much is written so far.
    pub fn len_bytes(&self) -> usize {
        self.out.len()
    }

    pub fn key(&mut self, key: &[u8]) -> &mut Self {
        let last_span = match self.open.last() {
            Some(Open::Dict { last_key }) => *last_key,
            _ => unreachable!("a key outside of a dictionary"),
        };
        if let Some((start, end)) = last_span {
            let last = &self.out[start..end];
            assert!(
                last < key,
                "keys rise: {} then {}",
                last.escape_ascii(),
                key.escape_ascii()
            );
        }
        self.bytes(key);
        let end = self.out.len();
        if let Some(Open::Dict { last_key }) = self.open.last_mut() {
            *last_key = Some((end - key.len(), end));
        }
        self
    }

    pub fn begin_list(&mut self) -> &mut Self {
        self.out.push(b'l');
        self.open.push(Open::List);
        self
    }

    pub fn begin_dict(&mut self) -> &mut Self {
        self.out.push(b'd');
        self.open.push(Open::Dict { last_key: None });
        self
    }

    pub fn end(&mut self) -> &mut Self {
        assert!(self.open.pop().is_some(), "an end without a beginning");
        self.out.push(b'e');
        self
    }

    pub fn finish(self) -> Vec<u8> {
        assert!(self.open.is_empty(), "every bracket is closed");
        self.out
    }

    fn length(&mut self, len_bytes: usize) {
        let _ = write!(self.out, "{len_bytes}:");
    }
}
