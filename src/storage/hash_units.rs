//! Hashing content on every core: units in order, many side by side on each core.
//!
//! Workers take batches of consecutive units one after the other, so that a disk is read forward.
//! A batch is hashed in rounds: each round takes the next stretch of every unit of the batch, as
//! long as the budget allows, and feeds all of them side by side. So units of any length fill the
//! lanes of the hasher within bounded memory.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use rayon::prelude::*;

use super::error::Error;
use super::layout::{Cursor, Layout, Segment, Unit};
use super::plan::{Plan, mode_that_works};
use super::reader::Reader;
use super::source::{Source, Sources};
use super::trees::{Growth, Trees};
use super::unreadable::Unreadable;
use super::window::Window;
use crate::base::{Sha1Digest, Sha256Digest, limits};
use crate::hash::{Feed, Hasher, Sha1, Sha256, Span, Stream, merkle, merkle::LEAF_LEN_BYTES};

pub use super::plan::Budget;
pub use super::reader::IoMode;

/// One step of what nobody has to read.
static ZEROS: [u8; LEAF_LEN_BYTES] = [0; LEAF_LEN_BYTES];

/// Which hashes are wanted. For `merkle` the layout must be an aligned one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Algorithms {
    pub sha1: bool,
    /// Whether units that end before their full length are hashed as if zeros followed (the
    /// padding of a hybrid); the last unit never is.
    pub sha1_padded: bool,
    pub merkle: bool,
}

/// The hashes of one unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitHash {
    Known {
        sha1: Option<Sha1Digest>,
        merkle: Option<Sha256Digest>,
    },
    /// Some of its bytes could not be had.
    Absent,
}

/// Seen from other threads while the work goes on.
#[derive(Debug, Default)]
pub struct Progress {
    pub hashed_bytes: AtomicU64,
    /// What was mapped or copied for that.
    pub read_bytes: AtomicU64,
}

/// What to hash, and how.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    pub layout: &'a Layout<'a>,
    /// In the order of the layout's files.
    pub sources: &'a dyn Sources,
    pub algorithms: Algorithms,
    /// What else is to be made of the same bytes, where units are contiguous and all sources on disks.
    pub trees: Option<&'a Trees<'a>>,
    pub mode: IoMode,
    pub budget: Budget,
    pub progress: &'a Progress,
    /// Learns of files that cannot be read, whose units are then absent; without it they are an
    /// error.
    pub unreadable: Option<&'a Unreadable>,
}

impl Job<'_> {
    /// Hands each unit's hashes to `sink`, batch by batch and in no order of batches, and then
    /// looks whether any file changed meanwhile.
    pub fn run(&self, sink: impl Fn(u64, &[UnitHash]) + Sync) -> Result<(), Error> {
        let job = &Job {
            mode: mode_that_works(self, Window::can_open),
            ..*self
        };
        let workers = rayon::current_num_threads();
        let plan = Plan::new(job, workers);
        let next_batch = AtomicUsize::new(0);
        let zeros = OnceLock::new();
        let failure: Mutex<Option<Error>> = Mutex::new(None);
        rayon::scope(|scope| {
            for _ in 0..workers.min(plan.batch_count()) {
                scope.spawn(|_| {
                    if let Err(error) = Worker::new(job, plan, &zeros).run(&next_batch, &sink) {
                        next_batch.store(usize::MAX / 2, Ordering::Relaxed);
                        let mut first = failure.lock().unwrap_or_else(PoisonError::into_inner);
                        first.get_or_insert(error);
                    }
                });
            }
        });
        match failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(error),
            None => self.check_unchanged(),
        }
    }

    fn check_unchanged(&self) -> Result<(), Error> {
        let changed = (0..self.layout.file_count())
            .into_par_iter()
            .find_map_first(|file| {
                let Source::Disk(stamp) = self.sources.get(file) else {
                    return None;
                };
                let path = self.sources.disk_path(file);
                (!stamp.is_of(&path)).then_some(path)
            });
        changed.map_or(Ok(()), |path| Err(Error::Changed(path)))
    }
}

/// A unit that is being hashed.
struct Lane {
    unit: Unit,
    /// What was not taken yet.
    rest: Cursor,
    bytes: Bytes,
    sha1: Stream<Sha1>,
    leaves: Vec<Sha256Digest>,
}

impl Lane {
    fn is_unread(&self) -> bool {
        self.bytes == Bytes::Read && self.rest.left_bytes() > 0
    }
}

/// What is known of the bytes of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bytes {
    /// All of them can be had, so far.
    Read,
    /// All of them are padding: nothing needs to be read, and all such units have one hash.
    Zeros,
    /// Some of them cannot be had, and the others need not be.
    Absent,
}

struct Worker<'a> {
    job: &'a Job<'a>,
    plan: Plan,
    hasher: &'static Hasher,
    reader: Reader<'a>,
    /// The hash of a full unit of zeros, once one was met by any worker.
    zeros: &'a OnceLock<Sha1Digest>,
}

impl<'a> Worker<'a> {
    fn new(job: &'a Job<'a>, plan: Plan, zeros: &'a OnceLock<Sha1Digest>) -> Self {
        let reader = Reader::new(job.sources, job.mode, job.unreadable);
        Self {
            job,
            plan,
            hasher: Hasher::chosen(),
            reader,
            zeros,
        }
    }

    fn run(
        &mut self,
        next_batch: &AtomicUsize,
        sink: &(impl Fn(u64, &[UnitHash]) + Sync),
    ) -> Result<(), Error> {
        let mut hashes = Vec::new();
        loop {
            let index = next_batch.fetch_add(1, Ordering::Relaxed);
            let Some(units) = self.plan.batch(index) else {
                break;
            };
            let first = units.start;
            self.hash_batch(index, units, &mut hashes)?;
            sink(first, &hashes);
        }
        Ok(())
    }

    fn hash_batch(
        &mut self,
        index: usize,
        units: std::ops::Range<u64>,
        hashes: &mut Vec<UnitHash>,
    ) -> Result<(), Error> {
        let is_last_batch = units.end == self.plan.unit_count;
        let mut lanes: Vec<Lane> = units.map(|index| self.lane(index)).collect();
        let mut uncounted_bytes: u64 = lanes
            .iter()
            .map(|lane| lane.unit.len_bytes)
            .map(u64::from)
            .sum();
        let mut is_first_round = true;
        let mut growth = self.job.trees.map(|trees| trees.grow(self.hasher));
        while lanes.iter().any(Lane::is_unread) {
            let taken_bytes = self.round(&mut lanes, growth.as_mut())?;
            uncounted_bytes -= taken_bytes;
            self.count(taken_bytes);
            if is_first_round {
                self.read_ahead(index);
            }
            is_first_round = false;
        }
        if let Some(growth) = growth {
            growth.finish();
        }
        // What nobody needed to read is done too.
        self.count(uncounted_bytes);
        if self.job.algorithms.sha1_padded {
            let padded = if is_last_batch {
                lanes.len() - 1
            } else {
                lanes.len()
            };
            self.pad(&mut lanes[..padded]);
        }
        hashes.clear();
        hashes.extend(lanes.iter_mut().map(|lane| self.finish(lane)));
        Ok(())
    }

    /// Asks the disk for the batch that this worker is likely to take next.
    fn read_ahead(&self, index: usize) {
        let next = index + rayon::current_num_threads();
        let Some(units) = self.plan.batch(next) else {
            return;
        };
        let first = self.job.layout.unit(units.start);
        let len_bytes = (units.end - units.start) * u64::from(self.job.layout.unit_len_bytes());
        self.reader.read_ahead(&Segment {
            file: first.first_file,
            offset_bytes: first.offset_in_file_bytes,
            len_bytes: usize::try_from(len_bytes).unwrap_or(usize::MAX),
        });
    }

    fn lane(&self, index: u64) -> Lane {
        let unit = self.job.layout.unit(index);
        Lane {
            unit,
            rest: self.job.layout.cursor(&unit),
            bytes: self.bytes_of(&unit),
            sha1: Stream::new(),
            leaves: Vec::new(),
        }
    }

    /// What the sources tell before anything is read.
    fn bytes_of(&self, unit: &Unit) -> Bytes {
        let mut are_zeros = true;
        for segment in self.job.layout.segments(unit) {
            match self.job.sources.get(segment.file) {
                Source::Absent => return Bytes::Absent,
                Source::Zeros => {}
                Source::Disk(_) => are_zeros = false,
            }
        }
        // Padding is of v1 only, where no unit has anything but a plain hash.
        let is_plain = !self.job.algorithms.merkle && !self.job.algorithms.sha1_padded;
        if are_zeros && is_plain {
            Bytes::Zeros
        } else {
            Bytes::Read
        }
    }

    /// Takes the next stretch of every lane and hashes them side by side; gives how much that was.
    fn round(&mut self, lanes: &mut [Lane], growth: Option<&mut Growth<'_>>) -> Result<u64, Error> {
        let (segments, lane_ends) = self.next_segments(lanes);
        self.reader.begin_round();
        let read_bytes = self.reader.take_all(&segments)?;
        let counter = &self.job.progress.read_bytes;
        counter.fetch_add(read_bytes, Ordering::Relaxed);
        let mut spans: Vec<Span<'_>> = Vec::with_capacity(segments.len());
        let mut span_ends = Vec::with_capacity(lanes.len());
        let mut part = 0;
        for (lane, end) in lanes.iter_mut().zip(&lane_ends) {
            for part in part..*end {
                if !self.reader.spans(part, &mut spans) {
                    lane.bytes = Bytes::Absent;
                }
            }
            part = *end;
            span_ends.push(spans.len());
        }
        if self.job.algorithms.sha1 {
            feed(self.hasher, lanes, &spans, &span_ends);
        }
        if self.job.algorithms.merkle {
            hash_leaves(self.hasher, lanes, &spans, &span_ends);
        }
        if let Some(growth) = growth {
            growth.take(&segments, &spans);
        }
        self.reader.tell_spoiled()?;
        let mut part = 0;
        for (lane, end) in lanes.iter_mut().zip(&lane_ends) {
            if (part..*end).any(|part| self.reader.is_spoiled(part)) {
                lane.bytes = Bytes::Absent;
            }
            part = *end;
        }
        let lens = segments.iter().map(|segment| segment.len_bytes as u64);
        Ok(lens.sum())
    }

    /// The parts of the next stretch of every lane, and where the parts of each lane end. Where they
    /// are small they are bounded by their number: each takes some 80 bytes besides its content.
    fn next_segments(&self, lanes: &mut [Lane]) -> (Vec<Segment>, Vec<usize>) {
        let unread = lanes.iter().filter(|lane| lane.is_unread()).count();
        let parts_max = (limits::PARTS_PER_ROUND_MAX / unread.max(1)).max(1);
        let mut segments: Vec<Segment> = Vec::new();
        let mut lane_ends = Vec::with_capacity(lanes.len());
        for lane in lanes {
            let start = segments.len();
            let mut left_bytes = self.plan.stretch_len_bytes;
            while lane.is_unread() && segments.len() - start < parts_max {
                let Some(segment) = self.job.layout.advance(&mut lane.rest, left_bytes) else {
                    break;
                };
                left_bytes =
                    left_bytes.saturating_sub(u32::try_from(segment.len_bytes).unwrap_or(u32::MAX));
                segments.push(segment);
            }
            lane_ends.push(segments.len());
        }
        (segments, lane_ends)
    }

    fn count(&self, bytes: u64) {
        let counter = &self.job.progress.hashed_bytes;
        counter.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Goes on with zeros to the full length of each unit, side by side.
    fn pad(&self, lanes: &mut [Lane]) {
        let full_len = self.job.layout.unit_len_bytes();
        let mut gaps: Vec<(&mut Lane, usize)> = lanes
            .iter_mut()
            .map(|lane| {
                let gap = full_len - lane.unit.len_bytes;
                (lane, gap as usize)
            })
            .collect();
        loop {
            gaps.retain(|(_, left)| *left > 0);
            if gaps.is_empty() {
                return;
            }
            let steps: Vec<[Span<'_>; 1]> = gaps
                .iter()
                .map(|(_, left)| [Span::from(&ZEROS[..(*left).min(LEAF_LEN_BYTES)])])
                .collect();
            let mut feeds: Vec<Feed<'_, Sha1>> = Vec::with_capacity(gaps.len());
            for ((lane, left), spans) in gaps.iter_mut().zip(&steps) {
                feeds.push(Feed {
                    stream: &mut lane.sha1,
                    spans,
                });
                *left = left.saturating_sub(LEAF_LEN_BYTES);
            }
            self.hasher.update_many(&mut feeds);
        }
    }

    /// The full units among them are hashed once for the whole job.
    fn hash_of_zeros(&self, len_bytes: u32) -> Sha1Digest {
        if len_bytes == self.job.layout.unit_len_bytes() {
            let of_full_unit = || sha1_of_zeros(self.hasher, len_bytes);
            *self.zeros.get_or_init(of_full_unit)
        } else {
            sha1_of_zeros(self.hasher, len_bytes)
        }
    }

    fn finish(&self, lane: &mut Lane) -> UnitHash {
        let wanted = self.job.algorithms;
        match lane.bytes {
            Bytes::Absent => return UnitHash::Absent,
            Bytes::Zeros => {
                return UnitHash::Known {
                    sha1: wanted.sha1.then(|| self.hash_of_zeros(lane.unit.len_bytes)),
                    merkle: None,
                };
            }
            Bytes::Read => {}
        }
        let sha1 = wanted.sha1.then(|| self.hasher.finish(&lane.sha1));
        let merkle = wanted.merkle.then(|| {
            if !lane.unit.is_whole_file {
                // A piece of a longer file is a full tree, whatever is missing at its end.
                let leaves = self.job.layout.unit_len_bytes() as usize / LEAF_LEN_BYTES;
                lane.leaves.resize(leaves, Sha256Digest::ZERO);
            }
            merkle::root(&lane.leaves, 0)
        });
        UnitHash::Known { sha1, merkle }
    }
}

fn sha1_of_zeros(hasher: &Hasher, len_bytes: u32) -> Sha1Digest {
    let mut stream = Stream::<Sha1>::new();
    let mut left = len_bytes as usize;
    while left > 0 {
        let step = left.min(LEAF_LEN_BYTES);
        hasher.update_many(&mut [Feed {
            stream: &mut stream,
            spans: &[Span::from(&ZEROS[..step])],
        }]);
        left -= step;
    }
    hasher.finish(&stream)
}

fn feed<'s>(hasher: &Hasher, lanes: &mut [Lane], spans: &'s [Span<'s>], span_ends: &[usize]) {
    let mut start = 0;
    let mut feeds: Vec<Feed<'_, Sha1>> = Vec::with_capacity(lanes.len());
    for (lane, end) in lanes.iter_mut().zip(span_ends) {
        feeds.push(Feed {
            stream: &mut lane.sha1,
            spans: &spans[start..*end],
        });
        start = *end;
    }
    hasher.update_many(&mut feeds);
}

fn hash_leaves(hasher: &Hasher, lanes: &mut [Lane], spans: &[Span<'_>], span_ends: &[usize]) {
    let mut blocks: Vec<[Span<'_>; 1]> = Vec::new();
    let mut block_ends = Vec::with_capacity(lanes.len());
    let mut start = 0;
    for end in span_ends {
        // In an aligned layout all of a unit is of one file, so a stretch of it is one span.
        for span in &spans[start..*end] {
            let mut left = *span;
            while !left.is_empty() {
                let (block, rest) = left.split_at(LEAF_LEN_BYTES);
                blocks.push([block]);
                left = rest;
            }
        }
        start = *end;
        block_ends.push(blocks.len());
    }
    let mut digests = vec![Sha256Digest::ZERO; blocks.len()];
    hasher.digest_many::<Sha256>(&blocks, &mut digests);
    let mut start = 0;
    for (lane, end) in lanes.iter_mut().zip(&block_ends) {
        lane.leaves.extend_from_slice(&digests[start..*end]);
        start = *end;
    }
}
