//! What the blocks and the picker should answer, worked out the long way.

use super::{
    Begun, Bitfield, Claim, Contributor, Order, PEERS, PIECES, PieceIndex, Priority, RANDOM_PIECES,
    World, conn,
};

impl World {
    pub(super) fn availability(&self, piece: PieceIndex) -> usize {
        let peers = self.peers.values();
        peers.filter(|(field, _)| field.has(piece)).count()
    }

    pub(super) fn priority(&self, piece: PieceIndex) -> Priority {
        self.priorities[piece.as_usize()]
    }

    pub(super) fn is_free(&self, piece: PieceIndex) -> bool {
        self.priority(piece) > Priority::UNWANTED
            && !self.had.contains(&piece)
            && !self.begun.contains_key(&piece)
    }

    /// What may be picked, of those of the highest priority.
    pub(super) fn candidates(
        &self,
        peer: u8,
        allowed: impl Fn(PieceIndex) -> bool,
    ) -> Vec<PieceIndex> {
        let Some((field, _)) = self.peers.get(&peer) else {
            return Vec::new();
        };
        let pieces = self.geometry.pieces();
        let all: Vec<_> = pieces
            .filter(|piece| self.is_free(*piece) && field.has(*piece) && allowed(*piece))
            .collect();
        let highest = all.iter().map(|piece| self.priority(*piece)).max();
        let best = all.into_iter();
        best.filter(|piece| Some(self.priority(*piece)) == highest)
            .collect()
    }

    pub(super) fn check_picked(&self, picked: Option<PieceIndex>, candidates: &[PieceIndex]) {
        let Some(piece) = picked else {
            assert_eq!(candidates, []);
            return;
        };
        assert!(candidates.contains(&piece));
        if self.order == Order::Sequential {
            assert_eq!(piece, candidates[0]);
        } else if self.had.len() >= RANDOM_PIECES {
            let rarest = candidates.iter().map(|piece| self.availability(*piece));
            assert_eq!(Some(self.availability(piece)), rarest.min());
        }
    }

    /// Pieces in progress that a peer could go on with.
    pub(super) fn pick_begun(&mut self, peer: u8, what: u8) {
        let Some((field, _)) = self.peers.get(&peer) else {
            return;
        };
        let is_ready = |piece: PieceIndex| piece.get() % 8 != u32::from(what % 16);
        let open = |(piece, begun): &(&PieceIndex, &Begun)| {
            field.has(**piece) && is_ready(**piece) && begun.can_lease(peer)
        };
        let is_orphan = |begun: &Begun| begun.states.iter().all(|s| s.holder().is_none());
        let most = self
            .begun
            .iter()
            .filter(open)
            .map(|(_, b)| b.missing())
            .max();
        let shared = self.blocks.pick_shared(conn(peer), field, is_ready);
        assert_eq!(shared.map(|piece| self.begun[&piece].missing()), most);

        let orphans = self.begun.iter().filter(open);
        let orphans = orphans.filter(|(_, begun)| is_orphan(begun));
        let fewest = orphans.map(|(_, begun)| begun.missing()).min();
        let orphan = self.blocks.pick_orphan(conn(peer), field, is_ready);
        assert_eq!(orphan.map(|piece| self.begun[&piece].missing()), fewest);
        assert!(orphan.is_none_or(|piece| is_orphan(&self.begun[&piece])));
    }

    pub(crate) fn check(&self) {
        for piece in self.geometry.pieces() {
            let peers = self.picker.availability(piece) as usize;
            assert_eq!(peers, self.availability(piece));
            assert_eq!(self.picker.is_free(piece), self.is_free(piece));
            assert_eq!(self.blocks.have().has(piece), self.had.contains(&piece));
        }
        for (piece, begun) in &self.begun {
            for (number, state) in (0..).zip(&begun.states) {
                let block = self.geometry.block(*piece, number).unwrap();
                for peer in 0..PEERS {
                    let is_holder = state.holder() == Some(peer);
                    assert_eq!(self.blocks.is_leased_to(block, conn(peer)), is_holder);
                }
            }
        }
        assert!(self.blocks.in_progress().eq(self.begun.keys().copied()));
        let is_all_leased = self.begun.values().all(|begun| begun.missing() == 0);
        assert_eq!(self.blocks.is_all_leased(), is_all_leased);
        let mut pieces = self.geometry.pieces();
        let is_open = pieces.any(|p| self.is_free(p) && self.availability(p) > 0);
        assert_eq!(self.picker.is_all_begun(), !is_open);
        for (start, end) in [(0, PIECES), (3, 7), (5, 5), (9, 200), (70, 90)] {
            let pieces = self.geometry.pieces().filter(|piece| self.is_free(*piece));
            let free = pieces.filter(|piece| (start..end).contains(&piece.get()));
            let counted = self.picker.free_within(start..end) as usize;
            assert_eq!(counted, free.count());
        }
        let is_lacking = |piece: &PieceIndex| {
            self.priority(*piece) > Priority::UNWANTED && !self.had.contains(piece)
        };
        let lacking = self.geometry.pieces().filter(is_lacking).count();
        assert_eq!(self.picker.lacking_count() as usize, lacking);
        for (field, interest) in self.peers.values() {
            let mut pieces = self.geometry.pieces().filter(is_lacking);
            assert_eq!(interest.is_any(), pieces.any(|piece| field.has(piece)));
        }
    }

    /// Whatever happened, one peer that has everything brings it to its end.
    pub(crate) fn finish(mut self) {
        for peer in 0..PEERS {
            self.leave(peer);
            self.blocks.give_back_all(conn(peer));
        }
        let seed = conn(0);
        let all = Bitfield::all(PIECES);
        let by = Contributor(0);
        loop {
            let begun = self.blocks.pick_shared(seed, &all, |_| true);
            let next = begun.or_else(|| {
                let picked = self.picker.pick(&all, |_| true, &mut self.rng)?;
                self.picker.begin(picked);
                self.blocks.begin(picked);
                Some(picked)
            });
            let Some(piece) = next else { break };
            while let Some(block) = self.blocks.lease_next(piece, seed) {
                assert_eq!(self.blocks.claim(block, seed), Claim::Yours);
                self.blocks.filled(block, seed, by);
            }
        }
        assert!(self.blocks.is_all_leased() && self.picker.is_all_begun());
        let begun: Vec<_> = self.blocks.in_progress().collect();
        for piece in begun {
            self.blocks.keep(piece);
            self.picker.keep(piece);
        }
        assert_eq!(self.picker.lacking_count(), 0);
    }
}
