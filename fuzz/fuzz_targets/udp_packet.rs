//! No packet is answered with more than its own length, unless its sender has proven to receive what
//! is sent to it; and no reply is too long for a packet. Clients read any packet, too.

#![no_main]

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use mt::tracker::Secret;
use mt::tracker::server::{Config, Server};
use mt::wire::udp_tracker::{ConnectRequest, Reply, parse_reply};

fuzz_target!(|data: &[u8]| {
    // Without the limiter, whose table takes longer to make than all the rest.
    let config = Config {
        rate: None,
        ..Config::default()
    };
    let mut server = Server::new(config, secret_of(data), 5);
    let (family, packet) = data.split_first().unwrap_or((&0, &[]));
    let from: SocketAddr = match family % 2 {
        0 => ([192, 0, 2, 1], 1000).into(),
        _ => ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], 1000).into(),
    };
    let _ = parse_reply(packet);
    let mut out = Vec::new();
    server.udp(Duration::ZERO, from, packet, &mut out);
    assert!(out.len() <= packet.len());

    out.clear();
    let mut connect = Vec::new();
    ConnectRequest { transaction_id: 1 }.write(&mut connect);
    server.udp(Duration::ZERO, from, &connect, &mut out);
    let Ok((1, Reply::Connect { connection_id })) = parse_reply(&out) else {
        panic!("a connect is always answered");
    };
    let mut known = packet.to_vec();
    if let Some(front) = known.first_chunk_mut() {
        *front = connection_id.to_be_bytes();
    }
    out.clear();
    server.udp(Duration::ZERO, from, &known, &mut out);
    assert!(out.len() <= 1472);
    assert!(out.is_empty() || parse_reply(&out).is_ok());
});

/// Another for each input: the fuzzer watches comparisons, and would learn the ids that one secret
/// gives.
fn secret_of(data: &[u8]) -> Secret {
    let mut hasher = DefaultHasher::new();
    data.hash(&mut hasher);
    let hash = hasher.finish();
    Secret([1, 2, hash, !hash])
}
