//! What was asked of a peer and has not come yet, and how much may be asked at a time.

use std::collections::VecDeque;
use std::time::Duration;

use crate::base::limits::{PIPELINE_BLOCKS_MAX, PIPELINE_BLOCKS_MIN};
use crate::base::{BLOCK_LEN_BYTES, Block, Instant, PlaceRange};

/// Where a block that was asked for goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Landing {
    /// Leased to this connection from the start.
    Leased(PlaceRange),
    /// Asked of several peers: decided when its head arrives.
    Contested,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    pub block: Block,
    pub landing: Landing,
    pub at: Instant,
}

/// The requests that stand, oldest first, and how many there should be.
///
/// The depth follows what the path carries: the rate at which blocks come, times the least delay
/// that was seen between a request and its answer, and half as much again, so that it can grow.
/// Fewer bytes under way are better on short paths: more only wait in queues, and fall out of
/// caches there.
#[derive(Debug)]
pub(super) struct Pipeline {
    asked: VecDeque<Asked>,
    depth: u32,
    least_delay: Option<Duration>,
    /// Of the stretch in which the rate is measured.
    stretch_start: Instant,
    stretch_bytes: u64,
}

/// How long a stretch is in which the rate is measured.
const STRETCH: Duration = Duration::from_millis(200);

/// A delay that is far over the least one may be the path's new one: the least is forgotten a
/// little with every stretch.
const LEAST_DELAY_GROWTH_PER_MILLE: u32 = 20;

impl Pipeline {
    pub(super) fn new() -> Self {
        Self {
            asked: VecDeque::new(),
            depth: PIPELINE_BLOCKS_MIN,
            least_delay: None,
            stretch_start: Instant::ZERO,
            stretch_bytes: 0,
        }
    }

    /// How many more blocks may be asked for, given how many the peer takes at all.
    pub(super) fn room(&self, peer_limit: u32) -> u32 {
        let standing = u32::try_from(self.asked.len()).unwrap_or(u32::MAX);
        self.depth.min(peer_limit).saturating_sub(standing)
    }

    pub(super) fn depth(&self) -> u32 {
        self.depth
    }

    pub(super) fn push(&mut self, asked: Asked) {
        if self.asked.is_empty() {
            self.stretch_start = asked.at;
            self.stretch_bytes = 0;
        }
        self.asked.push_back(asked);
    }

    /// Takes the request that an answer belongs to.
    pub(super) fn take(&mut self, block: Block) -> Option<Asked> {
        let at = self.asked.iter().position(|asked| asked.block == block)?;
        self.asked.remove(at)
    }

    pub(super) fn contest(&mut self, is_meant: impl Fn(Block) -> bool) {
        for asked in &mut self.asked {
            if is_meant(asked.block) {
                asked.landing = Landing::Contested;
            }
        }
    }

    pub(super) fn take_all(&mut self) -> impl Iterator<Item = Asked> {
        std::mem::take(&mut self.asked).into_iter()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Asked> {
        self.asked.iter()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.asked.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.asked.len()
    }

    /// The head of an answer came.
    pub(super) fn answered(&mut self, now: Instant, asked_at: Instant) {
        let delay = now - asked_at;
        self.least_delay = Some(self.least_delay.map_or(delay, |least| least.min(delay)));
    }

    /// A whole block came.
    pub(super) fn came(&mut self, now: Instant, len_bytes: u32) {
        self.stretch_bytes += u64::from(len_bytes);
        let length = now - self.stretch_start;
        if length < STRETCH {
            return;
        }
        let nanos = length.as_nanos().max(1);
        let rate = u128::from(self.stretch_bytes) * 1_000_000_000 / nanos;
        self.adapt(u64::try_from(rate).unwrap_or(u64::MAX));
        self.stretch_start = now;
        self.stretch_bytes = 0;
    }

    fn adapt(&mut self, bytes_per_second: u64) {
        let Some(least_delay) = self.least_delay else {
            return;
        };
        let delay_micros = least_delay.as_micros();
        let in_flight_bytes = u128::from(bytes_per_second) * delay_micros / 1_000_000;
        let blocks = in_flight_bytes * 3 / 2 / u128::from(BLOCK_LEN_BYTES) + 1;
        let wanted = u32::try_from(blocks).unwrap_or(u32::MAX);
        self.depth = wanted.clamp(PIPELINE_BLOCKS_MIN, PIPELINE_BLOCKS_MAX);
        let growth = least_delay / 1000 * LEAST_DELAY_GROWTH_PER_MILLE;
        self.least_delay = Some(least_delay + growth.max(Duration::from_micros(1)));
    }
}
