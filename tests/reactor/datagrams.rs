//! Datagrams by the thousand.

use std::collections::BTreeSet;
use std::net::{SocketAddr, UdpSocket};

use mt::base::Action;
use mt::base::limits::DATAGRAM_LEN_BYTES_MAX;
use mt::reactor::UdpPort;

use crate::harness::{PATIENCE, Running, Wishes, loopback, start};
use crate::server::DATAGRAM_ECHO;

fn serve_datagrams(address: SocketAddr) -> (Running, UdpSocket) {
    let port = UdpPort::bind(address).unwrap();
    let server_at = port.local_address();
    let running = start(Vec::new(), Some(port), Wishes::default());
    let socket = UdpSocket::bind((address.ip(), 0)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.connect(server_at).unwrap();
    (running, socket)
}

#[test]
fn thousands_of_datagrams_are_answered() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let (running, socket) = serve_datagrams(address.parse().unwrap());
        let mut answered = BTreeSet::new();
        // In bursts of several batches that the buffers of both ends surely hold.
        for burst in 0..100_u32 {
            for index in 0..100 {
                socket.send(&(burst * 100 + index).to_be_bytes()).unwrap();
            }
            for _ in 0..100 {
                let mut bytes = [0; 8];
                assert_eq!(socket.recv(&mut bytes).unwrap(), 4);
                answered.insert(bytes[..4].to_vec());
            }
        }
        assert_eq!(answered.len(), 10_000);
        let counters = running.finish().stats.counters;
        let counted = (counters.datagrams_received, counters.datagrams_sent);
        assert_eq!(counted, (10_000, 10_000));
    }
}

#[test]
fn a_datagram_that_is_too_long_is_dropped_and_counted() {
    let (running, socket) = serve_datagrams(loopback());
    socket.send(&[1; DATAGRAM_LEN_BYTES_MAX + 1]).unwrap();
    socket.send(&[2; DATAGRAM_LEN_BYTES_MAX]).unwrap();
    let mut bytes = [0; DATAGRAM_LEN_BYTES_MAX + 1];
    assert_eq!(socket.recv(&mut bytes).unwrap(), DATAGRAM_LEN_BYTES_MAX);
    assert_eq!(bytes[0], 2);
    assert_eq!(running.finish().stats.counters.datagrams_dropped, 1);
}

#[test]
fn a_core_sends_on_its_own_and_a_wrong_address_stops_nobody() {
    let (running, socket) = serve_datagrams(loopback());
    let send = |to: SocketAddr, bytes: &[u8]| Action::SendDatagram {
        socket: DATAGRAM_ECHO,
        to,
        bytes: bytes.to_vec(),
    };
    let nowhere: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let other_family: SocketAddr = "[::1]:9".parse().unwrap();
    running.act(send(nowhere, b"nobody"));
    running.act(send(other_family, b"nobody"));
    running.act(send(socket.local_addr().unwrap(), b"news"));
    let mut bytes = [0; 16];
    assert_eq!(socket.recv(&mut bytes).unwrap(), 4);
    assert_eq!(&bytes[..4], b"news");
    assert_eq!(running.finish().stats.counters.datagrams_dropped, 2);
}
