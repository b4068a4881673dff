//! Hosts and trackers that do anything at all: whatever happens, the announcer stays quiet between
//! its deadlines, and comes to an end.

use std::net::SocketAddr;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use crate::base::{Instant, Sha1Digest, Url};
use crate::tracker::announcer::{Announcer, Facts, Output, Reach, Setup};
use crate::wire::http::Response;

const TRACKERS: [&str; 5] = [
    "http://10.0.0.1/a",
    "http://a.example/a",
    "udp://10.0.0.2:1/a",
    "udp://b.example:2",
    "https://c.example/",
];

const BODIES: [&str; 7] = [
    "d8:intervali900ee",
    "d8:intervali0e12:min intervali0ee",
    "d14:failure reason2:noe",
    "d14:failure reason2:no8:retry in5:nevere",
    "d5:peers6:\n\x01\x02\x03\x10\x01e",
    "le",
    "",
];

/// What becomes of the next output, or else happens.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Lost,
    Fails,
    Answered { choice: u8 },
    Sleep,
    Facts { peers_known: u8 },
    Completed,
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        Just(Fate::Lost),
        Just(Fate::Fails),
        any::<u8>().prop_map(|choice| Fate::Answered { choice }),
        any::<u8>().prop_map(|choice| Fate::Answered { choice }),
        Just(Fate::Sleep),
        any::<u8>().prop_map(|peers_known| Fate::Facts { peers_known }),
        Just(Fate::Completed),
    ]
}

struct Chaos {
    announcer: Announcer,
    now: Instant,
    facts: Facts,
    waiting: Vec<Output>,
}

impl Chaos {
    fn new(seed: u64) -> Self {
        let facts = Facts {
            left_bytes: 1,
            ..Facts::default()
        };
        let url = |text: &&str| Url::parse(text).unwrap();
        let setup = Setup {
            info_hash: Sha1Digest([1; 20]),
            peer_id: [2; 20],
            port: 1,
            tiers: TRACKERS
                .chunks(2)
                .map(|tier| tier.iter().map(url).collect())
                .collect(),
            reach: [Reach::FirstOfAll, Reach::EachTier, Reach::EachTracker]
                [usize::try_from(seed % 3).unwrap()],
            seed,
        };
        Self {
            announcer: Announcer::new(setup, facts),
            now: Instant::ZERO,
            facts,
            waiting: Vec::new(),
        }
    }

    /// Takes what is wanted, and checks that there is an end to it.
    fn collect(&mut self) {
        let mut outputs = 0;
        while let Some(output) = self.announcer.poll() {
            outputs += 1;
            assert!(outputs < 1000, "no end of outputs");
            if !matches!(output, Output::Report(_) | Output::Abandon { .. }) {
                self.waiting.push(output);
            }
        }
    }

    fn sleep(&mut self) {
        if let Some(deadline) = self.announcer.deadline() {
            self.now = self.now.max(deadline);
            self.announcer.tick(self.now);
            self.collect();
            if let Some(next) = self.announcer.deadline() {
                assert!(next > self.now, "a tick deals with what is due");
            }
        }
    }

    fn suffer(&mut self, fate: Fate) {
        match fate {
            Fate::Sleep => self.sleep(),
            Fate::Completed => self.announcer.completed(self.now),
            Fate::Facts { peers_known } => {
                self.facts.peers_known = usize::from(peers_known / 2);
                self.announcer.set_facts(self.facts);
            }
            Fate::Lost => drop(self.waiting.pop()),
            Fate::Fails => self.settle(None),
            Fate::Answered { choice } => self.settle(Some(choice)),
        }
        self.collect();
    }

    fn settle(&mut self, choice: Option<u8>) {
        let now = self.now;
        match (self.waiting.pop(), choice) {
            (Some(Output::Resolve { id, .. }), None) => {
                self.announcer.resolved(now, id, Err("no".into()));
            }
            (Some(Output::Resolve { id, .. }), Some(choice)) => {
                let addresses = vec![[10, 0, 0, choice].into(); usize::from(choice % 4)];
                self.announcer.resolved(now, id, Ok(addresses));
            }
            (Some(Output::Http { id, .. }), None) => self.announcer.http_failed(now, id, "no"),
            (Some(Output::Http { id, .. }), Some(choice)) => {
                let response = Response {
                    status: if choice < 200 { 200 } else { 302 },
                    location: Some("/b".into()),
                    body: BODIES[usize::from(choice) % BODIES.len()].into(),
                };
                self.announcer.http_done(now, id, &response);
            }
            (Some(Output::Udp { to, bytes }), Some(choice)) => {
                self.echo(to, &bytes, choice);
            }
            _ => {}
        }
    }

    /// Answers with the right transaction id and any action. The question may not stand any more.
    fn echo(&mut self, to: SocketAddr, request: &[u8], choice: u8) {
        let mut reply = vec![0, 0, 0, choice % 4];
        reply.extend_from_slice(&request[12..16]);
        reply.extend_from_slice(&[choice; 24]);
        let _ = self.announcer.datagram(self.now, to, &reply);
    }
}

proptest! {
    #[test]
    fn anything_may_happen(seed in any::<u64>(), fates in vec(fate(), 1..100)) {
        let mut chaos = Chaos::new(seed);
        chaos.sleep();
        for fate in fates {
            chaos.suffer(fate);
        }
        let by = chaos.now + Duration::from_secs(5);
        chaos.announcer.stop(chaos.now, by);
        chaos.collect();
        for _ in 0..100 {
            chaos.sleep();
        }
        prop_assert!(chaos.announcer.is_stopped());
        prop_assert!(chaos.now <= by);
        prop_assert_eq!(chaos.announcer.deadline(), None);
    }
}
