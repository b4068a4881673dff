//! The addresses that peers are known to listen at, and when to dial which.
//!
//! Whoever cannot be reached is tried again later, and later each time. The roster holds a bounded
//! number of addresses: where it is full, a new one takes the place of the one that failed most
//! often, and is not taken where none has failed.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use crate::base::limits::{OWN_ADDRESSES_MAX, ROSTER_LEN_MAX};
use crate::base::{Instant, Rng};

mod bans;
#[cfg(test)]
mod tests;

use bans::Bans;
pub use bans::Offence;

/// After the first failure; each further one doubles it.
const BACK_OFF: Duration = Duration::from_secs(60);
const BACK_OFF_MAX: Duration = Duration::from_secs(3600);
/// The same of an address that a person gave, who may be about to start what is to listen there.
const BACK_OFF_GIVEN: Duration = Duration::from_secs(5);
const BACK_OFF_GIVEN_MAX: Duration = Duration::from_secs(40);

/// Who told of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// A person: kept whatever happens.
    Given,
    Tracker,
    /// The peer itself, once it had dialled here.
    Incoming,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parting {
    /// It was good for something, and may be again.
    Useful,
    /// It was good for nothing, or broke at once.
    Useless,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// To be dialled from then on: its place in the queue.
    Waiting(Place),
    Dialling,
    Connected,
}

/// Whoever is due first stands first; of those due at once, in the order of their sources, and then
/// at random.
type Place = (Instant, Source, u32);

#[derive(Debug)]
struct Peer {
    source: Source,
    state: State,
    /// In a row.
    failures: u32,
}

#[derive(Debug)]
pub struct Roster {
    rng: Rng,
    peers: BTreeMap<SocketAddr, Peer>,
    /// Those that wait.
    queue: BTreeSet<(Place, SocketAddr)>,
    /// Those that wait and may be let go, by how often they failed.
    expendable: BTreeSet<(u32, SocketAddr)>,
    bans: Bans,
    /// Where this process turned out to listen itself.
    own: BTreeSet<SocketAddr>,
}

impl Roster {
    /// The generator spreads what would otherwise happen at once.
    pub fn new(rng: Rng) -> Self {
        Self {
            rng,
            peers: BTreeMap::new(),
            queue: BTreeSet::new(),
            expendable: BTreeSet::new(),
            bans: Bans::default(),
            own: BTreeSet::new(),
        }
    }

    /// How many addresses are known.
    pub fn len(&self) -> usize {
        self.peers.len()
    }

    pub fn is_empty(&self) -> bool {
        self.peers.is_empty()
    }

    /// Somebody listens there. False where that is no news, or of no use.
    pub fn add(&mut self, now: Instant, address: SocketAddr, source: Source) -> bool {
        let address = canonical(address);
        if !can_be_dialled(address) || self.own.contains(&address) {
            return false;
        }
        if let Some(peer) = self.peers.get(&address) {
            if source < peer.source {
                self.promote(address, source);
            }
            return false;
        }
        if self.peers.len() >= ROSTER_LEN_MAX && !self.shed(source) {
            return false;
        }
        self.peers.insert(
            address,
            Peer {
                source,
                state: State::Dialling,
                failures: 0,
            },
        );
        self.wait(address, now);
        true
    }

    /// A better source tells of a peer.
    fn promote(&mut self, address: SocketAddr, source: Source) {
        let Some(peer) = self.peers.get(&address) else {
            return;
        };
        let state = match peer.state {
            State::Waiting((due, _, random)) => State::Waiting((due, source, random)),
            state @ (State::Dialling | State::Connected) => state,
        };
        self.leave_queue(address);
        if let Some(peer) = self.peers.get_mut(&address) {
            peer.source = source;
        }
        self.set_state(address, state);
    }

    /// Makes room for one, if anybody is expendable for it: who failed, and for what a person gave
    /// everybody.
    fn shed(&mut self, for_source: Source) -> bool {
        match self.expendable.last() {
            Some((failures, address)) if *failures > 0 || for_source == Source::Given => {
                let address = *address;
                self.leave_queue(address);
                self.peers.remove(&address);
                true
            }
            _ => false,
        }
    }

    /// Whom to dial now, if anybody is due. Who is barred is due again when that is over.
    pub fn next_to_dial(&mut self, now: Instant) -> Option<SocketAddr> {
        loop {
            let ((due, ..), address) = *self.queue.first()?;
            if due > now {
                return None;
            }
            let Some(barred_until) = self.bans.until(now, address) else {
                self.set_state(address, State::Dialling);
                return Some(address);
            };
            self.wait(address, barred_until);
        }
    }

    /// When the next one is due to be dialled.
    pub fn deadline(&self) -> Option<Instant> {
        self.queue.first().map(|((due, ..), _)| *due)
    }

    /// No connection came of dialling it, or none that got past the handshake.
    pub fn dial_failed(&mut self, now: Instant, address: SocketAddr) {
        self.fail(now, canonical(address));
    }

    /// A connection with whoever listens there got past the handshake, whoever dialled it.
    pub fn connected(&mut self, address: SocketAddr) {
        let address = canonical(address);
        self.set_state(address, State::Connected);
    }

    /// The connection with whoever listens there is gone.
    pub fn disconnected(&mut self, now: Instant, address: SocketAddr, how: Parting) {
        let address = canonical(address);
        self.leave_queue(address);
        if let Some(peer) = self.peers.get_mut(&address)
            && how == Parting::Useful
        {
            peer.failures = 0;
        }
        self.fail(now, address);
    }

    fn fail(&mut self, now: Instant, address: SocketAddr) {
        self.leave_queue(address);
        let Some(peer) = self.peers.get_mut(&address) else {
            return;
        };
        peer.failures = peer.failures.saturating_add(1);
        let (first, longest) = match peer.source {
            Source::Given => (BACK_OFF_GIVEN, BACK_OFF_GIVEN_MAX),
            Source::Tracker | Source::Incoming => (BACK_OFF, BACK_OFF_MAX),
        };
        let doublings = (peer.failures - 1).min(16);
        let back_off = first.saturating_mul(1 << doublings).min(longest);
        // Up to a quarter more, so that those who failed together do not come back together.
        let jitter = back_off.mul_f64(f64::from(self.rng.below(1000)) / 4000.0);
        self.wait(address, now + back_off + jitter);
    }

    /// Bars a peer for some time. The caller ends the connection.
    pub fn bar(&mut self, now: Instant, address: SocketAddr, offence: Offence) {
        self.bans.bar(now, canonical(address), offence);
    }

    /// Whether nobody from there is talked to at present.
    pub fn is_barred(&self, now: Instant, address: SocketAddr) -> bool {
        self.bans.until(now, canonical(address)).is_some()
    }

    /// A connection to this address came back to this process: it is never dialled again.
    pub fn learn_own(&mut self, address: SocketAddr) {
        let address = canonical(address);
        if self.own.len() < OWN_ADDRESSES_MAX {
            self.own.insert(address);
        }
        self.leave_queue(address);
        self.peers.remove(&address);
    }

    fn wait(&mut self, address: SocketAddr, due: Instant) {
        if let Some(peer) = self.peers.get(&address) {
            let random = self.rng.below(u32::MAX);
            let place = (due, peer.source, random);
            self.set_state(address, State::Waiting(place));
        }
    }

    fn set_state(&mut self, address: SocketAddr, state: State) {
        self.leave_queue(address);
        let Some(peer) = self.peers.get_mut(&address) else {
            return;
        };
        peer.state = state;
        if let State::Waiting(place) = state {
            self.queue.insert((place, address));
            if peer.source != Source::Given {
                self.expendable.insert((peer.failures, address));
            }
        }
    }

    /// Before anything about a peer changes that its place in the queues depends on.
    fn leave_queue(&mut self, address: SocketAddr) {
        if let Some(peer) = self.peers.get(&address)
            && let State::Waiting(place) = peer.state
        {
            self.queue.remove(&(place, address));
            self.expendable.remove(&(peer.failures, address));
        }
    }
}

/// One form for each address, however it was told.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

fn can_be_dialled(address: SocketAddr) -> bool {
    let is_somewhere = match address.ip() {
        IpAddr::V4(ip) => !ip.is_unspecified() && !ip.is_multicast() && ip != Ipv4Addr::BROADCAST,
        IpAddr::V6(ip) => ip != Ipv6Addr::UNSPECIFIED && !ip.is_multicast(),
    };
    is_somewhere && address.port() != 0
}
