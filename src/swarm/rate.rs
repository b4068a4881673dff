//! How many bytes a second go by.

use crate::base::Instant;

const BUCKETS: usize = 20;
const BUCKET_MS: u64 = 250;

/// Bytes of the last five seconds, by quarters of a second. A call costs a few instructions, and a
/// rate is right from the first second on.
#[derive(Clone, Debug)]
pub struct Rate {
    buckets: [u64; BUCKETS],
    /// The sum of the buckets.
    recent_bytes: u64,
    total_bytes: u64,
    /// Of the bucket that is being filled, in buckets since the clock began.
    newest: u64,
    /// When it began, in the same.
    first: u64,
}

impl Rate {
    pub fn new(now: Instant) -> Self {
        let newest = bucket_at(now);
        Self {
            buckets: [0; BUCKETS],
            recent_bytes: 0,
            total_bytes: 0,
            newest,
            first: newest,
        }
    }

    pub fn add(&mut self, now: Instant, len_bytes: u64) {
        self.pass_time(now);
        let at = self.place_of(self.newest);
        self.buckets[at] += len_bytes;
        self.recent_bytes += len_bytes;
        self.total_bytes += len_bytes;
    }

    pub fn bytes_per_s(&mut self, now: Instant) -> u64 {
        self.pass_time(now);
        let begun = self.newest - self.first + 1;
        // A start of less than a second is not taken for a whole trend.
        let window_ms = BUCKET_MS * begun.clamp(4, BUCKETS as u64);
        self.recent_bytes.saturating_mul(1000) / window_ms
    }

    /// Since it began.
    pub const fn total_bytes(&self) -> u64 {
        self.total_bytes
    }

    fn pass_time(&mut self, now: Instant) {
        let current = bucket_at(now);
        let passed = current.saturating_sub(self.newest);
        for step in 1..=passed.min(BUCKETS as u64) {
            let at = self.place_of(self.newest + step);
            self.recent_bytes -= std::mem::take(&mut self.buckets[at]);
        }
        self.newest += passed;
    }

    const fn place_of(&self, bucket: u64) -> usize {
        #[expect(clippy::cast_possible_truncation, reason = "less than the buckets")]
        let place = (bucket % BUCKETS as u64) as usize;
        place
    }
}

const fn bucket_at(now: Instant) -> u64 {
    now.as_nanos() / (BUCKET_MS * 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_ms(ms: u64) -> Instant {
        Instant::from_nanos(ms * 1_000_000)
    }

    #[test]
    fn a_steady_flow_is_told_exactly() {
        let start_ms = 1_000_000;
        let mut rate = Rate::new(at_ms(start_ms));
        for ms in 0..20_000 {
            rate.add(at_ms(start_ms + ms), 1000);
            let per_s = rate.bytes_per_s(at_ms(start_ms + ms));
            assert!(per_s <= 1_000_000);
            if ms >= 5000 {
                // All but what the newest bucket still lacks.
                assert!(per_s >= 950_000, "{per_s} after {ms} ms");
            }
        }
        assert_eq!(rate.total_bytes(), 20_000_000);
    }

    #[test]
    fn silence_brings_it_to_nothing() {
        let mut rate = Rate::new(Instant::ZERO);
        rate.add(Instant::ZERO, 1 << 20);
        assert_eq!(rate.bytes_per_s(at_ms(100)), 1 << 20);
        assert_eq!(rate.bytes_per_s(at_ms(4900)), (1 << 20) / 5);
        assert_eq!(rate.bytes_per_s(at_ms(5000)), 0);
        rate.add(at_ms(1_000_000_000), 5);
        assert_eq!(rate.bytes_per_s(at_ms(1_000_000_000)), 1);
        assert_eq!(rate.total_bytes(), (1 << 20) + 5);
    }
}
