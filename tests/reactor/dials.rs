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
