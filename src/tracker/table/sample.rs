//! Random peers out of a range, each as likely as any other, at a cost that does not depend on how
//! many there are.

use std::ops::Range;

use super::roster::Roster;
use super::slot::{Slot, Tick};
use crate::base::Rng;

/// Who may not be told of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Excluded {
    pub(super) asker: Option<usize>,
    pub(super) now: Tick,
    pub(super) lifetime_s: u32,
}

/// So many neighbours are told of together: they share a line of the processor's cache, and to wait
/// for memory is most of what a sample of a large swarm costs.
const RUN_LEN_MAX: u32 = 4;

/// Appends up to `wanted` peers of a range, and gives their number.
///
/// The range is turned by a random angle and cut into parts; each part gives a run of neighbours, at a
/// random place of it. So nobody is drawn twice, nothing is remembered, and every peer is drawn with
/// the same probability. Those whose time is over are drawn, but not told of.
pub(super) fn sample<const N: usize>(
    roster: &impl Roster<N>,
    range: Range<usize>,
    excluded: Excluded,
    wanted: u32,
    rng: &mut Rng,
    out: &mut Vec<u8>,
) -> u32 {
    let asker = excluded.asker.filter(|at| range.contains(at));
    let Ok(others) = u32::try_from(range.len() - usize::from(asker.is_some())) else {
        return 0;
    };
    let wanted = wanted.min(others);
    if wanted == 0 {
        return 0;
    }
    // Who stands behind the asker is counted without it.
    let behind = asker.map_or(others, |at| position(at - range.start));
    let turn = rng.below(others);
    let mut given = 0;
    for run in Runs::new(others, wanted, rng) {
        let (mut drawn, mut left) = (turned(run.start, turn, others), run.end - run.start);
        while left > 0 {
            let (at, end) = if drawn < behind {
                (drawn, behind)
            } else {
                (drawn + 1, others + 1)
            };
            let near = roster.slots_from(range.start + at as usize);
            let count = left.min(end - at).min(position(near.len()));
            if count == 0 {
                return given;
            }
            given += tell(&near[..count as usize], excluded, out);
            left -= count;
            drawn = turned(drawn, count, others);
        }
    }
    given
}

/// Appends a run of at most [`RUN_LEN_MAX`], and gives the number of those whose time is not over.
fn tell<const N: usize>(run: &[Slot<N>], excluded: Excluded, out: &mut Vec<u8>) -> u32 {
    let mut packed = [[0; N]; RUN_LEN_MAX as usize];
    let mut count = 0;
    for slot in run {
        packed[count] = slot.key;
        count += usize::from(!slot.is_overdue(excluded.now, excluded.lifetime_s));
    }
    if count == packed.len() {
        // The common case, of a length that the compiler knows.
        out.extend_from_slice(packed.as_flattened());
    } else {
        out.extend_from_slice(packed[..count].as_flattened());
    }
    position(count)
}

/// Further along in a circle.
fn turned(at: u32, by: u32, len: u32) -> u32 {
    let at = at + by;
    if at >= len { at - len } else { at }
}

/// Positions have 24 bits.
fn position(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Cuts a range into parts and draws a run in each. The parts are as long as their runs and an even
/// share of the rest.
struct Runs<'a> {
    rng: &'a mut Rng,
    wanted_left: u32,
    part_start: u32,
    /// What is left over in a part beside its run, with 32 bits behind the point; positions have 24.
    spare: u64,
    /// Of what is left over, how much the parts so far had.
    spared: u64,
}

impl<'a> Runs<'a> {
    fn new(others: u32, wanted: u32, rng: &'a mut Rng) -> Self {
        let parts = wanted.div_ceil(RUN_LEN_MAX);
        Self {
            rng,
            wanted_left: wanted,
            part_start: 0,
            spare: (u64::from(others - wanted) << 32) / u64::from(parts),
            spared: 0,
        }
    }
}

impl Iterator for Runs<'_> {
    type Item = Range<u32>;

    fn next(&mut self) -> Option<Range<u32>> {
        let len = self.wanted_left.min(RUN_LEN_MAX);
        if len == 0 {
            return None;
        }
        let before = whole(self.spared);
        self.spared += self.spare;
        let spare = whole(self.spared) - before;
        let start = self.part_start + self.rng.below(spare + 1);
        self.part_start += len + spare;
        self.wanted_left -= len;
        Some(start..start + len)
    }
}

fn whole(fixed_point: u64) -> u32 {
    u32::try_from(fixed_point >> 32).unwrap_or(u32::MAX)
}
