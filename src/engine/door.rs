//! The door: how many connections come from where, and how many of those that peers made have not
//! said who they are.
//!
//! The silent ones are not counted among the connections, but have a limit of their own, in all and
//! for each source, and where it is reached the oldest of them goes for the one that comes: nobody
//! keeps others out by saying nothing. A source is an address, or of IPv6 a network of 64 bits,
//! which one customer usually has all of. This machine is no source: everything of it comes from one
//! address.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::Config;
use crate::base::{ConnId, Customer};

/// Where a connection comes from; this machine is no source.
fn source_of(ip: IpAddr) -> Option<Customer> {
    (!ip.to_canonical().is_loopback()).then(|| Customer::of(ip))
}

#[derive(Clone, Copy, Debug)]
struct Guest {
    source: Option<Customer>,
    /// Its place in the order in which the silent ones came.
    silent: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    all: usize,
    silent: usize,
}

/// Whether a connection may come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    Free,
    /// Another one goes for it.
    InsteadOf(ConnId),
    /// There are enough of where it comes from.
    TooManyAlike,
}

#[derive(Debug)]
pub(super) struct Door {
    silent_max: usize,
    silent_per_source_max: usize,
    per_source_max: usize,
    guests: BTreeMap<ConnId, Guest>,
    sources: BTreeMap<Customer, Count>,
    silent: BTreeSet<(u64, ConnId)>,
    next: u64,
}

impl Door {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            silent_max: config.silent_max,
            silent_per_source_max: config.silent_per_address_max,
            per_source_max: config.connections_per_address_max,
            guests: BTreeMap::new(),
            sources: BTreeMap::new(),
            silent: BTreeSet::new(),
            next: 0,
        }
    }

    /// How many have not said who they are.
    pub(super) fn silent_count(&self) -> usize {
        self.silent.len()
    }

    /// A connection that a peer made.
    pub(super) fn enter(&mut self, conn: ConnId, ip: IpAddr) -> Entry {
        let source = source_of(ip);
        let count = self.count(source);
        if count.all >= self.per_source_max {
            return Entry::TooManyAlike;
        }
        let entry = if count.silent >= self.silent_per_source_max {
            self.oldest(|guest| guest.source == source)
        } else if self.silent.len() >= self.silent_max {
            self.oldest(|_| true)
        } else {
            Entry::Free
        };
        self.insert(conn, source, true);
        entry
    }

    /// A connection that was dialled: false where there are enough of those.
    pub(super) fn enter_dialled(&mut self, conn: ConnId, ip: IpAddr) -> bool {
        let source = source_of(ip);
        let is_welcome = self.count(source).all < self.per_source_max;
        if is_welcome {
            self.insert(conn, source, false);
        }
        is_welcome
    }

    /// It said who it is.
    pub(super) fn greeted(&mut self, conn: ConnId) {
        let Some(guest) = self.guests.get_mut(&conn) else {
            return;
        };
        if let Some(place) = guest.silent.take() {
            self.silent.remove(&(place, conn));
            if let Some(count) = guest.source.and_then(|it| self.sources.get_mut(&it)) {
                count.silent -= 1;
            }
        }
    }

    /// It is gone, or counts no more.
    pub(super) fn left(&mut self, conn: ConnId) {
        self.greeted(conn);
        let Some(source) = self.guests.remove(&conn).and_then(|guest| guest.source) else {
            return;
        };
        if let Some(count) = self.sources.get_mut(&source) {
            count.all -= 1;
            if count.all == 0 {
                self.sources.remove(&source);
            }
        }
    }

    fn count(&self, source: Option<Customer>) -> Count {
        let count = source.and_then(|source| self.sources.get(&source));
        count.copied().unwrap_or_default()
    }

    fn oldest(&self, is_meant: impl Fn(&Guest) -> bool) -> Entry {
        let mut silent = self.silent.iter().map(|(_, conn)| *conn);
        let oldest = silent.find(|conn| self.guests.get(conn).is_some_and(&is_meant));
        oldest.map_or(Entry::Free, Entry::InsteadOf)
    }

    fn insert(&mut self, conn: ConnId, source: Option<Customer>, is_silent: bool) {
        let silent = is_silent.then_some(self.next);
        self.next += 1;
        self.guests.insert(conn, Guest { source, silent });
        self.silent.extend(silent.map(|place| (place, conn)));
        if let Some(source) = source {
            let count = self.sources.entry(source).or_default();
            count.all += 1;
            count.silent += usize::from(is_silent);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door() -> Door {
        let mut config = Config::new(1, 1);
        config.silent_max = 4;
        config.silent_per_address_max = 2;
        config.connections_per_address_max = 3;
        Door::new(&config)
    }

    fn conn(number: u32) -> ConnId {
        ConnId::new(number, number)
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_oldest_silent_one_goes_first_of_those_alike_then_of_all() {
        let mut door = door();
        assert_eq!(door.enter(conn(0), ip("10.0.0.1")), Entry::Free);
        assert_eq!(door.enter(conn(1), ip("10.0.0.2")), Entry::Free);
        assert_eq!(door.enter(conn(2), ip("10.0.0.2")), Entry::Free);
        let alike = door.enter(conn(3), ip("::ffff:10.0.0.2"));
        assert_eq!(alike, Entry::InsteadOf(conn(1)));
        door.left(conn(1));
        assert_eq!(door.enter(conn(4), ip("10.0.0.3")), Entry::Free);
        assert_eq!(door.silent_count(), 4);
        let other = door.enter(conn(5), ip("10.0.0.4"));
        assert_eq!(other, Entry::InsteadOf(conn(0)));
    }

    #[test]
    fn so_many_come_from_one_place_and_no_more() {
        let mut door = door();
        for number in 0..3 {
            let ip = ip(&format!("2001:db8::{number}"));
            assert_eq!(door.enter(conn(number), ip), Entry::Free);
            door.greeted(conn(number));
        }
        assert_eq!(door.silent_count(), 0);
        assert_eq!(door.enter(conn(3), ip("2001:db8::9")), Entry::TooManyAlike);
        assert!(!door.enter_dialled(conn(3), ip("2001:db8::9")));
        assert_eq!(door.enter(conn(4), ip("2001:db8:0:1::9")), Entry::Free);
        door.left(conn(1));
        assert!(door.enter_dialled(conn(3), ip("2001:db8::9")));
    }

    #[test]
    fn this_machine_has_only_the_limit_of_all() {
        let mut door = door();
        for number in 0..4 {
            assert_eq!(door.enter(conn(number), ip("127.0.0.1")), Entry::Free);
        }
        assert_eq!(door.enter(conn(4), ip("::1")), Entry::InsteadOf(conn(0)));
        door.left(conn(0));
        for number in 1..5 {
            door.greeted(conn(number));
        }
        for number in 5..9 {
            assert_eq!(door.enter(conn(number), ip("127.0.0.1")), Entry::Free);
        }
    }
}
