//! What it costs when peers change their minds: counted, not timed.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use super::super::{Newcomer, Torrent, TorrentSetup};
use crate::base::{Bitfield, ConnId, Geometry, Instant, Rng, Sha1Digest};
use crate::engine::context::Context;
use crate::engine::places::Places;
use crate::engine::{Config, TorrentId};
use crate::swarm::Slots;
use crate::wire::peer::{Capabilities, Handshake, Message, PeerId};

/// A torrent that is seeded to some peers, without a process around it.
struct Scene {
    now: Instant,
    config: Config,
    torrent: Torrent,
    places: Places,
    rng: Rng,
}

impl Scene {
    fn new(slots: usize) -> Self {
        let mut config = Config::new(1, 1);
        config.slots = Slots {
            total: slots,
            rotating: 0,
        };
        let geometry = Geometry::new(1 << 20, 1 << 16).unwrap();
        let setup = TorrentSetup {
            name: "content".to_owned(),
            info_hash: Sha1Digest([7; 20]),
            geometry,
            wishes: crate::engine::Wishes::Everything,
            padding: Vec::new(),
            have: Bitfield::all(geometry.piece_count()),
            runs: Vec::new(),
            is_private: false,
            trackers: Vec::new(),
            tells_every_tracker: false,
            peers: Vec::new(),
            is_sequential: false,
        };
        Self {
            now: Instant::ZERO,
            torrent: Torrent::new(Instant::ZERO, TorrentId(0), setup, &config, 1),
            places: Places::new(config.budget),
            rng: Rng::new(1),
            config,
        }
    }

    fn with<T>(&mut self, act: impl FnOnce(&mut Torrent, &mut Context<'_>) -> T) -> T {
        let mut actions = VecDeque::new();
        let mut ctx = Context {
            now: self.now,
            config: &self.config,
            places: &mut self.places,
            actions: &mut actions,
            rng: &mut self.rng,
            conn_count: 0,
            dial_count: 0,
        };
        act(&mut self.torrent, &mut ctx)
    }

    fn join(&mut self, number: u8) -> ConnId {
        let conn = ConnId::new(u32::from(number), 0);
        let newcomer = Newcomer {
            conn,
            remote: ([10, 0, 0, number], 1000).into(),
            is_dialled: false,
            theirs: Handshake {
                capabilities: Capabilities::FAST,
                info_hash: Sha1Digest([7; 20]),
                peer_id: PeerId([number; 20]),
            },
        };
        let joined = self.with(|torrent, ctx| torrent.join(ctx, &newcomer, &[]));
        assert_eq!(joined, Ok(()));
        conn
    }

    fn hears(&mut self, conn: ConnId, message: Message) {
        let mut bytes = Vec::new();
        message.write(&mut bytes);
        self.with(|torrent, ctx| torrent.received(ctx, conn, &bytes));
    }

    fn is_served(&self, conn: ConnId) -> bool {
        !self.torrent.peers[&conn].conn.is_choked_by_us()
    }
}

#[test]
fn peers_that_change_their_minds_cause_no_round_each_time() {
    let mut scene = Scene::new(1);
    let [one, other, third] = [1, 2, 3].map(|number| scene.join(number));
    for conn in [one, other, third] {
        scene.hears(conn, Message::Interested);
    }
    assert!(scene.is_served(one) && !scene.is_served(other));
    // A round sets the time of the next: there were as many rounds as different times.
    let mut rounds = BTreeSet::new();
    for _ in 0..100 {
        scene.now += Duration::from_millis(1);
        for conn in [one, other] {
            scene.hears(conn, Message::NotInterested);
            rounds.insert(scene.torrent.choker.deadline());
            scene.hears(conn, Message::Interested);
            rounds.insert(scene.torrent.choker.deadline());
        }
    }
    assert!(rounds.len() <= 2, "{} rounds", rounds.len());
}

#[test]
fn a_slot_that_comes_free_is_filled_at_once_or_at_the_next_tick() {
    let mut scene = Scene::new(1);
    let [one, other, third] = [1, 2, 3].map(|number| scene.join(number));
    for conn in [one, other, third] {
        scene.hears(conn, Message::Interested);
    }
    scene.with(Torrent::tick);
    scene.hears(one, Message::NotInterested);
    assert!(!scene.is_served(one));
    let (next, last) = if scene.is_served(other) {
        (other, third)
    } else {
        (third, other)
    };
    assert!(scene.is_served(next));
    scene.hears(next, Message::NotInterested);
    assert!(!scene.is_served(last), "once between two ticks");
    scene.with(Torrent::tick);
    assert!(scene.is_served(last));
}
