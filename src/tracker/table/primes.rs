//! A prime that is hardly larger than a given number of up to 24 bits.

/// The lowest numbers have a prime each, higher ones share it with a sixteenth of their octave.
const EXACT: u32 = 32;
const PARTS: u32 = 16;

const LEN: usize = (EXACT + (24 - EXACT.ilog2()) * PARTS) as usize;
static PRIMES: [u32; LEN] = primes();

/// A prime that is not below `number`, and at most an eighth above it where that is not tiny.
pub(super) fn prime_from(number: u32) -> u32 {
    PRIMES[part(number)]
}

/// Where the prime for a number stands.
fn part(number: u32) -> usize {
    let before = number.saturating_sub(1);
    if before < EXACT {
        return before as usize;
    }
    let octave = before.ilog2();
    let within = (before >> (octave - PARTS.ilog2())) % PARTS;
    (EXACT + (octave - EXACT.ilog2()) * PARTS + within) as usize
}

/// The largest number of a part.
const fn largest(part: u32) -> u32 {
    if part < EXACT {
        return part + 1;
    }
    let (octave, within) = ((part - EXACT) / PARTS, (part - EXACT) % PARTS);
    (PARTS + within + 1) << (octave + EXACT.ilog2() - PARTS.ilog2())
}

const fn primes() -> [u32; LEN] {
    let mut primes = [0; LEN];
    let mut part = 0;
    while part < LEN {
        #[expect(clippy::cast_possible_truncation, reason = "there are few parts")]
        let mut prime = largest(part as u32);
        while !is_prime(prime) {
            prime += 1;
        }
        primes[part] = prime;
        part += 1;
    }
    primes
}

const fn is_prime(number: u32) -> bool {
    if number < 4 {
        return number > 1;
    }
    if number.is_multiple_of(2) {
        return false;
    }
    let mut divisor = 3;
    while divisor * divisor <= number {
        if number.is_multiple_of(divisor) {
            return false;
        }
        divisor += 2;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::limits::TRACKER_POSITIONS_MAX;

    #[test]
    fn every_number_has_a_prime_close_above_it() {
        let most = u32::try_from(TRACKER_POSITIONS_MAX).unwrap();
        for number in (0..5000).chain((5000..most).step_by(997)).chain([most]) {
            let prime = prime_from(number);
            assert!(is_prime(prime) && number <= prime, "{number}: {prime}");
            assert!(prime - number <= (number / 8).max(6), "{number}: {prime}");
        }
    }

    #[test]
    fn primes_by_value() {
        let first = (0..30).filter(|number| is_prime(*number));
        assert!(first.eq([2, 3, 5, 7, 11, 13, 17, 19, 23, 29]));
        assert!(is_prime(16_777_213) && !is_prime(4093 * 4093));
    }
}
