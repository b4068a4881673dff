//! Which pieces can be received and sent through windows.

use super::TorrentFiles;
use crate::engine::MappableRun;

/// Pieces of smaller files go through buffers: a window of their own costs more than a copy.
pub(super) const MAPPED_FILE_LEN_BYTES_MIN: u64 = 1 << 20;

impl TorrentFiles {
    /// The pieces that lie whole in one large file, file by file.
    pub(super) fn runs(&self) -> Vec<MappableRun> {
        let Some(geometry) = self.geometry else {
            return Vec::new();
        };
        let piece_len_bytes = u64::from(geometry.piece_len_bytes());
        let mut runs = Vec::new();
        for file in self.metainfo.info.files().iter() {
            if file.attributes.padding || file.len_bytes < MAPPED_FILE_LEN_BYTES_MIN {
                continue;
            }
            let end_bytes = file.offset_bytes + file.len_bytes;
            let first = file.offset_bytes.div_ceil(piece_len_bytes);
            let end = if end_bytes == geometry.total_bytes() {
                u64::from(geometry.piece_count())
            } else {
                end_bytes / piece_len_bytes
            };
            let [Ok(first), Ok(end)] = [first, end].map(u32::try_from) else {
                continue;
            };
            if let Some(first_piece) = geometry.piece(first).filter(|_| first < end) {
                runs.push(MappableRun {
                    first_piece,
                    piece_count: end - first,
                });
            }
        }
        runs
    }
}
