//! The pool behind a simulated engine: places in memory, jobs that take their time, faults; and a
//! check of everything that is promised about places.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use super::disk::{Disk, Disks};
use super::hosted::{PlaceGone, Pool};
use crate::base::{BLOCK_LEN_BYTES, Instant, PlaceId, PlaceRange, Rng, Sha1Digest};
use crate::engine::{
    Done, Engine, Job, PieceInPlace, PieceVerdict, PlaceBudget, PlaceSource, Report, StorageFault,
    TorrentId,
};
use crate::hash::sha1;

/// Parts of files that are shorter are sent from copies, as on a real disk.
const MAPPED_READ_LEN_BYTES_MIN: usize = 128 << 10;

/// What people are told last.
pub(super) type LastReport = Rc<RefCell<Option<Report>>>;

/// How long jobs take: up to so much.
#[derive(Clone, Copy, Debug)]
pub struct JobTimes {
    pub open_max: Duration,
    pub close_max: Duration,
    pub hash_max: Duration,
    pub write_max: Duration,
}

impl Default for JobTimes {
    fn default() -> Self {
        Self {
            open_max: Duration::from_millis(5),
            close_max: Duration::from_millis(30),
            hash_max: Duration::from_millis(10),
            write_max: Duration::from_millis(10),
        }
    }
}

/// Where the bytes of a place are.
#[derive(Debug)]
enum Bytes {
    /// On the disk itself, mapped.
    Mapped(Range<usize>),
    Copied(Vec<u8>),
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Opening,
    Open,
    Closing,
}

#[derive(Debug)]
struct Place {
    torrent: TorrentId,
    what: PlaceSource,
    bytes: Bytes,
    state: State,
    /// Jobs that read it.
    pins: u32,
}

/// Work under way.
#[derive(Debug)]
enum Work {
    Open(TorrentId, PlaceId, Result<(), StorageFault>),
    Refresh(TorrentId, PlaceId),
    Close(PlaceId),
    Hash(TorrentId, Vec<PieceInPlace>),
    Write(TorrentId, PieceInPlace),
    Digest(TorrentId, PieceInPlace),
    Finish(TorrentId),
}

#[derive(Debug)]
pub(super) struct Storage {
    /// By torrent.
    disks: Disks,
    last_report: LastReport,
    budget: PlaceBudget,
    times: JobTimes,
    rng: Rng,
    places: BTreeMap<PlaceId, Place>,
    work: BTreeMap<(Instant, u64), Work>,
    last_work: u64,
    /// Parts of places that jobs read, and that nobody may write meanwhile.
    frozen: Vec<PlaceRange>,
    /// Whole pieces in buffers.
    whole_in_buffer: Vec<PlaceRange>,
}

impl Storage {
    pub(super) fn new(
        disks: Disks,
        last_report: LastReport,
        budget: PlaceBudget,
        times: JobTimes,
        seed: u64,
    ) -> Self {
        Self {
            disks,
            last_report,
            budget,
            times,
            rng: Rng::new(seed),
            places: BTreeMap::new(),
            work: BTreeMap::new(),
            last_work: 0,
            frozen: Vec::new(),
            whole_in_buffer: Vec::new(),
        }
    }

    fn start(&mut self, now: Instant, takes_max: Duration, work: Work) {
        let micros = u32::try_from(takes_max.as_micros()).unwrap_or(u32::MAX);
        let takes = Duration::from_micros(u64::from(self.rng.below(micros.max(1))));
        self.last_work += 1;
        self.work.insert((now + takes, self.last_work), work);
    }

    fn disk(&self, torrent: TorrentId) -> &RefCell<Disk> {
        &self.disks[torrent.0 as usize]
    }

    fn open(
        &mut self,
        torrent: TorrentId,
        place: PlaceId,
        what: PlaceSource,
    ) -> Result<(), StorageFault> {
        let mut disk = self.disks[torrent.0 as usize].borrow_mut();
        if let Some(left) = &mut disk.faults.opens_until_failure {
            if *left == 0 {
                return Err(fault("no memory"));
            }
            *left -= 1;
        }
        let range = range_of(&disk, what);
        assert!(!range.is_empty(), "no place is empty: {what:?}");
        let bytes = match what {
            PlaceSource::Window { .. } => {
                assert!(disk.content().is_in_run(&range), "a window is within a run");
                Bytes::Mapped(range)
            }
            PlaceSource::Buffer { .. } => {
                let mut bytes = vec![0xdd; range.len()];
                for padding in disk.content().padding_within(&range) {
                    bytes[padding].fill(0);
                }
                Bytes::Copied(bytes)
            }
            PlaceSource::Read { .. } => Bytes::Copied(Vec::new()),
        };
        let former = self.places.insert(
            place,
            Place {
                torrent,
                what,
                bytes,
                state: State::Opening,
                pins: 0,
            },
        );
        assert!(
            former.is_none(),
            "a place is opened under a name of its own"
        );
        drop(disk);
        self.check_budget();
        Ok(())
    }

    /// Counts what is being opened and closed, as the engine has to.
    fn check_budget(&self) {
        let is_read = |place: &&Place| matches!(place.what, PlaceSource::Read { .. });
        let (reads, receives): (Vec<_>, Vec<_>) = self.places.values().partition(is_read);
        for (index, disk) in self.disks.iter().enumerate() {
            let is_its = |place: &&&Place| place.torrent.0 as usize == index;
            let mut disk = disk.borrow_mut();
            disk.receiving_places = receives.iter().filter(is_its).count();
            disk.sending_places = reads.iter().filter(is_its).count();
        }
        for (places, budget_bytes) in [
            (reads, self.budget.send_bytes),
            (receives, self.budget.receive_bytes),
        ] {
            let used_bytes: u64 = places.iter().map(|place| place.what.len_bytes()).sum();
            assert!(
                used_bytes <= budget_bytes || places.len() == 1,
                "{used_bytes} bytes of places are more than the {budget_bytes} there are"
            );
        }
    }

    /// A place to send from that is copied holds what the disk does by now.
    fn fill(&mut self, id: PlaceId) {
        let Place { torrent, what, .. } = self.places[&id];
        let disk = self.disks[torrent.0 as usize].borrow();
        let range = range_of(&disk, what);
        let bytes = if range.len() >= MAPPED_READ_LEN_BYTES_MIN && disk.content().is_in_run(&range)
        {
            Bytes::Mapped(range)
        } else {
            Bytes::Copied(disk.bytes[range].to_vec())
        };
        drop(disk);
        if let Some(place) = self.places.get_mut(&id) {
            place.bytes = bytes;
        }
    }

    fn pin(&mut self, piece: &PieceInPlace) {
        let Some(place) = self.places.get_mut(&piece.range.place) else {
            unreachable!("{piece:?} is in no place");
        };
        assert_eq!(
            place.state,
            State::Open,
            "a job is about a place that is there"
        );
        place.pins += 1;
        self.frozen.push(piece.range);
    }

    fn unpin(&mut self, piece: &PieceInPlace) {
        if let Some(place) = self.places.get_mut(&piece.range.place) {
            place.pins -= 1;
        }
        let at = self.frozen.iter().position(|range| *range == piece.range);
        if let Some(at) = at {
            self.frozen.swap_remove(at);
        }
    }

    fn bytes_of(&self, range: PlaceRange) -> Vec<u8> {
        let mut bytes = Vec::new();
        let read = self.read(range, &mut bytes);
        assert_eq!(read, Ok(()), "a pinned place is there");
        bytes
    }

    fn finish_work(&mut self, work: Work) -> Done {
        match work {
            Work::Open(torrent, place, result) => {
                if result.is_ok() {
                    if matches!(self.places[&place].what, PlaceSource::Read { .. }) {
                        self.fill(place);
                    }
                    if let Some(place) = self.places.get_mut(&place) {
                        place.state = State::Open;
                    }
                }
                Done::Opened {
                    torrent,
                    place,
                    result,
                }
            }
            Work::Refresh(torrent, place) => Done::Refreshed {
                torrent,
                place,
                result: Ok(()),
            },
            Work::Close(place) => {
                let closed = self.places.remove(&place);
                self.whole_in_buffer.retain(|whole| whole.place != place);
                assert!(closed.is_some_and(|place| place.state == State::Closing));
                self.check_budget();
                Done::Closed { place }
            }
            Work::Hash(torrent, pieces) => {
                let verdicts = pieces
                    .iter()
                    .map(|piece| (piece.piece, self.hash(torrent, piece)));
                Done::Hashed {
                    torrent,
                    verdicts: verdicts.collect(),
                }
            }
            Work::Write(torrent, piece) => Done::Written {
                torrent,
                piece: piece.piece,
                result: self.write_piece(torrent, &piece),
            },
            Work::Digest(torrent, piece) => {
                let bytes = self.bytes_of(piece.range);
                self.unpin(&piece);
                let blocks = bytes.chunks(BLOCK_LEN_BYTES as usize);
                let blocks: Vec<Sha1Digest> = blocks.map(sha1).collect();
                let piece = piece.piece;
                Done::Digested {
                    torrent,
                    piece,
                    blocks,
                }
            }
            Work::Finish(torrent) => Done::Finished {
                torrent,
                result: self.finish(torrent),
            },
        }
    }

    fn hash(&mut self, torrent: TorrentId, piece: &PieceInPlace) -> PieceVerdict {
        let bytes = self.bytes_of(piece.range);
        self.unpin(piece);
        let mut disk = self.disks[torrent.0 as usize].borrow_mut();
        if is_out_of(&mut disk.faults.hashes_until_failure) {
            return PieceVerdict::Gone(fault("the disk does not answer"));
        }
        if !disk.is_right(piece.piece, &bytes) {
            return PieceVerdict::Wrong;
        }
        match self.places.get(&piece.range.place).map(|place| &place.what) {
            Some(PlaceSource::Window { .. }) => disk.verify(piece.piece),
            _ => self.whole_in_buffer.push(piece.range),
        }
        PieceVerdict::Whole
    }

    fn write_piece(
        &mut self,
        torrent: TorrentId,
        piece: &PieceInPlace,
    ) -> Result<(), StorageFault> {
        let bytes = self.bytes_of(piece.range);
        self.unpin(piece);
        let mut disk = self.disk(torrent).borrow_mut();
        if is_out_of(&mut disk.faults.writes_until_failure) {
            return Err(fault("no space is left"));
        }
        assert!(
            disk.is_right(piece.piece, &bytes),
            "only whole pieces are written"
        );
        let range = disk.content().range_of(piece.piece);
        disk.bytes[range].copy_from_slice(&bytes);
        disk.verify(piece.piece);
        Ok(())
    }

    fn finish(&self, torrent: TorrentId) -> Result<(), StorageFault> {
        let mut disk = self.disk(torrent).borrow_mut();
        if disk.faults.fails_to_finish {
            return Err(fault("it cannot be renamed"));
        }
        let is_whole = disk.is_whole() || disk.is_wanted_in_part;
        assert!(is_whole, "all is there when it is finished");
        assert!(!disk.is_finished, "it is finished once");
        disk.is_finished = true;
        Ok(())
    }

    /// What nobody may write: what a job reads, and what was found to be right.
    fn check_write(&self, range: PlaceRange, place: &Place) {
        let is_frozen = self.frozen.iter().any(|frozen| overlap(frozen, &range));
        assert!(!is_frozen, "{range:?} is written while a job reads it");
        let is_whole = match &place.bytes {
            Bytes::Mapped(mapped) => {
                let start = mapped.start + range.offset_bytes as usize;
                let written = start..start + range.len_bytes as usize;
                self.disk(place.torrent)
                    .borrow()
                    .is_any_verified_in(&written)
            }
            Bytes::Copied(_) => {
                let mut whole = self.whole_in_buffer.iter();
                whole.any(|whole| overlap(whole, &range))
            }
        };
        assert!(!is_whole, "{range:?} is written after it was verified");
    }

    fn place(&self, range: PlaceRange) -> Result<&Place, PlaceGone> {
        let place = self.places.get(&range.place).ok_or(PlaceGone)?;
        let end = u64::from(range.offset_bytes) + u64::from(range.len_bytes);
        let is_there = place.state == State::Open && end <= place.what.len_bytes();
        is_there.then_some(place).ok_or(PlaceGone)
    }
}

impl Pool<Engine> for Storage {
    fn submit(&mut self, now: Instant, job: Job) {
        let times = self.times;
        match job {
            Job::Open {
                torrent,
                place,
                what,
            } => {
                let result = self.open(torrent, place, what);
                self.start(now, times.open_max, Work::Open(torrent, place, result));
            }
            Job::Refresh { torrent, place } => {
                self.start(now, times.open_max, Work::Refresh(torrent, place));
            }
            Job::Close { place: id } => {
                let Some(place) = self.places.get_mut(&id) else {
                    unreachable!("{id:?} is given up and was not there");
                };
                assert_eq!(place.state, State::Open, "what is there is given up, once");
                assert_eq!(place.pins, 0, "no job reads a place that is given up");
                place.state = State::Closing;
                self.start(now, times.close_max, Work::Close(id));
            }
            Job::Hash { torrent, pieces } => {
                pieces.iter().for_each(|piece| self.pin(piece));
                self.start(now, times.hash_max, Work::Hash(torrent, pieces));
            }
            Job::Write { torrent, piece } => {
                self.pin(&piece);
                self.start(now, times.write_max, Work::Write(torrent, piece));
            }
            Job::Digest { torrent, piece } => {
                self.pin(&piece);
                self.start(now, times.hash_max, Work::Digest(torrent, piece));
            }
            Job::Finish { torrent } => self.start(now, times.write_max, Work::Finish(torrent)),
            Job::Report(report) => *self.last_report.borrow_mut() = Some(*report),
            Job::Resolve { .. } => unreachable!("trackers are named by their addresses here"),
        }
    }

    fn next_done_at(&self) -> Option<Instant> {
        let ((at, _), _) = self.work.first_key_value()?;
        Some(*at)
    }

    fn take_done(&mut self, now: Instant) -> Option<Done> {
        let first = self.work.first_entry()?;
        let is_due = first.key().0 <= now;
        if !is_due {
            return None;
        }
        let work = first.remove();
        Some(self.finish_work(work))
    }

    fn read(&self, range: PlaceRange, out: &mut Vec<u8>) -> Result<(), PlaceGone> {
        let place = self.place(range)?;
        let at = range.offset_bytes as usize..(range.offset_bytes + range.len_bytes) as usize;
        match &place.bytes {
            Bytes::Mapped(mapped) => {
                let start = mapped.start + at.start;
                let disk = self.disk(place.torrent).borrow();
                out.extend_from_slice(&disk.bytes[start..start + at.len()]);
            }
            Bytes::Copied(bytes) => out.extend_from_slice(&bytes[at]),
        }
        Ok(())
    }

    fn write(&mut self, range: PlaceRange, bytes: &[u8]) -> Result<(), PlaceGone> {
        let place = self.place(range)?;
        assert_eq!(range.len_bytes as usize, bytes.len(), "all of the range");
        assert!(
            !matches!(place.what, PlaceSource::Read { .. }),
            "nothing is received into a place to send from"
        );
        self.check_write(range, place);
        let at = range.offset_bytes as usize;
        let torrent = place.torrent;
        let disk = &self.disks[torrent.0 as usize];
        match self
            .places
            .get_mut(&range.place)
            .map(|place| &mut place.bytes)
        {
            Some(Bytes::Mapped(mapped)) => {
                let start = mapped.start + at;
                disk.borrow_mut().bytes[start..start + bytes.len()].copy_from_slice(bytes);
            }
            Some(Bytes::Copied(buffer)) => buffer[at..at + bytes.len()].copy_from_slice(bytes),
            None => {}
        }
        Ok(())
    }
}

fn range_of(disk: &Disk, what: PlaceSource) -> Range<usize> {
    let geometry = disk.content().geometry;
    let start_bytes = match what {
        PlaceSource::Window { first_piece, .. } => geometry.start_of(first_piece),
        PlaceSource::Buffer { first_piece, .. } => geometry.start_of(first_piece),
        PlaceSource::Read { offset_bytes, .. } => offset_bytes,
    };
    let end_bytes = start_bytes + what.len_bytes();
    assert!(
        end_bytes <= geometry.total_bytes(),
        "a place is within the content: {what:?}"
    );
    let at = |bytes| usize::try_from(bytes).unwrap_or(usize::MAX);
    at(start_bytes)..at(end_bytes)
}

fn overlap(a: &PlaceRange, b: &PlaceRange) -> bool {
    a.place == b.place
        && a.offset_bytes < b.offset_bytes + b.len_bytes
        && b.offset_bytes < a.offset_bytes + a.len_bytes
}

fn is_out_of(left: &mut Option<u32>) -> bool {
    match left {
        Some(0) => true,
        Some(left) => {
            *left -= 1;
            false
        }
        None => false,
    }
}

fn fault(reason: &str) -> StorageFault {
    StorageFault {
        path: "content".to_owned(),
        reason: reason.to_owned(),
    }
}
