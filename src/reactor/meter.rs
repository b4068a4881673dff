//! The reactor's watch on itself.
//!
//! What the thread's usage costs to ask (two calls of half a microsecond, before and after) is much
//! where a turn is one request. So the time on the clock is taken of every turn, and the rest of
//! few: while turns are long, of each that begins some time after the last that was looked at, and
//! else of one in many. So the watch costs a hundredth or less.

use std::time::{Duration, Instant};

use super::histogram::Histogram;
use super::stats::{Counters, Stats, StatsView};
use super::thread_usage::{ThreadUsage, thread_cpu_time};

/// Between two turns that are looked at closely.
const SAMPLE_GAP: Duration = Duration::from_micros(250);

/// After a turn this long, the next is looked at too.
const LONG_TURN: Duration = Duration::from_micros(100);

/// While turns are short, one in this many is looked at.
const SHORT_TURNS_PER_SAMPLE: u32 = 32;

const PUBLISH_GAP: Duration = Duration::from_secs(1);

pub(super) struct Meter {
    at_start: ThreadUsage,
    turn_began: Instant,
    sample: Option<Sample>,
    last_sample_ended: Instant,
    turns_unsampled: u32,
    published: Instant,
    turns_published: u64,
    walls: Histogram,
    stats: Stats,
    pub(super) view: StatsView,
}

/// How things stood when a turn began.
struct Sample {
    usage: ThreadUsage,
    cpu_time: Duration,
}

impl Meter {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self {
            at_start: ThreadUsage::now(),
            turn_began: now,
            sample: None,
            last_sample_ended: now,
            turns_unsampled: 0,
            published: now,
            turns_published: 0,
            walls: Histogram::new(),
            stats: Stats::default(),
            view: StatsView::default(),
        }
    }

    /// The poll has returned.
    pub(super) fn turn_begins(&mut self, may_have_slept: bool) {
        self.turn_began = Instant::now();
        self.stats.sleeps += u64::from(may_have_slept);
        let is_due = self.turns_unsampled >= SHORT_TURNS_PER_SAMPLE;
        if is_due && self.turn_began - self.last_sample_ended >= SAMPLE_GAP {
            self.turns_unsampled = 0;
            self.sample = Some(Sample {
                usage: ThreadUsage::now(),
                cpu_time: thread_cpu_time(),
            });
        }
    }

    /// The next poll is about to begin.
    pub(super) fn turn_ends(&mut self, counters: &Counters, connections: usize) {
        let mut now = Instant::now();
        let wall = now - self.turn_began;
        let wall_ns = nanos(wall);
        self.walls.add(wall_ns);
        self.turns_unsampled = self.turns_unsampled.saturating_add(if wall < LONG_TURN {
            1
        } else {
            SHORT_TURNS_PER_SAMPLE
        });
        self.stats.turns += 1;
        self.stats.longest_turn_wall_ns = self.stats.longest_turn_wall_ns.max(wall_ns);
        if let Some(sample) = self.sample.take() {
            self.compare(&sample);
            now = Instant::now();
            self.last_sample_ended = now;
        }
        if now - self.published >= PUBLISH_GAP {
            self.published = now;
            self.turns_published = self.stats.turns;
            self.view.publish(self.stats(counters, connections));
        }
    }

    /// How long the loop may wait until others should see what is new.
    pub(super) fn until_publishing(&self) -> Option<Duration> {
        let is_news = self.stats.turns > self.turns_published;
        is_news.then(|| PUBLISH_GAP.saturating_sub(self.published.elapsed()))
    }

    fn compare(&mut self, sample: &Sample) {
        let cpu_time = thread_cpu_time().saturating_sub(sample.cpu_time);
        let usage = ThreadUsage::now().since(&sample.usage);
        let stats = &mut self.stats;
        stats.turns_sampled += 1;
        stats.voluntary_switches_outside_poll += usage.voluntary_switches;
        stats.faults_within_turns += usage.major_faults + usage.minor_faults;
        stats.longest_turn_cpu_ns = stats.longest_turn_cpu_ns.max(nanos(cpu_time));
    }

    pub(super) fn stats(&self, counters: &Counters, connections: usize) -> Stats {
        let usage = ThreadUsage::now().since(&self.at_start);
        Stats {
            connections: connections as u64,
            counters: *counters,
            major_faults: usage.major_faults,
            minor_faults: usage.minor_faults,
            blocks_input: usage.blocks_input,
            voluntary_switches: usage.voluntary_switches,
            involuntary_switches: usage.involuntary_switches,
            turn_wall_p50_ns: self.walls.quantile(0.5),
            turn_wall_p999_ns: self.walls.quantile(0.999),
            ..self.stats
        }
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
