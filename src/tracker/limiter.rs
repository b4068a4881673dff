//! How often one address may ask, and how many connections it may hold. An address is one of IPv4, or
//! a /64 of IPv6, since whoever has one address of that has them all.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use super::Secret;
use super::keyed::TableHasher;
use crate::base::Customer;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Allow,
    /// Too often, and worth a word.
    Refuse,
    /// Too often, and told so before.
    Ignore,
}

#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// What one address may ask in a second, on average.
    pub requests_per_s: u32,
    /// What it may ask at once.
    pub burst: u32,
}

impl Rate {
    /// A cost under a millisecond would be no limit, and is counted as one.
    fn cost_ms(self) -> u32 {
        (1000 / self.requests_per_s.clamp(1, 1000)).max(1)
    }

    fn burst_ms(self) -> u32 {
        self.cost_ms()
            .saturating_mul(self.burst.max(1))
            .min(1 << 24)
    }
}

/// How many words a client gets for one answer.
const REFUSALS_MAX: u8 = 4;

const WAYS: usize = 4;
const SETS: usize = 1 << 14;

/// A bucket of tokens for each address, in a table of fixed size. Where more addresses ask than there
/// are buckets, who asked least is forgotten first, and so begins with a full bucket again.
#[derive(Debug)]
pub struct Limiter {
    hasher: TableHasher,
    sets: Box<[[Bucket; WAYS]]>,
    cost_ms: u32,
    burst_ms: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    /// Bits of the hash that the place of the set does not tell; 0 where the bucket is free.
    tag: [u8; 3],
    /// How often its owner was refused since it was last allowed.
    refusals: u8,
    /// When the bucket will be full again.
    full_at_ms: u32,
}

impl Limiter {
    pub fn new(rate: Rate, secret: Secret) -> Self {
        Self {
            hasher: TableHasher::new(secret),
            sets: vec![[Bucket::default(); WAYS]; SETS].into_boxed_slice(),
            cost_ms: rate.cost_ms(),
            burst_ms: rate.burst_ms(),
        }
    }

    /// Who has asked stays known. Debts that are larger than they could be now are forgiven.
    pub fn set_rate(&mut self, rate: Rate) {
        self.cost_ms = rate.cost_ms();
        self.burst_ms = rate.burst_ms();
    }

    pub fn ask(&mut self, now: Duration, address: IpAddr) -> Verdict {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "comes round, and is meant to"
        )]
        let now_ms = now.as_millis() as u32;
        let hash = self.hasher.hash(&Customer::of(address).0);
        let [high, middle, low, .., a, b] = hash.to_be_bytes();
        let (place, tag) = (
            usize::from(u16::from_be_bytes([a, b])) % SETS,
            [high, middle, low | 1],
        );
        let bucket = bucket_of(&mut self.sets[place], tag, now_ms);
        // Time comes round after 49 days; more debt than anybody can have is left from the last round.
        let debt_ms = bucket.debt_ms(now_ms);
        let debt_ms = if debt_ms > self.burst_ms + self.cost_ms {
            0
        } else {
            debt_ms
        };
        if debt_ms < self.burst_ms {
            bucket.full_at_ms = now_ms.wrapping_add(debt_ms + self.cost_ms);
            bucket.refusals = 0;
            Verdict::Allow
        } else if bucket.refusals < REFUSALS_MAX {
            bucket.refusals += 1;
            Verdict::Refuse
        } else {
            Verdict::Ignore
        }
    }
}

fn bucket_of(set: &mut [Bucket; WAYS], tag: [u8; 3], now_ms: u32) -> &mut Bucket {
    let found = set.iter().position(|bucket| bucket.tag == tag);
    let at = found.unwrap_or_else(|| {
        let least = (0..WAYS).min_by_key(|at| match set[*at].tag {
            [0, 0, 0] => 0,
            _ => set[*at].debt_ms(now_ms),
        });
        let at = least.unwrap_or(0);
        set[at] = Bucket {
            tag,
            refusals: 0,
            full_at_ms: now_ms,
        };
        at
    });
    &mut set[at]
}

impl Bucket {
    /// How long until the bucket is full again.
    fn debt_ms(&self, now_ms: u32) -> u32 {
        let ahead = self.full_at_ms.wrapping_sub(now_ms);
        if ahead <= u32::MAX / 2 { ahead } else { 0 }
    }
}

/// The connections that are open, by address. As large as there are connections, whose number the
/// host bounds.
#[derive(Debug)]
pub struct Connections {
    open: BTreeMap<Customer, u32>,
    per_address_max: u32,
    loopback_is_bounded: bool,
}

impl Connections {
    /// Everybody on this machine looks alike: loopback may be left out.
    pub fn new(per_address_max: u32, loopback_is_bounded: bool) -> Self {
        Self {
            open: BTreeMap::new(),
            per_address_max,
            loopback_is_bounded,
        }
    }

    /// Counts a connection in; `false` where its address holds enough.
    pub fn open(&mut self, address: IpAddr) -> bool {
        let is_bounded = self.loopback_is_bounded || !address.to_canonical().is_loopback();
        let customer = Customer::of(address);
        let count = self.open.get(&customer).copied().unwrap_or(0);
        if is_bounded && count >= self.per_address_max {
            return false;
        }
        self.open.insert(customer, count + 1);
        true
    }

    /// To be told of each connection that [`Connections::open`] allowed.
    pub fn close(&mut self, address: IpAddr) {
        let customer = Customer::of(address);
        if let Some(count) = self.open.get_mut(&customer) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.open.remove(&customer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: Secret = Secret([11, 0x9e37_79b9_7f4a_7c15, 0xbf58_476d_1ce4_e5b9, 0]);

    fn limiter() -> Limiter {
        let rate = Rate {
            requests_per_s: 10,
            burst: 20,
        };
        Limiter::new(rate, SECRET)
    }

    fn address(number: u32) -> IpAddr {
        IpAddr::V4(number.into())
    }

    #[test]
    fn who_asks_too_often_is_told_and_then_ignored() {
        let mut limiter = limiter();
        let mut ask = |now_ms| limiter.ask(Duration::from_millis(now_ms), address(1));
        let verdicts: Vec<_> = (0..1000).map(|_| ask(0)).collect();
        let count = |wanted| {
            verdicts
                .iter()
                .filter(|verdict| **verdict == wanted)
                .count()
        };
        assert_eq!(count(Verdict::Allow), 20);
        assert_eq!(count(Verdict::Refuse), 4);
        assert!(verdicts.is_sorted_by_key(|verdict| *verdict as u8));
        // Whoever goes on nevertheless gets its share, and no more.
        let allowed = (1..=10_000).filter(|ms| ask(*ms) == Verdict::Allow).count();
        assert_eq!(allowed, 100);
        assert_eq!(ask(20_000), Verdict::Allow);
    }

    #[test]
    fn who_behaves_is_answered_under_a_flood_from_many() {
        let mut limiter = limiter();
        let mut refused = 0;
        for ms in 0..20_000_u64 {
            let now = Duration::from_millis(ms);
            for offender in 0..20 {
                let number = u32::try_from(ms % 500).unwrap() * 20 + offender;
                limiter.ask(now, address(0x0a00_0000 + number));
            }
            if ms % 1000 == 0 {
                refused += usize::from(limiter.ask(now, address(1)) != Verdict::Allow);
            }
        }
        assert_eq!(refused, 0);
        assert_eq!(limiter.sets.len() * WAYS * size_of::<Bucket>(), 512 << 10);
    }

    #[test]
    fn connections_are_counted_by_address() {
        let mut connections = Connections::new(2, false);
        let address = address(7);
        assert!(connections.open(address) && connections.open(address));
        assert!(!connections.open(address));
        connections.close(address);
        assert!(connections.open(address));
        let loopback: IpAddr = "::1".parse().unwrap();
        assert!((0..10).all(|_| connections.open(loopback)));
        connections.close(address);
        connections.close(address);
        connections.close(address);
        assert_eq!(connections.open.len(), 1);
        assert!(Connections::new(1, true).open(loopback));
    }

    #[test]
    fn refusals_leave_nothing_behind() {
        let mut connections = Connections::new(0, true);
        assert!(!connections.open(address(1)));
        assert!(connections.open.is_empty());
    }
}
