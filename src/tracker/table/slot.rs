//! One peer in the table, in as few bytes as it takes.

use super::Time;

/// Seconds in a tick: what a lifetime is measured in.
const TICK_S: u32 = 4;

/// When a peer was last heard of. Sixteen bits of ticks come round after three days: the table is
/// never left unswept for so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tick(u16);

impl Tick {
    pub(super) fn at(time: Time) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "comes round, and is meant to"
        )]
        let tick = (time.0 / TICK_S) as u16;
        Self(tick)
    }

    pub(super) fn before(self, age_s: u32) -> Self {
        let ticks = u16::try_from(age_s.min(LIFETIME_S_MAX) / TICK_S).unwrap_or(u16::MAX);
        Self(self.0.wrapping_sub(ticks))
    }

    pub(super) fn age_s(self, now: Self) -> u32 {
        u32::from(now.0.wrapping_sub(self.0)) * TICK_S
    }
}

/// A peer by its packed address: `N` is 6 for IPv4, and 18 for IPv6. Whether it is a seeder shows in
/// where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot<const N: usize> {
    pub(super) key: [u8; N],
    pub(super) last_heard: Tick,
}

impl<const N: usize> Slot<N> {
    pub(super) const NONE: Self = Self {
        key: [0; N],
        last_heard: Tick(0),
    };
}

/// The longest lifetime that ticks can measure, with as much again until a sweep must have passed.
pub(super) const LIFETIME_S_MAX: u32 = TICK_S * (u16::MAX as u32 / 2);
