//! The paths of all files of a torrent, side by side in one allocation.
//!
//! A torrent may hold a million files: a `String` for each would cost more than all the names. A
//! safe path never holds NUL, so NUL ends each, and a file costs its text and one 32-bit start.

use crate::base::limits::{
    PATHS_TEXT_LEN_BYTES_BORNE, PATHS_TEXT_LEN_BYTES_MAX as TEXT_LEN_BYTES_MAX,
};
use crate::metainfo::safe_path::component::append_clean;

/// Why the paths of a torrent are not kept.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PathsError {
    #[error("the paths of all files together are longer than `{len_bytes_max}` bytes")]
    TooLong { len_bytes_max: u32 },
}

/// Safe paths by file number: names joined by `/`, without the torrent's own name before them.
#[derive(Clone, Debug)]
pub struct PathArena {
    pub(super) text: String,
    pub(super) starts: Vec<u32>,
    text_len_bytes_max: u32,
}

impl PathArena {
    /// Room for `files` paths with `text_len_bytes` of names together; more is made as needed. Both
    /// should be bounded by bytes that were received, not by a number in them.
    pub fn with_capacity(files: usize, text_len_bytes: usize) -> Self {
        Self {
            text: String::with_capacity(text_len_bytes.min(TEXT_LEN_BYTES_MAX as usize)),
            starts: Vec::with_capacity(files),
            text_len_bytes_max: TEXT_LEN_BYTES_MAX,
        }
    }

    /// For the paths of an info dictionary. A nested file tree names a directory once and each path
    /// repeats it, so that a small torrent could ask for far more text than it brings: twice its own
    /// length is borne, and of small ones some more.
    pub fn for_info(info_len_bytes: usize) -> Self {
        let borne = info_len_bytes
            .saturating_mul(2)
            .max(PATHS_TEXT_LEN_BYTES_BORNE);
        Self {
            text_len_bytes_max: u32::try_from(borne)
                .unwrap_or(u32::MAX)
                .min(TEXT_LEN_BYTES_MAX),
            ..Self::with_capacity(0, 0)
        }
    }

    #[cfg(test)]
    pub(super) fn with_text_limit(text_len_bytes_max: u32) -> Self {
        assert!(text_len_bytes_max <= TEXT_LEN_BYTES_MAX);
        Self {
            text_len_bytes_max,
            ..Self::with_capacity(0, 0)
        }
    }

    /// Begins the path of the next file. It counts once it is finished; what was begun and dropped
    /// leaves nothing behind.
    pub fn begin(&mut self) -> PathWriter<'_> {
        let start = self.text.rfind('\0').map_or(0, |end| end + 1);
        self.text.truncate(start);
        PathWriter { arena: self, start }
    }

    /// Adds the path of the next file from its raw names.
    pub fn push<'a>(
        &mut self,
        components: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<(), PathsError> {
        let mut path = self.begin();
        components.into_iter().for_each(|raw| path.push(raw));
        path.finish()
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// The path of one file. As with a slice, a number that is none of a file is a fault of the
    /// caller's.
    pub fn get(&self, file: usize) -> &str {
        self.path_at(self.starts[file] as usize)
    }

    /// All paths, in the order of the torrent.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.starts
            .iter()
            .map(|&start| self.path_at(start as usize))
    }

    /// Appends a whole path that is safe already, and says where; no file has it yet.
    pub(super) fn append_safe(&mut self, path: &str) -> Result<u32, PathsError> {
        let start = self.text.len();
        self.text.push_str(path);
        self.terminate(start)
    }

    fn path_at(&self, start: usize) -> &str {
        let rest = &self.text[start..];
        let len_bytes = rest.find('\0').unwrap_or(rest.len());
        &rest[..len_bytes]
    }

    /// Ends the path that begins at `start`, or takes it back where there is no room for it.
    fn terminate(&mut self, start: usize) -> Result<u32, PathsError> {
        let len_bytes_max = self.text_len_bytes_max;
        if self.text.len() >= len_bytes_max as usize {
            self.text.truncate(start);
            return Err(PathsError::TooLong { len_bytes_max });
        }
        self.text.push('\0');
        u32::try_from(start).map_err(|_| PathsError::TooLong { len_bytes_max })
    }
}

/// The path of one file while its names arrive, outermost first.
#[derive(Debug)]
pub struct PathWriter<'a> {
    arena: &'a mut PathArena,
    start: usize,
}

impl PathWriter<'_> {
    /// Adds one more name, cleaned.
    pub fn push(&mut self, raw: &[u8]) {
        let text = &mut self.arena.text;
        if text.len() > self.start {
            text.push('/');
        }
        append_clean(text, raw);
    }

    /// Makes this the path of the next file. A path without names is `_`.
    pub fn finish(self) -> Result<(), PathsError> {
        if self.arena.text.len() == self.start {
            self.arena.text.push('_');
        }
        let start = self.arena.terminate(self.start)?;
        self.arena.starts.push(start);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(arena: &mut PathArena, path: &str) -> Result<(), PathsError> {
        arena.push(path.split('/').map(str::as_bytes))
    }

    #[test]
    fn keeps_paths_in_order() {
        let mut arena = PathArena::with_capacity(0, 0);
        assert!(arena.is_empty());
        push(&mut arena, "a/b").unwrap();
        arena.push([&b".."[..], b"x:", b"\xff"]).unwrap();
        push(&mut arena, "日本/é.txt").unwrap();
        assert_eq!(arena.len(), 3);
        assert_eq!(arena.get(2), "日本/é.txt");
        assert_eq!(
            arena.iter().collect::<Vec<_>>(),
            ["a/b", "_/x_/_", "日本/é.txt"]
        );
    }

    #[test]
    fn a_path_without_names_is_a_placeholder() {
        let mut arena = PathArena::with_capacity(1, 2);
        arena.push([]).unwrap();
        arena.push([&b""[..]]).unwrap();
        assert_eq!(arena.iter().collect::<Vec<_>>(), ["_", "_"]);
    }

    #[test]
    fn a_dropped_path_leaves_nothing() {
        let mut arena = PathArena::with_capacity(0, 0);
        push(&mut arena, "a").unwrap();
        arena.begin().push(b"dropped");
        push(&mut arena, "b").unwrap();
        assert_eq!(arena.iter().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(arena.text, "a\0b\0");
    }

    #[test]
    fn refuses_more_text_than_the_limit() {
        let mut arena = PathArena::with_text_limit(6);
        push(&mut arena, "abc").unwrap();
        let too_long = Err(PathsError::TooLong { len_bytes_max: 6 });
        assert_eq!(push(&mut arena, "de"), too_long);
        push(&mut arena, "d").unwrap();
        assert_eq!(push(&mut arena, ""), too_long);
        assert_eq!(arena.iter().collect::<Vec<_>>(), ["abc", "d"]);
    }
}
