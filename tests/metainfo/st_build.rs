//! `.st` files byte by byte, as the format's description has them.

use crate::build::content;
use crate::samples::{PIECE, layer, root};

/// The parts of a `.st`, each as it is written.
#[derive(Clone)]
pub(crate) struct St {
    pub(crate) version: u8,
    pub(crate) flags: u8,
    pub(crate) tracker_count: u16,
    pub(crate) trackers: Vec<u8>,
    pub(crate) name: Vec<u8>,
    pub(crate) fragment_len_bytes: u32,
    pub(crate) file_count: u32,
    pub(crate) files: Vec<u8>,
    pub(crate) hashes: Vec<u8>,
}

pub(crate) fn text(bytes: &[u8]) -> Vec<u8> {
    let len_bytes = u16::try_from(bytes.len()).unwrap();
    [&len_bytes.to_be_bytes(), bytes].concat()
}

/// One entry of the table of files.
pub(crate) fn file(names: &[&str], len_bytes: u64) -> Vec<u8> {
    let depth = u16::try_from(names.len()).unwrap();
    let mut entry = depth.to_be_bytes().to_vec();
    for name in names {
        entry.extend(text(name.as_bytes()));
    }
    entry.extend(len_bytes.to_be_bytes());
    entry
}

impl St {
    /// The file of [`crate::samples::v2_single`].
    pub(crate) fn single() -> Self {
        Self {
            version: 1,
            flags: 0,
            tracker_count: 0,
            trackers: Vec::new(),
            name: b"one.bin".to_vec(),
            fragment_len_bytes: 16_384,
            file_count: 1,
            files: file(&[], 40_000),
            hashes: layer(&content(40_000, 0), PIECE),
        }
    }

    /// The files of [`crate::samples::v2_directory`].
    pub(crate) fn directory() -> Self {
        let (b, c) = (content(70_000, 0), content(20_000, 1));
        Self {
            flags: 1,
            name: b"dir".to_vec(),
            fragment_len_bytes: 32_768,
            file_count: 3,
            files: [
                file(&["a", "b"], 70_000),
                file(&["a", "empty"], 0),
                file(&["c"], 20_000),
            ]
            .concat(),
            hashes: [layer(&b, 2 * PIECE), root(&c, 1).0.to_vec()].concat(),
            ..Self::single()
        }
    }

    pub(crate) fn with_trackers(self, trackers: &[&[u8]]) -> Self {
        Self {
            tracker_count: u16::try_from(trackers.len()).unwrap(),
            trackers: trackers.concat(),
            ..self
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        [
            b"mtST",
            &[self.version, self.flags][..],
            &self.tracker_count.to_be_bytes(),
            &self.trackers,
            &text(&self.name),
            &self.fragment_len_bytes.to_be_bytes(),
            &self.file_count.to_be_bytes(),
            &self.files,
            &self.hashes,
        ]
        .concat()
    }
}
