//! Who is kept out, and until when.
//!
//! One offence bars the one port of an address that it came from. Only when several different ones
//! came from an address, all of it is barred: behind one address may be many people. Everything of
//! one machine, and every test, comes from the loopback addresses, so those are never barred whole.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::base::Instant;
use crate::base::limits::{BANS_MAX, OFFENCES_PER_ADDRESS_MAX};

const BAN: Duration = Duration::from_secs(3600);

/// What a peer is barred for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Offence {
    /// It sent a block that was not what it should be.
    WrongBlock,
    /// It did not keep to the protocol.
    Protocol,
    /// It asked or told too much.
    Flood,
}

#[derive(Debug)]
struct Record {
    /// Of one port each, so that the same offence again is no further one.
    offences: BTreeSet<(u16, Offence)>,
    ports: BTreeMap<u16, Instant>,
    whole_until: Option<Instant>,
    /// When all of this is forgotten.
    until: Instant,
}

#[derive(Debug, Default)]
pub(super) struct Bans {
    by_address: BTreeMap<IpAddr, Record>,
}

impl Bans {
    pub(super) fn bar(&mut self, now: Instant, from: SocketAddr, offence: Offence) {
        self.make_room(now, from.ip());
        let until = now + BAN;
        let record = self.by_address.entry(from.ip()).or_insert_with(|| Record {
            offences: BTreeSet::new(),
            ports: BTreeMap::new(),
            whole_until: None,
            until,
        });
        record.until = until;
        record.offences.insert((from.port(), offence));
        record.ports.insert(from.port(), until);
        let is_too_much = record.offences.len() >= OFFENCES_PER_ADDRESS_MAX;
        if is_too_much && !from.ip().is_loopback() {
            record.whole_until = Some(until);
        }
        if record.ports.len() > OFFENCES_PER_ADDRESS_MAX {
            record.shed_port(from.port());
        }
    }

    /// Until when nobody may come from there.
    pub(super) fn until(&self, now: Instant, from: SocketAddr) -> Option<Instant> {
        let record = self.by_address.get(&from.ip())?;
        let port = record.ports.get(&from.port()).copied();
        port.max(record.whole_until).filter(|until| *until > now)
    }

    /// Forgets what is over, and the ban that ends first where there are too many.
    fn make_room(&mut self, now: Instant, for_address: IpAddr) {
        if self.by_address.len() < BANS_MAX || self.by_address.contains_key(&for_address) {
            return;
        }
        self.by_address.retain(|_, record| record.until > now);
        if self.by_address.len() >= BANS_MAX {
            let records = self.by_address.iter();
            let first = records.min_by_key(|(_, record)| record.until);
            if let Some(address) = first.map(|(address, _)| *address) {
                self.by_address.remove(&address);
            }
        }
    }
}

impl Record {
    /// Forgets the port whose ban ends first, but for one, and what came from it.
    fn shed_port(&mut self, kept: u16) {
        let others = self.ports.iter().filter(|(port, _)| **port != kept);
        if let Some((port, _)) = others.min_by_key(|(_, until)| **until) {
            let port = *port;
            self.ports.remove(&port);
            self.offences.retain(|(other, _)| *other != port);
        }
    }
}
