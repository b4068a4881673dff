//! Nobody gets more than a turn's worth, and who does not read costs nothing.

use std::io::Read as _;
use std::time::{Duration, Instant};

use mt::base::limits::CONN_TURN_BYTES_MAX;
use mt::reactor::TcpPort;

use crate::harness::{Wishes, connect, exchange, loopback, serve, start};
use crate::server::{Command, ECHO, Event, SOURCE};

#[test]
fn hogs_do_not_starve_the_others() {
    let [source, echo] = [SOURCE, ECHO].map(|kind| (kind, TcpPort::bind(loopback()).unwrap()));
    let (source_at, echo_at) = (source.1.local_address(), echo.1.local_address());
    let running = start(vec![source, echo], None, Wishes::default());
    let hogs: Vec<_> = (0..2)
        .map(|_| {
            let mut stream = connect(source_at);
            std::thread::spawn(move || {
                let mut buffer = vec![0; 1 << 20];
                let mut total = 0;
                while let Ok(len_bytes @ 1..) = stream.read(&mut buffer) {
                    total += len_bytes;
                }
                total
            })
        })
        .collect();
    let mut polite = connect(echo_at);
    let mut rounds = 0;
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(300) {
        exchange(&mut polite, b"ping", b"ping");
        rounds += 1;
    }
    let view = running.stats.clone();
    let finished = running.finish();
    assert_eq!(view.latest().counters, finished.stats.counters);
    let total: usize = hogs.into_iter().map(|hog| hog.join().unwrap()).sum();
    assert!(total > 8 * CONN_TURN_BYTES_MAX, "the hogs got {total}");
    assert!(finished.stats.counters.budgets_spent > 0);
    assert!(rounds >= 20, "{rounds} rounds in 300 ms");
}

#[test]
fn peers_that_never_read_are_seen_and_wait_without_work() {
    let (running, address) = serve(SOURCE);
    let streams: Vec<_> = (0..8).map(|_| connect(address)).collect();
    for _ in &streams {
        running.opened();
    }
    running.say(Command::TickAfter(Duration::from_secs(1)));
    assert_eq!(running.event(), Event::Tick);
    let finished = running.finish();
    // What the kernel's buffers hold, and a few turns for filling them.
    assert!(finished.server.sent_bytes < 8 * (16 << 20));
    assert!(finished.stats.turns < 1000, "{}", finished.stats);
    drop(streams);
}
