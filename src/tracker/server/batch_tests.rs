//! Packets in batches against the same packets one by one.

use super::tests::{NOW, at, connect, server};
use super::*;
use crate::base::{DatagramBatch, Sha1Digest};
use crate::wire::udp_tracker::{AnnounceRequest, ConnectRequest, Header, UrlData};

const SWARMS: u32 = 12;
const PORTS: u32 = 60;

fn info_hash(swarm: u32) -> Sha1Digest {
    let mut bytes = [7; 20];
    bytes[..4].copy_from_slice(&swarm.to_be_bytes());
    Sha1Digest(bytes)
}

/// Mostly announces, of peers who come again within one batch: in another role, or to stop; swarms of
/// low numbers are the largest.
fn packet(connection_id: u64, rng: &mut Rng) -> Vec<u8> {
    let mut packet = Vec::new();
    let kind = rng.below(20);
    if kind == 0 {
        ConnectRequest { transaction_id: 1 }.write(&mut packet);
        return packet;
    }
    let swarm = rng.below(SWARMS) * rng.below(SWARMS) / SWARMS;
    let announce = AnnounceRequest {
        header: Header {
            connection_id,
            transaction_id: rng.below(1000),
        },
        info_hash: info_hash(swarm),
        peer_id: [0; 20],
        downloaded_bytes: 0,
        left_bytes: u64::from(rng.below(3)),
        uploaded_bytes: 0,
        event: match rng.below(9) {
            0 => Event::Stopped,
            1 => Event::Completed,
            _ => Event::None,
        },
        ip: None,
        key: 0,
        wanted: Some(rng.below(60)),
        port: u16::try_from(1 + rng.below(PORTS) * rng.below(PORTS)).unwrap(),
        url_data: UrlData::default(),
    };
    announce.write(&mut packet);
    if kind == 1 {
        packet.truncate(rng.below(98) as usize);
    }
    packet
}

#[test]
fn a_batch_is_answered_as_its_packets_one_by_one() {
    let without_limits = || {
        server(Config {
            rate: None,
            ..Config::default()
        })
    };
    let (mut whole, mut single) = (without_limits(), without_limits());
    let clients = ["198.51.100.1:1000", "[2001:db8::1]:1000"].map(|from| {
        let id = connect(&mut whole, from);
        assert_eq!(connect(&mut single, from), id);
        (at(from), id)
    });
    let mut rng = Rng::new(1);
    let mut largest = 0;
    for round in 0..600 {
        let mut received = DatagramBatch::default();
        // More than fit one batch of the socket, too.
        for _ in 0..rng.below(80) {
            let (from, id) = clients[usize::from(rng.below(5) == 0)];
            let packet = packet(id, &mut rng);
            received.push(from, &packet);
        }
        let mut replies = DatagramBatch::default();
        whole.udp_batch(NOW, &received, &mut replies);
        let mut expected = DatagramBatch::default();
        for (from, packet) in received.iter() {
            expected.push_with(from, |out| single.udp(NOW, from, packet, out));
        }
        assert!(replies.iter().eq(expected.iter()), "batch {round}");
        let totals = whole.table().totals();
        assert_eq!(totals, single.table().totals(), "batch {round}");
        let counts = whole.table().scrape(&info_hash(0)).unwrap_or_default();
        largest = largest.max(counts.seeders + counts.leechers);
    }
    // More than are looked at one by one, in either family.
    assert!(largest > 300, "{largest}");
}
