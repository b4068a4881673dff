//! The client's end of trackers, for one torrent: who is told, when, and what came of it.
//!
//! An [`Announcer`] does no I/O. It is told what happened, each time with the time; after that its
//! host takes what it wants done from [`Announcer::poll`] until there is nothing more, and calls
//! [`Announcer::tick`] when the time of [`Announcer::deadline`] has come. Names are resolved, HTTP
//! connections carried and datagrams sent by the host; addresses, redirects, retries and time
//! limits are looked after here.
//!
//! - Trackers stand in tiers (BEP 12), shuffled within each; the one that answers moves to the front
//!   of its tier. [`Reach`] says how many are told.
//! - A tracker that fails is asked again after 5 s, then after twice as long each time up to half an
//!   hour; meanwhile the others of its group are asked.
//! - What trackers say of intervals is obeyed. While no peers are known, they are asked as often as
//!   their least interval allows: by a seeder for ten minutes, and at their usual interval after that.
//! - `started` is the first that a tracker hears; `completed` is told once, and only where the
//!   content was not complete from the start; `stopped` goes to all that list us.

mod context;
mod exchange;
mod group;
mod memory;
mod query;
mod station;
#[cfg(test)]
mod tests;
mod udp;
mod words;

use std::collections::{BTreeSet, VecDeque};
use std::net::{IpAddr, SocketAddr};

use crate::base::limits::ANNOUNCER_TRACKERS_MAX;
use crate::base::{Instant, Rng, Url};
use crate::wire::http::Response;
use crate::wire::udp_tracker::parse_reply;

use context::{Context, Identity};
use exchange::{Exchange, Verdict};
use group::Group;
use memory::Memory;
use station::Station;
pub use words::{ExchangeId, Facts, Output, Reach, Report, Setup};

#[derive(Debug)]
pub struct Announcer {
    identity: Identity,
    facts: Facts,
    groups: Vec<Group>,
    /// Whether there will be, or was, a completion to tell of.
    completion: Completion,
    stop_by: Option<Instant>,
    rng: Rng,
    last_id: u64,
    out: VecDeque<Output>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Completion {
    Ahead,
    /// It was told, or there is none to tell of.
    Behind,
}

impl Announcer {
    /// Begins with the first [`Announcer::tick`]. Content of which nothing is left at the start
    /// counts as complete from the start.
    pub fn new(setup: Setup, facts: Facts) -> Self {
        let mut rng = Rng::new(setup.seed);
        let stations = in_order(setup.tiers, &mut rng);
        let completion = match facts.left_bytes {
            0 => Completion::Behind,
            _ => Completion::Ahead,
        };
        Self {
            identity: Identity {
                info_hash: setup.info_hash,
                peer_id: setup.peer_id,
                port: setup.port,
                key: rng.below(u32::MAX),
            },
            facts,
            groups: in_groups(stations, setup.reach),
            completion,
            stop_by: None,
            rng,
            last_id: 0,
            out: VecDeque::new(),
        }
    }

    /// The next thing that is to be done or known.
    pub fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// When the next [`Announcer::tick`] is wanted; a moment that is past means at once.
    pub fn deadline(&self) -> Option<Instant> {
        match self.stop_by {
            Some(_) if self.is_stopped() => None,
            Some(stop_by) => {
                let stations = self.groups.iter().flat_map(Group::stations);
                let first = stations.filter_map(Station::deadline).min();
                Some(first.map_or(stop_by, |first| first.min(stop_by)))
            }
            None => {
                let groups = self.groups.iter();
                groups.filter_map(|group| group.deadline(&self.facts)).min()
            }
        }
    }

    /// The deadline has come.
    pub fn tick(&mut self, now: Instant) {
        let is_over = self.stop_by.is_some_and(|stop_by| stop_by <= now);
        self.with_groups(now, |groups, context| {
            for group in groups {
                if is_over {
                    group.each_station(|station| station.abandon(context));
                }
                let is_late =
                    |station: &Station| station.deadline().is_some_and(|deadline| deadline <= now);
                // Each turn moves a deadline on, or ends an exchange.
                while group.progress(context, is_late, |station, context| {
                    station.progress(context, Exchange::tick)
                }) {}
            }
        });
    }

    /// What is known of the torrent now; [`Announcer::deadline`] may have changed with it.
    pub fn set_facts(&mut self, facts: Facts) {
        if facts.peers_known > 0 {
            self.groups.iter_mut().for_each(Group::fed);
        }
        self.facts = facts;
    }

    /// Everything has arrived. Told once, and at once.
    pub fn completed(&mut self, now: Instant) {
        self.facts.left_bytes = 0;
        if self.completion == Completion::Ahead {
            self.completion = Completion::Behind;
            self.groups.iter_mut().for_each(Group::completed);
        }
        self.with_groups(now, |_, _| {});
    }

    /// Says goodbye to all that list us, until `by` at the latest: see [`Announcer::is_stopped`].
    pub fn stop(&mut self, now: Instant, by: Instant) {
        let is_first = self.stop_by.replace(by).is_none();
        if is_first {
            self.with_groups(now, |groups, context| {
                for group in groups {
                    group.each_station(|station| station.stop(context));
                }
            });
        }
    }

    /// Whether nothing is to be waited for any more.
    pub fn is_stopped(&self) -> bool {
        let mut stations = self.groups.iter().flat_map(Group::stations);
        self.stop_by.is_some() && !stations.any(Station::is_asked)
    }

    /// The answer to [`Output::Resolve`].
    pub fn resolved(&mut self, now: Instant, id: ExchangeId, found: Result<Vec<IpAddr>, String>) {
        self.answer(now, id, |exchange, context, memory| {
            exchange.resolved(context, memory, found)
        });
    }

    /// The answer to [`Output::Http`].
    pub fn http_done(&mut self, now: Instant, id: ExchangeId, response: &Response) {
        self.answer(now, id, |exchange, context, memory| {
            exchange.http_done(context, memory, response)
        });
    }

    /// No answer came of [`Output::Http`]; the next address is tried, where there is one.
    pub fn http_failed(&mut self, now: Instant, id: ExchangeId, why: &str) {
        self.answer(now, id, |exchange, context, memory| {
            exchange.http_failed(context, memory, why)
        });
    }

    /// Takes a datagram if it is an answer to one of [`Output::Udp`]; whether it was.
    pub fn datagram(&mut self, now: Instant, from: SocketAddr, bytes: &[u8]) -> bool {
        let Ok((transaction_id, reply)) = parse_reply(bytes) else {
            return false;
        };
        self.with_groups(now, |groups, context| {
            groups.iter_mut().any(|group| {
                let is_wanted = |station: &Station| {
                    let exchange = station.exchange();
                    exchange.is_some_and(|exchange| exchange.awaits_datagram(from, transaction_id))
                };
                group.progress(context, is_wanted, |station, context| {
                    station.progress(context, |exchange, context, memory| {
                        exchange.datagram(context, memory, from, &reply)
                    })
                })
            })
        })
    }

    /// Lets the exchange go on that waits for this answer. Nobody may wait for it any more.
    fn answer(
        &mut self,
        now: Instant,
        id: ExchangeId,
        step: impl FnOnce(&mut Exchange, &mut Context<'_>, &mut Memory) -> Verdict,
    ) {
        self.with_groups(now, |groups, context| {
            let awaits = |station: &Station| {
                let exchange = station.exchange();
                exchange.is_some_and(|exchange| exchange.awaits(id))
            };
            if let Some(group) = groups.iter_mut().find(|group| group.stations().any(awaits)) {
                group.progress(context, awaits, |station, context| {
                    station.progress(context, step)
                });
            }
        });
    }

    /// Changes something, and asks whoever is to be asked after that.
    fn with_groups<T>(
        &mut self,
        now: Instant,
        change: impl FnOnce(&mut [Group], &mut Context<'_>) -> T,
    ) -> T {
        let mut context = Context {
            now,
            identity: &self.identity,
            facts: &self.facts,
            rng: &mut self.rng,
            last_id: &mut self.last_id,
            out: &mut self.out,
        };
        let result = change(&mut self.groups, &mut context);
        if self.stop_by.is_none() {
            for group in &mut self.groups {
                group.advance(&mut context);
            }
        }
        result
    }
}

/// Shuffled within each tier, none twice, and no more than are asked.
fn in_order(tiers: Vec<Vec<Url>>, rng: &mut Rng) -> Vec<Station> {
    let mut seen = BTreeSet::new();
    let mut stations = Vec::new();
    for (tier, mut urls) in tiers.into_iter().enumerate() {
        for last in (1..urls.len()).rev() {
            let bound = u32::try_from(last + 1).unwrap_or(u32::MAX);
            urls.swap(last, rng.below(bound) as usize);
        }
        urls.retain(|url| seen.insert(url.clone()));
        stations.extend(urls.into_iter().map(|url| Station::new(url, tier)));
    }
    stations.truncate(ANNOUNCER_TRACKERS_MAX);
    stations
}

fn in_groups(stations: Vec<Station>, reach: Reach) -> Vec<Group> {
    let mut groups: Vec<Vec<Station>> = Vec::new();
    for station in stations {
        let joins = |group: &&mut Vec<Station>| match reach {
            Reach::FirstOfAll => true,
            Reach::EachTier => group
                .last()
                .is_some_and(|last| last.tier() == station.tier()),
            Reach::EachTracker => false,
        };
        match groups.last_mut().filter(joins) {
            Some(group) => group.push(station),
            None => groups.push(vec![station]),
        }
    }
    groups.into_iter().map(Group::new).collect()
}
