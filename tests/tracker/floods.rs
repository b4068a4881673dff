//! Many who do not behave, and a few who do.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::clients::{Announce, Http, PROTOCOL_ID, Udp};
use crate::process::{ADMIN, HTTP, PATIENCE, Tracker, UDP, wait_until};

const LIMITS: &str = "--limit-loopback --max-rate 10 --max-connections-per-address 20";

/// What a flood may add to the memory of a tracker: bounded tables that fill, buffers of half requests.
const GROWTH_BYTES_MAX: u64 = 8 << 20;

const OFFENDERS: u8 = 200;
const QUESTIONS: u16 = 40;

fn offender(number: u8) -> IpAddr {
    Ipv4Addr::new(127, 1, 1, number).into()
}

fn behaving(number: u8) -> IpAddr {
    Ipv4Addr::new(127, 2, 2, number).into()
}

fn announce(swarm: u8, port: u16) -> Announce {
    Announce {
        swarm,
        port,
        left_bytes: 1,
        event: "",
    }
}

/// An announce with a connection id that was never given out, or with the one that was.
fn udp_question(connection_id: [u8; 8], transaction: u16) -> Vec<u8> {
    let mut packet = connection_id.to_vec();
    packet.extend([0, 0, 0, 1, 0, 0]);
    packet.extend(transaction.to_be_bytes());
    packet.extend([7; 20]);
    packet.extend([b'x'; 20]);
    packet.extend([0; 36]);
    packet.extend((-1_i32).to_be_bytes());
    packet.extend(1000_u16.to_be_bytes());
    packet
}

/// Connects, announces far too often, makes ids up and sends what is nothing at all, from many
/// addresses; reads no answer but the first.
fn flood_by_udp(to: SocketAddr, is_over: &AtomicBool) {
    let mut round = 0_u16;
    while !is_over.load(Ordering::Relaxed) {
        for number in 0..OFFENDERS {
            let socket = UdpSocket::bind((offender(number), 0)).unwrap();
            socket.connect(to).unwrap();
            let patience = Some(Duration::from_millis(20));
            socket.set_read_timeout(patience).unwrap();
            let mut connect = PROTOCOL_ID.to_be_bytes().to_vec();
            connect.extend([0; 8]);
            let _ = socket.send(&connect);
            let mut answer = [0; 16];
            let is_told = socket.recv(&mut answer).is_ok();
            let own = answer.last_chunk().copied().filter(|_| is_told);
            for question in 0..QUESTIONS {
                round = round.wrapping_add(1);
                let made_up = [round.to_le_bytes()[0]; 8];
                let _ = socket.send(&udp_question(own.unwrap_or(made_up), question));
                let _ = socket.send(&udp_question(made_up, question));
                let _ = socket.send(&[0xff; 300][..usize::from(round % 300)]);
            }
        }
    }
}

/// Requests that never end, more than an address may have connections.
fn half_requests(to: SocketAddr) -> Vec<Http> {
    let half = "GET /announce?info_hash=".to_owned() + &"%61".repeat(300);
    let open = |number: u8| {
        let mut client = Http::connect_from(offender(number % 10), to);
        let _ = client.stream.write_all(half.as_bytes());
        client
    };
    (0..=255).map(open).collect()
}

/// A byte now and then, for as long as they are taken.
fn send_slowly(mut client: Http) {
    let until = Instant::now() + PATIENCE;
    client
        .stream
        .set_read_timeout(Some(Duration::from_millis(100)))
        .unwrap();
    let mut answer = [0; 1];
    loop {
        assert!(Instant::now() < until, "a slow sender is not waited for");
        let is_taken = client.stream.write_all(b"a").is_ok();
        match client.stream.read(&mut answer) {
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock && is_taken => {}
            _ => return,
        }
    }
}

#[test]
fn under_a_flood_those_who_behave_are_answered_and_memory_stays() {
    let folder = tempfile::tempdir().unwrap();
    let tracker = Tracker::start(folder.path(), &[HTTP, UDP, ADMIN, LIMITS]);
    let (http, udp) = (tracker.http.unwrap(), tracker.udp.unwrap());
    Http::connect_from(behaving(1), http).get(&announce(1, 1001).target());
    let before_bytes = tracker.resident_bytes();
    let before = tracker.descriptors();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| flood_by_udp(udp, &is_over));
        let slow = scope.spawn(move || send_slowly(Http::connect_from(offender(100), http)));
        let halves = half_requests(http);
        for round in 0..20 {
            let (first, second) = (behaving(2 * round + 2), behaving(2 * round + 3));
            let port = 2000 + u16::from(round);
            Http::connect_from(first, http).get(&announce(2, port).target());
            let mut client = Udp::connect_from(second, udp);
            let (counts, _) = client.announce_packed(announce(2, port), Ipv4Addr::UNSPECIFIED);
            assert_eq!(counts.leechers, 2 * u32::from(round) + 2);
        }
        let grown_bytes = tracker.resident_bytes().saturating_sub(before_bytes);
        assert!(grown_bytes <= GROWTH_BYTES_MAX, "{grown_bytes}");
        slow.join().unwrap();
        is_over.store(true, Ordering::Relaxed);
        // Who sent half a request is not waited for either.
        wait_until(|| tracker.descriptors() <= before + 2);
        drop(halves);
    });
    let grown_bytes = tracker.resident_bytes().saturating_sub(before_bytes);
    assert!(grown_bytes <= GROWTH_BYTES_MAX, "{grown_bytes}");
    let stats = tracker.stats();
    let udp_stats = &stats["requests"]["udp_ipv4"];
    for unwelcome in ["refused", "ignored"] {
        let count = udp_stats[unwelcome].as_u64().unwrap();
        assert!(count > 0, "{unwelcome}: {stats}");
    }
    tracker.stop();
}
