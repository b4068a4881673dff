//! Trackers of which one at a time is told: the first, in their order, that answers.

use std::time::Duration;

use super::context::Context;
use super::station::{Ended, Station};
use super::words::{Facts, Output, Report};
use crate::base::{Instant, printable};
use crate::wire::Event;
use crate::wire::http::Told;

/// For trackers that do not say how often.
const INTERVAL_UNLESS_TOLD: Duration = Duration::from_secs(30 * 60);

/// What a tracker may ask for: nobody is flooded, and nobody is silenced for good.
const INTERVAL_MIN: Duration = Duration::from_secs(5);
const INTERVAL_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// How soon a tracker that names no least interval is asked again while there are no peers; twice
/// as long after each time, up to a bound.
const HUNGRY_AFTER: Duration = Duration::from_secs(15);
const HUNGRY_AFTER_MAX: Duration = Duration::from_secs(120);

/// For how long a seeder without peers asks as often: leechers that started before it have found it
/// by then, and later ones learn of it at once.
const SEEDER_HUNGRY_FOR: Duration = Duration::from_secs(10 * 60);

#[derive(Debug)]
pub(super) struct Group {
    /// In the order in which they are asked.
    stations: Vec<Station>,
    agreed: Option<Agreed>,
    /// Announces in a row after which there were still no peers, and when the first of them was.
    fruitless: u32,
    hungry_since: Option<Instant>,
    /// That the download is complete is still to be told.
    owes_completed: bool,
}

/// What the tracker that answered last wants.
#[derive(Clone, Copy, Debug)]
struct Agreed {
    told_at: Instant,
    interval: Duration,
    min_interval: Option<Duration>,
}

impl Group {
    pub(super) fn new(stations: Vec<Station>) -> Self {
        Self {
            stations,
            agreed: None,
            fruitless: 0,
            hungry_since: None,
            owes_completed: false,
        }
    }

    pub(super) fn stations(&self) -> impl Iterator<Item = &Station> {
        self.stations.iter()
    }

    /// With none under way, when the next announce is due; else when the one under way has to be
    /// looked after.
    pub(super) fn deadline(&self, facts: &Facts) -> Option<Instant> {
        let under_way = self.stations.iter().filter_map(Station::deadline).min();
        under_way.or_else(|| {
            let someone_from = self.stations.iter().filter_map(Station::ask_from).min()?;
            Some(self.due_at(facts).max(someone_from))
        })
    }

    /// It is a seeder from now on, and a fresh one.
    pub(super) fn completed(&mut self) {
        self.owes_completed = true;
        self.fed();
    }

    /// There are peers: the next time that there are none is another story.
    pub(super) fn fed(&mut self) {
        self.fruitless = 0;
        self.hungry_since = None;
    }

    /// Asks whoever is to be asked now, if nobody is being asked.
    pub(super) fn advance(&mut self, context: &mut Context<'_>) {
        // Each turn takes a tracker out of the running, or leaves one under way.
        while !self.stations.iter().any(Station::is_asked) && self.is_due(context) {
            let now = context.now;
            let may_be_asked =
                |station: &Station| station.ask_from().is_some_and(|from| from <= now);
            let Some(at) = self.stations.iter().position(may_be_asked) else {
                return;
            };
            let event = if self.owes_completed {
                Event::Completed
            } else {
                Event::None
            };
            let ended = self.stations[at].announce(context, event);
            self.conclude(context, at, ended);
        }
    }

    /// Lets one station go on, and draws the conclusions.
    pub(super) fn progress(
        &mut self,
        context: &mut Context<'_>,
        is_wanted: impl Fn(&Station) -> bool,
        step: impl FnOnce(&mut Station, &mut Context<'_>) -> Option<Ended>,
    ) -> bool {
        let Some(at) = self.stations.iter().position(is_wanted) else {
            return false;
        };
        let ended = step(&mut self.stations[at], context);
        self.conclude(context, at, ended);
        true
    }

    pub(super) fn each_station(&mut self, mut act: impl FnMut(&mut Station)) {
        self.stations.iter_mut().for_each(&mut act);
    }

    fn is_due(&self, context: &Context<'_>) -> bool {
        self.due_at(context.facts) <= context.now
    }

    fn due_at(&self, facts: &Facts) -> Instant {
        match self.agreed {
            None => Instant::ZERO,
            Some(_) if self.owes_completed => Instant::ZERO,
            Some(agreed) if self.is_hungry(agreed, facts) => {
                agreed.told_at + self.hungry_wait(agreed)
            }
            Some(agreed) => agreed.told_at + agreed.interval,
        }
    }

    /// Whether peers are worth asking for before their time. Who downloads needs them; a seeder that
    /// nobody has come to for a while is found by those who come.
    fn is_hungry(&self, agreed: Agreed, facts: &Facts) -> bool {
        let hungry_for = |since| agreed.told_at.saturating_since(since);
        let is_idle_seeder = facts.left_bytes == 0
            && self
                .hungry_since
                .is_some_and(|since| hungry_for(since) >= SEEDER_HUNGRY_FOR);
        facts.peers_known == 0 && !is_idle_seeder
    }

    /// The least interval that the tracker allows, or one of ours.
    fn hungry_wait(&self, agreed: Agreed) -> Duration {
        let doublings = self.fruitless.saturating_sub(1).min(16);
        let ours = (HUNGRY_AFTER * (1 << doublings)).min(HUNGRY_AFTER_MAX);
        agreed.min_interval.unwrap_or(ours).min(agreed.interval)
    }

    fn conclude(&mut self, context: &mut Context<'_>, at: usize, ended: Option<Ended>) {
        let Some(Ended::Told(event, told)) = ended else {
            return;
        };
        if event == Event::Stopped {
            return;
        }
        if event == Event::Completed {
            self.owes_completed = false;
        }
        if context.facts.peers_known == 0 {
            self.fruitless = self.fruitless.saturating_add(1);
            self.hungry_since.get_or_insert(context.now);
        }
        let agreed = Agreed::new(context.now, &told);
        self.agreed = Some(agreed);
        report(context, &self.stations[at], agreed.interval, told);
        self.prefer(at);
    }

    /// The one that answered is the first of its tier the next time (BEP 12).
    fn prefer(&mut self, at: usize) {
        let tier = self.stations[at].tier();
        let first = self.stations.iter().position(|other| other.tier() == tier);
        if let Some(first) = first {
            self.stations[first..=at].rotate_right(1);
        }
    }
}

impl Agreed {
    fn new(told_at: Instant, told: &Told) -> Self {
        let seconds =
            |number: u32| Duration::from_secs(u64::from(number)).clamp(INTERVAL_MIN, INTERVAL_MAX);
        let min_interval = told.min_interval_s.map(seconds);
        let interval = told.interval_s.filter(|interval_s| *interval_s > 0);
        let interval = interval.map_or(INTERVAL_UNLESS_TOLD, seconds);
        Self {
            told_at,
            interval: interval.max(min_interval.unwrap_or_default()),
            min_interval,
        }
    }
}

fn report(context: &mut Context<'_>, station: &Station, interval: Duration, told: Told) {
    let tracker = station.url();
    let told_report = Report::Told {
        tracker: tracker.clone(),
        peers: told.peers.len(),
        seeders: told.seeders,
        leechers: told.leechers,
        interval,
        external_ip: told.external_ip,
    };
    if !told.peers.is_empty() {
        let peers = Report::Peers(told.peers);
        context.out.push_back(Output::Report(peers));
    }
    context.out.push_back(Output::Report(told_report));
    if let Some(text) = told.warning {
        let warning = Report::Warning {
            tracker: tracker.clone(),
            text: printable(&text).into_owned(),
        };
        context.out.push_back(Output::Report(warning));
    }
}
