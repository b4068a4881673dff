//! A process that has no descriptor left.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use mt::reactor::TcpPort;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::harness::{Wishes, connect, exchange, loopback, start};
use crate::server::{Command, ECHO, Event};
use crate::signals::{Process, ROLE};

const DESCRIPTORS: u16 = 40;

/// Plays its role where it is a child, and has nothing to do otherwise.
#[test]
fn serves_with_few_descriptors() {
    if std::env::var(ROLE).is_err() {
        return;
    }
    let few = Rlimit {
        current: Some(DESCRIPTORS.into()),
        maximum: Some(DESCRIPTORS.into()),
    };
    setrlimit(Resource::Nofile, few).unwrap();
    let port = TcpPort::bind(loopback()).unwrap();
    println!("\nlistens on {}", port.local_address());
    let running = start(vec![(ECHO, port)], None, Wishes::default());
    // As long as the other side has its crowd at the door.
    running.say(Command::TickAfter(Duration::from_secs(1)));
    while running.event() != Event::Tick {}
    println!("sheds");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    let stats = running.finish().stats;
    println!("turns: {}", stats.turns);
    println!("turned away: {}", stats.counters.turned_away);
}

#[test]
fn newcomers_are_turned_away_and_room_is_used_again() {
    let role = "descriptors::serves_with_few_descriptors";
    let mut process = Process::start(role, "crowded");
    let address: SocketAddr = process.said("listens on ").parse().unwrap();
    let crowd: Vec<TcpStream> = (0..200).map(|_| connect(address)).collect();
    let served: Vec<TcpStream> = crowd.into_iter().filter_map(is_served).collect();
    assert!(
        (10..usize::from(DESCRIPTORS)).contains(&served.len()),
        "{}",
        served.len()
    );
    process.said("sheds");

    drop(served);
    let mut next = (0..100).map(|_| connect(address)).filter_map(is_served);
    let mut next = next.next().expect("room for one");
    exchange(&mut next, b"welcome", b"welcome");

    process.tell("enough\n");
    let turns: u64 = process.said("turns: ").parse().unwrap();
    let turned_away: u64 = process.said("turned away: ").parse().unwrap();
    assert!(turned_away >= 160, "{turned_away} turned away");
    assert!(turns < 3000, "{turns} turns for some 300 connections");
    assert!(process.wait().success());
}

fn is_served(mut stream: TcpStream) -> Option<TcpStream> {
    let mut byte = [0];
    let answered = stream.write_all(b"?").and_then(|()| stream.read(&mut byte));
    matches!(answered, Ok(1)).then_some(stream)
}

#[test]
fn the_limit_is_raised_at_the_start() {
    let limit = getrlimit(Resource::Nofile);
    let half = limit.maximum.map(|maximum| maximum / 2);
    let lowered = Rlimit {
        current: half,
        ..limit
    };
    setrlimit(Resource::Nofile, lowered).unwrap();
    let _reactor = mt::reactor::Reactor::new().unwrap();
    assert_eq!(getrlimit(Resource::Nofile).current, limit.maximum);
}
