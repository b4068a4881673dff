//! Connections that the core asks for.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use mt::base::{Action, DialError, DialToken, Instant, Origin};
use socket2::{Domain, Socket, Type};

use crate::harness::{PATIENCE, exchange, loopback, serve};
use crate::server::{ECHO, Event, Job};

fn dial(token: u64, to: SocketAddr, give_up_at: Instant) -> Action<Job> {
    Action::Dial {
        token: DialToken(token),
        from: None,
        to,
        give_up_at,
    }
}

fn late() -> Instant {
    Instant::ZERO + PATIENCE
}

#[test]
fn a_dial_is_answered_by_a_connection_of_its_token() {
    let (running, _) = serve(ECHO);
    let listener = TcpListener::bind(loopback()).unwrap();
    running.act(dial(7, listener.local_addr().unwrap(), late()));
    let (mut stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    exchange(&mut stream, b"hello", b"hello");
    let opened = running.event();
    let origin = Origin::Dial(DialToken(7));
    assert!(matches!(opened, Event::Opened(_, it) if it == origin));
    running.finish();
}

fn dial_from(from: &str, token: u64, to: SocketAddr) -> Action<Job> {
    Action::Dial {
        token: DialToken(token),
        from: Some(from.parse().unwrap()),
        to,
        give_up_at: late(),
    }
}

#[test]
fn a_dial_comes_from_the_address_that_was_named() {
    let (running, _) = serve(ECHO);
    let mut streams = Vec::new();
    for (token, listens, from) in [
        (1, "127.0.0.1:0", "127.9.8.7"),
        (2, "127.0.0.1:0", "127.9.8.6"),
        (3, "[::1]:0", "::1"),
    ] {
        let listener = TcpListener::bind(listens).unwrap();
        running.act(dial_from(from, token, listener.local_addr().unwrap()));
        let (mut stream, remote) = listener.accept().unwrap();
        assert_eq!(remote.ip().to_string(), from);
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        exchange(&mut stream, b"hello", b"hello");
        let origin = Origin::Dial(DialToken(token));
        assert!(matches!(running.event(), Event::Opened(_, it) if it == origin));
        streams.push(stream);
    }
    running.finish();
}

#[test]
fn a_dial_from_an_address_of_another_machine_leads_nowhere() {
    let (running, _) = serve(ECHO);
    let listener = TcpListener::bind(loopback()).unwrap();
    for from in ["192.0.2.1", "::1"] {
        running.act(dial_from(from, 9, listener.local_addr().unwrap()));
        let failed = Event::DialFailed(DialToken(9), DialError::Unreachable);
        assert_eq!(running.event(), failed, "{from}");
    }
    assert_eq!(running.finish().stats.connections, 0);
}

#[test]
fn a_dial_to_nobody_is_refused() {
    let (running, _) = serve(ECHO);
    let unused = TcpListener::bind(loopback()).unwrap().local_addr().unwrap();
    running.act(dial(8, unused, late()));
    let failed = Event::DialFailed(DialToken(8), DialError::Refused);
    assert_eq!(running.event(), failed);
    running.finish();
}

#[test]
fn a_dial_without_an_answer_ends_in_time() {
    let (running, _) = serve(ECHO);
    // A listener whose queue is full drops what knocks.
    let full = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    full.bind(&loopback().into()).unwrap();
    full.listen(0).unwrap();
    let address = full.local_addr().unwrap().as_socket().unwrap();
    let _first = std::net::TcpStream::connect(address).unwrap();

    let soon = Instant::ZERO + Duration::from_millis(300);
    running.act(dial(9, address, soon));
    let failed = Event::DialFailed(DialToken(9), DialError::TimedOut);
    assert_eq!(running.event(), failed);
    assert_eq!(running.finish().stats.connections, 0);
}
