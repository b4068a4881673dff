//! Which blocks are there, and who may write those that are not.
//!
//! The life of a block is `Missing -> Leased -> Filled`, then its piece is hashed, and had or
//! missing again. A block has one writer at a time: the holder of its lease. Ordinarily that is the
//! one connection that was asked for it. Where several were asked, at the end of a torrent or after
//! a connection stalled, the lease goes to the first whose header arrives ([`Blocks::claim`]), and
//! what the others send is thrown away.
//!
//! Only pieces in progress cost more than a bit.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::{Bitfield, Block, ConnId, Geometry, PieceIndex};

mod progress;
#[cfg(test)]
mod tests;

use progress::Progress;

/// Names who sent a block, beyond the life of the connection that it came by. The engine chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Contributor(pub u32);

/// What becomes of a block whose header has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The connection may write it, and nobody else may.
    Yours,
    /// It was asked for, but somebody else is writing it: to be thrown away.
    Taken,
    /// Nobody asked this connection for it, or it is no longer missing: to be thrown away.
    NotWanted,
}

/// What a block that was filled leaves to be done.
#[derive(Debug, PartialEq, Eq)]
pub struct Filled {
    /// Connections whose requests for the block are to be cancelled.
    pub also_asked: Vec<ConnId>,
    /// All blocks of the piece are there, and it is to be hashed.
    pub is_piece_filled: bool,
}

#[derive(Debug)]
pub struct Blocks {
    geometry: Geometry,
    have: Bitfield,
    in_progress: BTreeMap<PieceIndex, Progress>,
    /// Those in progress of which a block is missing.
    incomplete: BTreeSet<PieceIndex>,
}

impl Blocks {
    pub fn new(geometry: Geometry, have: Bitfield) -> Self {
        assert_eq!(have.len(), geometry.piece_count(), "a bit for each piece");
        Self {
            geometry,
            have,
            in_progress: BTreeMap::new(),
            incomplete: BTreeSet::new(),
        }
    }

    /// The pieces that are verified and kept.
    pub const fn have(&self) -> &Bitfield {
        &self.have
    }

    pub fn is_in_progress(&self, piece: PieceIndex) -> bool {
        self.in_progress.contains_key(&piece)
    }

    pub fn in_progress(&self) -> impl Iterator<Item = PieceIndex> {
        self.in_progress.keys().copied()
    }

    /// Whether every block of the pieces in progress is there or leased. With no piece left to
    /// begin, this is when blocks may be asked of several connections.
    pub fn is_all_leased(&self) -> bool {
        self.incomplete.is_empty()
    }

    /// Whether the connection is the one that may write the block.
    pub fn is_leased_to(&self, block: Block, conn: ConnId) -> bool {
        self.holder(block) == Some(conn)
    }

    /// The connection that holds the lease of a block.
    pub fn holder(&self, block: Block) -> Option<ConnId> {
        self.in_progress.get(&block.piece())?.holder(block.number())
    }

    pub fn begin(&mut self, piece: PieceIndex) {
        assert!(!self.have.has(piece), "what is there is not written again");
        let progress = Progress::new(self.geometry.block_count_of(piece));
        let former = self.in_progress.insert(piece, progress);
        assert!(former.is_none(), "a piece is begun once");
        self.incomplete.insert(piece);
    }

    /// Marks a block of a piece just begun that nobody has to bring: it is padding. True where the
    /// piece is filled by that.
    pub fn prefill(&mut self, block: Block) -> bool {
        self.change(block.piece(), |progress| {
            progress.prefill(block.number());
            progress.is_filled()
        })
    }

    /// The next missing block of a piece in progress goes to a connection, which is to ask for it.
    pub fn lease_next(&mut self, piece: PieceIndex, conn: ConnId) -> Option<Block> {
        if !self.incomplete.contains(&piece) {
            return None;
        }
        let number = self.change(piece, |progress| progress.lease_next(conn))?;
        self.geometry.block(piece, number)
    }

    /// A piece in progress, of those that the peer has and that are ready, of which blocks are
    /// missing and nobody is asked for any: nearest to its end.
    pub fn pick_orphan(
        &self,
        conn: ConnId,
        peer_has: &Bitfield,
        is_ready: impl Fn(PieceIndex) -> bool,
    ) -> Option<PieceIndex> {
        self.incomplete_for(conn, peer_has, is_ready)
            .filter(|(_, progress)| progress.leased() == 0)
            .min_by_key(|(_, progress)| progress.missing())
            .map(|(piece, _)| piece)
    }

    /// A piece in progress, of those that the peer has and that are ready, that others work on too:
    /// with the most left to do.
    pub fn pick_shared(
        &self,
        conn: ConnId,
        peer_has: &Bitfield,
        is_ready: impl Fn(PieceIndex) -> bool,
    ) -> Option<PieceIndex> {
        self.incomplete_for(conn, peer_has, is_ready)
            .max_by_key(|(_, progress)| progress.missing())
            .map(|(piece, _)| piece)
    }

    fn incomplete_for(
        &self,
        conn: ConnId,
        peer_has: &Bitfield,
        is_ready: impl Fn(PieceIndex) -> bool,
    ) -> impl Iterator<Item = (PieceIndex, &Progress)> {
        let pieces = self.incomplete.iter().copied();
        pieces
            .filter(move |piece| peer_has.has(*piece) && is_ready(*piece))
            .filter_map(|piece| Some((piece, self.in_progress.get(&piece)?)))
            .filter(move |(_, progress)| progress.has_lease_for(conn))
    }

    /// Asks a connection for a block that another was asked for and has not begun to send. The
    /// other keeps the lease until one of their headers arrives.
    pub fn ask_also(
        &mut self,
        conn: ConnId,
        peer_has: &Bitfield,
        is_ready: impl Fn(PieceIndex) -> bool,
    ) -> Option<Block> {
        let geometry = self.geometry;
        let pieces = self.in_progress.iter_mut();
        let mut pieces = pieces.filter(|(piece, _)| peer_has.has(**piece) && is_ready(**piece));
        pieces.find_map(|(piece, progress)| geometry.block(*piece, progress.ask_also(conn)?))
    }

    /// The header of a block has arrived.
    pub fn claim(&mut self, block: Block, conn: ConnId) -> Claim {
        if !self.geometry.is_block(block) || !self.is_in_progress(block.piece()) {
            return Claim::NotWanted;
        }
        self.change(block.piece(), |progress| {
            progress.claim(block.number(), conn)
        })
    }

    /// The last byte of a block that was claimed has arrived.
    pub fn filled(&mut self, block: Block, conn: ConnId, by: Contributor) -> Filled {
        self.change(block.piece(), |progress| Filled {
            also_asked: progress.fill(block.number(), conn, by),
            is_piece_filled: progress.is_filled(),
        })
    }

    /// The connection is not asked for the block any more, and does not write it any more; false
    /// where it was not anyway.
    pub fn give_back(&mut self, block: Block, conn: ConnId) -> bool {
        self.is_in_progress(block.piece())
            && self.change(block.piece(), |progress| {
                progress.give_back(block.number(), conn)
            })
    }

    /// The connection is gone, or forgot all that it was asked for.
    pub fn give_back_all(&mut self, conn: ConnId) {
        self.for_all_asked_of(conn, |progress, number| {
            progress.give_back(number, conn);
        });
    }

    /// The connection stalls: its blocks go to others. Where it has not begun to send one, it may
    /// still be the first to.
    pub fn loosen_all(&mut self, conn: ConnId) {
        self.for_all_asked_of(conn, |progress, number| progress.loosen(number, conn));
    }

    fn for_all_asked_of(&mut self, conn: ConnId, mut act: impl FnMut(&mut Progress, u32)) {
        for (piece, progress) in &mut self.in_progress {
            let asked = progress.asked().filter(|(_, asked)| *asked == conn);
            let numbers: Vec<_> = asked.map(|(number, _)| number).collect();
            for number in numbers {
                act(progress, number);
            }
            if progress.missing() > 0 {
                self.incomplete.insert(*piece);
            }
        }
    }

    /// A piece that was hashed is what it should be and where it belongs.
    pub fn keep(&mut self, piece: PieceIndex) {
        let progress = self.in_progress.remove(&piece);
        assert!(
            progress.is_some_and(|progress| progress.is_filled()),
            "only what was received whole is kept"
        );
        self.have.set(piece);
    }

    /// A piece that was hashed is not what it should be: all of it but padding is missing again.
    /// Says who brought each block.
    pub fn reject(&mut self, piece: PieceIndex) -> Vec<Option<Contributor>> {
        self.change(piece, Progress::discard)
    }

    /// A piece is not in progress any more, and what it has is forgotten. Says which requests are
    /// to be cancelled.
    pub fn abandon(&mut self, piece: PieceIndex) -> Vec<(Block, ConnId)> {
        self.incomplete.remove(&piece);
        let Some(progress) = self.in_progress.remove(&piece) else {
            return Vec::new();
        };
        let asked = progress.asked();
        asked
            .filter_map(|(number, conn)| Some((self.geometry.block(piece, number)?, conn)))
            .collect()
    }

    fn change<T>(&mut self, piece: PieceIndex, change: impl FnOnce(&mut Progress) -> T) -> T {
        let Some(progress) = self.in_progress.get_mut(&piece) else {
            unreachable!("a piece is begun before anything happens to it");
        };
        let was_incomplete = progress.missing() > 0;
        let result = change(progress);
        match (was_incomplete, progress.missing() > 0) {
            (false, true) => {
                self.incomplete.insert(piece);
            }
            (true, false) => {
                self.incomplete.remove(&piece);
            }
            (true, true) | (false, false) => {}
        }
        result
    }
}
