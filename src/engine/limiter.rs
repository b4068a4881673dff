//! Limits on what all connections together receive and send. Without limits it is never asked.

use std::time::Duration;

use super::config::Config;
use crate::base::Instant;

/// How often a bucket that was emptied lets connections on.
const REFILL_EVERY: Duration = Duration::from_millis(20);

/// As much as flows in this time may flow at once.
const BURST: Duration = Duration::from_millis(100);

/// A bucket may be overdrawn by what was under way when it ran empty.
#[derive(Debug)]
struct Bucket {
    bytes_per_second: u64,
    level_bytes: i64,
    filled_at: Instant,
    was_empty: bool,
}

impl Bucket {
    fn new(bytes_per_second: u64) -> Self {
        let mut bucket = Self {
            bytes_per_second: bytes_per_second.max(1),
            level_bytes: 0,
            filled_at: Instant::ZERO,
            was_empty: false,
        };
        bucket.level_bytes = bucket.burst_bytes();
        bucket
    }

    fn burst_bytes(&self) -> i64 {
        self.bytes_in(BURST).max(16 << 10)
    }

    fn bytes_in(&self, time: Duration) -> i64 {
        let bytes = u128::from(self.bytes_per_second) * time.as_nanos() / 1_000_000_000;
        i64::try_from(bytes).unwrap_or(i64::MAX)
    }

    fn fill(&mut self, now: Instant) {
        let bytes = self.bytes_in(now - self.filled_at);
        // Less than a byte's worth of time is kept for the next call.
        if bytes > 0 {
            let level = self.level_bytes.saturating_add(bytes);
            self.level_bytes = level.min(self.burst_bytes());
            self.filled_at = now;
        }
    }

    fn take(&mut self, len_bytes: usize) {
        let len_bytes = i64::try_from(len_bytes).unwrap_or(i64::MAX);
        self.level_bytes = self.level_bytes.saturating_sub(len_bytes);
    }

    fn is_empty(&self) -> bool {
        self.level_bytes <= 0
    }

    /// Fills it; true where it was found empty, and is so no more.
    fn tick(&mut self, now: Instant) -> bool {
        let was_empty = self.was_empty || self.is_empty();
        self.fill(now);
        self.was_empty = self.is_empty();
        was_empty && !self.was_empty
    }

    fn room_bytes(&self) -> usize {
        usize::try_from(self.level_bytes).unwrap_or(0)
    }
}

#[derive(Debug)]
pub(super) struct Limiter {
    down: Option<Bucket>,
    up: Option<Bucket>,
    next_fill: Instant,
    has_opened: bool,
}

impl Limiter {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            down: config.down_bytes_per_second_max.map(Bucket::new),
            up: config.up_bytes_per_second_max.map(Bucket::new),
            next_fill: Instant::ZERO,
            has_opened: false,
        }
    }

    pub(super) fn holds_back_receiving(&self) -> bool {
        self.down.as_ref().is_some_and(Bucket::is_empty)
    }

    fn holds_back_sending(&self) -> bool {
        self.up.as_ref().is_some_and(Bucket::is_empty)
    }

    pub(super) fn received(&mut self, len_bytes: usize) {
        if let Some(bucket) = &mut self.down {
            bucket.take(len_bytes);
        }
    }

    pub(super) fn sent(&mut self, len_bytes: usize) {
        if let Some(bucket) = &mut self.up {
            bucket.take(len_bytes);
        }
    }

    /// How much may be received before a plan has to end; the block that goes beyond is the last.
    pub(super) fn receiving_room_bytes(&self) -> usize {
        self.down.as_ref().map_or(usize::MAX, Bucket::room_bytes)
    }

    /// How much may be sent, likewise.
    pub(super) fn sending_room_bytes(&self) -> usize {
        self.up.as_ref().map_or(usize::MAX, Bucket::room_bytes)
    }

    fn is_any_empty(&self) -> bool {
        self.holds_back_receiving() || self.holds_back_sending()
    }

    /// When what is held back may go on.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.is_any_empty().then_some(self.next_fill)
    }

    pub(super) fn tick(&mut self, now: Instant) {
        self.has_opened = false;
        for bucket in self.down.iter_mut().chain(&mut self.up) {
            self.has_opened |= bucket.tick(now);
        }
        self.next_fill = now + REFILL_EVERY;
    }

    /// Whether connections that were held back may go on since the last tick.
    pub(super) fn has_opened(&self) -> bool {
        self.has_opened
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_holds_over_time() {
        let mut config = Config::new(1, 1);
        config.down_bytes_per_second_max = Some(1_000_000);
        let mut limiter = Limiter::new(&config);
        let mut taken_bytes = 0;
        for ms in 0..10_000_u64 {
            let now = Instant::from_nanos(ms * 1_000_000);
            if limiter.deadline().is_some_and(|deadline| deadline <= now) || ms == 0 {
                limiter.tick(now);
            }
            while !limiter.holds_back_receiving() {
                limiter.received(16 << 10);
                taken_bytes += 16 << 10;
            }
            assert!(!limiter.holds_back_sending());
        }
        assert!(
            (9_900_000..10_300_000).contains(&taken_bytes),
            "{taken_bytes}"
        );
    }

    #[test]
    fn one_direction_opens_while_the_other_waits() {
        let mut config = Config::new(1, 1);
        config.down_bytes_per_second_max = Some(1_000_000);
        config.up_bytes_per_second_max = Some(1000);
        let mut limiter = Limiter::new(&config);
        limiter.sent(1 << 20);
        limiter.received(1 << 20);
        let mut opened = 0;
        for seconds in 1..=5_u64 {
            limiter.tick(Instant::from_nanos(seconds * 1_000_000_000));
            opened += u32::from(limiter.has_opened());
        }
        assert_eq!(opened, 1);
        assert!(limiter.receiving_room_bytes() > 0);
        assert_eq!(limiter.sending_room_bytes(), 0);
    }

    #[test]
    fn without_limits_nothing_is_held_back() {
        let mut limiter = Limiter::new(&Config::new(1, 1));
        limiter.received(usize::MAX);
        limiter.sent(usize::MAX);
        assert!(!limiter.holds_back_receiving() && !limiter.holds_back_sending());
        assert_eq!(limiter.deadline(), None);
    }
}
