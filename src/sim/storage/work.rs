//! Jobs when their time has come.

use super::{State, Storage, fault, is_out_of};
use crate::base::{BLOCK_LEN_BYTES, PlaceId, Sha1Digest};
use crate::engine::{Done, PieceInPlace, PieceVerdict, PlaceSource, StorageFault, TorrentId};
use crate::hash::sha1;

/// Work under way.
#[derive(Debug)]
pub(super) enum Work {
    Open(TorrentId, PlaceId, Result<(), StorageFault>),
    Refresh(TorrentId, PlaceId),
    Close(PlaceId),
    Hash(TorrentId, Vec<PieceInPlace>),
    Write(TorrentId, PieceInPlace),
    Digest(TorrentId, PieceInPlace),
    Finish(TorrentId),
}

impl Storage {
    pub(super) fn finish_work(&mut self, work: Work) -> Done {
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
}
