//! The pool behind a simulated engine: places in memory, jobs that take their time, faults; and a
//! check of everything that is promised about places.

mod checks;
mod work;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use super::disk::{Disk, Disks};
use super::hosted::{PlaceGone, Pool};
use crate::base::limits::MAPPED_LEN_BYTES_MIN;
use crate::base::{Instant, PlaceId, PlaceRange, Rng};
use crate::engine::{Done, Engine, Job, PlaceBudget, PlaceSource, Report, StorageFault, TorrentId};
use work::Work;

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
        if is_out_of(&mut disk.faults.opens_until_failure) {
            return Err(fault("no memory"));
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

    /// A place to send from that is copied holds what the disk does by now.
    fn fill(&mut self, id: PlaceId) {
        let Place { torrent, what, .. } = self.places[&id];
        let disk = self.disks[torrent.0 as usize].borrow();
        let range = range_of(&disk, what);
        let bytes = if range.len() >= MAPPED_LEN_BYTES_MIN && disk.content().is_in_run(&range) {
            Bytes::Mapped(range)
        } else {
            Bytes::Copied(disk.bytes[range].to_vec())
        };
        drop(disk);
        if let Some(place) = self.places.get_mut(&id) {
            place.bytes = bytes;
        }
    }

    fn bytes_of(&self, range: PlaceRange) -> Vec<u8> {
        let mut bytes = Vec::new();
        let read = self.read(range, &mut bytes);
        assert_eq!(read, Ok(()), "a pinned place is there");
        bytes
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
