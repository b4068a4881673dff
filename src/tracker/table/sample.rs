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

/// Appends up to `wanted` peers of a range, and gives their number.
///
/// The range is turned by a random angle and cut into as many parts of one length as peers are
/// wanted; each part gives one. So nobody is drawn twice, nothing is remembered, and every peer is
/// drawn with the same probability. Those whose time is over are drawn, but not told of.
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
    if others == 0 || wanted == 0 {
        return 0;
    }
    let parts = wanted.min(others);
    // The length of a part, with 32 bits behind the point; positions have 24.
    let part_len = (u64::from(others) << 32) / u64::from(parts);
    let turn = rng.below(others);
    let mut given = 0;
    let mut end = 0;
    for part in 1..=u64::from(parts) {
        let start = end;
        end = if part == u64::from(parts) {
            others
        } else {
            whole(part * part_len)
        };
        let drawn = turn
            + start
            + if end - start == 1 {
                0
            } else {
                rng.below(end - start)
            };
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
    given
}

fn whole(fixed_point: u64) -> u32 {
    u32::try_from(fixed_point >> 32).unwrap_or(u32::MAX)
}
