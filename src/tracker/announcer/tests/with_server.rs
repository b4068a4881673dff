//! Announcers and the tracker of this program, told of each other's bytes.

use std::net::SocketAddr;
use std::time::Duration;

use super::world::{LEECHER, SEEDER, World, seconds};
use crate::base::Instant;
use crate::base::limits::TRACKER_REPLY_LEN_BYTES_MAX;
use crate::tracker::Secret;
use crate::tracker::announcer::{Facts, Reach, Report};
use crate::tracker::server::{Config, Server};
use crate::wire::http::ResponseReader;

fn server() -> Server {
    Server::new(Config::default(), Secret([1, 2, 3, 4]), 5)
}

fn world(url: &str, facts: Facts) -> World {
    World::new(&[&[url]], Reach::EachTier, facts)
}

/// Carries all that the announcer sends, from this address, until nothing more comes.
fn serve(server: &mut Server, world: &mut World, from: &str) -> Vec<Report> {
    let from: SocketAddr = format!("{from}:50000").parse().unwrap();
    let now: Duration = world.now.saturating_since(Instant::ZERO);
    loop {
        let mut out = Vec::new();
        if let Some(asked) = world.try_http() {
            let _ = server.http(now, from, asked.text.as_bytes(), &mut out);
            let mut reader = ResponseReader::new(TRACKER_REPLY_LEN_BYTES_MAX);
            let response = reader.feed(&out).unwrap().expect("a whole response");
            world.announcer.http_done(world.now, asked.id, &response);
        } else if let Some((to, bytes)) = world.try_udp() {
            server.udp(now, from, &bytes, &mut out);
            assert!(world.receive(to, &out));
        } else if world.announcer.deadline().is_none_or(|at| at > world.now) {
            return world.reports();
        }
        world.tick();
    }
}

/// Seeders and leechers.
fn told(reports: &[Report]) -> (u32, u32) {
    let told = reports.iter().find_map(|report| match report {
        Report::Told {
            seeders, leechers, ..
        } => Some((seeders.unwrap(), leechers.unwrap())),
        _ => None,
    });
    told.unwrap_or_else(|| panic!("{reports:?}"))
}

fn peers(reports: &[Report]) -> Vec<String> {
    let peers = reports.iter().filter_map(|report| match report {
        Report::Peers(peers) => Some(peers),
        _ => None,
    });
    peers.flatten().map(SocketAddr::to_string).collect()
}

#[test]
fn a_leecher_that_was_there_first_finds_the_seeder() {
    // UDP names no least interval, so the floor of the announcer counts.
    for (url, wait) in [
        ("http://10.0.0.1:6969/announce", seconds(60)),
        ("udp://10.0.0.1:6969/announce", seconds(15)),
    ] {
        let mut server = server();
        let mut leecher = world(url, LEECHER);
        let first = serve(&mut server, &mut leecher, "10.0.0.2");
        assert_eq!(peers(&first), [""; 0], "{url}");
        let mut seeder = world(url, SEEDER);
        let reports = serve(&mut server, &mut seeder, "10.0.0.3");
        assert_eq!(peers(&reports), ["10.0.0.2:6881"]);

        assert_eq!(leecher.sleep(), wait);
        let second = serve(&mut server, &mut leecher, "10.0.0.2");
        assert_eq!(peers(&second), ["10.0.0.3:6881"]);
    }
}

#[test]
fn completed_and_stopped_are_understood() {
    for url in [
        "http://10.0.0.1:6969/announce",
        "udp://10.0.0.1:6969/announce",
    ] {
        let mut server = server();
        let mut watcher = world(url, SEEDER);
        let mut leecher = world(url, LEECHER);
        serve(&mut server, &mut leecher, "10.0.0.2");
        leecher.complete();
        let reports = serve(&mut server, &mut leecher, "10.0.0.2");
        assert_eq!(told(&reports), (1, 0), "{url}");
        leecher.stop(seconds(5));
        serve(&mut server, &mut leecher, "10.0.0.2");
        assert!(leecher.announcer.is_stopped());
        let reports = serve(&mut server, &mut watcher, "10.0.0.3");
        assert_eq!(told(&reports), (1, 0), "only the watcher");
        assert_eq!(peers(&reports), [""; 0]);
    }
}
