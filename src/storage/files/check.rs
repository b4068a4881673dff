//! Which pieces of a torrent are there, told by hashing on every core.
//!
//! Reading blocks, so this runs on plain threads of its own. Each takes some consecutive pieces at
//! a time, so that a disk is read forward, and hashes them side by side: the next stretch of every
//! one of them, until they end.

use std::os::unix::fs::FileExt as _;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use rustix::fs::{Advice, fadvise};

use super::{Descriptors, TorrentFiles};
use crate::base::limits::COPIED_BYTES_MAX;
use crate::base::{Bitfield, Geometry, PieceIndex};
use crate::engine::TorrentId;
use crate::hash::{Feed, Hasher, Sha1, Span, Stream};

/// As many as the widest engine hashes side by side.
const LANES: u32 = 16;

const DESCRIPTORS_MAX: usize = 64;

/// How far a check is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    pub done_bytes: u64,
    pub total_bytes: u64,
}

/// Told now and then, from any thread.
pub type CheckProgress<'a> = dyn Fn(Checked) + Sync + 'a;

/// The pieces that match their hashes, among those that are worth a look. What cannot be read is
/// not there.
pub(super) fn whole_pieces(
    files: &TorrentFiles,
    is_worth_it: impl Fn(PieceIndex) -> bool,
    progress: &CheckProgress<'_>,
) -> Bitfield {
    let whole = Bitfield::none(files.piece_count());
    let Some(geometry) = files.geometry() else {
        return whole;
    };
    let pieces: Vec<PieceIndex> = geometry
        .pieces()
        .filter(|piece| is_worth_it(*piece))
        .collect();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let check = Check {
        files,
        geometry,
        descriptors: Descriptors::new(DESCRIPTORS_MAX),
        stretch_len_bytes: COPIED_BYTES_MAX / threads / LANES as usize,
        total_bytes: pieces
            .iter()
            .map(|piece| u64::from(geometry.len_of(*piece)))
            .sum(),
        pieces,
        next_batch: AtomicU32::new(0),
        done_bytes: AtomicU64::new(0),
        whole: Mutex::new(whole),
        progress,
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            let helper = thread::Builder::new().name("check".to_owned());
            if let Err(error) = helper.spawn_scoped(scope, || check.run()) {
                log::debug!("checking with fewer threads: {error}");
            }
        }
        check.run();
    });
    check
        .whole
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)
}

struct Check<'a> {
    files: &'a TorrentFiles,
    geometry: Geometry,
    descriptors: Descriptors,
    /// How much of each piece of a batch is read before it is hashed.
    stretch_len_bytes: usize,
    pieces: Vec<PieceIndex>,
    total_bytes: u64,
    next_batch: AtomicU32,
    done_bytes: AtomicU64,
    whole: Mutex<Bitfield>,
    progress: &'a CheckProgress<'a>,
}

/// A piece that is being hashed.
struct Lane {
    piece: PieceIndex,
    stream: Stream<Sha1>,
    left_bytes: usize,
    is_readable: bool,
}

impl Check<'_> {
    fn run(&self) {
        let stretch = self.stretch_len_bytes.max(1);
        let mut memory = vec![0; stretch * LANES as usize];
        loop {
            let batch = self.next_batch.fetch_add(1, Ordering::Relaxed) as usize;
            let Some(pieces) = self.pieces.chunks(LANES as usize).nth(batch) else {
                return;
            };
            self.check_batch(pieces, &mut memory);
        }
    }

    fn check_batch(&self, pieces: &[PieceIndex], memory: &mut [u8]) {
        let mut lanes: Vec<Lane> = pieces.iter().map(|piece| self.lane(*piece)).collect();
        self.read_ahead(pieces);
        while lanes.iter().any(|lane| lane.left_bytes > 0) {
            self.round(&mut lanes, memory);
        }
        let hasher = Hasher::chosen();
        let mut whole = self.whole.lock().unwrap_or_else(PoisonError::into_inner);
        for lane in lanes {
            let hash = hasher.finish(&lane.stream);
            if lane.is_readable && self.files.expected_hash(lane.piece) == Some(hash) {
                whole.set(lane.piece);
            }
        }
    }

    fn lane(&self, piece: PieceIndex) -> Lane {
        Lane {
            piece,
            stream: Stream::new(),
            left_bytes: self.geometry.len_of(piece) as usize,
            is_readable: true,
        }
    }

    /// Takes the next stretch of every piece.
    fn round(&self, lanes: &mut [Lane], memory: &mut [u8]) {
        let mut lens = [0; LANES as usize];
        let mut taken_bytes = 0;
        let stretches = memory.chunks_mut(self.stretch_len_bytes.max(1));
        for ((lane, stretch), len) in lanes.iter_mut().zip(stretches).zip(&mut lens) {
            *len = lane.left_bytes.min(stretch.len());
            let piece_len_bytes = u64::from(self.geometry.len_of(lane.piece));
            let done_bytes = piece_len_bytes - lane.left_bytes as u64;
            let start_bytes = self.geometry.start_of(lane.piece) + done_bytes;
            lane.left_bytes -= *len;
            taken_bytes += *len as u64;
            if *len > 0 && !self.read(start_bytes, &mut stretch[..*len]) {
                lane.is_readable = false;
                taken_bytes += lane.left_bytes as u64;
                lane.left_bytes = 0;
            }
        }
        let stretches = memory.chunks(self.stretch_len_bytes.max(1));
        let spans: Vec<[Span<'_>; 1]> = stretches
            .zip(&lens)
            .map(|(stretch, len)| [Span::from(&stretch[..*len])])
            .collect();
        let mut feeds: Vec<Feed<'_, Sha1>> = Vec::with_capacity(lanes.len());
        for (lane, spans) in lanes.iter_mut().zip(&spans) {
            let stream = &mut lane.stream;
            feeds.push(Feed { stream, spans });
        }
        Hasher::chosen().update_many(&mut feeds);
        self.tell(taken_bytes);
    }

    /// Reads some of the content; false where it is not to be had.
    fn read(&self, offset_bytes: u64, into: &mut [u8]) -> bool {
        let mut left = into;
        for segment in self.files.segments(offset_bytes, left.len() as u64) {
            let (here, rest) = left.split_at_mut(segment.len_bytes);
            left = rest;
            if segment.is_padding {
                here.fill(0);
                continue;
            }
            let file = self.descriptors.get(CHECKED, self.files, segment.file);
            let read = file.map(|file| file.read_exact_at(here, segment.offset_in_file_bytes));
            if !matches!(read, Ok(Ok(()))) {
                return false;
            }
        }
        true
    }

    /// Asks the disk for a batch in one go: stretches of sixteen pieces in turn look like no order.
    fn read_ahead(&self, pieces: &[PieceIndex]) {
        for piece in pieces {
            let start_bytes = self.geometry.start_of(*piece);
            let len_bytes = u64::from(self.geometry.len_of(*piece));
            let single = self.files.single_segment(start_bytes, len_bytes);
            let file = single.map(|segment| {
                let file = self.descriptors.get(CHECKED, self.files, segment.file);
                (file, segment.offset_in_file_bytes)
            });
            if let Some((Ok(file), offset_bytes)) = file {
                // It is advice: where it is not taken, the read waits longer.
                let len = std::num::NonZeroU64::new(len_bytes);
                let _ = fadvise(&file, offset_bytes, len, Advice::WillNeed);
            }
        }
    }

    fn tell(&self, bytes: u64) {
        let done_bytes = self.done_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        (self.progress)(Checked {
            done_bytes,
            total_bytes: self.total_bytes,
        });
    }
}

/// A check has descriptors of its own, of one torrent.
const CHECKED: TorrentId = TorrentId(0);
