//! What an operator decides.

use crate::tracker::access::Access;
use crate::tracker::addresses::Addresses;
use crate::tracker::limiter::Rate;
use crate::tracker::table::Bounds;

#[derive(Clone, Debug)]
pub struct Config {
    /// How often a client is asked to announce.
    pub interval_s: u32,
    /// How often it may.
    pub min_interval_s: u32,
    pub peers_max: usize,
    pub swarms_max: usize,
    pub access: Access,
    pub addresses: Addresses,
    /// For each address; `None` for no limit.
    pub rate: Option<Rate>,
    pub loopback_is_limited: bool,
    pub keep_alive: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            interval_s: 30 * 60,
            min_interval_s: 60,
            peers_max: 10_000_000,
            swarms_max: 4_000_000,
            access: Access::default(),
            addresses: Addresses::default(),
            rate: Some(Rate {
                requests_per_s: 50,
                burst: 500,
            }),
            loopback_is_limited: false,
            keep_alive: true,
        }
    }
}

impl Config {
    /// The most by which an interval is lengthened.
    pub(super) fn jitter_s(&self) -> u32 {
        self.interval_s / 16
    }

    /// A peer is forgotten when it misses an announce, and has had time for some retries.
    pub(super) fn bounds(&self) -> Bounds {
        Bounds {
            lifetime_s: self.interval_s + self.interval_s / 2 + 60,
            sweep_s: (self.interval_s / 8).max(8),
            peers_max: self.peers_max,
            swarms_max: self.swarms_max,
        }
    }
}
