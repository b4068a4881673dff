//! One tracker: its exchange, and when it may be asked again after one that failed.

use std::time::Duration;

use super::context::Context;
use super::exchange::{Exchange, Failure, Retry, Verdict};
use super::memory::Memory;
use super::words::{Output, Report};
use crate::base::{Instant, Url};
use crate::wire::Event;
use crate::wire::http::Told;

const FIRST_RETRY_AFTER: Duration = Duration::from_secs(5);
const RETRY_AFTER_MAX: Duration = Duration::from_secs(30 * 60);

#[derive(Debug)]
pub(super) struct Station {
    url: Url,
    tier: usize,
    memory: Memory,
    exchange: Option<Exchange>,
    /// It has answered an announce, so it lists us.
    lists_us: bool,
    /// In a row.
    failures: u32,
    /// `None` where it is not to be asked again.
    ask_from: Option<Instant>,
}

impl Station {
    pub(super) fn new(url: Url, tier: usize) -> Self {
        Self {
            url,
            tier,
            memory: Memory::default(),
            exchange: None,
            lists_us: false,
            failures: 0,
            ask_from: Some(Instant::ZERO),
        }
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    pub(super) fn tier(&self) -> usize {
        self.tier
    }

    pub(super) fn ask_from(&self) -> Option<Instant> {
        self.ask_from
    }

    pub(super) fn is_asked(&self) -> bool {
        self.exchange.is_some()
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.exchange.as_ref().map(Exchange::deadline)
    }

    /// The first announce that a tracker takes is `started`, whatever else there is to tell.
    pub(super) fn announce(&mut self, context: &mut Context<'_>, event: Event) -> Option<Ended> {
        let event = match event {
            Event::None | Event::Completed if !self.lists_us => Event::Started,
            event => event,
        };
        self.exchange = Some(Exchange::new(self.url.clone(), event));
        self.progress(context, |exchange, context, memory| {
            exchange.begin(context, memory)
        })
    }

    /// Lets the exchange go on, and draws the conclusions when it is over.
    pub(super) fn progress(
        &mut self,
        context: &mut Context<'_>,
        step: impl FnOnce(&mut Exchange, &mut Context<'_>, &mut Memory) -> Verdict,
    ) -> Option<Ended> {
        let exchange = self.exchange.as_mut()?;
        let event = exchange.event();
        let result = step(exchange, context, &mut self.memory)?;
        self.exchange = None;
        match result {
            Ok(mut told) => {
                self.failures = 0;
                self.ask_from = Some(context.now);
                self.lists_us = event != Event::Stopped;
                self.memory.keep_tracker_id(told.tracker_id.take());
                Some(Ended::Told(event, told))
            }
            Err(failure) => {
                self.failed(context, failure);
                Some(Ended::Failed)
            }
        }
    }

    /// The exchange under way, to be asked whether it waits for something.
    pub(super) fn exchange(&self) -> Option<&Exchange> {
        self.exchange.as_ref()
    }

    /// Gives up what is under way, and says goodbye where we may be listed.
    pub(super) fn stop(&mut self, context: &mut Context<'_>) {
        let under_way = self.exchange.take();
        let may_list_us = self.lists_us || under_way.as_ref().is_some_and(Exchange::is_sent);
        if let Some(exchange) = under_way {
            exchange.abandon(context);
        }
        if may_list_us {
            self.announce(context, Event::Stopped);
        }
    }

    pub(super) fn abandon(&mut self, context: &mut Context<'_>) {
        if let Some(exchange) = self.exchange.take() {
            exchange.abandon(context);
        }
    }

    fn failed(&mut self, context: &mut Context<'_>, failure: Failure) {
        let doublings = self.failures.min(16);
        self.failures += 1;
        let retry_after = (FIRST_RETRY_AFTER * (1 << doublings)).min(RETRY_AFTER_MAX);
        // Those who lost a tracker at the same moment do not come back at the same moment.
        let jitter_ms = u32::try_from(retry_after.as_millis() / 4).unwrap_or(0);
        let jitter = Duration::from_millis(u64::from(context.rng.below(jitter_ms)));
        self.ask_from = match failure.retry {
            Retry::Soon => Some(context.now + retry_after + jitter),
            Retry::NotWithin(wait) => Some(context.now + wait.max(retry_after) + jitter),
            Retry::Never => None,
        };
        context.out.push_back(Output::Report(Report::Failed {
            tracker: self.url.clone(),
            why: failure.why,
            retry_at: self.ask_from,
        }));
    }
}

/// How an exchange ended; a failure is reported already.
#[derive(Debug)]
pub(super) enum Ended {
    Told(Event, Told),
    Failed,
}
