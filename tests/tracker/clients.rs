//! Clients, written by hand from the specifications alone.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream, UdpSocket};

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
        let stream = TcpStream::connect(to).unwrap();
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
        let request = format!("GET {target} HTTP/1.1\r\nHost: tracker\r\n\r\n");
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
        let peers = find(&body, b"5:peers").expect("peers") + 7;
        let colon = peers + find(&body[peers..], b":").unwrap();
        let len: usize = text(&body[peers..colon]).parse().unwrap();
        let compact = &body[colon + 1..][..len];
        Told {
            counts: counts(&body),
            ports: ports(compact),
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

fn ports(compact: &[u8]) -> Vec<u16> {
    let mut ports: Vec<u16> = compact
        .chunks(6)
        .map(|peer| {
            assert_eq!(peer[..4], Ipv4Addr::LOCALHOST.octets());
            u16::from_be_bytes([peer[4], peer[5]])
        })
        .collect();
    ports.sort_unstable();
    ports
}

/// A client of BEP 15.
pub(crate) struct Udp {
    socket: UdpSocket,
    connection_id: [u8; 8],
    transaction: u32,
}

impl Udp {
    pub(crate) fn connect(to: SocketAddr) -> Self {
        let any = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0);
        let socket = UdpSocket::bind(any).unwrap();
        socket.connect(to).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut udp = Self {
            socket,
            connection_id: 0x417_2710_1980_u64.to_be_bytes(),
            transaction: 0,
        };
        let (action, rest) = udp.ask(0, &[]);
        assert_eq!(action, 0);
        udp.connection_id = rest.try_into().unwrap();
        udp
    }

    pub(crate) fn announce(&mut self, announce: Announce) -> Told {
        let mut body = vec![announce.swarm; 20];
        body.extend([b'p'; 20]);
        body.extend([0; 8]);
        body.extend(announce.left_bytes.to_be_bytes());
        body.extend([0; 8]);
        let events = ["", "completed", "started", "stopped"];
        let event = events.iter().position(|event| *event == announce.event);
        body.extend(u32::try_from(event.unwrap()).unwrap().to_be_bytes());
        body.extend([0; 8]);
        body.extend((-1_i32).to_be_bytes());
        body.extend(announce.port.to_be_bytes());
        let (action, rest) = self.ask(1, &body);
        assert_eq!(action, 1, "{}", String::from_utf8_lossy(&rest));
        let [_interval, leechers, seeders] = numbers(&rest);
        Told {
            counts: Counts {
                seeders,
                leechers,
                downloads: 0,
            },
            ports: ports(&rest[12..]),
        }
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
        self.socket.send(&packet).unwrap();
        let mut reply = [0; 2048];
        let len_bytes = self.socket.recv(&mut reply).expect("an answer");
        let [action, transaction] = numbers(&reply);
        assert_eq!(transaction, self.transaction);
        (action, reply[8..len_bytes].to_vec())
    }
}

fn numbers<const N: usize>(bytes: &[u8]) -> [u32; N] {
    let (words, _) = bytes.as_chunks::<4>();
    std::array::from_fn(|at| u32::from_be_bytes(words[at]))
}
