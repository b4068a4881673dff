//! A host on virtual time, that does what a test says.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::base::{Instant, Sha1Digest, Url};
use crate::tracker::announcer::{Announcer, ExchangeId, Facts, Output, Reach, Report, Setup};
use crate::wire::http::Response;
use crate::wire::udp_tracker::{
    AnnounceRequest, Request, parse_request, write_announce_head, write_connect,
};

/// A torrent that misses something and knows nobody.
pub(super) const LEECHER: Facts = Facts {
    uploaded_bytes: 1,
    downloaded_bytes: 2,
    left_bytes: 3,
    peers_known: 0,
    peers_wanted: 50,
};

pub(super) const SEEDER: Facts = Facts {
    left_bytes: 0,
    ..LEECHER
};

/// One that has company already, so that intervals are kept.
pub(super) const FED: Facts = Facts {
    peers_known: 3,
    ..LEECHER
};

pub(super) struct World {
    pub(super) announcer: Announcer,
    pub(super) now: Instant,
    out: VecDeque<Output>,
}

/// A request that the host is to carry.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) id: ExchangeId,
    pub(super) to: SocketAddr,
    pub(super) text: String,
}

impl Asked {
    pub(super) fn event(&self) -> &str {
        let after = self.text.split("&event=").nth(1).unwrap_or_default();
        after.split(['&', ' ']).next().unwrap_or_default()
    }
}

impl World {
    pub(super) fn new(tiers: &[&[&str]], reach: Reach, facts: Facts) -> Self {
        Self::with_seed(tiers, reach, facts, 1)
    }

    pub(super) fn with_seed(tiers: &[&[&str]], reach: Reach, facts: Facts, seed: u64) -> Self {
        let url = |text: &&str| Url::parse(text).unwrap();
        let setup = Setup {
            info_hash: Sha1Digest([0xab; 20]),
            peer_id: *b"-MT0001-abcdefghi &?",
            port: 6881,
            tiers: tiers
                .iter()
                .map(|tier| tier.iter().map(url).collect())
                .collect(),
            reach,
            seed,
        };
        let mut world = Self {
            announcer: Announcer::new(setup, facts),
            now: Instant::ZERO + Duration::from_secs(1000),
            out: VecDeque::new(),
        };
        world.tick();
        world
    }

    pub(super) fn tick(&mut self) {
        self.announcer.tick(self.now);
        self.collect();
    }

    fn collect(&mut self) {
        while let Some(output) = self.announcer.poll() {
            self.out.push_back(output);
        }
    }

    /// How long until the announcer wants to be woken.
    pub(super) fn wait(&self) -> Option<Duration> {
        let deadline = self.announcer.deadline()?;
        Some(deadline.saturating_since(self.now))
    }

    /// Sleeps until then, and says how long that was.
    pub(super) fn sleep(&mut self) -> Duration {
        let wait = self.wait().expect("something to wait for");
        self.now += wait;
        self.tick();
        wait
    }

    fn take<T>(&mut self, pick: impl Fn(&Output) -> Option<T>) -> Option<T> {
        let at = self.out.iter().position(|output| pick(output).is_some())?;
        pick(&self.out.remove(at)?)
    }

    pub(super) fn try_http(&mut self) -> Option<Asked> {
        self.take(|output| match output {
            Output::Http {
                id, to, request, ..
            } => Some(Asked {
                id: *id,
                to: *to,
                text: String::from_utf8(request.clone()).unwrap(),
            }),
            _ => None,
        })
    }

    pub(super) fn http(&mut self) -> Asked {
        self.try_http().expect("a request by HTTP")
    }

    pub(super) fn resolve(&mut self) -> (ExchangeId, String) {
        let resolve = self.take(|output| match output {
            Output::Resolve { id, name } => Some((*id, name.as_str().to_owned())),
            _ => None,
        });
        resolve.expect("a name to resolve")
    }

    pub(super) fn try_udp(&mut self) -> Option<(SocketAddr, Vec<u8>)> {
        self.take(|output| match output {
            Output::Udp { to, bytes } => Some((*to, bytes.clone())),
            _ => None,
        })
    }

    pub(super) fn udp(&mut self) -> (SocketAddr, Vec<u8>) {
        self.try_udp().expect("a datagram")
    }

    pub(super) fn abandoned(&mut self) -> Option<ExchangeId> {
        self.take(|output| match output {
            Output::Abandon { id } => Some(*id),
            _ => None,
        })
    }

    pub(super) fn reports(&mut self) -> Vec<Report> {
        let report = |output: &Output| match output {
            Output::Report(report) => Some(report.clone()),
            _ => None,
        };
        std::iter::from_fn(|| self.take(report)).collect()
    }

    /// Why announces failed since this was asked last, and after how long each is tried again.
    pub(super) fn failures(&mut self) -> Vec<(String, Option<Duration>)> {
        let now = self.now;
        let failure = |report| match report {
            Report::Failed { why, retry_at, .. } => {
                Some((why, retry_at.map(|at| at.saturating_since(now))))
            }
            _ => None,
        };
        self.reports().into_iter().filter_map(failure).collect()
    }

    pub(super) fn is_silent(&self) -> bool {
        self.out.is_empty()
    }

    pub(super) fn found(&mut self, id: ExchangeId, addresses: &[&str]) {
        let addresses: Vec<IpAddr> = addresses.iter().map(|text| text.parse().unwrap()).collect();
        self.announcer.resolved(self.now, id, Ok(addresses));
        self.collect();
    }

    pub(super) fn not_found(&mut self, id: ExchangeId) {
        self.announcer
            .resolved(self.now, id, Err("no such name".into()));
        self.collect();
    }

    pub(super) fn respond(&mut self, asked: &Asked, status: u16, location: &str, body: &str) {
        let response = Response {
            status,
            location: (!location.is_empty()).then(|| location.to_owned()),
            body: body.into(),
        };
        self.announcer.http_done(self.now, asked.id, &response);
        self.collect();
    }

    pub(super) fn answer(&mut self, asked: &Asked, body: &str) {
        self.respond(asked, 200, "", body);
    }

    pub(super) fn refuse(&mut self, asked: &Asked) {
        self.announcer
            .http_failed(self.now, asked.id, "nobody listens there");
        self.collect();
    }

    pub(super) fn set_facts(&mut self, facts: Facts) {
        self.announcer.set_facts(facts);
    }

    pub(super) fn complete(&mut self) {
        self.announcer.completed(self.now);
        self.collect();
    }

    pub(super) fn stop(&mut self, within: Duration) {
        self.announcer.stop(self.now, self.now + within);
        self.collect();
    }

    pub(super) fn receive(&mut self, from: SocketAddr, bytes: &[u8]) -> bool {
        let was_ours = self.announcer.datagram(self.now, from, bytes);
        self.collect();
        was_ours
    }

    /// Answers a datagram as a tracker does: with a connection id, or with these peers.
    pub(super) fn serve_udp(&mut self, (to, bytes): &(SocketAddr, Vec<u8>), peers: &[u8]) -> bool {
        let mut reply = Vec::new();
        match parse_request(bytes).unwrap() {
            Request::Connect(connect) => {
                write_connect(&mut reply, connect.transaction_id, CONNECTION_ID);
            }
            Request::Announce(announce) => {
                assert_eq!(announce.header.connection_id, CONNECTION_ID);
                write_announce_head(&mut reply, announce.header.transaction_id, 1800, 4, 5);
                reply.extend_from_slice(peers);
            }
            Request::Scrape(scrape) => panic!("{scrape:?}"),
        }
        self.receive(*to, &reply)
    }
}

pub(super) const CONNECTION_ID: u64 = 0x1122_3344_5566_7788;

pub(super) fn is_connect(datagram: &(SocketAddr, Vec<u8>)) -> bool {
    matches!(parse_request(&datagram.1), Ok(Request::Connect(_)))
}

pub(super) fn announce(datagram: &(SocketAddr, Vec<u8>)) -> AnnounceRequest<'_> {
    match parse_request(&datagram.1) {
        Ok(Request::Announce(announce)) => announce,
        other => panic!("{other:?}"),
    }
}

pub(super) const fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}
