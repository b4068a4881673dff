//! Who is served.
//!
//! Every ten seconds most slots go to the best peers: while downloading to those that give most,
//! afterwards to those that take fastest, since they have it to pass on soonest. The other slots go
//! round every thirty seconds, to whoever has waited longest, so that everybody is tried and nobody
//! starves. While slots are free nobody waits at all ([`Choker::newcomer_fits`]).

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::time::Duration;

use crate::base::{ConnId, Instant, Rng};

const ROUND: Duration = Duration::from_secs(10);
const TURN: Duration = Duration::from_secs(30);

/// How many peers are served at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slots {
    /// All of them.
    pub total: usize,
    /// Of these, how many go round.
    pub rotating: usize,
}

impl Default for Slots {
    fn default() -> Self {
        Self {
            total: 8,
            rotating: 2,
        }
    }
}

/// What decides who is best.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aim {
    Download,
    Seed,
}

/// One peer as it is now.
#[derive(Clone, Copy, Debug)]
pub struct PeerFacts {
    pub conn: ConnId,
    pub is_interested: bool,
    pub is_unchoked: bool,
    /// Since when it is choked or not, or connected.
    pub since: Instant,
    /// From it.
    pub down_bytes_per_s: u64,
    /// To it.
    pub up_bytes_per_s: u64,
    /// It owes us what we asked for, and does not deliver.
    pub is_snubbing: bool,
    /// It has everything, or wants nothing more.
    pub is_seed: bool,
}

/// What is to change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChokeChanges {
    pub unchoke: Vec<ConnId>,
    pub choke: Vec<ConnId>,
}

#[derive(Debug)]
pub struct Choker {
    slots: Slots,
    next_round: Instant,
    /// Those in the slots that go round.
    turns: Vec<(ConnId, Instant)>,
}

impl Choker {
    pub fn new(slots: Slots, now: Instant) -> Self {
        let rotating = slots.rotating.min(slots.total);
        Self {
            slots: Slots { rotating, ..slots },
            next_round: now + ROUND,
            turns: Vec::new(),
        }
    }

    /// When the next round is due.
    pub const fn deadline(&self) -> Instant {
        self.next_round
    }

    /// Whether somebody that becomes interested may be served at once. Where it may not because of
    /// peers that are unchoked and want nothing, [`Self::hurry`] makes room.
    pub const fn newcomer_fits(&self, unchoked_count: usize) -> bool {
        unchoked_count < self.slots.total
    }

    /// A slot may be free, and somebody waits for it: a round is due now.
    pub fn hurry(&mut self, now: Instant) {
        self.next_round = self.next_round.min(now);
    }

    /// Deals the slots anew.
    pub fn round(
        &mut self,
        now: Instant,
        aim: Aim,
        peers: &[PeerFacts],
        rng: &mut Rng,
    ) -> ChokeChanges {
        self.next_round = now + ROUND;
        let claimants: Vec<_> = peers.iter().filter(|peer| is_claimant(peer)).collect();
        let mut served = BTreeSet::new();
        if claimants.len() <= self.slots.total {
            self.turns.clear();
            served.extend(claimants.iter().map(|peer| peer.conn));
        } else {
            let regular = self.slots.total - self.slots.rotating;
            served.extend(best(&claimants, aim, regular, rng));
            self.take_turns(now, &claimants, &mut served, rng);
        }
        self.leave_open(peers, &mut served);
        changes(peers, &served)
    }

    /// Fills the slots that go round. Who is among the best as well keeps no second slot.
    fn take_turns(
        &mut self,
        now: Instant,
        claimants: &[&PeerFacts],
        served: &mut BTreeSet<ConnId>,
        rng: &mut Rng,
    ) {
        let is_claimant = |conn| claimants.iter().any(|peer| peer.conn == conn);
        self.turns
            .retain(|(conn, until)| *until > now && !served.contains(conn) && is_claimant(*conn));
        self.turns
            .truncate(self.slots.total.saturating_sub(served.len()));
        served.extend(self.turns.iter().map(|(conn, _)| *conn));

        let mut waiting: Vec<_> = claimants
            .iter()
            .filter(|peer| !served.contains(&peer.conn))
            .map(|peer| (peer.is_unchoked, peer.since, rng.next_u64(), peer.conn))
            .collect();
        waiting.sort_unstable();
        let free = self.slots.total.saturating_sub(served.len());
        for (.., conn) in waiting.into_iter().take(free) {
            self.turns.push((conn, now + TURN));
            served.insert(conn);
        }
    }

    /// Who is unchoked and wants nothing now stays so while nobody needs the slot.
    fn leave_open(&self, peers: &[PeerFacts], served: &mut BTreeSet<ConnId>) {
        let idle = peers.iter().filter(|peer| {
            peer.is_unchoked && !peer.is_seed && !served.contains(&peer.conn) && !peer.is_interested
        });
        let free = self.slots.total.saturating_sub(served.len());
        let idle: Vec<_> = idle.take(free).map(|peer| peer.conn).collect();
        served.extend(idle);
    }
}

const fn is_claimant(peer: &PeerFacts) -> bool {
    peer.is_interested && !peer.is_seed
}

/// Those with the highest rates; of equals those that are served already, and then any.
fn best(
    claimants: &[&PeerFacts],
    aim: Aim,
    count: usize,
    rng: &mut Rng,
) -> impl Iterator<Item = ConnId> {
    let eligible = claimants
        .iter()
        .filter(|peer| aim == Aim::Seed || !peer.is_snubbing);
    let mut ranked: Vec<_> = eligible
        .map(|peer| {
            let rate = match aim {
                Aim::Download => peer.down_bytes_per_s,
                Aim::Seed => peer.up_bytes_per_s,
            };
            (Reverse((rate, peer.is_unchoked)), rng.next_u64(), peer.conn)
        })
        .collect();
    ranked.sort_unstable();
    ranked.into_iter().take(count).map(|(.., conn)| conn)
}

fn changes(peers: &[PeerFacts], served: &BTreeSet<ConnId>) -> ChokeChanges {
    let mut changes = ChokeChanges::default();
    for peer in peers {
        match (peer.is_unchoked, served.contains(&peer.conn)) {
            (false, true) => changes.unchoke.push(peer.conn),
            (true, false) => changes.choke.push(peer.conn),
            (true, true) | (false, false) => {}
        }
    }
    changes
}

#[cfg(test)]
#[path = "choker_tests.rs"]
mod tests;
