//! Random peers out of a range, each as likely as any other, at a cost that does not depend on how
//! many there are.

use std::ops::Range;

use super::roster::Roster;
use super::slot::Tick;
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
    let turn = rng.below(others);
    let mut given = 0;
    for run in Runs::new(others, wanted, rng) {
        for drawn in run {
            let drawn = turn + drawn;
            let drawn = if drawn >= others {
                drawn - others
            } else {
                drawn
            };
            let at = range.start + drawn as usize;
            let at = at + usize::from(asker.is_some_and(|asker| at >= asker));
            let slot = roster.slot(at);
            if !slot.is_overdue(excluded.now, excluded.lifetime_s) {
                out.extend_from_slice(&slot.key);
                given += 1;
            }
        }
    }
    given
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
