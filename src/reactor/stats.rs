//! What the reactor knows about itself.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

/// What went through the sockets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counters {
    pub received_bytes: u64,
    pub sent_bytes: u64,
    /// Received for spans of plans that guessed wrong, and copied because of that.
    pub misplaced_bytes: u64,
    pub accepted: u64,
    /// Closed right after they were accepted, because no descriptor was left.
    pub turned_away: u64,
    /// How often a listener could not even turn anybody away, and rested.
    pub accept_rests: u64,
    /// How often a connection had to wait because it had its turn.
    pub budgets_spent: u64,
    pub datagrams_received: u64,
    pub datagrams_sent: u64,
    /// Too long, without a way to where they should go, or more than a socket may have waiting.
    pub datagrams_dropped: u64,
}

/// Proof that the thread does not block, and what it did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    pub turns: u64,
    /// Polls that were allowed to sleep.
    pub sleeps: u64,
    pub connections: u64,
    #[serde(flatten)]
    pub counters: Counters,
    /// Page faults of the thread that waited for a disk, since the loop began.
    pub major_faults: u64,
    pub minor_faults: u64,
    /// Blocks that the thread read from disks.
    pub blocks_input: u64,
    /// How often the thread gave up its core by itself, and how often it was taken from it.
    pub voluntary_switches: u64,
    pub involuntary_switches: u64,
    /// Turns that were looked at closely: the next three are about them.
    pub turns_sampled: u64,
    /// How often the thread gave up its core elsewhere than in the poll.
    pub voluntary_switches_outside_poll: u64,
    pub faults_within_turns: u64,
    pub longest_turn_cpu_ns: u64,
    pub longest_turn_wall_ns: u64,
    pub turn_wall_p999_ns: u64,
    pub turn_wall_p50_ns: u64,
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "reactor: {} turns, {} sleeps; longest turn {} of CPU, {} of time; half the turns \
             within {}, 99.9 % within {}",
            self.turns,
            self.sleeps,
            Micros(self.longest_turn_cpu_ns),
            Micros(self.longest_turn_wall_ns),
            Micros(self.turn_wall_p50_ns),
            Micros(self.turn_wall_p999_ns),
        )?;
        writeln!(
            f,
            "  faults: {} major, {} minor; blocks read: {}; switches: {} voluntary ({} outside the \
             poll in {} turns sampled), {} involuntary",
            self.major_faults,
            self.minor_faults,
            self.blocks_input,
            self.voluntary_switches,
            self.voluntary_switches_outside_poll,
            self.turns_sampled,
            self.involuntary_switches,
        )?;
        let counters = self.counters;
        write!(
            f,
            "  connections: {} open, {} accepted, {} turned away; bytes: {} in, {} out; datagrams: \
             {} in, {} out, {} dropped",
            self.connections,
            counters.accepted,
            counters.turned_away,
            counters.received_bytes,
            counters.sent_bytes,
            counters.datagrams_received,
            counters.datagrams_sent,
            counters.datagrams_dropped,
        )
    }
}

struct Micros(u64);

impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{} us", self.0 / 1000, self.0 / 100 % 10)
    }
}

/// Lets other threads see the figures of a running reactor, some second old at most.
#[derive(Clone, Debug, Default)]
pub struct StatsView {
    latest: Arc<Mutex<Stats>>,
}

impl StatsView {
    pub fn latest(&self) -> Stats {
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does not wait for a reader: the next figures are soon there.
    pub(super) fn publish(&self, stats: Stats) {
        if let Ok(mut latest) = self.latest.try_lock() {
            *latest = stats;
        }
    }
}
