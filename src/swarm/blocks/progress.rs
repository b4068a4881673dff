//! One piece in progress.

use std::collections::BTreeSet;

use super::{Claim, Contributor};
use crate::base::ConnId;
use crate::base::limits::BLOCK_ASKED_MAX;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Missing,
    /// Asked of the holder, who alone may write it. It has begun when its header has arrived.
    Leased {
        holder: ConnId,
        has_begun: bool,
    },
    /// Written whole; by nobody where it is padding.
    Filled(Option<Contributor>),
}

#[derive(Debug)]
pub(super) struct Progress {
    states: Box<[State]>,
    /// Who was asked for a block besides its holder. None of them may write it yet.
    also_asked: BTreeSet<(u32, ConnId)>,
    missing: u32,
    leased: u32,
    /// No block before this one is missing.
    missing_from: u32,
}

impl Progress {
    pub(super) fn new(block_count: u32) -> Self {
        Self {
            states: vec![State::Missing; block_count as usize].into_boxed_slice(),
            also_asked: BTreeSet::new(),
            missing: block_count,
            leased: 0,
            missing_from: 0,
        }
    }

    pub(super) const fn missing(&self) -> u32 {
        self.missing
    }

    pub(super) const fn leased(&self) -> u32 {
        self.leased
    }

    pub(super) const fn is_filled(&self) -> bool {
        self.missing == 0 && self.leased == 0
    }

    pub(super) fn holder(&self, number: u32) -> Option<ConnId> {
        match self.states[number as usize] {
            State::Leased { holder, .. } => Some(holder),
            State::Missing | State::Filled(_) => None,
        }
    }

    /// Whether a connection could be given a lease that it was not asked for already.
    pub(super) fn has_lease_for(&self, conn: ConnId) -> bool {
        if self.also_asked.is_empty() {
            return self.missing > 0;
        }
        self.next_missing_for(conn).is_some()
    }

    pub(super) fn lease_next(&mut self, conn: ConnId) -> Option<u32> {
        let number = self.next_missing_for(conn)?;
        self.set(
            number,
            State::Leased {
                holder: conn,
                has_begun: false,
            },
        );
        Some(number)
    }

    fn next_missing_for(&self, conn: ConnId) -> Option<u32> {
        if self.missing == 0 {
            return None;
        }
        let mut numbers = self.missing_from..self.block_count();
        numbers.find(|number| {
            self.states[*number as usize] == State::Missing && !self.is_also_asked(*number, conn)
        })
    }

    /// Asks a connection for a block that another one holds and has not begun, where the fewest
    /// were asked so far.
    pub(super) fn ask_also(&mut self, conn: ConnId) -> Option<u32> {
        if self.leased == 0 {
            return None;
        }
        let mut best = None;
        let mut fewest_asked = BLOCK_ASKED_MAX - 1;
        for number in 0..self.block_count() {
            if !self.can_ask_also(number, conn) {
                continue;
            }
            let asked = self.others_asked(number).count();
            if asked < fewest_asked {
                fewest_asked = asked;
                best = Some(number);
            }
            if asked == 0 {
                break;
            }
        }
        let number = best?;
        self.also_asked.insert((number, conn));
        Some(number)
    }

    fn can_ask_also(&self, number: u32, conn: ConnId) -> bool {
        let state = self.states[number as usize];
        matches!(state, State::Leased { holder, has_begun: false } if holder != conn)
            && !self.is_also_asked(number, conn)
    }

    pub(super) fn claim(&mut self, number: u32, conn: ConnId) -> Claim {
        let begun = State::Leased {
            holder: conn,
            has_begun: true,
        };
        match self.states[number as usize] {
            State::Leased { holder, .. } if holder == conn => {}
            // The request is used up: what answers it is thrown away.
            State::Leased {
                has_begun: true, ..
            } => {
                let was_asked = self.also_asked.remove(&(number, conn));
                return if was_asked {
                    Claim::Taken
                } else {
                    Claim::NotWanted
                };
            }
            State::Filled(_) => return Claim::NotWanted,
            State::Missing | State::Leased { .. } => {
                if !self.also_asked.remove(&(number, conn)) {
                    return Claim::NotWanted;
                }
            }
        }
        if let Some(holder) = self.holder(number).filter(|holder| *holder != conn) {
            self.also_asked.insert((number, holder));
        }
        self.set(number, begun);
        Claim::Yours
    }

    /// Says who else was asked for the block.
    pub(super) fn fill(&mut self, number: u32, conn: ConnId, by: Contributor) -> Vec<ConnId> {
        let writer = State::Leased {
            holder: conn,
            has_begun: true,
        };
        assert_eq!(
            self.states[number as usize], writer,
            "a block has one writer"
        );
        self.set(number, State::Filled(Some(by)));
        let others: Vec<_> = self.others_asked(number).collect();
        for other in &others {
            self.also_asked.remove(&(number, *other));
        }
        others
    }

    pub(super) fn prefill(&mut self, number: u32) {
        let state = self.states[number as usize];
        assert_eq!(
            state,
            State::Missing,
            "padding is filled before anything is leased"
        );
        self.set(number, State::Filled(None));
    }

    /// Ends the request and the lease of a connection; false where it had neither.
    pub(super) fn give_back(&mut self, number: u32, conn: ConnId) -> bool {
        if self.holder(number) == Some(conn) {
            self.set(number, State::Missing);
            return true;
        }
        self.also_asked.remove(&(number, conn))
    }

    /// Ends the lease, and leaves the request standing unless its answer is on the way and will be
    /// thrown away.
    pub(super) fn loosen(&mut self, number: u32, conn: ConnId) {
        if let State::Leased { holder, has_begun } = self.states[number as usize]
            && holder == conn
        {
            self.set(number, State::Missing);
            if !has_begun {
                self.also_asked.insert((number, conn));
            }
        }
    }

    /// Everything that was asked of somebody.
    pub(super) fn asked(&self) -> impl Iterator<Item = (u32, ConnId)> {
        let numbers = 0..self.block_count();
        let leases = numbers.filter_map(|number| Some((number, self.holder(number)?)));
        leases.chain(self.also_asked.iter().copied())
    }

    /// Starts again, but for padding. Says who brought what.
    pub(super) fn discard(&mut self) -> Vec<Option<Contributor>> {
        let mut contributors = Vec::with_capacity(self.states.len());
        for number in 0..self.block_count() {
            let State::Filled(by) = self.states[number as usize] else {
                unreachable!("only a piece that is filled is hashed");
            };
            contributors.push(by);
            if by.is_some() {
                self.set(number, State::Missing);
            }
        }
        contributors
    }

    fn set(&mut self, number: u32, state: State) {
        let old = std::mem::replace(&mut self.states[number as usize], state);
        match old {
            State::Missing => self.missing -= 1,
            State::Leased { .. } => self.leased -= 1,
            State::Filled(_) => {}
        }
        match state {
            State::Missing => {
                self.missing += 1;
                self.missing_from = self.missing_from.min(number);
            }
            State::Leased { .. } => self.leased += 1,
            State::Filled(_) => {}
        }
        while self
            .states
            .get(self.missing_from as usize)
            .is_some_and(|state| *state != State::Missing)
        {
            self.missing_from += 1;
        }
    }

    fn is_also_asked(&self, number: u32, conn: ConnId) -> bool {
        !self.also_asked.is_empty() && self.also_asked.contains(&(number, conn))
    }

    fn others_asked(&self, number: u32) -> impl Iterator<Item = ConnId> {
        let first = ConnId::new(0, 0);
        let others = self.also_asked.range((number, first)..);
        let others = others.take_while(move |(other, _)| *other == number);
        others.map(|(_, conn)| *conn)
    }

    fn block_count(&self) -> u32 {
        u32::try_from(self.states.len()).unwrap_or(u32::MAX)
    }
}
