//! The strict, zero-copy bencode reader and the writer.
