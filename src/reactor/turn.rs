//! The loop itself.

use std::io;
use std::time::Duration;

use super::net::{Net, Plug};
use super::ready::{Source, Watched};
use super::{Ended, Meter, Reactor};
use crate::base::limits::{COMPLETIONS_TURN_MAX, TURN_SOURCES_MAX};
use crate::base::{Input, Instant};

/// How far the end has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shutdown {
    NotAsked,
    /// Every core was asked, and may take until then.
    Asked {
        until: Instant,
    },
    AtOnce,
}

impl Reactor<'_> {
    /// Runs until every core is done, or until it was asked to end. Fails only where the kernel
    /// gives no more reports.
    pub fn run(&mut self) -> io::Result<Ended> {
        // The thread that was watched so far need not be the one that runs.
        let view = self.meter.view.clone();
        self.meter = Meter::new();
        self.meter.view = view;
        // Cores may have something to do before anything happens.
        self.net.read_clock();
        self.tick();
        for plug in &mut self.plugs {
            self.net.settle(plug);
        }
        loop {
            if let Some(ended) = self.ended() {
                self.meter.view.publish(self.stats());
                return Ok(ended);
            }
            self.turn()?;
        }
    }

    fn turn(&mut self) -> io::Result<()> {
        let timeout = self.timeout();
        match self.net.poll.poll(&mut self.events, timeout) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => self.events.clear(),
            Err(error) => return Err(error),
        }
        self.meter.turn_begins(timeout != Some(Duration::ZERO));
        self.net.read_clock();
        self.take_events();
        self.take_requests();
        self.take_completions();
        self.net.wake_listeners();
        self.serve_ready();
        self.net.expire_dials(&mut self.plugs);
        self.tick();
        let connections = self.net.conns.len();
        self.meter.turn_ends(&self.net.counters, connections);
        Ok(())
    }

    /// How long the kernel may let us sleep; for ever where there is nothing to wait for.
    fn timeout(&self) -> Option<Duration> {
        if !self.net.ready.is_empty() || self.has_completions {
            return Some(Duration::ZERO);
        }
        let deadlines = self.plugs.iter().filter_map(|plug| plug.hosted.deadline());
        let until_deadline = deadlines.min().map(|at| at.saturating_since(self.net.now));
        let until_end = match self.shutdown {
            Shutdown::Asked { until } => Some(until.saturating_since(self.net.now)),
            Shutdown::NotAsked | Shutdown::AtOnce => None,
        };
        [
            until_deadline,
            until_end,
            self.meter.until_publishing(),
            self.net.until_next_dial_fails(),
            self.net.until_next_listener_wakes(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    fn take_events(&mut self) {
        for event in &self.events {
            match Watched::of(event.token()) {
                Watched::Alarm => {
                    self.remote.alarm.silence();
                    self.has_completions = true;
                }
                Watched::Signals => {
                    if let Some(signals) = &mut self.signals {
                        signals.take(&self.remote);
                    }
                }
                _ => self.net.take_event(event),
            }
        }
    }

    fn take_requests(&mut self) {
        let asked = self.remote.alarm.shutdowns();
        if asked >= 2 {
            self.shutdown = Shutdown::AtOnce;
        } else if asked == 1 && self.shutdown == Shutdown::NotAsked {
            let until = self.net.now + self.grace;
            self.shutdown = Shutdown::Asked { until };
            self.net.stop_listening();
            for plug in &mut self.plugs {
                self.net.tell(plug, Input::Shutdown);
            }
        }
        if self.remote.alarm.take_reload() {
            for plug in &mut self.plugs {
                self.net.tell(plug, Input::Reload);
            }
        }
    }

    fn take_completions(&mut self) {
        if !self.has_completions {
            return;
        }
        self.has_completions = false;
        for plug in &mut self.plugs {
            let mut taken = 0;
            while taken < COMPLETIONS_TURN_MAX && plug.hosted.take_completed(self.net.now) {
                self.net.settle(plug);
                taken += 1;
            }
            self.has_completions |= taken == COMPLETIONS_TURN_MAX;
        }
    }

    fn serve_ready(&mut self) {
        let count = self.net.ready.len().min(TURN_SOURCES_MAX);
        for _ in 0..count {
            let Some(source) = self.net.ready.pop_front() else {
                return;
            };
            serve(&mut self.net, &mut self.plugs, source);
        }
    }

    fn tick(&mut self) {
        let net = &mut self.net;
        for plug in &mut self.plugs {
            if plug.hosted.deadline().is_some_and(|at| at <= net.now) {
                net.tell(plug, Input::Tick);
            }
        }
    }

    fn ended(&self) -> Option<Ended> {
        if self.plugs.iter().all(|plug| plug.has_stopped) {
            return Some(Ended::Done);
        }
        match self.shutdown {
            Shutdown::AtOnce => Some(Ended::AtOnce),
            Shutdown::Asked { until } if until <= self.net.now => Some(Ended::OutOfTime),
            Shutdown::Asked { .. } | Shutdown::NotAsked => None,
        }
    }
}

fn serve(net: &mut Net, plugs: &mut [Plug<'_>], source: Source) {
    match source {
        Source::Listener(index) => {
            if let Some(host) = net.listeners.get(index).map(|it| it.host) {
                net.drive_listener(&mut plugs[usize::from(host)], index);
            }
        }
        Source::Udp(index) => {
            let host = net.udps[index].host;
            net.drive_udp(&mut plugs[usize::from(host)], index);
        }
        Source::Conn(id) => {
            if let Some(host) = net.conns.get(id).map(|conn| conn.host) {
                let plug = &mut plugs[usize::from(host)];
                if net.finish_dial(plug, id) {
                    net.drive_conn(plug, id);
                }
            }
        }
    }
}
