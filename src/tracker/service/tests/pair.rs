//! Two services that tell each other, through gaps, lost connections and restarts.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::*;
use super::network::{Network, SIDES};
use crate::base::Sha1Digest;
use crate::tracker::Peer;
use crate::tracker::table::Role;
use crate::wire::Event;

const SWARMS: u8 = 3;
const PORTS: u16 = 40;

/// Within it, two that can reach each other have met and told each other everything.
const MEETING_S: u32 = 40;

fn announce(swarm: u8, port: u16, role: Role, event: Event) -> String {
    let left_bytes = u8::from(role == Role::Leecher);
    let event = match event {
        Event::Stopped => "&event=stopped",
        _ => "",
    };
    let hash = char::from(b'a' + swarm).to_string().repeat(20);
    format!(
        "GET /announce?info_hash={hash}&peer_id={hash}&port={port}&left={left_bytes}{event} \
         HTTP/1.1\r\n\r\n"
    )
}

fn found(network: &mut Network, side: usize, swarm: u8, port: u16) -> Option<Role> {
    let hash = Sha1Digest([b'a' + swarm; 20]);
    let peer = Peer::V4({
        let [high, low] = port.to_be_bytes();
        [127, 0, 0, 1, high, low]
    });
    network.service(side).server().table().role_of(&hash, peer)
}

fn told(network: &mut Network, side: usize) -> u64 {
    network.service(side).pair_json()["told"].as_u64().unwrap()
}

#[test]
fn a_client_of_one_is_found_through_the_other_at_once() {
    let mut network = Network::started(1);
    network.advance(5);
    for (side, port) in [(0, 1), (1, 2)] {
        network.ask(side, &announce(0, port, Role::Seeder, Event::None));
    }
    for port in [1, 2] {
        let both = SIDES.map(|side| found(&mut network, side, 0, port));
        assert_eq!(both, [Some(Role::Seeder); 2]);
    }
    network.ask(1, &announce(0, 1, Role::Seeder, Event::Stopped));
    assert_eq!(SIDES.map(|side| found(&mut network, side, 0, 1)), [None; 2]);
    let counts = SIDES.map(|side| told(&mut network, side));
    network.advance(100);
    assert_eq!(
        SIDES.map(|side| told(&mut network, side)),
        counts,
        "and that was all"
    );
    assert_eq!(counts, [1, 2]);
}

#[test]
fn one_serves_alone_until_the_other_is_back() {
    let mut network = Network::new(2);
    network.start(0);
    network.advance(100);
    for port in 1..=3000 {
        network.ask(0, &announce(0, port, Role::Leecher, Event::None));
    }
    network.start(1);
    network.advance(3);
    assert!(
        (1..=3000).all(|port| found(&mut network, 1, 0, port).is_some()),
        "soon"
    );
    assert_eq!(network.reports(1), [Standing::Paired]);
    assert_eq!(network.reports(0).last(), Some(&Standing::Paired));

    network.kill(1);
    network.ask(0, &announce(1, 1, Role::Leecher, Event::None));
    network.ask(0, &announce(0, 1, Role::Leecher, Event::Stopped));
    network.ask(0, &announce(0, 2, Role::Seeder, Event::None));
    network.advance(200);
    network.start(1);
    network.advance(3);
    let both =
        |network: &mut Network, swarm, port| SIDES.map(|side| found(network, side, swarm, port));
    assert_eq!(both(&mut network, 1, 1), [Some(Role::Leecher); 2]);
    assert_eq!(
        both(&mut network, 0, 1),
        [None; 2],
        "who left does not come back"
    );
    assert_eq!(both(&mut network, 0, 2), [Some(Role::Seeder); 2]);
}

#[test]
fn a_network_that_loses_everything_is_noticed() {
    let mut network = Network::started(3);
    network.advance(5);
    network.cut();
    network.ask(0, &announce(0, 1, Role::Leecher, Event::None));
    network.advance(15);
    assert_eq!(
        network.reports(0).last(),
        Some(&Standing::Trouble(Trouble::Silent))
    );
    network.heal();
    network.advance(MEETING_S);
    assert_eq!(found(&mut network, 1, 0, 1), Some(Role::Leecher));
}

/// Strangers greet both all the time, each time with another token, and would be asked about for ever.
#[test]
fn invented_tokens_keep_nobody_from_meeting() {
    let mut network = Network::apart(6);
    network.start(0);
    let mut invented = 0_u128;
    for tenths in 0..300 {
        if tenths == 50 {
            network.start(1);
        }
        for side in SIDES.into_iter().filter(|side| tenths > 50 || *side == 0) {
            invented += 1;
            let target = format!("/mt/hello?mt_token={invented:032x}");
            let welcome = network.ask(side, &format!("GET {target} HTTP/1.1\r\n\r\n"));
            assert_eq!(welcome, "unknown");
        }
        network.step(Duration::from_millis(100));
    }
    for side in SIDES {
        assert_eq!(network.reports(side).last(), Some(&Standing::Paired));
    }
    network.ask(0, &announce(0, 1, Role::Leecher, Event::None));
    assert_eq!(found(&mut network, 1, 0, 1), Some(Role::Leecher));
}

#[test]
fn connections_may_be_lost_at_any_moment() {
    let mut network = Network::started(4);
    for port in 1..=300 {
        network.ask(
            usize::from(port % 2),
            &announce(0, port, Role::Leecher, Event::None),
        );
        if network.rng.below(8) == 0 {
            network.drop_connections();
        }
        if network.rng.below(8) == 0 {
            network.advance(1);
        }
    }
    network.advance(MEETING_S);
    for side in SIDES {
        assert!((1..=300).all(|port| found(&mut network, side, 0, port).is_some()));
    }
}

#[derive(Clone, Copy, Debug)]
struct Known {
    /// Nothing for who has left.
    role: Option<Role>,
    side: usize,
    at_s: u32,
    /// Told since the two last agreed.
    is_recent: bool,
    /// Whether only a tracker knew of it that then forgot when it was.
    is_unsure: bool,
}

#[derive(Default)]
struct Model {
    peers: BTreeMap<(u8, u16), Known>,
    now_s: u32,
    /// Since the two last agreed, there was a time when they could not tell each other.
    had_gap: bool,
}

impl Model {
    fn advance(&mut self, network: &mut Network, seconds: u32) {
        network.advance(seconds);
        self.now_s += seconds;
    }

    /// Some peers announce, each once, wherever somebody answers.
    fn announces(&mut self, network: &mut Network) {
        for _ in 0..20 {
            let swarm = u8::try_from(network.rng.below(SWARMS.into())).unwrap();
            let port = 1 + u16::try_from(network.rng.below(PORTS.into())).unwrap();
            let side = network.rng.below(2) as usize;
            let known = self.peers.get(&(swarm, port));
            if !network.is_up(side) || known.is_some_and(|known| known.at_s == self.now_s) {
                continue;
            }
            let role = [Role::Seeder, Role::Leecher][network.rng.below(2) as usize];
            let event = [Event::None, Event::Stopped][usize::from(network.rng.below(4) == 0)];
            network.ask(side, &announce(swarm, port, role, event));
            let known = Known {
                role: (event != Event::Stopped).then_some(role),
                side,
                at_s: self.now_s,
                is_recent: true,
                is_unsure: false,
            };
            self.peers.insert((swarm, port), known);
        }
    }

    fn event(&mut self, network: &mut Network) {
        let side = network.rng.below(2) as usize;
        match network.rng.below(6) {
            0 => {
                network.cut();
                self.had_gap = true;
            }
            1 => network.heal(),
            2 if network.is_up(0) && network.is_up(1) => self.kill(network, side),
            3 => network.drop_connections(),
            _ => {
                if let Some(down) = SIDES.into_iter().find(|side| !network.is_up(*side)) {
                    network.start(down);
                }
            }
        }
    }

    fn kill(&mut self, network: &mut Network, side: usize) {
        network.kill(side);
        // What the other one was not told comes back from the disk, but not when it was, nor who left.
        if std::mem::replace(&mut self.had_gap, true) {
            for known in self.peers.values_mut() {
                known.is_unsure |= known.side == side && known.is_recent;
            }
        }
    }

    /// Both are there, and agree with what clients told.
    fn check(&mut self, network: &mut Network) {
        for side in SIDES {
            let peers = self.peers.iter();
            for (&(swarm, port), known) in peers.filter(|(_, known)| !known.is_unsure) {
                let role = found(network, side, swarm, port);
                assert_eq!(
                    role, known.role,
                    "{side} {swarm} {port} {known:?} {}",
                    self.now_s
                );
            }
        }
        let counts = SIDES.map(|side| told(network, side));
        self.advance(network, 20);
        assert_eq!(
            SIDES.map(|side| told(network, side)),
            counts,
            "nothing goes to and fro"
        );
        self.had_gap = false;
        for known in self.peers.values_mut() {
            known.is_recent = false;
        }
    }
}

#[test]
fn after_any_gap_both_know_what_either_was_told() {
    for seed in 0..8 {
        let mut network = Network::started(seed);
        let mut model = Model::default();
        let mut checked = 0;
        for _ in 0..8 {
            for _ in 0..8 {
                model.announces(&mut network);
                let seconds = 9 + network.rng.below(12);
                model.advance(&mut network, seconds);
                model.event(&mut network);
            }
            network.heal();
            for side in SIDES {
                if !network.is_up(side) {
                    network.start(side);
                }
            }
            model.advance(&mut network, MEETING_S);
            model.check(&mut network);
            checked += model
                .peers
                .values()
                .filter(|known| !known.is_unsure)
                .count();
        }
        assert!(checked > 400, "{checked}");
    }
}

#[test]
fn who_lost_its_file_learns_all_from_the_other() {
    let mut network = Network::started(5);
    network.advance(3);
    for port in 1..=500 {
        network.ask(0, &announce(0, port, Role::Seeder, Event::None));
    }
    network.forget_everything(0);
    network.advance(30);
    network.start(0);
    network.advance(3);
    assert!((1..=500).all(|port| found(&mut network, 0, 0, port).is_some()));
}
