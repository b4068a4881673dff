//! Keeps the lanes busy: a lane whose message ends takes the next one.
#![allow(unsafe_code)]

use super::engine::{Cascade, Stage};
use super::kernel::{Columns, Heads, LANES_MAX};
use super::walker::Walker;

/// Messages to be hashed, handed out one by one and taken back in any order.
pub(super) trait Batch<'a> {
    fn next(&mut self) -> Option<Walker<'a>>;
    fn retire(&mut self, walker: Walker<'a>);
}

/// Hashes all of a batch: by the widest kernel while enough lanes are alive to be worth it, then by
/// narrower ones.
pub(super) fn run<'a>(cascade: &Cascade, batch: &mut impl Batch<'a>) {
    let mut lanes = Lanes {
        columns: Columns::ZERO,
        walkers: Vec::with_capacity(LANES_MAX),
    };
    for stage in cascade.stages() {
        lanes.refill(stage, batch);
        while lanes.walkers.len() >= stage.worth_from {
            lanes.step(stage, batch);
        }
    }
    assert!(lanes.walkers.is_empty());
}

/// Messages under way: walker `i` belongs to column `i`. A stage works on the first of them; what
/// a wider stage left over waits behind.
struct Lanes<'a> {
    columns: Columns,
    walkers: Vec<Walker<'a>>,
}

impl<'a> Lanes<'a> {
    fn refill(&mut self, stage: &Stage, batch: &mut impl Batch<'a>) {
        while self.walkers.len() < stage.kernel.lanes() {
            let Some(walker) = batch.next() else { return };
            if walker.run_blocks() == 0 {
                batch.retire(walker);
            } else {
                self.columns.set_state(self.walkers.len(), &walker.state);
                self.walkers.push(walker);
            }
        }
    }

    /// Moves the stage's lanes as far as the shortest of their runs.
    fn step(&mut self, stage: &Stage, batch: &mut impl Batch<'a>) {
        let active = self.walkers.len().min(stage.kernel.lanes());
        // A lane without a message reads along with the first and is ignored.
        let mut heads: Heads = [self.walkers[0].head(); LANES_MAX];
        let mut blocks = usize::MAX;
        for (head, walker) in heads.iter_mut().zip(&self.walkers[..active]) {
            *head = walker.head();
            blocks = blocks.min(walker.run_blocks());
        }
        // SAFETY: every head is that of a walker whose run has at least `blocks` blocks, and no
        // walker moves meanwhile.
        unsafe { stage.kernel.compress(&mut self.columns, &heads, blocks) };

        let mut ended = false;
        for walker in &mut self.walkers[..active] {
            walker.advance(blocks);
            ended |= walker.run_blocks() == 0;
        }
        if ended {
            self.retire_ended(active, batch);
            self.refill(stage, batch);
        }
    }

    fn retire_ended(&mut self, active: usize, batch: &mut impl Batch<'a>) {
        // From the back, so that what fills a gap has been looked at already.
        for lane in (0..active).rev() {
            if self.walkers[lane].run_blocks() > 0 {
                continue;
            }
            let mut walker = self.walkers.swap_remove(lane);
            walker.state = self.columns.state(lane);
            batch.retire(walker);
            let moved_from = self.walkers.len();
            if moved_from > lane {
                let state = self.columns.state(moved_from);
                self.columns.set_state(lane, &state);
            }
        }
    }
}
