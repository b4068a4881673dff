//! The engine by itself; how it gets on with others is the simulation's to show.

use std::net::SocketAddr;
use std::time::Duration;

use super::{Config, Engine, Job, TorrentSetup};
use crate::base::{
    Action, Bitfield, ConnId, Core, DialToken, Ending, Geometry, Input, Instant, Origin, SendPlan,
    Sha1Digest, Url,
};

const TRACKER: &str = "192.0.2.1:80";

/// A torrent of which everything is there, and its tracker.
fn seeded() -> TorrentSetup {
    let geometry = Geometry::new(1 << 16, 1 << 16).unwrap();
    TorrentSetup {
        name: "content".to_owned(),
        info_hash: Sha1Digest([1; 20]),
        geometry,
        total_bytes: 1 << 16,
        padding: Vec::new(),
        have: Bitfield::all(1),
        runs: Vec::new(),
        is_private: false,
        trackers: vec![vec![
            Url::parse(&format!("http://{TRACKER}/announce")).unwrap(),
        ]],
        tells_every_tracker: false,
        peers: Vec::new(),
        is_sequential: false,
    }
}

fn actions(engine: &mut Engine) -> Vec<Action<Job>> {
    std::iter::from_fn(|| engine.poll()).collect()
}

fn dials(actions: &[Action<Job>]) -> Vec<DialToken> {
    let dials = actions.iter().filter_map(|action| match action {
        Action::Dial { token, .. } => Some(*token),
        _ => None,
    });
    dials.collect()
}

/// What a tracker is told late would be taken for the last word.
#[test]
fn nothing_is_said_on_a_connection_that_comes_when_it_is_not_wanted_any_more() {
    let remote: SocketAddr = TRACKER.parse().unwrap();
    let mut engine = Engine::new(Config::new(6881, 1));
    let mut now = Instant::ZERO + Duration::from_secs(1);
    engine.add(now, seeded());
    engine.handle(now, Input::Tick);
    let [started] = dials(&actions(&mut engine))[..] else {
        panic!("the tracker is called once");
    };
    now += Duration::from_secs(1);
    engine.handle(now, Input::Shutdown);
    engine.handle(now, Input::Tick);
    let [stopped] = dials(&actions(&mut engine))[..] else {
        panic!("the goodbye is told on a connection of its own");
    };
    for (number, token, is_wanted) in [(0, started, false), (1, stopped, true)] {
        let conn = ConnId::new(number, 0);
        let origin = Origin::Dial(token);
        engine.handle(
            now,
            Input::Opened {
                conn,
                origin,
                remote,
            },
        );
        let ends = actions(&mut engine).iter().any(|action| {
            matches!(action, Action::End { conn: ended, how: Ending::Now } if *ended == conn)
        });
        assert_eq!(ends, !is_wanted);
        let mut plan = SendPlan::new();
        engine.send_plan(conn, &mut plan);
        assert_eq!(plan.len_bytes() > 0, is_wanted);
    }
}
