//! More peers than there may be: who stays, who goes for whom, and who is not let in.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use super::support::{
    add_leecher, add_seeder, assert_complete, greeting, medium_content, seconds, small_content,
    talker, with_seeds, words,
};
use crate::base::{ConnId, Instant};
use crate::sim::{Client, Content, Disk, Heard, Line, MachineId, Reply, ScriptedPeer, World};
use crate::wire::peer::Message;

/// Peers that have nothing, want nothing and stay.
fn add_idlers(world: &mut World, content: &Content, count: u64, at: MachineId) {
    for number in 0..count {
        let first = words(&[Message::HaveNone]);
        let dial = vec![world.address(at)];
        let idler = talker(content, number, dial, first, |reply| {
            Message::KeepAlive.write(&mut reply.say);
        });
        world.add_scripted(Line::default(), idler);
    }
}

#[test]
fn who_wants_nothing_makes_room_for_who_comes() {
    with_seeds(|seed| {
        for limits in [(4, 9), (9, 4)] {
            let mut world = World::new(seed);
            let content = small_content(seed);
            let mut seeder = Client::new(Disk::full(&content));
            (
                seeder.config.connections_max,
                seeder.config.torrent_connections_max,
            ) = limits;
            let seeder = world.add_client(seeder);
            add_idlers(&mut world, &content, 4, seeder);
            world.run_for(seconds(30));
            assert_eq!(world.report(seeder).unwrap().connected_peers, 4);
            world.run_for(seconds(40));
            let leecher = add_leecher(&mut world, &content, &[seeder]);
            assert_complete(&mut world, &[leecher], seconds(60));
        }
    });
}

#[test]
fn a_crowd_takes_nobodys_place_who_is_served() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = medium_content(seed);
        let mut seeder = Client::new(Disk::full(&content));
        seeder.config.torrent_connections_max = 4;
        let seeder = world.add_client(seeder);
        let leechers = [(); 2].map(|()| {
            let mut client = Client::new(Disk::empty(&content));
            client.config.down_bytes_per_second_max = Some(20_000);
            client.peers = vec![world.address(seeder)];
            world.add_client(client)
        });
        world.run_for(seconds(2));
        let crowd = Rc::new(RefCell::new(Crowd::default()));
        for number in 0..30 {
            let member = member_of(&crowd, &content, number, world.address(seeder));
            world.add_scripted(Line::default(), member);
        }
        for _ in 0..90 {
            world.run_for(seconds(1));
            for leecher in leechers {
                assert_eq!(world.connection_count(leecher), 1);
            }
        }
        // Two places were not those of leechers, and each was taken once a minute at most.
        let taken = crowd.borrow().taken();
        assert!(taken > 2, "{taken} of the crowd were let in");
        assert!(taken < 12, "{taken} of the crowd were let in");
    });
}

#[derive(Default)]
struct Crowd {
    /// How many bytes came on each connection.
    heard: BTreeMap<(u64, ConnId), usize>,
}

impl Crowd {
    /// How often one was let in: it is told more than the handshake then.
    fn taken(&self) -> usize {
        self.heard.values().filter(|bytes| **bytes > 68).count()
    }
}

/// One of a crowd that comes again whenever it is turned away.
fn member_of(
    crowd: &Rc<RefCell<Crowd>>,
    content: &Content,
    number: u64,
    to: std::net::SocketAddr,
) -> ScriptedPeer {
    let mut peer_id = *b"-XX0000-crowd0000000";
    peer_id[12..].copy_from_slice(&number.to_be_bytes());
    let hello = greeting(content.info_hash, peer_id);
    let crowd = Rc::clone(crowd);
    let mut is_outside = true;
    let script = move |_: Instant, conn: Option<ConnId>, heard: Heard<'_>, reply: &mut Reply| match (
        heard, conn,
    ) {
        (Heard::Opened { .. }, _) => {
            reply.say.extend(&hello);
            Message::HaveNone.write(&mut reply.say);
        }
        (Heard::Bytes(bytes), Some(conn)) => {
            let mut crowd = crowd.borrow_mut();
            *crowd.heard.entry((number, conn)).or_default() += bytes.len();
        }
        (Heard::Closed, _) => is_outside = true,
        (Heard::Tick, _) => {
            if std::mem::take(&mut is_outside) {
                reply.dial.push(to);
            }
        }
        (Heard::Begins | Heard::Bytes(_), _) => {}
    };
    ScriptedPeer::new(seconds(1), Box::new(script))
}

/// A peer that makes so many connections, says the same on all of them and makes new ones for those
/// that are closed.
fn besieger(
    to: std::net::SocketAddr,
    conns: usize,
    mut hello: impl FnMut() -> Vec<u8> + 'static,
) -> ScriptedPeer {
    let script =
        move |_: Instant, _: Option<ConnId>, heard: Heard<'_>, reply: &mut Reply| match heard {
            Heard::Begins => reply.dial = vec![to; conns],
            Heard::Opened { .. } => reply.say = hello(),
            Heard::Closed => reply.dial.push(to),
            Heard::Tick | Heard::Bytes(_) => {}
        };
    ScriptedPeer::new(seconds(1), Box::new(script))
}

#[test]
fn who_says_nothing_keeps_nobody_out() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = small_content(seed);
        let mut seeder = Client::new(Disk::full(&content));
        seeder.config.connections_max = 2;
        seeder.config.silent_max = 6;
        seeder.config.silent_per_address_max = 2;
        let seeder = world.add_client(seeder);
        for _ in 0..6 {
            let silent = besieger(world.address(seeder), 3, Vec::new);
            // As far away as that, one of them comes every 30 ms and more often.
            let line = Line {
                delay: Duration::from_millis(300),
                ..Line::default()
            };
            world.add_scripted(line, silent);
        }
        world.run_for(seconds(3));
        let leecher = add_leecher(&mut world, &content, &[seeder]);
        for _ in 0..20 {
            world.run_for(Duration::from_millis(101));
            assert!(world.connection_count(seeder) <= 8);
        }
        assert_complete(&mut world, &[leecher], seconds(60));
    });
}

#[test]
fn one_address_has_not_all_the_connections() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = small_content(seed);
        let mut seeder = Client::new(Disk::full(&content));
        seeder.config.connections_per_address_max = 3;
        let seeder = world.add_client(seeder);
        let info_hash = content.info_hash;
        let mut number = 0_u64;
        let hello = move || {
            number += 1;
            let mut peer_id = *b"-XX0000-many00000000";
            peer_id[12..].copy_from_slice(&number.to_be_bytes());
            greeting(info_hash, peer_id)
        };
        let many = besieger(world.address(seeder), 9, hello);
        world.add_scripted(Line::default(), many);
        world.run_for(seconds(5));
        assert_eq!(world.report(seeder).unwrap().connected_peers, 3);
        let leecher = add_leecher(&mut world, &content, &[seeder]);
        assert_complete(&mut world, &[leecher], seconds(60));
    });
}

#[test]
fn who_is_of_no_use_makes_room_for_who_could_be_called() {
    with_seeds(|seed| {
        let mut world = World::new(seed);
        let content = small_content(seed);
        let later = {
            // Addresses follow from the order in which machines are added.
            let mut other = World::new(seed);
            let machines = [(); 4].map(|()| add_seeder(&mut other, &content));
            other.address(machines[3])
        };
        let mut leecher = Client::new(Disk::empty(&content));
        leecher.config.torrent_connections_max = 2;
        leecher.peers = vec![later];
        let leecher = world.add_client(leecher);
        add_idlers(&mut world, &content, 2, leecher);
        world.run_for(seconds(2));
        let seeder = add_seeder(&mut world, &content);
        assert_eq!(world.address(seeder), later);
        assert_complete(&mut world, &[leecher], seconds(200));
    });
}

#[test]
fn a_stranger_with_the_name_of_a_good_peer_does_not_take_its_place() {
    with_seeds(|seed| {
        // Which of two connections would stay depends on which name is the smaller one.
        for seed in (0..6).map(|number| seed * 10 + number) {
            let mut world = World::new(seed);
            let content = medium_content(seed);
            let mut client = Client::new(Disk::full(&content));
            client.line.up_bytes_per_second = 100_000;
            let seeder = world.add_client(client);
            let leecher = add_leecher(&mut world, &content, &[seeder]);
            world.run_for(seconds(3));
            let thief = thief(&content, world.address(seeder), world.address(leecher));
            world.add_scripted(Line::default(), thief);
            for _ in 0..100 {
                world.run_for(Duration::from_millis(100));
                assert!(world.connection_count(seeder) > 0, "the good peer is left");
            }
            assert_complete(&mut world, &[leecher], seconds(60));
        }
    });
}

/// A peer that asks one for its name, and then calls another by that name.
fn thief(
    content: &Content,
    good: std::net::SocketAddr,
    victim: std::net::SocketAddr,
) -> ScriptedPeer {
    let info_hash = content.info_hash;
    let mut name = *b"-XX0000-thief0000000";
    let mut heard_bytes = Vec::new();
    let script =
        move |_: Instant, _: Option<ConnId>, heard: Heard<'_>, reply: &mut Reply| match heard {
            Heard::Begins => reply.dial.push(good),
            Heard::Opened { .. } => reply.say = greeting(info_hash, name),
            Heard::Bytes(bytes) => {
                let had_name = heard_bytes.len() >= 68;
                heard_bytes.extend_from_slice(bytes);
                if !had_name && let Some(theirs) = heard_bytes.get(48..68) {
                    name.copy_from_slice(theirs);
                    reply.ends = true;
                    reply.dial.push(victim);
                }
            }
            Heard::Tick | Heard::Closed => {}
        };
    ScriptedPeer::new(seconds(1), Box::new(script))
}
