//! The tracker's server: a request goes in, and the reply is appended to the caller's buffer. It opens
//! nothing, waits for nothing, and knows the time from its caller.

#[cfg(test)]
mod batch_tests;
mod config;
mod http;
mod other;
mod stats;
#[cfg(test)]
mod tests;
mod udp;

use std::net::IpAddr;
use std::time::Duration;

use super::connection_id::ConnectionIds;
use super::limiter::{Limiter, Verdict};
use super::table::{Announce, Asker, Counts, Outcome, Role, Seat, Sight, Table, Time};
use super::{Family, Peer, Secret, addresses};
use crate::base::limits::{ANNOUNCE_PEERS_DEFAULT, ANNOUNCE_PEERS_MAX};
use crate::base::{Rng, Sha1Digest};
use crate::wire::Event;
use crate::wire::udp_tracker::Scraped;

pub use config::Config;
pub use http::HttpStep;
pub use other::{NOT_CONFIRMED, Other};
pub use stats::{Counter, Stats, Surroundings, Transport};

#[derive(Debug)]
pub struct Server {
    config: Config,
    table: Table,
    connection_ids: ConnectionIds,
    secret: Secret,
    limiter: Option<Limiter>,
    rng: Rng,
    stats: Stats,
    /// The other tracker of the pair.
    other: Option<Other>,
    /// Kept to be filled anew by each reply.
    scratch: http::Scratch,
    /// Kept to be filled anew by each batch of packets.
    askers: Vec<Option<Asker>>,
    sights: Vec<Sight>,
}

/// What an announce says, whichever way it came.
#[derive(Clone, Copy, Debug)]
struct Asked {
    info_hash: Sha1Digest,
    address: IpAddr,
    port: u16,
    left_bytes: Option<u64>,
    event: Event,
    wanted: Option<u32>,
}

const NOT_SERVED: &str = "this tracker does not serve this torrent";
const TOO_OFTEN: &str = "you ask too often";

impl Server {
    /// The seed needs to be random, the secret needs to be secret.
    pub fn new(config: Config, secret: Secret, seed: u64) -> Self {
        Self {
            table: Table::new(config.bounds(), secret),
            connection_ids: ConnectionIds::new(secret),
            secret,
            limiter: config.rate.map(|rate| Limiter::new(rate, secret)),
            rng: Rng::new(seed),
            stats: Stats::default(),
            other: None,
            scratch: http::Scratch::default(),
            askers: Vec::new(),
            sights: Vec::new(),
            config,
        }
    }

    /// To be called about once a second.
    pub fn tick(&mut self, now: Duration) {
        self.table.sweep(time(now));
    }

    /// For what surrounds the serving: reading the state file, and writing it.
    pub fn table(&mut self) -> &mut Table {
        &mut self.table
    }

    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Takes over what an operator has changed while it runs.
    pub fn reconfigure(&mut self, config: Config) {
        self.table.set_bounds(config.bounds());
        self.limiter = match (config.rate, self.limiter.take()) {
            (None, _) => None,
            (Some(rate), None) => Some(Limiter::new(rate, self.secret)),
            (Some(rate), Some(mut limiter)) => {
                limiter.set_rate(rate);
                Some(limiter)
            }
        };
        self.config = config;
    }

    /// Whether many clients may come from this one address, because a proxy stands there.
    pub fn is_proxy(&self, address: IpAddr) -> bool {
        self.config.addresses.is_proxy(address.to_canonical())
    }

    fn verdict(&mut self, now: Duration, address: IpAddr) -> Verdict {
        match &mut self.limiter {
            Some(limiter) if self.config.loopback_is_limited || !address.is_loopback() => {
                limiter.ask(now, address)
            }
            _ => Verdict::Allow,
        }
    }

    fn enter(&mut self, now: Duration, asked: &Asked, sight: Sight) -> Seat {
        let role = match asked.left_bytes {
            Some(0) => Role::Seeder,
            _ => Role::Leecher,
        };
        if !addresses::is_usable(asked.address, asked.port) {
            return self.table.look(&asked.info_hash, role);
        }
        let announce = Announce {
            info_hash: asked.info_hash,
            peer: Peer::new(asked.address, asked.port),
            role,
            event: asked.event,
        };
        if let Some(other) = &mut self.other {
            other.teller.client_announced(now, &announce);
        }
        self.table.announce_seen(time(now), &announce, sight)
    }

    /// Spread, so that those who came together do not come together for ever.
    fn interval_s(&mut self) -> u32 {
        let interval_s = self.config.interval_s;
        interval_s + self.rng.below(self.config.jitter_s() + 1)
    }
}

/// What a scrape tells of a swarm, whichever way it was asked.
fn scraped(counts: Counts) -> Scraped {
    Scraped {
        seeders: counts.seeders,
        downloads: counts.downloads,
        leechers: counts.leechers,
    }
}

/// How many peers an announce is to be told of.
fn wanted(asked: &Asked) -> u32 {
    match asked.event {
        Event::Stopped => 0,
        _ => asked
            .wanted
            .unwrap_or(ANNOUNCE_PEERS_DEFAULT)
            .min(ANNOUNCE_PEERS_MAX),
    }
}

fn time(now: Duration) -> Time {
    Time(u32::try_from(now.as_secs()).unwrap_or(u32::MAX))
}

fn family(address: IpAddr) -> Family {
    match address {
        IpAddr::V4(_) => Family::V4,
        IpAddr::V6(_) => Family::V6,
    }
}

/// What a client is to know of what became of its announce.
fn warning(seat: &Seat) -> Option<&'static str> {
    (seat.outcome == Outcome::Refused)
        .then_some("the tracker is full: it tells you of others, but nobody of you")
}
