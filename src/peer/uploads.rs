//! What a peer asked for and has not got yet.

use std::collections::VecDeque;

use crate::base::{Block, PlaceId, PlaceRange, SendPlan};
use crate::wire::peer::{PIECE_HEAD_LEN_BYTES, piece_head};

/// A block on its way to a peer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Upload {
    pub block: Block,
    head: [u8; PIECE_HEAD_LEN_BYTES],
    /// Where its bytes are, as soon as they are in memory.
    place: Option<PlaceRange>,
}

impl Upload {
    fn len_bytes(&self) -> usize {
        self.head.len() + self.block.len_bytes() as usize
    }
}

/// In the order in which they are sent, which is the order in which they were asked for.
#[derive(Debug, Default)]
pub(super) struct Uploads {
    queue: VecDeque<Upload>,
    /// How much of the first is gone already.
    sent_of_first_bytes: usize,
}

impl Uploads {
    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(super) fn push(&mut self, block: Block) {
        self.queue.push_back(Upload {
            block,
            head: piece_head(block),
            place: None,
        });
    }

    pub(super) fn contains(&self, block: Block) -> bool {
        self.queue.iter().any(|upload| upload.block == block)
    }

    /// Takes one back that nothing has been sent of; gives the place that it would have been sent
    /// from.
    pub(super) fn cancel(&mut self, block: Block) -> Option<Option<PlaceRange>> {
        let at = self.queue.iter().position(|upload| upload.block == block)?;
        if at == 0 && self.sent_of_first_bytes > 0 {
            return None;
        }
        self.queue.remove(at).map(|upload| upload.place)
    }

    /// Takes all back that nothing has been sent of, but for some.
    pub(super) fn cancel_all_but(
        &mut self,
        is_kept: impl Fn(Block) -> bool,
    ) -> Vec<(Block, Option<PlaceRange>)> {
        let begun = usize::from(self.is_mid_block());
        let waiting = self.queue.split_off(begun.min(self.queue.len()));
        let (kept, taken): (Vec<_>, Vec<_>) = waiting
            .into_iter()
            .partition(|upload| is_kept(upload.block));
        self.queue.extend(kept);
        let taken = taken.into_iter();
        taken.map(|upload| (upload.block, upload.place)).collect()
    }

    /// Takes all back, also what was begun: the connection is gone.
    pub(super) fn abandon(&mut self) -> impl Iterator<Item = (Block, Option<PlaceRange>)> {
        self.sent_of_first_bytes = 0;
        let taken = std::mem::take(&mut self.queue);
        taken.into_iter().map(|upload| (upload.block, upload.place))
    }

    /// The blocks within the first `count` that have no place yet.
    pub(super) fn without_place(&self, count: usize) -> impl Iterator<Item = Block> {
        let first = self.queue.iter().take(count);
        first
            .filter(|upload| upload.place.is_none())
            .map(|upload| upload.block)
    }

    /// The places of those that have one.
    pub(super) fn places(&self) -> impl Iterator<Item = PlaceId> {
        let ranges = self.queue.iter().filter_map(|upload| upload.place);
        ranges.map(|range| range.place)
    }

    /// Gives a block its place; false where it is not waiting for one.
    pub(super) fn put(&mut self, block: Block, range: PlaceRange) -> bool {
        assert_eq!(range.len_bytes, block.len_bytes(), "the whole block");
        let waiting = self
            .queue
            .iter_mut()
            .find(|upload| upload.block == block && upload.place.is_none());
        waiting.is_some_and(|upload| {
            upload.place = Some(range);
            true
        })
    }

    /// Takes a place away from the blocks that were to be sent from it, but for one that was begun;
    /// says from how many.
    pub(super) fn take_place(&mut self, place: PlaceId) -> usize {
        let begun = usize::from(self.is_mid_block());
        let waiting = self.queue.iter_mut().skip(begun);
        let from_it = waiting.filter(|upload| upload.place.is_some_and(|it| it.place == place));
        from_it.map(|upload| upload.place = None).count()
    }

    /// Takes their places away from all blocks but the first.
    pub(super) fn keep_first_place(&mut self) -> Vec<PlaceRange> {
        let others = self.queue.iter_mut().skip(1);
        others.filter_map(|upload| upload.place.take()).collect()
    }

    pub(super) fn is_mid_block(&self) -> bool {
        self.sent_of_first_bytes > 0
    }

    /// Plans the rest of the block that was begun.
    pub(super) fn plan_rest_of_first<'a>(&'a self, plan: &mut SendPlan<'a>) {
        if let (1.., Some(first)) = (self.sent_of_first_bytes, self.queue.front()) {
            plan_upload(first, self.sent_of_first_bytes, plan);
        }
    }

    /// Plans the blocks that were not begun, as far as they are in memory and fit, until the plan
    /// fills the room that a limit leaves.
    pub(super) fn plan_further<'a>(&'a self, plan: &mut SendPlan<'a>, room_bytes: usize) {
        let begun = usize::from(self.is_mid_block());
        for upload in self.queue.iter().skip(begun) {
            let is_full = plan.room() < 2 || plan.len_bytes() >= room_bytes;
            if is_full || !plan_upload(upload, 0, plan) {
                return;
            }
        }
    }

    /// Counts what was sent of the block that was begun; gives back what is left of the bytes.
    pub(super) fn sent_rest_of_first(
        &mut self,
        len_bytes: usize,
        done: &mut Vec<(Block, PlaceRange)>,
    ) -> usize {
        if self.is_mid_block() {
            self.sent_one(len_bytes, done)
        } else {
            len_bytes
        }
    }

    /// Counts what was sent of further blocks.
    pub(super) fn sent_further(
        &mut self,
        mut len_bytes: usize,
        done: &mut Vec<(Block, PlaceRange)>,
    ) {
        while len_bytes > 0 {
            len_bytes = self.sent_one(len_bytes, done);
        }
    }

    fn sent_one(&mut self, len_bytes: usize, done: &mut Vec<(Block, PlaceRange)>) -> usize {
        let Some(first) = self.queue.front() else {
            debug_assert!(len_bytes == 0, "no more is sent than was planned");
            return 0;
        };
        let left_bytes = first.len_bytes() - self.sent_of_first_bytes;
        if len_bytes < left_bytes {
            self.sent_of_first_bytes += len_bytes;
            return 0;
        }
        self.sent_of_first_bytes = 0;
        if let Some(Upload {
            block,
            place: Some(range),
            ..
        }) = self.queue.pop_front()
        {
            done.push((block, range));
        }
        len_bytes - left_bytes
    }
}

/// False where the block is not in memory.
fn plan_upload<'a>(upload: &'a Upload, skip_bytes: usize, plan: &mut SendPlan<'a>) -> bool {
    let Some(range) = upload.place else {
        return false;
    };
    if let Some(head) = upload.head.get(skip_bytes..) {
        plan.bytes(head);
    }
    let skip_of_region = skip_bytes.saturating_sub(upload.head.len());
    plan.region(range.after(u32::try_from(skip_of_region).unwrap_or(range.len_bytes)));
    true
}
