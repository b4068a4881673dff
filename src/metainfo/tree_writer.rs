//! Writing the info dictionary of a v2 torrent file by file.

use super::error::Fault;
use crate::base::{Sha256Digest, excerpt_bytes};
use crate::bencode::Writer;

/// What the tree says of a file.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TreeFile<'a> {
    pub(super) len_bytes: u64,
    /// There exactly when the file is not empty.
    pub(super) root: Option<&'a Sha256Digest>,
    pub(super) attr: Option<&'a [u8]>,
    /// The target of a link, its components joined by `/`.
    pub(super) symlink: Option<&'a [u8]>,
}

impl TreeFile<'_> {
    fn write(&self, writer: &mut Writer) {
        if let Some(attr) = self.attr {
            writer.key(b"attr").bytes(attr);
        }
        writer.key(b"length").integer(self.len_bytes);
        if let Some(root) = self.root {
            writer.key(b"pieces root").bytes(root.as_bytes());
        }
        if let Some(target) = self.symlink {
            write_target(writer, target);
        }
    }
}

/// Writes where a link points to, in either half of a torrent.
pub(super) fn write_target(writer: &mut Writer, target: &[u8]) {
    writer.key(b"symlink path").begin_list();
    for component in target.split(|byte| *byte == b'/') {
        writer.bytes(component);
    }
    writer.end();
}

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

    pub(super) fn file(&mut self, path: &[&'p [u8]], file: &TreeFile<'_>) -> Result<(), Fault> {
        assert_eq!(
            file.root.is_some(),
            file.len_bytes > 0,
            "a root is of content"
        );
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
        file.write(self.writer);
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
        let text = |path: &[&[u8]]| excerpt_bytes(&path.join(&b'/'));
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
