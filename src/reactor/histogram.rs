//! How often what took how long, to within an eighth.

/// Each doubling is told apart in this many steps, two to this power.
const STEP_BITS: u32 = 3;
const STEPS: usize = 1 << STEP_BITS;
const BUCKETS: usize = (u64::BITS as usize + 1) * STEPS;

pub(super) struct Histogram {
    counts: Box<[u64; BUCKETS]>,
    total: u64,
}

impl Histogram {
    pub(super) fn new() -> Self {
        Self {
            counts: Box::new([0; BUCKETS]),
            total: 0,
        }
    }

    pub(super) fn add(&mut self, value: u64) {
        self.counts[bucket(value)] += 1;
        self.total += 1;
    }

    /// The least value that this share of all values does not exceed, rounded up to a step; 0 where
    /// there are none.
    pub(super) fn quantile(&self, share: f64) -> u64 {
        let mut below = 0;
        for (index, count) in self.counts.iter().enumerate() {
            below += count;
            if *count > 0 && below as f64 >= share * self.total as f64 {
                return largest_in(index);
            }
        }
        0
    }
}

/// Small values have a bucket each; from there on, a bucket is named by the position of the highest
/// bit and the few bits after it.
fn bucket(value: u64) -> usize {
    let Some(highest_bit) = value.checked_ilog2().filter(|bit| *bit >= STEP_BITS) else {
        return usize::try_from(value).unwrap_or(0);
    };
    let shift = highest_bit - STEP_BITS;
    let step = usize::try_from(value >> shift).unwrap_or(0) - STEPS;
    (shift as usize + 1) * STEPS + step
}

fn largest_in(bucket: usize) -> u64 {
    if bucket < STEPS {
        return bucket as u64;
    }
    let (shift, step) = (bucket / STEPS - 1, bucket % STEPS);
    let least = ((STEPS + step) as u64) << shift;
    least + ((1 << shift) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_in_its_bucket_and_no_other() {
        let edges = (0..64).flat_map(|bit| {
            let power = 1_u64 << bit;
            [power - 1, power, power + 1, power + power / 3]
        });
        for value in edges.chain([u64::MAX]) {
            let index = bucket(value);
            assert!(value <= largest_in(index), "{value}");
            assert!(index == 0 || largest_in(index - 1) < value, "{value}");
            assert!(largest_in(index) - value <= value / 8, "{value}");
        }
    }

    #[test]
    fn quantiles_of_few_and_of_many() {
        let mut histogram = Histogram::new();
        assert_eq!(histogram.quantile(0.999), 0);
        for _ in 0..999 {
            histogram.add(5);
        }
        histogram.add(1 << 20);
        assert_eq!(histogram.quantile(0.5), 5);
        assert_eq!(histogram.quantile(0.999), 5);
        assert!(histogram.quantile(1.0) >= 1 << 20);
    }
}
