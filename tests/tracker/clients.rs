//! Clients, written by hand from the specifications alone.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use crate::process::PATIENCE;

/// What a client says of itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Announce {
    pub(crate) swarm: u8,
    pub(crate) port: u16,
    pub(crate) left_bytes: u64,
    pub(crate) event: &'static str,
}

/// What a tracker says of a swarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) seeders: u32,
    pub(crate) leechers: u32,
    pub(crate) downloads: u32,
}

#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) counts: Counts,
    pub(crate) ports: Vec<u16>,
}

impl Announce {
    pub(crate) fn target(&self) -> String {
        let mut target = format!(
            "/announce?info_hash={}&peer_id=-XX0000-{:012}&port={}&uploaded=0&downloaded=0&left={}\
             &compact=1",
            escaped(self.swarm),
            self.port,
            self.port,
            self.left_bytes
        );
        if !self.event.is_empty() {
            write!(target, "&event={}", self.event).unwrap();
        }
        target
    }
}

fn escaped(swarm: u8) -> String {
    format!("%{swarm:02x}").repeat(20)
}

/// A connection that stays open.
pub(crate) struct Http {
    pub(crate) stream: TcpStream,
    received: Vec<u8>,
}

impl Http {
    pub(crate) fn connect(to: SocketAddr) -> Self {
        Self::over(TcpStream::connect(to).unwrap())
    }

    pub(crate) fn connect_from(from: IpAddr, to: SocketAddr) -> Self {
        let socket = Socket::new(Domain::for_address(to), Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::new(from, 0).into()).unwrap();
        socket.connect(&to.into()).unwrap();
        Self::over(socket.into())
    }

    fn over(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            received: Vec::new(),
        }
    }

    pub(crate) fn get(&mut self, target: &str) -> Vec<u8> {
        self.try_get(target).expect("an answer")
    }

    /// Nothing where the tracker is gone.
    pub(crate) fn try_get(&mut self, target: &str) -> Option<Vec<u8>> {
        self.try_get_with(target, "")
    }

    /// With more lines in the head.
    pub(crate) fn try_get_with(&mut self, target: &str, lines: &str) -> Option<Vec<u8>> {
        let request = format!("GET {target} HTTP/1.1\r\nHost: tracker\r\n{lines}\r\n");
        self.stream.write_all(request.as_bytes()).ok()?;
        self.reply()
    }

    /// The body of the next reply.
    pub(crate) fn reply(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(body) = self.take_reply() {
                return Some(body);
            }
            let mut piece = [0; 4096];
            let count = self
                .stream
                .read(&mut piece)
                .ok()
                .filter(|count| *count > 0)?;
            self.received.extend_from_slice(&piece[..count]);
        }
    }

    fn take_reply(&mut self) -> Option<Vec<u8>> {
        let head_len = find(&self.received, b"\r\n\r\n")? + 4;
        let head = std::str::from_utf8(&self.received[..head_len]).unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("Content-Length:"));
        let end = head_len + length.unwrap().trim().parse::<usize>().unwrap();
        if self.received.len() < end {
            return None;
        }
        let rest = self.received.split_off(end);
        let whole = std::mem::replace(&mut self.received, rest);
        Some(whole[head_len..].to_vec())
    }

    pub(crate) fn announce(&mut self, announce: Announce) -> Told {
        let body = self.get(&announce.target());
        Told {
            counts: counts(&body),
            ports: ports(string(&body, "5:peers").expect("peers")),
        }
    }

    pub(crate) fn scrape(&mut self, swarm: u8) -> Counts {
        counts(&self.get(&format!("/scrape?info_hash={}", escaped(swarm))))
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

/// What the reply to an announce or to a scrape of one swarm says.
pub(crate) fn counts(body: &[u8]) -> Counts {
    let number = |key: &str| {
        let start = find(body, key.as_bytes()).expect(key) + key.len();
        let end = start + find(&body[start..], b"e").unwrap();
        text(&body[start..end]).parse().unwrap()
    };
    Counts {
        seeders: number("8:completei"),
        leechers: number("10:incompletei"),
        downloads: number("10:downloadedi"),
    }
}

/// The peers of either family in a reply over HTTP.
pub(crate) fn peers(body: &[u8]) -> Vec<SocketAddr> {
    let v4 = addresses::<4>(string(body, "5:peers").unwrap_or_default());
    let v6 = addresses::<16>(string(body, "6:peers6").unwrap_or_default());
    [v4, v6].concat()
}

fn addresses<const N: usize>(compact: &[u8]) -> Vec<SocketAddr>
where
    IpAddr: From<[u8; N]>,
{
    let mut addresses: Vec<SocketAddr> = compact
        .chunks(N + 2)
        .map(|peer| {
            let (ip, port) = peer.split_first_chunk::<N>().unwrap();
            let port = u16::from_be_bytes(port.try_into().unwrap());
            SocketAddr::new(IpAddr::from(*ip), port)
        })
        .collect();
    addresses.sort_unstable();
    addresses
}

/// The string that follows a key.
fn string<'a>(body: &'a [u8], key: &str) -> Option<&'a [u8]> {
    let start = find(body, key.as_bytes())? + key.len();
    let colon = start + find(&body[start..], b":")?;
    let len: usize = text(&body[start..colon]).parse().ok()?;
    body.get(colon + 1..)?.get(..len)
}

fn ports(compact: &[u8]) -> Vec<u16> {
    let peers = addresses::<4>(compact);
    assert!(peers.iter().all(|peer| peer.ip() == Ipv4Addr::LOCALHOST));
    peers.iter().map(SocketAddr::port).collect()
}

pub(crate) const PROTOCOL_ID: u64 = 0x417_2710_1980;

const RESEND_AFTER: Duration = Duration::from_secs(2);

/// A client of BEP 15.
pub(crate) struct Udp {
    socket: UdpSocket,
    connection_id: [u8; 8],
    transaction: u32,
}

impl Udp {
    pub(crate) fn connect(to: SocketAddr) -> Self {
        let own: IpAddr = match to {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        };
        Self::connect_from(own, to)
    }

    pub(crate) fn connect_from(from: IpAddr, to: SocketAddr) -> Self {
        let socket = UdpSocket::bind((from, 0)).unwrap();
        socket.connect(to).unwrap();
        // Packets may be lost, on a busy machine also on the way to itself: then they are sent again.
        socket.set_read_timeout(Some(RESEND_AFTER)).unwrap();
        let mut udp = Self {
            socket,
            connection_id: PROTOCOL_ID.to_be_bytes(),
            transaction: 0,
        };
        let (action, rest) = udp.ask(0, &[]);
        assert_eq!(action, 0);
        udp.connection_id = rest.try_into().unwrap();
        udp
    }

    pub(crate) fn announce(&mut self, announce: Announce) -> Told {
        let (counts, compact) = self.announce_packed(announce, Ipv4Addr::UNSPECIFIED);
        Told {
            counts,
            ports: ports(&compact),
        }
    }

    /// With the address that the client claims; the peers as they were sent.
    pub(crate) fn announce_packed(
        &mut self,
        announce: Announce,
        claimed: Ipv4Addr,
    ) -> (Counts, Vec<u8>) {
        let mut body = vec![announce.swarm; 20];
        body.extend([b'p'; 20]);
        body.extend([0; 8]);
        body.extend(announce.left_bytes.to_be_bytes());
        body.extend([0; 8]);
        let events = ["", "completed", "started", "stopped"];
        let event = events.iter().position(|event| *event == announce.event);
        body.extend(u32::try_from(event.unwrap()).unwrap().to_be_bytes());
        body.extend(claimed.octets());
        body.extend([0; 4]);
        body.extend((-1_i32).to_be_bytes());
        body.extend(announce.port.to_be_bytes());
        let (action, rest) = self.ask(1, &body);
        assert_eq!(action, 1, "{}", String::from_utf8_lossy(&rest));
        let [_interval, leechers, seeders] = numbers(&rest);
        let counts = Counts {
            seeders,
            leechers,
            downloads: 0,
        };
        (counts, rest[12..].to_vec())
    }

    pub(crate) fn scrape(&mut self, swarm: u8) -> Counts {
        let (action, rest) = self.ask(2, &[swarm; 20]);
        assert_eq!((action, rest.len()), (2, 12));
        let [seeders, downloads, leechers] = numbers(&rest);
        Counts {
            seeders,
            leechers,
            downloads,
        }
    }

    fn ask(&mut self, action: u32, body: &[u8]) -> (u32, Vec<u8>) {
        self.transaction += 1;
        let mut packet = self.connection_id.to_vec();
        packet.extend(action.to_be_bytes());
        packet.extend(self.transaction.to_be_bytes());
        packet.extend(body);
        let until = Instant::now() + PATIENCE;
        let mut reply = [0; 2048];
        loop {
            assert!(Instant::now() < until, "no answer");
            self.socket.send(&packet).unwrap();
            while let Ok(len_bytes) = self.socket.recv(&mut reply) {
                let [action, transaction] = numbers(&reply);
                if transaction == self.transaction {
                    return (action, reply[8..len_bytes].to_vec());
                }
            }
        }
    }
}

fn numbers<const N: usize>(bytes: &[u8]) -> [u32; N] {
    let (words, _) = bytes.as_chunks::<4>();
    std::array::from_fn(|at| u32::from_be_bytes(words[at]))
}
