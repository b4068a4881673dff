//! Random peers out of a range, at a cost that does not depend on how many there are: each is as likely
//! as any other, and each two are as likely to be told of together as any other two.

use std::ops::Range;

use super::primes::prime_from;
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

/// So many positions are drawn before any is looked at: then the processor waits for the slots of all
/// of them together, which is most of what a sample of a large swarm costs.
const DRAWN_LEN: usize = 32;

/// How many steps of a walk are made at once.
const STRIDES: usize = 4;

/// Appends up to `wanted` peers of a range, and gives their number. Those whose time is over are
/// drawn, but not told of.
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
    // Who stands behind the asker is counted without it.
    let behind = asker.map_or(others, |at| position(at - range.start));
    let mut walk = Walk::new(others, rng);
    let mut left = wanted.min(others) as usize;
    let mut given = 0;
    while left > 0 {
        let count = left.min(DRAWN_LEN);
        let drawn = walk.draw(count);
        let positions = drawn[..count]
            .iter()
            .map(|at| range.start + (at + u32::from(*at >= behind)) as usize);
        given += tell(roster, positions, excluded, out);
        left -= count;
    }
    given
}

/// Appends those of at most [`DRAWN_LEN`] whose time is not over, and gives their number.
fn tell<const N: usize>(
    roster: &impl Roster<N>,
    positions: impl Iterator<Item = usize>,
    excluded: Excluded,
    out: &mut Vec<u8>,
) -> u32 {
    let mut packed = [[0; N]; DRAWN_LEN];
    let mut count = 0;
    for at in positions {
        let slot = roster.slot(at);
        packed[count] = slot.key;
        count += usize::from(!slot.is_overdue(excluded.now, excluded.lifetime_s));
    }
    out.extend_from_slice(packed[..count].as_flattened());
    position(count)
}

/// Positions have 24 bits.
fn position(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Goes round a circle of prime length in steps of one random length from a random start: it comes by
/// every place once, and any two of its places are any two with the same probability. So nothing has
/// to be remembered of who was drawn. Places beyond the range, few in a hundred, are passed over.
struct Walk {
    len: u32,
    circle: u32,
    at: u32,
    step: u32,
}

impl Walk {
    fn new(len: u32, rng: &mut Rng) -> Self {
        let circle = prime_from(len);
        Self {
            len,
            circle,
            at: rng.below(circle),
            step: 1 + rng.below(circle - 1),
        }
    }

    /// The next places that are there, of which the first `wanted` count. Several steps are made at once,
    /// for none of them is to wait for the one before it.
    fn draw(&mut self, wanted: usize) -> [u32; DRAWN_LEN + STRIDES] {
        let mut drawn = [0; DRAWN_LEN + STRIDES];
        let mut next = [self.at; STRIDES];
        for at in 1..STRIDES {
            next[at] = self.past(next[at - 1], self.step);
        }
        let leap = self.past(
            self.past(next[STRIDES - 1], self.step),
            self.circle - self.at,
        );
        let mut count = 0;
        while count < wanted {
            for place in &mut next {
                drawn[count] = *place;
                count += usize::from(*place < self.len);
                *place = self.past(*place, leap);
            }
        }
        self.at = if count > wanted {
            drawn[wanted]
        } else {
            next[0]
        };
        drawn
    }

    fn past(&self, place: u32, step: u32) -> u32 {
        let next = place + step;
        next.min(next.wrapping_sub(self.circle))
    }
}
