//! Writing the info dictionary of a v2 torrent file by file.

use super::error::Fault;
use super::oddity::shown;
use crate::base::Sha256Digest;
use crate::bencode::Writer;

/// Takes files in the order of the tree and opens and closes directories between them.
#[derive(Debug)]
pub(super) struct TreeWriter<'w, 'p> {
    writer: &'w mut Writer,
    /// The path of the last file.
    last: Vec<&'p [u8]>,
    /// How many directories are open; all of `last` but its end.
    open: usize,
}

impl<'w, 'p> TreeWriter<'w, 'p> {
    /// Starts the tree as the next value.
    pub(super) fn new(writer: &'w mut Writer) -> Self {
        writer.begin_dict();
        Self {
            writer,
            last: Vec::new(),
            open: 0,
        }
    }

    /// Adds a file, whose root is there exactly when it is not empty.
    pub(super) fn file(
        &mut self,
        path: &[&'p [u8]],
        len_bytes: u64,
        root: Option<&Sha256Digest>,
    ) -> Result<(), Fault> {
        assert_eq!(root.is_some(), len_bytes > 0, "a root is of content");
        let Some((name, directories)) = path.split_last() else {
            return Err(Fault::Empty);
        };
        self.check_order(path)?;
        let shared = self.last[..self.open]
            .iter()
            .zip(directories)
            .take_while(|(last, next)| last == next)
            .count();
        self.close_down_to(shared);
        for directory in &directories[shared..] {
            self.writer.key(directory).begin_dict();
        }
        self.open = directories.len();
        self.writer.key(name).begin_dict().key(b"").begin_dict();
        self.writer.key(b"length").integer(len_bytes);
        if let Some(root) = root {
            self.writer.key(b"pieces root").bytes(root.as_bytes());
        }
        self.writer.end().end();
        self.last.clear();
        self.last.extend_from_slice(path);
        Ok(())
    }

    pub(super) fn finish(mut self) {
        self.close_down_to(0);
        self.writer.end();
    }

    fn close_down_to(&mut self, depth: usize) {
        for _ in depth..self.open {
            self.writer.end();
        }
        self.open = depth;
    }

    fn check_order(&self, path: &[&[u8]]) -> Result<(), Fault> {
        let text = |path: &[&[u8]]| shown(&path.join(&b'/'));
        if path.iter().any(|component| component.is_empty()) {
            return Err(Fault::Text(format!(
                "`{}` has an empty component",
                text(path)
            )));
        }
        if self.last.is_empty() {
            return Ok(());
        }
        if path.starts_with(&self.last) {
            return Err(Fault::Text(if path.len() == self.last.len() {
                format!("`{}` is there twice", text(path))
            } else {
                format!("`{}` is a file and a directory", text(&self.last))
            }));
        }
        if path < self.last.as_slice() {
            let last = text(&self.last);
            return Err(Fault::Text(format!(
                "`{}` stands after `{last}`, out of order",
                text(path)
            )));
        }
        Ok(())
    }
}
