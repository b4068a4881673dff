//! Random peers out of a range, each as likely as any other, at a cost that does not depend on how
//! many there are.

use std::ops::Range;

use super::roster::Roster;
use super::slot::Tick;
use crate::base::Rng;

/// Below this, peers lie so close to each other that runs would save little, and mix less.
const NEAR_PEERS_MAX: u32 = 256;

/// Half a cache line of peers.
const RUN_LEN: u32 = 4;

/// Who may not be told of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Excluded {
    pub(super) asker: Option<usize>,
    pub(super) now: Tick,
    pub(super) lifetime_s: u32,
}

/// Appends up to `wanted` peers of a range, and gives their number.
///
/// The range is turned by a random angle and cut into parts of one length, and each part gives one
/// peer, or a short run of neighbours from a random place in it. So nobody is drawn twice, nothing is
/// remembered, and every peer is drawn with the same probability: whatever the pattern, its angle is
/// random. Those whose time is over are drawn, but not told of.
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
    let ring = Ring {
        others,
        turn: rng.below(others),
        first: range.start,
        asker,
    };
    let count = wanted.min(others);
    // Of a large swarm, neighbours are told of together, for each place is a cache miss.
    let run = if others <= NEAR_PEERS_MAX {
        1
    } else {
        RUN_LEN.min(count)
    };
    let parts = count.div_ceil(run);
    // The length of a part, with 32 bits behind the point; positions have 24.
    let part_len = (u64::from(others) << 32) / u64::from(parts);
    let start = out.len();
    out.resize(start + count as usize * N, 0);
    let (places, _) = out[start..].as_chunks_mut::<N>();
    let (mut given, mut drawn, mut end) = (0, 0, 0);
    for part in 1..=parts {
        let begin = end;
        end = if part == parts {
            others
        } else {
            whole(u64::from(part) * part_len)
        };
        let run = run.min(count - drawn);
        drawn += run;
        let at = begin + rng.below(end - begin - run + 1);
        for at in at..at + run {
            let slot = roster.slot(ring.position(at));
            places[given] = slot.key;
            // Who is not to be told of is written over by the next.
            given += usize::from(!slot.is_overdue(excluded.now, excluded.lifetime_s));
        }
    }
    out.truncate(start + given * N);
    u32::try_from(given).unwrap_or(count)
}

/// The range without the asker, turned by an angle.
#[derive(Clone, Copy)]
struct Ring {
    others: u32,
    turn: u32,
    first: usize,
    asker: Option<usize>,
}

impl Ring {
    fn position(self, at: u32) -> usize {
        let turned = self.turn + at;
        let turned = if turned >= self.others {
            turned - self.others
        } else {
            turned
        };
        let position = self.first + turned as usize;
        position + usize::from(self.asker.is_some_and(|asker| position >= asker))
    }
}

fn whole(fixed_point: u64) -> u32 {
    u32::try_from(fixed_point >> 32).unwrap_or(u32::MAX)
}
