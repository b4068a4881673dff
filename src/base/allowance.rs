//! So much at once, and a steady trickle: what one alone may do or ask.

use super::Instant;

/// A bucket that time fills again.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    /// The time that brings one back, and what time may save up.
    each_ns: u64,
    saved_max_ns: u64,
    /// When nothing would have been taken any more.
    full_at: Instant,
}

impl Allowance {
    /// Both must be one at least.
    pub const fn new(per_s: u32, at_once: u32) -> Self {
        let each_ns = 1_000_000_000 / per_s as u64;
        Self {
            each_ns,
            saved_max_ns: each_ns * at_once as u64,
            full_at: Instant::ZERO,
        }
    }

    /// Takes so many, if there are as many left.
    pub fn take(&mut self, now: Instant, count: u32) -> bool {
        let full_at_ns = self.full_at.max(now).as_nanos() + self.each_ns * u64::from(count);
        let is_left = full_at_ns <= now.as_nanos() + self.saved_max_ns;
        if is_left {
            self.full_at = Instant::from_nanos(full_at_ns);
        }
        is_left
    }

    /// Gives one back that was taken.
    pub fn give_back(&mut self) {
        let full_at_ns = self.full_at.as_nanos().saturating_sub(self.each_ns);
        self.full_at = Instant::from_nanos(full_at_ns);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_ms(ms: u64) -> Instant {
        Instant::from_nanos(ms * 1_000_000)
    }

    #[test]
    fn what_is_taken_comes_back_and_no_more_than_that() {
        let mut allowance = Allowance::new(4, 16);
        let mut take = |now_ms, count: usize| {
            let now = at_ms(now_ms);
            (0..count).filter(|_| allowance.take(now, 1)).count()
        };
        assert_eq!(take(0, 100), 16);
        assert_eq!(take(249, 100), 0);
        assert_eq!(take(250, 100), 1);
        assert_eq!(take(1250, 100), 4);
        assert_eq!(take(1_000_000, 100), 16);
    }

    #[test]
    fn many_are_taken_together_or_not_at_all() {
        let mut allowance = Allowance::new(4, 16);
        assert!(!allowance.take(at_ms(0), 17));
        assert!(allowance.take(at_ms(0), 16));
        allowance.give_back();
        assert!(!allowance.take(at_ms(0), 2));
        assert!(allowance.take(at_ms(0), 1));
        // Nobody saves up more by giving back what time has brought already.
        (0..100).for_each(|_| allowance.give_back());
        assert!(!allowance.take(at_ms(10_000), 17));
    }
}
