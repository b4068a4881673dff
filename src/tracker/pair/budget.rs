//! So much at once, and a steady trickle: a bucket that belongs to one alone.

use std::time::Duration;

#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// What one costs, and what may be saved up.
    each: Duration,
    saved_max: Duration,
    /// When nothing would have been spent any more.
    full_at: Duration,
}

impl Budget {
    /// `at_once` must be one at least.
    pub const fn of(per_s: u32, at_once: u32) -> Self {
        let each = Duration::from_millis(1000 / per_s as u64);
        Self {
            each,
            saved_max: each.saturating_mul(at_once),
            full_at: Duration::ZERO,
        }
    }

    /// Takes one, if there is one left.
    pub fn spend(&mut self, now: Duration) -> bool {
        let full_at = self.full_at.max(now) + self.each;
        let is_left = full_at <= now + self.saved_max;
        if is_left {
            self.full_at = full_at;
        }
        is_left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spent_comes_back_and_no_more_than_that() {
        let mut budget = Budget::of(4, 16);
        let mut spend = |now_ms, count: usize| {
            let now = Duration::from_millis(now_ms);
            (0..count).filter(|_| budget.spend(now)).count()
        };
        assert_eq!(spend(0, 100), 16);
        assert_eq!(spend(249, 100), 0);
        assert_eq!(spend(250, 100), 1);
        assert_eq!(spend(1250, 100), 4);
        assert_eq!(spend(1_000_000, 100), 16);
    }
}
