//! A tracker in memory: what an announce costs besides the sockets.

use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mt::base::limits::DATAGRAM_BATCH_LEN_MAX as BATCH_LEN;
use mt::base::{DatagramBatch, Rng, Sha1Digest};
use mt::tracker::server::{Config, Server};
use mt::tracker::state_file::{Reader, write_change};
use mt::tracker::table::{Announce, Bounds, Change, Fact, Role, Table, Time};
use mt::tracker::{Family, Peer, Secret};
use mt::wire::Event;
use mt::wire::udp_tracker::{AnnounceRequest, ConnectRequest, Header, Reply, UrlData, parse_reply};

const PEERS: u32 = 1_000_000;
const NOW: Duration = Duration::from_secs(1000);
const SECRET: Secret = Secret([
    0x243f_6a88_85a3_08d3,
    0x1319_8a2e_0370_7344,
    0xa409_3822_299f_31d0,
    0x082e_fa98_ec4e_6c89,
]);

fn info_hash(number: u32) -> Sha1Digest {
    let mut bytes = [0x5a; 20];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    Sha1Digest(bytes)
}

fn address(number: u32) -> Ipv4Addr {
    Ipv4Addr::from(0x0b00_0000 + number)
}

/// A million peers, this many in each swarm.
#[derive(Clone, Copy)]
struct World {
    swarm_len: u32,
}

impl World {
    fn announce(self, number: u32) -> Announce {
        Announce {
            info_hash: info_hash(number / self.swarm_len),
            peer: Peer::new(address(number).into(), 6881),
            role: if number.is_multiple_of(4) {
                Role::Seeder
            } else {
                Role::Leecher
            },
            event: Event::None,
        }
    }

    fn change(self, number: u32) -> Change {
        let announce = self.announce(number);
        Change {
            info_hash: announce.info_hash,
            fact: Fact::Here(announce.peer, announce.role),
        }
    }

    fn fill(self, table: &mut Table) {
        for number in 0..PEERS {
            table.announce(Time(1000), &self.announce(number));
        }
    }
}

const WORLDS: [World; 3] = [
    World { swarm_len: 2 },
    World { swarm_len: 100 },
    World { swarm_len: PEERS },
];

fn bounds() -> Bounds {
    Bounds {
        lifetime_s: 2700,
        sweep_s: 240,
        peers_max: 10_000_000,
        swarms_max: 10_000_000,
    }
}

fn announces(c: &mut Criterion) {
    let mut group = c.benchmark_group("table");
    for world in WORLDS {
        let mut table = Table::new(bounds(), SECRET);
        world.fill(&mut table);
        let mut rng = Rng::new(1);
        let mut out = Vec::with_capacity(2000);
        for wanted in [0, 30, 50] {
            let id = BenchmarkId::new(format!("announce, swarms of {}", world.swarm_len), wanted);
            group.bench_function(id, |b| {
                b.iter(|| {
                    let announce = world.announce(rng.below(PEERS));
                    let seat = table.announce(Time(1001), &announce);
                    out.clear();
                    table.sample(Time(1001), &seat, Family::V4, wanted, &mut rng, &mut out);
                    black_box(&out);
                });
            });
        }
    }
    group.finish();
}

fn empty_server() -> Server {
    let config = Config {
        rate: None,
        ..Config::default()
    };
    Server::new(config, SECRET, 1)
}

fn server(world: World) -> Server {
    let mut server = empty_server();
    world.fill(server.table());
    server
}

fn connection_id(server: &mut Server, from: SocketAddr) -> u64 {
    let mut connect = Vec::new();
    ConnectRequest { transaction_id: 1 }.write(&mut connect);
    let mut out = Vec::new();
    server.udp(NOW, from, &connect, &mut out);
    match parse_reply(&out) {
        Ok((_, Reply::Connect { connection_id })) => connection_id,
        _ => 0,
    }
}

fn udp_packet(connection_id: u64, number: u32, world: World, wanted: u32) -> Vec<u8> {
    let announce = world.announce(number);
    let request = AnnounceRequest {
        header: Header {
            connection_id,
            transaction_id: number,
        },
        info_hash: announce.info_hash,
        peer_id: [0x2d; 20],
        downloaded_bytes: 0,
        left_bytes: u64::from(announce.role == Role::Leecher),
        uploaded_bytes: 0,
        event: Event::None,
        ip: None,
        key: 0,
        wanted: Some(wanted),
        port: 6881,
        url_data: UrlData::default(),
    };
    let mut packet = Vec::new();
    request.write(&mut packet);
    packet
}

const PORTS: u32 = 60_000;

/// As they come off a socket under load: many at a time, from few addresses, and from peers who say now
/// that they have everything and now that they do not.
fn batches(c: &mut Criterion) {
    let mut group = c.benchmark_group("udp");
    group.throughput(Throughput::Elements(BATCH_LEN as u64));
    for swarm_len in [2, 100, 2000, PEERS] {
        let world = World { swarm_len };
        let mut server = empty_server();
        let clients: Vec<_> = (0..=PEERS / PORTS)
            .map(|number| {
                let from = SocketAddr::from((address(number), 1000));
                let connection_id = connection_id(&mut server, from);
                let packet = udp_packet(connection_id, number, world, 30);
                (from, *packet.first_chunk::<98>().unwrap_or(&[0; 98]))
            })
            .collect();
        let mut rng = Rng::new(4);
        let mut announce = || {
            let number = rng.below(PEERS);
            let (from, mut packet) = clients[(number / PORTS) as usize];
            packet[16..36].copy_from_slice(&info_hash(number / swarm_len).0);
            packet[71] = u8::from(rng.below(4) == 0);
            let port = u16::try_from(1 + number % PORTS).unwrap_or(1);
            packet[96..98].copy_from_slice(&port.to_be_bytes());
            (from, packet)
        };
        let mut received = DatagramBatch::default();
        let mut replies = DatagramBatch::default();
        let mut serve_batch = || {
            received.clear();
            replies.clear();
            for _ in 0..BATCH_LEN {
                let (from, packet) = announce();
                received.push(from, &packet);
            }
            server.udp_batch(NOW, &received, &mut replies);
            black_box(&replies);
        };
        // Until nearly all of them are known.
        for _ in 0..5 * PEERS as usize / BATCH_LEN {
            serve_batch();
        }
        let id = format!("announce of 30 in batches, swarms of {swarm_len}");
        group.bench_function(id, |b| b.iter(&mut serve_batch));
    }
    group.finish();
}

const REQUESTS: u32 = 1 << 16;

fn packets(c: &mut Criterion) {
    let mut group = c.benchmark_group("udp");
    for world in WORLDS {
        let mut server = server(world);
        let mut rng = Rng::new(2);
        let requests: Vec<_> = (0..REQUESTS)
            .map(|_| {
                let number = rng.below(PEERS);
                let from = SocketAddr::from((address(number), 1000));
                let connection_id = connection_id(&mut server, from);
                (from, udp_packet(connection_id, number, world, 30))
            })
            .collect();
        let mut out = Vec::with_capacity(2000);
        let mut requests = requests.iter().cycle();
        let id = format!("announce of 30, swarms of {}", world.swarm_len);
        group.bench_function(id, |b| {
            b.iter(|| {
                if let Some((from, packet)) = requests.next() {
                    out.clear();
                    server.udp(NOW, *from, packet, &mut out);
                    black_box(&out);
                }
            });
        });
    }
    group.finish();
}

fn requests(c: &mut Criterion) {
    let mut group = c.benchmark_group("http");
    for world in WORLDS {
        let mut server = server(world);
        let mut rng = Rng::new(3);
        let requests: Vec<_> = (0..REQUESTS)
            .map(|_| {
                let number = rng.below(PEERS);
                let hash = world.announce(number).info_hash;
                let escaped: String = hash.0.iter().map(|byte| format!("%{byte:02X}")).collect();
                let request = format!(
                    "GET /announce?info_hash={escaped}&peer_id=-TR3000-p3cgb6fl7v0k&port=6881\
                     &uploaded=0&downloaded=0&left={}&numwant=30&compact=1 HTTP/1.1\r\n\
                     Host: 127.0.0.1:6969\r\nUser-Agent: Transmission/3.00\r\nAccept: */*\r\n\r\n",
                    u32::from(!number.is_multiple_of(4))
                );
                (SocketAddr::from((address(number), 1000)), request)
            })
            .collect();
        let mut out = Vec::with_capacity(4000);
        let mut requests = requests.iter().cycle();
        let id = format!("announce of 30, swarms of {}", world.swarm_len);
        group.bench_function(id, |b| {
            b.iter(|| {
                if let Some((from, request)) = requests.next() {
                    out.clear();
                    black_box(server.http(NOW, *from, request.as_bytes(), &mut out));
                }
            });
        });
    }
    group.finish();
}

fn state_file(c: &mut Criterion) {
    let mut group = c.benchmark_group("state file");
    group.sample_size(10);
    for world in WORLDS {
        let changes: Vec<Change> = (0..PEERS).map(|number| world.change(number)).collect();
        let mut text = Vec::new();
        let id = format!("write {PEERS} peers, swarms of {}", world.swarm_len);
        group.bench_function(id, |b| {
            b.iter(|| {
                text.clear();
                for change in &changes {
                    write_change(change, &mut text);
                }
            });
        });
        let id = format!("read {PEERS} peers, swarms of {}", world.swarm_len);
        group.bench_function(id, |b| {
            b.iter_batched(
                || Table::new(bounds(), SECRET),
                |mut table| {
                    Reader::default().read(&text, |change| {
                        table.restore(Time(0), &change);
                    });
                    table
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, announces, packets, batches, requests, state_file);
criterion_main!(benches);
