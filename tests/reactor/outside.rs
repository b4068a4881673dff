//! Time, other threads, and several cores at once.

use std::collections::BTreeSet;
use std::sync::mpsc::channel;
use std::time::Duration;

use mt::base::{Action, Instant};
use mt::reactor::{Ended, Reactor, TcpPort};

use crate::harness::{PATIENCE, Wishes, connect, exchange, loopback, serve, start};
use crate::server::{Command, ECHO, Event, LINES, Server};

#[test]
fn a_deadline_comes_when_it_is_due() {
    let (running, _) = serve(ECHO);
    let began = std::time::Instant::now();
    running.say(Command::TickAfter(Duration::from_millis(60)));
    assert_eq!(running.event(), Event::Tick);
    assert!(began.elapsed() >= Duration::from_millis(60));
    running.say(Command::TickAt(Instant::ZERO));
    assert_eq!(running.event(), Event::Tick);
    let stats = running.finish().stats;
    assert!(stats.turns < 100, "{stats}");
}

#[test]
fn the_figures_are_seen_from_outside_also_when_nothing_happens_any_more() {
    let (running, address) = serve(ECHO);
    exchange(&mut connect(address), b"hi", b"hi");
    running.say(Command::TickAfter(Duration::from_millis(1500)));
    while running.event() != Event::Tick {}
    assert_eq!(running.stats.latest().counters.received_bytes, 2);
    running.finish();
}

#[test]
fn jobs_come_back_through_the_waker() {
    let (running, _) = serve(ECHO);
    for _ in 0..200 {
        let job = Box::new(Command::TickAt(Instant::ZERO));
        running.act(Action::Submit(job));
        assert_eq!(running.event(), Event::Tick);
    }
    running.finish();
}

#[test]
fn more_messages_than_may_wait_are_all_taken() {
    let (running, _) = serve(ECHO);
    let senders: Vec<_> = (0..4)
        .map(|_| {
            let commands = running.commands.clone();
            std::thread::spawn(move || {
                for _ in 0..5000 {
                    let nothing = Action::Replan(mt::base::ConnId::new(0, 0));
                    commands.send(Command::Do(nothing)).unwrap();
                }
            })
        })
        .collect();
    for sender in senders {
        sender.join().unwrap();
    }
    running.say(Command::TickAt(Instant::ZERO));
    assert_eq!(running.event(), Event::Tick);
    let commands = running.commands.clone();
    running.finish();
    let late = commands.send(Command::TickAt(Instant::ZERO));
    assert!(late.is_err(), "nobody is there to take it");
}

#[test]
fn two_cores_share_a_reactor_and_not_their_connections() {
    let ports = [(); 2].map(|()| TcpPort::bind(loopback()).unwrap());
    let addresses = ports.each_ref().map(TcpPort::local_address);
    let (tell, events) = channel();
    let (hand_over, handed_over) = channel();
    let thread = std::thread::spawn(move || {
        let (mut one, mut two) = (Server::new(tell.clone()), Server::new(tell));
        let mut reactor = Reactor::new().unwrap();
        let [port_of_one, port_of_two] = ports;
        let pool = |_, _: &_| {};
        let (plugin, commands_of_one) = reactor.plug_with_pool(&mut one, pool);
        reactor.listen(plugin, ECHO, port_of_one).unwrap();
        let (plugin, _) = reactor.plug_with_pool(&mut two, pool);
        reactor.listen(plugin, LINES, port_of_two).unwrap();
        hand_over.send((reactor.remote(), commands_of_one)).unwrap();
        reactor.run().unwrap()
    });
    let (remote, commands_of_one) = handed_over.recv_timeout(PATIENCE).unwrap();
    let mut streams = addresses.map(connect);
    exchange(&mut streams[0], b"a\n", b"a\n");
    exchange(&mut streams[1], b"a\n", b"<a>\n");

    // The first core may not end a connection of the second.
    let opened = [(); 2].map(|()| match events.recv_timeout(PATIENCE).unwrap() {
        Event::Opened(conn, _) => conn,
        event => panic!("{event:?}"),
    });
    assert_eq!(BTreeSet::from(opened).len(), 2);
    let how = mt::base::Ending::Now;
    let conn = opened[1];
    let end = Command::Do(Action::End { conn, how });
    commands_of_one.send(end).unwrap();
    commands_of_one
        .send(Command::TickAt(Instant::ZERO))
        .unwrap();
    assert_eq!(events.recv_timeout(PATIENCE).unwrap(), Event::Tick);
    exchange(&mut streams[1], b"b\n", b"<b>\n");

    remote.shut_down();
    assert_eq!(thread.join().unwrap(), Ended::Done);
}

#[test]
fn a_core_that_does_not_end_is_waited_for_no_longer_than_said() {
    let wishes = Wishes {
        grace: Duration::from_millis(50),
        stops_when_asked: false,
        ..Wishes::default()
    };
    let running = start(Vec::new(), None, wishes);
    assert_eq!(running.finish().ended, Ended::OutOfTime);
}
