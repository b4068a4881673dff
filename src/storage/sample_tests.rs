//! Torrents for tests, with content that nobody would guess.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use crate::base::{Bitfield, PieceIndex};
use crate::bencode::Writer;
use crate::hash::sha1;
use crate::metainfo::Metainfo;

/// A file that a torrent is to have.
#[derive(Clone, Copy)]
pub(super) struct Given {
    pub(super) path: &'static str,
    pub(super) len_bytes: usize,
    pub(super) attr: &'static str,
    pub(super) target: Option<&'static str>,
}

pub(super) const fn given(path: &'static str, len_bytes: usize) -> Given {
    Given {
        path,
        len_bytes,
        attr: "",
        target: None,
    }
}

impl Given {
    pub(super) const fn with_attr(self, attr: &'static str) -> Self {
        Self { attr, ..self }
    }
}

/// A directory `sample` of files.
pub(super) struct Sample {
    pub(super) metainfo: Arc<Metainfo>,
    /// All of it, padding included.
    pub(super) content: Vec<u8>,
    files: Vec<Given>,
}

impl Sample {
    pub(super) fn new(piece_len_bytes: usize, files: &[Given]) -> Self {
        let mut content = Vec::new();
        let mut state = 0x9e37_79b9_u32;
        for file in files {
            let bytes = std::iter::repeat_with(|| {
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                state.to_le_bytes()[1]
            });
            if file.attr == "p" {
                content.resize(content.len() + file.len_bytes, 0);
            } else {
                content.extend(bytes.take(file.len_bytes));
            }
        }
        let document = document(piece_len_bytes, files, &content);
        Self {
            metainfo: Arc::new(Metainfo::from_torrent(document).unwrap()),
            content,
            files: files.to_vec(),
        }
    }

    /// The bytes of one file.
    pub(super) fn bytes_of(&self, path: &str) -> &[u8] {
        let mut start = 0;
        for file in &self.files {
            let end = start + file.len_bytes;
            if file.path == path {
                return &self.content[start..end];
            }
            start = end;
        }
        panic!("no file `{path}`");
    }

    /// The files that are stored.
    pub(super) fn stored(&self) -> impl Iterator<Item = &Given> {
        let is_stored = |file: &&Given| file.attr != "p" && file.target.is_none();
        self.files.iter().filter(is_stored)
    }

    /// Writes all files where they belong.
    pub(super) fn lay_out(&self, directory: &Path) {
        for file in self.stored() {
            let path = directory.join("sample").join(file.path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, self.bytes_of(file.path)).unwrap();
        }
    }

    /// Compares all files with what they should be.
    pub(super) fn assert_whole(&self, directory: &Path) {
        for file in self.stored() {
            let path = directory.join("sample").join(file.path);
            let found = fs::read(&path).unwrap();
            assert!(found == self.bytes_of(file.path), "{}", path.display());
        }
    }
}

fn document(piece_len_bytes: usize, files: &[Given], content: &[u8]) -> Vec<u8> {
    let mut info = Writer::default();
    info.begin_dict().key(b"files").begin_list();
    for file in files {
        info.begin_dict();
        if !file.attr.is_empty() {
            info.key(b"attr").bytes(file.attr.as_bytes());
        }
        info.key(b"length")
            .integer(i64::try_from(file.len_bytes).unwrap());
        info.key(b"path").begin_list();
        for name in file.path.split('/') {
            info.bytes(name.as_bytes());
        }
        info.end();
        if let Some(target) = file.target {
            info.key(b"symlink path").begin_list();
            for name in target.split('/') {
                info.bytes(name.as_bytes());
            }
            info.end();
        }
        info.end();
    }
    info.end();
    info.key(b"name").bytes(b"sample");
    info.key(b"piece length")
        .integer(i64::try_from(piece_len_bytes).unwrap());
    let pieces: Vec<u8> = content
        .chunks(piece_len_bytes)
        .flat_map(|piece| sha1(piece).0)
        .collect();
    info.key(b"pieces").bytes(&pieces).end();
    let mut document = Writer::default();
    document.begin_dict().key(b"info").raw(&info.finish()).end();
    document.finish()
}

/// The pieces that are not there.
pub(super) fn missing(have: &Bitfield) -> Vec<u32> {
    let geometry = crate::base::Geometry::new(u64::from(have.len()), 1).unwrap();
    let missing = geometry.pieces().filter(|piece| !have.has(*piece));
    missing.map(PieceIndex::get).collect()
}
