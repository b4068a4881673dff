//! What may block or takes long, done off the reactor's thread: places made and given up, pieces
//! hashed and written, files finished, names looked up.
//!
//! | lane | does | why apart |
//! |---|---|---|
//! | receiving | windows and buffers to receive into | a download waits for them |
//! | sending | content to send, read from the disk | a cold disk is slow |
//! | writing | pieces from buffers into files | waits for the dirty cap |
//! | closing | unmapping, finishing | waits for the dirty cap and for the disk |
//! | writeback | begins to write what was received | waits for a busy disk to take more |
//! | names | addresses of names | waits for strangers |
//!
//! Hashing is on rayon, which does nothing else here. A job is taken at once, whatever is waiting,
//! and answered through its callback, never on the thread that brought it.

#[cfg(test)]
mod bench_tests;
mod budget;
mod buffers;
#[cfg(test)]
mod fault_tests;
mod hash;
mod lane;
mod memory;
mod place;
mod ram;
mod resolve;
mod table;
#[cfg(test)]
mod tests;
mod writeback;

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

pub use table::PlaceTable;

use crate::base::limits::{
    CONTENT_FILES_OPEN_MAX, PLACES_MAX, READ_LEN_BYTES_MAX, WINDOW_LEN_BYTES,
};
use crate::base::{PieceIndex, PlaceId};
use crate::engine::{
    Done, Job, PieceInPlace, PieceVerdict, PlaceBudget, PlaceSource, StorageFault, TorrentId,
};
use crate::storage::files::{Descriptors, TorrentFiles, finish};
use budget::Budget;
use buffers::Buffers;
use lane::Lane;
use place::{Means, Place, Received, Torrent};
use resolve::{Resolver, by_system};
use writeback::Writeback;

/// What a pool may use at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolOptions {
    /// In windows to receive into and to send from, together.
    pub mapped_bytes_max: usize,
    /// In buffers, used or kept for later.
    pub buffer_bytes_max: usize,
    /// Received, given up by the engine, and not on the disk yet.
    pub dirty_bytes_max: u64,
    pub resolve_timeout: Duration,
}

impl PoolOptions {
    /// For an engine that keeps to a budget, of torrents with pieces up to a length: as much as it
    /// may ask for. What it asks for beyond that is refused, and its torrent stops.
    ///
    /// Of dirty bytes a tenth of the memory of the machine, or of the group of processes: from as
    /// many on the kernel itself begins to write.
    pub fn for_engine(budget: PlaceBudget, longest_piece_bytes: u32) -> Self {
        const USABLE_BYTES_ASSUMED: u64 = 2 << 30;
        let usable_bytes = ram::usable_bytes().unwrap_or(USABLE_BYTES_ASSUMED);
        // One place is granted even if it is larger than the budget.
        let one_window_bytes = u64::from(longest_piece_bytes.max(WINDOW_LEN_BYTES));
        let receive_bytes = budget.receive_bytes.max(one_window_bytes);
        let send_bytes = budget.send_bytes.max(u64::from(READ_LEN_BYTES_MAX));
        let placed_bytes = usize::try_from(receive_bytes + send_bytes).unwrap_or(usize::MAX);
        Self {
            mapped_bytes_max: placed_bytes,
            buffer_bytes_max: Buffers::bytes_for(placed_bytes, PLACES_MAX),
            dirty_bytes_max: usable_bytes / 10,
            resolve_timeout: Duration::from_secs(15),
        }
    }
}

/// The threads behind an engine. Dropping it waits for the jobs that it was given.
#[derive(Debug)]
pub struct Pool {
    shared: Arc<Shared>,
    receiving: Lane,
    sending: Lane,
    writing: Lane,
    closing: Lane,
    names: Resolver,
}

#[derive(Debug)]
struct Shared {
    table: Arc<PlaceTable>,
    torrents: RwLock<HashMap<TorrentId, Arc<TorrentFiles>>>,
    means: Means,
    writeback: Writeback,
}

impl Pool {
    pub fn start(options: PoolOptions) -> io::Result<Self> {
        // rayon makes its threads when it is first asked for anything, and reads files to know how
        // many: not on the thread that brings the first piece.
        let hashing_threads = rayon::current_num_threads();
        log::debug!("hashing on {hashing_threads} threads");
        let shared = Shared {
            table: Arc::new(PlaceTable::new()),
            torrents: RwLock::default(),
            means: Means {
                mapped: Budget::new(options.mapped_bytes_max),
                buffers: Buffers::new(options.buffer_bytes_max),
                descriptors: Descriptors::new(CONTENT_FILES_OPEN_MAX),
            },
            writeback: Writeback::start_threads(options.dirty_bytes_max)?,
        };
        Ok(Self {
            shared: Arc::new(shared),
            receiving: Lane::start("receiving")?,
            sending: Lane::start("sending")?,
            writing: Lane::start("writing")?,
            closing: Lane::start("closing")?,
            names: Resolver::start(by_system, options.resolve_timeout)?,
        })
    }

    /// Where the places are, for the host.
    pub fn memory(&self) -> Arc<PlaceTable> {
        Arc::clone(&self.shared.table)
    }

    /// Makes a torrent's files known, before any job about it.
    pub fn add(&self, torrent: TorrentId, files: Arc<TorrentFiles>) {
        let torrents = self.shared.torrents.write();
        let mut torrents = torrents.unwrap_or_else(PoisonError::into_inner);
        torrents.insert(torrent, files);
    }

    /// Forgets a torrent; its places stay until they are given up.
    pub fn remove(&self, torrent: TorrentId) {
        let torrents = self.shared.torrents.write();
        let mut torrents = torrents.unwrap_or_else(PoisonError::into_inner);
        torrents.remove(&torrent);
        drop(torrents);
        let shared = Arc::clone(&self.shared);
        // Closing a file may block.
        self.closing
            .run(move || shared.means.descriptors.forget(torrent));
    }

    /// Takes a job and returns at once; `done` is called with the answer on another thread.
    pub fn submit(&self, job: Job, done: impl FnOnce(Done) + Send + 'static) {
        let shared = Arc::clone(&self.shared);
        match job {
            Job::Open {
                torrent,
                place,
                what,
            } => {
                let lane = match what {
                    PlaceSource::Read { .. } => &self.sending,
                    PlaceSource::Window { .. } | PlaceSource::Buffer { .. } => &self.receiving,
                };
                lane.run(move || done(shared.open(torrent, place, what)));
            }
            Job::Refresh { torrent, place } => {
                self.receiving.run(move || {
                    let found = shared.table.get(place);
                    let result = found.map_or(Ok(()), |place| place.keep_writable());
                    done(Done::Refreshed {
                        torrent,
                        place,
                        result,
                    });
                });
            }
            Job::Close { place } => self.close(place, done),
            Job::Hash { torrent, pieces } => {
                rayon::spawn(move || done(shared.hash(torrent, &pieces)));
            }
            Job::Write { torrent, piece } => {
                self.writing
                    .run(move || done(shared.write(torrent, &piece)));
            }
            Job::Digest { torrent, piece } => rayon::spawn(move || {
                let blocks = hash::block_digests(&piece, &shared.table);
                let piece = piece.piece;
                done(Done::Digested {
                    torrent,
                    piece,
                    blocks,
                });
            }),
            Job::Finish { torrent } => self.closing.run(move || done(shared.finish(torrent))),
            // For people, whom the pool does not know.
            Job::Report(_) => {}
            Job::Resolve { query, name } => self
                .names
                .resolve(name, move |result| done(Done::Resolved { query, result })),
        }
    }

    /// The place is no more from here on; its memory may be for a while.
    fn close(&self, id: PlaceId, done: impl FnOnce(Done) + Send + 'static) {
        let shared = Arc::clone(&self.shared);
        let is_window = shared.table.hide(id);
        // What is not written back does not wait for what is.
        let lane = if is_window {
            &self.closing
        } else {
            &self.receiving
        };
        lane.run(move || {
            let place = shared.table.take(id);
            let received = place.as_deref().and_then(Place::received);
            drop(place);
            if let Some(received) = received {
                shared.writeback.start(received);
                shared.writeback.settle();
            }
            done(Done::Closed { place: id });
        });
    }
}

impl Shared {
    fn torrent(&self, id: TorrentId) -> Result<Torrent, StorageFault> {
        let torrents = self.torrents.read();
        let torrents = torrents.unwrap_or_else(PoisonError::into_inner);
        match torrents.get(&id) {
            Some(files) => Ok(Torrent {
                id,
                files: Arc::clone(files),
            }),
            None => Err(StorageFault {
                path: format!("torrent {}", id.0),
                reason: "is not known to the pool (any more)".to_owned(),
            }),
        }
    }

    fn open(&self, torrent: TorrentId, place: PlaceId, what: PlaceSource) -> Done {
        let opened = self.torrent(torrent);
        let opened = opened.and_then(|torrent| Place::open(&torrent, what, &self.means));
        let result = opened.and_then(|opened| {
            self.table
                .publish(place, opened)
                .map_err(|opened| StorageFault {
                    path: opened.torrent.files.metainfo().info.name().to_owned(),
                    reason: format!("slot {} of places is taken or does not exist", place.slot()),
                })
        });
        Done::Opened {
            torrent,
            place,
            result,
        }
    }

    fn hash(&self, id: TorrentId, pieces: &[PieceInPlace]) -> Done {
        let verdicts = match self.torrent(id) {
            Ok(torrent) => hash::verdicts(&torrent, pieces, &self.table),
            Err(fault) => {
                let gone = |piece: &PieceInPlace| (piece.piece, PieceVerdict::Gone(fault.clone()));
                pieces.iter().map(gone).collect()
            }
        };
        Done::Hashed {
            torrent: id,
            verdicts,
        }
    }

    fn write(&self, id: TorrentId, piece: &PieceInPlace) -> Done {
        let torrent = self.torrent(id);
        Done::Written {
            torrent: id,
            piece: piece.piece,
            result: torrent.and_then(|torrent| self.write_piece(&torrent, piece)),
        }
    }

    fn write_piece(&self, torrent: &Torrent, piece: &PieceInPlace) -> Result<(), StorageFault> {
        let files = &torrent.files;
        files.remembered()?;
        let place = self
            .table
            .get(piece.range.place)
            .ok_or_else(|| StorageFault {
                path: files.metainfo().info.name().to_owned(),
                reason: "a piece was to be written from memory that was given up".to_owned(),
            })?;
        let mut at = piece.range.offset_bytes as usize;
        let start_bytes = start_of(files, piece.piece);
        for segment in files.segments(start_bytes, u64::from(piece.range.len_bytes)) {
            let range = at..at + segment.len_bytes;
            at = range.end;
            if segment.is_padding {
                continue;
            }
            let file = self
                .means
                .descriptors
                .get(torrent.id, files, segment.file)?;
            let written = place.write(range, &file, segment.offset_in_file_bytes);
            written.map_err(|error| files.fault_of(segment.file, error.to_string()))?;
            let torrent = torrent.clone();
            self.writeback.start(Received {
                file,
                segment,
                torrent,
            });
        }
        drop(place);
        self.writeback.settle();
        Ok(())
    }

    fn finish(&self, id: TorrentId) -> Done {
        let torrent = self.torrent(id);
        let finished = |torrent: Torrent| finish(&torrent.files, id, &self.means.descriptors);
        Done::Finished {
            torrent: id,
            result: torrent.and_then(finished),
        }
    }
}

fn start_of(files: &TorrentFiles, piece: PieceIndex) -> u64 {
    let geometry = files.geometry();
    geometry.map_or(0, |geometry| geometry.start_of(piece))
}
