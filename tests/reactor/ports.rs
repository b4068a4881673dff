//! Ports: several, of both families, and those that cannot be had.

use std::net::{SocketAddr, UdpSocket};

use mt::reactor::{BindError, TcpPort, UdpPort};

use crate::harness::{PATIENCE, Wishes, connect, exchange, loopback, start};
use crate::server::{ECHO, LINES};

#[test]
fn one_port_serves_both_families_and_both_transports() {
    let four = TcpPort::bind("0.0.0.0:0".parse().unwrap()).unwrap();
    let port = four.local_address().port();
    let six = TcpPort::bind(SocketAddr::new("::".parse().unwrap(), port)).unwrap();
    let udp = UdpPort::bind(SocketAddr::new("0.0.0.0".parse().unwrap(), port)).unwrap();
    let listeners = vec![(ECHO, four), (LINES, six)];
    let running = start(listeners, Some(udp), Wishes::default());

    let at = |ip: &str| SocketAddr::new(ip.parse().unwrap(), port);
    exchange(&mut connect(at("127.0.0.1")), b"a\n", b"a\n");
    exchange(&mut connect(at("::1")), b"a\n", b"<a>\n");
    let socket = UdpSocket::bind(loopback()).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.send_to(b"a", at("127.0.0.1")).unwrap();
    assert_eq!(socket.recv_from(&mut [0; 4]).unwrap(), (1, at("127.0.0.1")));
    running.finish();
}

#[test]
fn a_port_that_cannot_be_had_is_told_in_words() {
    let taken = TcpPort::bind(loopback()).unwrap();
    let address = taken.local_address();
    let error = TcpPort::bind(address).unwrap_err();
    assert!(matches!(error, BindError::InUse { .. }));
    assert_eq!(
        error.to_string(),
        format!(
            "cannot listen on TCP `{address}`: another program has that port; stop it, or choose \
             another port (0 takes a free one)"
        )
    );
    let taken = UdpPort::bind(loopback()).unwrap();
    let error = UdpPort::bind(taken.local_address()).unwrap_err();
    assert!(matches!(error, BindError::InUse { .. }), "{error}");
    let error = TcpPort::bind("192.0.2.1:0".parse().unwrap()).unwrap_err();
    assert!(matches!(error, BindError::NotOurs { .. }), "{error}");
}

/// What is said first is there when the connection opens; who says nothing is not left out for long.
#[test]
fn a_port_where_clients_speak_first_serves_the_silent_too() {
    let port = TcpPort::bind(loopback()).unwrap();
    let address = port.local_address();
    let ports = vec![(LINES, port.where_clients_speak_first())];
    let running = start(ports, None, Wishes::default());
    let mut silent = connect(address);
    let mut speaking = connect(address);
    exchange(&mut speaking, b"a\n", b"<a>\n");
    running.opened();
    #[cfg(target_os = "linux")]
    assert!(running.events.try_recv().is_err(), "nothing was said there");
    running.opened();
    exchange(&mut silent, b"b\n", b"<b>\n");
    running.finish();
}

#[test]
fn a_port_can_be_had_again_while_old_connections_linger() {
    let port = TcpPort::bind(loopback()).unwrap();
    let address = port.local_address();
    let running = start(vec![(LINES, port)], None, Wishes::default());
    let mut stream = connect(address);
    exchange(&mut stream, b"close\n", b"<close>\n");
    crate::harness::expect_end(&mut stream);
    drop(stream);
    running.finish();
    TcpPort::bind(address).unwrap();
}
