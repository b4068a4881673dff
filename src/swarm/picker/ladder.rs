//! All pieces in one array, ordered by rung. Within a rung those that may be picked stand first, and
//! the rest hide behind them. A step to the next rung, hiding and showing are a swap or two.

use crate::base::PieceIndex;

#[derive(Clone, Copy, Debug, Default)]
struct Rung {
    start: u32,
    /// Where the hidden ones begin. They go on to the start of the next rung.
    hidden_from: u32,
}

#[derive(Debug)]
pub(super) struct Ladder {
    order: Box<[PieceIndex]>,
    /// By piece: where it stands in `order`.
    position: Box<[u32]>,
    /// By piece.
    rung: Box<[u32]>,
    /// One more than there are rungs, so that each has one after it.
    rungs: Vec<Rung>,
}

impl Ladder {
    /// All pieces on one rung, shown.
    pub(super) fn new(pieces: impl Iterator<Item = PieceIndex>) -> Self {
        let order: Box<[PieceIndex]> = pieces.collect();
        let position: Box<[u32]> = order.iter().map(|piece| piece.get()).collect();
        let end = u32::try_from(order.len()).unwrap_or(u32::MAX);
        let whole = Rung {
            start: 0,
            hidden_from: end,
        };
        let after = Rung {
            start: end,
            hidden_from: end,
        };
        Self {
            rung: vec![0; order.len()].into_boxed_slice(),
            order,
            position,
            rungs: vec![whole, after],
        }
    }

    /// Puts every piece on the rung that `place` gives, below `rung_count`, shown or not.
    pub(super) fn arrange(&mut self, rung_count: u32, place: impl Fn(PieceIndex) -> (u32, bool)) {
        let mut rungs = vec![Rung::default(); rung_count as usize + 1];
        for piece in &self.order {
            let (rung, is_shown) = place(*piece);
            self.rung[piece.as_usize()] = rung;
            // Counted where the next rung starts, and where its own hidden ones begin.
            rungs[rung as usize + 1].start += 1;
            rungs[rung as usize].hidden_from += u32::from(is_shown);
        }
        let mut start = 0;
        for rung in &mut rungs {
            start += rung.start;
            rung.start = start;
            rung.hidden_from += start;
        }
        let mut next: Vec<_> = rungs.iter().map(|r| (r.start, r.hidden_from)).collect();
        let mut order = self.order.clone();
        for piece in &self.order {
            let (rung, is_shown) = place(*piece);
            let (shown, hidden) = &mut next[rung as usize];
            let free = if is_shown { shown } else { hidden };
            order[*free as usize] = *piece;
            self.position[piece.as_usize()] = *free;
            *free += 1;
        }
        self.order = order;
        self.rungs = rungs;
    }

    pub(super) fn rung(&self, piece: PieceIndex) -> u32 {
        self.rung[piece.as_usize()]
    }

    pub(super) fn is_shown(&self, piece: PieceIndex) -> bool {
        let rung = self.rungs[self.rung(piece) as usize];
        self.position[piece.as_usize()] < rung.hidden_from
    }

    pub(super) fn shown_on(&self, rung: u32) -> &[PieceIndex] {
        let Rung { start, hidden_from } = self.rungs[rung as usize];
        &self.order[start as usize..hidden_from as usize]
    }

    pub(super) fn hide(&mut self, piece: PieceIndex) {
        if self.is_shown(piece) {
            let rung = self.rung(piece) as usize;
            let last_shown = self.rungs[rung].hidden_from - 1;
            self.swap_to(piece, last_shown);
            self.rungs[rung].hidden_from = last_shown;
        }
    }

    pub(super) fn show(&mut self, piece: PieceIndex) {
        if !self.is_shown(piece) {
            let rung = self.rung(piece) as usize;
            let first_hidden = self.rungs[rung].hidden_from;
            self.swap_to(piece, first_hidden);
            self.rungs[rung].hidden_from = first_hidden + 1;
        }
    }

    /// To the next rung, which has to exist. Hidden, it leaves its own from the end, shown from the
    /// end of those shown, whose place a hidden one takes.
    pub(super) fn step_up(&mut self, piece: PieceIndex) {
        let was_shown = self.is_shown(piece);
        self.hide(piece);
        let below = self.rung(piece) as usize;
        let last = self.rungs[below + 1].start - 1;
        self.swap_to(piece, last);
        // Now the first of the rung above, among the shown.
        self.rungs[below + 1].start = last;
        self.rung[piece.as_usize()] += 1;
        if !was_shown {
            self.hide(piece);
        }
    }

    /// To the rung before, which has to exist.
    pub(super) fn step_down(&mut self, piece: PieceIndex) {
        let was_shown = self.is_shown(piece);
        self.show(piece);
        let above = self.rung(piece) as usize;
        let first = self.rungs[above].start;
        self.swap_to(piece, first);
        // Now the last of the rung below, among the hidden.
        self.rungs[above].start = first + 1;
        self.rung[piece.as_usize()] -= 1;
        if was_shown {
            self.show(piece);
        }
    }

    fn swap_to(&mut self, piece: PieceIndex, to: u32) {
        let from = self.position[piece.as_usize()];
        let other = self.order[to as usize];
        self.order.swap(from as usize, to as usize);
        self.position[piece.as_usize()] = to;
        self.position[other.as_usize()] = from;
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::base::Geometry;

    const PIECES: u32 = 9;
    const RUNGS: u32 = 5;

    /// What the ladder should hold: by piece its rung and whether it is shown.
    fn check(ladder: &Ladder, model: &[(u32, bool)]) {
        let geometry = Geometry::new(PIECES.into(), 1).unwrap();
        for rung in 0..RUNGS {
            let mut shown = ladder.shown_on(rung).to_vec();
            shown.sort();
            let expected = geometry
                .pieces()
                .filter(|piece| model[piece.as_usize()] == (rung, true));
            assert_eq!(shown, expected.collect::<Vec<_>>());
        }
        for piece in geometry.pieces() {
            let found = (ladder.rung(piece), ladder.is_shown(piece));
            assert_eq!(found, model[piece.as_usize()]);
            assert_eq!(
                ladder.order[ladder.position[piece.as_usize()] as usize],
                piece
            );
        }
        assert!(ladder.order.is_sorted_by_key(|piece| ladder.rung(*piece)));
    }

    proptest! {
        #[test]
        fn it_stays_ordered(
            start in vec((0..RUNGS, any::<bool>()), PIECES as usize),
            steps in vec((0..PIECES, 0..4_u8), 0..60),
        ) {
            let geometry = Geometry::new(PIECES.into(), 1).unwrap();
            let mut ladder = Ladder::new(geometry.pieces());
            let mut model = start;
            ladder.arrange(RUNGS, |piece| model[piece.as_usize()]);
            check(&ladder, &model);
            for (index, what) in steps {
                let piece = geometry.piece(index).unwrap();
                let (rung, is_shown) = &mut model[piece.as_usize()];
                match what {
                    0 if *rung + 1 < RUNGS => {
                        ladder.step_up(piece);
                        *rung += 1;
                    }
                    1 if *rung > 0 => {
                        ladder.step_down(piece);
                        *rung -= 1;
                    }
                    2 => {
                        ladder.hide(piece);
                        *is_shown = false;
                    }
                    3 => {
                        ladder.show(piece);
                        *is_shown = true;
                    }
                    _ => {}
                }
                check(&ladder, &model);
            }
        }
    }
}
