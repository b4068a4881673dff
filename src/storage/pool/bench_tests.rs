//! A pool with one torrent, used as an engine uses it.
#![allow(unsafe_code)]

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};

use super::*;
use crate::base::{Bitfield, Geometry, Memory as _, PlaceRange};
use crate::engine::MappableRun;
use crate::storage::files::{GetOptions, IoChoice, Prepared, for_getting, for_seeding};
use crate::storage::sample_tests::{Sample, given};

pub(super) const TORRENT: TorrentId = TorrentId(3);
pub(super) const PIECE_LEN_BYTES: usize = 64 << 10;
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn options() -> PoolOptions {
    PoolOptions {
        mapped_bytes_max: 64 << 20,
        buffer_bytes_max: 4 << 20,
        dirty_bytes_max: 1 << 20,
        resolve_timeout: Duration::from_secs(5),
    }
}

/// A pool with one torrent, used as an engine uses it.
pub(super) struct Bench {
    pub(super) pool: Pool,
    pub(super) memory: Arc<PlaceTable>,
    pub(super) geometry: Geometry,
    answers: (Sender<Done>, Receiver<Done>),
    next_generation: u32,
}

impl Bench {
    pub(super) fn new(files: &Arc<TorrentFiles>) -> Self {
        Self::with_options(files, options())
    }

    pub(super) fn with_options(files: &Arc<TorrentFiles>, options: PoolOptions) -> Self {
        let pool = Pool::start(options).unwrap();
        pool.add(TORRENT, Arc::clone(files));
        Self {
            memory: pool.memory(),
            geometry: files.geometry().unwrap(),
            answers: channel(),
            next_generation: 0,
            pool,
        }
    }

    pub(super) fn submit(&self, job: Job) {
        let answer = self.answers.0.clone();
        self.pool
            .submit(job, move |done| answer.send(done).unwrap());
    }

    pub(super) fn answer(&self) -> Done {
        self.answers.1.recv_timeout(PATIENCE).unwrap()
    }

    pub(super) fn ask(&self, job: Job) -> Done {
        self.submit(job);
        self.answer()
    }

    pub(super) fn try_open(&mut self, what: PlaceSource) -> (PlaceId, Result<(), StorageFault>) {
        let place = PlaceId::new(5, self.next_generation);
        self.next_generation += 1;
        let torrent = TORRENT;
        let open = Job::Open {
            torrent,
            place,
            what,
        };
        match self.ask(open) {
            Done::Opened {
                place: opened,
                result,
                ..
            } => {
                assert_eq!(opened, place);
                (place, result)
            }
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn open(&mut self, what: PlaceSource) -> PlaceId {
        let (place, result) = self.try_open(what);
        result.unwrap();
        place
    }

    pub(super) fn close(&self, place: PlaceId) {
        assert_eq!(self.ask(Job::Close { place }), Done::Closed { place });
    }

    /// Puts bytes where a socket's would come to.
    pub(super) fn receive(&self, place: PlaceId, offset_bytes: usize, bytes: &[u8]) {
        let address = self
            .memory
            .locate_for_receiving(range(place, offset_bytes, bytes.len()));
        // SAFETY: the place is open, and stays so until this test closes it.
        unsafe {
            let address = address.unwrap().as_ptr();
            address.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        }
    }

    pub(super) fn bytes(&self, range: PlaceRange) -> Vec<u8> {
        let address = self.memory.locate(range).unwrap();
        let mut bytes = vec![0; range.len_bytes as usize];
        // SAFETY: as above.
        unsafe {
            address
                .as_ptr()
                .copy_to_nonoverlapping(bytes.as_mut_ptr(), bytes.len());
        }
        bytes
    }

    pub(super) fn piece(&self, index: u32) -> PieceIndex {
        self.geometry.piece(index).unwrap()
    }

    pub(super) fn piece_in(&self, place: PlaceId, offset_bytes: usize, index: u32) -> PieceInPlace {
        let piece = self.piece(index);
        let len_bytes = self.geometry.len_of(piece) as usize;
        PieceInPlace {
            piece,
            range: range(place, offset_bytes, len_bytes),
        }
    }

    pub(super) fn hash(&self, pieces: Vec<PieceInPlace>) -> Vec<PieceVerdict> {
        let torrent = TORRENT;
        match self.ask(Job::Hash { torrent, pieces }) {
            Done::Hashed { verdicts, .. } => verdicts.into_iter().map(|(_, it)| it).collect(),
            other => panic!("{other:?}"),
        }
    }

    /// Receives the pieces of a run through one window, writing nowhere else.
    pub(super) fn get_run(&mut self, run: MappableRun, content: &[u8]) {
        let first = run.first_piece.get();
        let start = first as usize * PIECE_LEN_BYTES;
        let pieces: Vec<u32> = (first..first + run.piece_count).collect();
        let len = |index: &u32| self.geometry.len_of(self.piece(*index)) as usize;
        let len_bytes: usize = pieces.iter().map(len).sum();
        let window = self.open(PlaceSource::Window {
            first_piece: run.first_piece,
            len_bytes: u32::try_from(len_bytes).unwrap(),
        });
        self.receive(window, 0, &content[start..start + len_bytes]);
        let at = |index: &u32| (index - first) as usize * PIECE_LEN_BYTES;
        let all = pieces
            .iter()
            .map(|index| self.piece_in(window, at(index), *index));
        let verdicts = self.hash(all.collect());
        assert!(
            verdicts
                .iter()
                .all(|verdict| *verdict == PieceVerdict::Whole),
            "{verdicts:?}"
        );
        self.close(window);
    }

    /// Receives a piece through a buffer; the padding in it is there already.
    pub(super) fn get_piece(&mut self, files: &TorrentFiles, index: u32, content: &[u8]) {
        let piece = self.piece(index);
        let start = index as usize * PIECE_LEN_BYTES;
        let len_bytes = self.geometry.len_of(piece);
        let buffer = self.open(PlaceSource::Buffer {
            first_piece: piece,
            len_bytes,
        });
        let mut at = 0;
        for segment in files.segments(start as u64, u64::from(len_bytes)) {
            let end = at + segment.len_bytes;
            if !segment.is_padding {
                self.receive(buffer, at, &content[start + at..start + end]);
            }
            at = end;
        }
        let piece = self.piece_in(buffer, 0, index);
        assert_eq!(self.hash(vec![piece]), [PieceVerdict::Whole]);
        let torrent = TORRENT;
        match self.ask(Job::Write { torrent, piece }) {
            Done::Written { result, .. } => result.unwrap(),
            other => panic!("{other:?}"),
        }
        self.close(buffer);
    }

    /// Receives everything that is missing.
    pub(super) fn get_all(&mut self, prepared: &Prepared, content: &[u8]) {
        let mut by_window = Bitfield::none(self.geometry.piece_count());
        for run in &prepared.runs {
            for index in run.first_piece.get()..run.first_piece.get() + run.piece_count {
                by_window.set(self.piece(index));
            }
            self.get_run(*run, content);
        }
        for piece in self
            .geometry
            .pieces()
            .filter(|piece| !by_window.has(*piece))
        {
            self.get_piece(&prepared.files, piece.get(), content);
        }
        let torrent = TORRENT;
        let result = Ok(());
        assert_eq!(
            self.ask(Job::Finish { torrent }),
            Done::Finished { torrent, result }
        );
    }
}

pub(super) fn range(place: PlaceId, offset_bytes: usize, len_bytes: usize) -> PlaceRange {
    PlaceRange {
        place,
        offset_bytes: u32::try_from(offset_bytes).unwrap(),
        len_bytes: u32::try_from(len_bytes).unwrap(),
    }
}

pub(super) fn sample() -> Sample {
    Sample::new(
        PIECE_LEN_BYTES,
        &[
            given("empty", 0),
            given("small", 1000),
            given("large", (2 << 20) + 5),
            given(".pad/1", 64_531).with_attr("p"),
            given("deep/er/tail", 100_000),
            given("second", (1 << 20) + 77),
        ],
    )
}

pub(super) fn getting(sample: &Sample, dest: &Path, io: IoChoice) -> Prepared {
    let options = GetOptions {
        io,
        ..GetOptions::default()
    };
    for_getting(&sample.metainfo, dest, &options, &|_| ()).unwrap()
}

pub(super) fn seeding(sample: &Sample, data: &Path, io: IoChoice) -> Prepared {
    sample.lay_out(data);
    for_seeding(&sample.metainfo, data, io, &|_| ()).unwrap()
}
