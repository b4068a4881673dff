//! An announce by datagrams (BEP 15): connect, announce, and both again where they are lost.

use std::net::SocketAddr;
use std::time::Duration;

use super::context::Context;
use super::exchange::{Failure, Verdict};
use super::memory::{Connection, Memory};
use super::words::Output;
use crate::base::{Instant, Url, excerpt_bytes};
use crate::wire::Event;
use crate::wire::http::{Told, unpack_peers};
use crate::wire::udp_tracker::{
    AnnounceRequest, ConnectRequest, Header, Reply, UrlData, write_url_data,
};

/// How long the first datagram may take; each round to all addresses waits twice as long. BEP 15
/// begins with 15 s, which people behind a lossy link would have to sit through.
const FIRST_WAIT: Duration = Duration::from_secs(5);

/// At the end of a program somebody waits.
const FIRST_WAIT_TO_STOP: Duration = Duration::from_secs(1);

const ROUNDS_MAX: usize = 3;

/// The bound of all rounds together, where a name has many addresses.
const STAGE_TIMEOUT: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(super) struct UdpLeg {
    addresses: Vec<SocketAddr>,
    /// Path and query of the tracker's URL (BEP 41); empty where there is nothing to say.
    url_data: Vec<u8>,
    event: Event,
    stage: Stage,
    transaction_id: u32,
    /// In this stage.
    sent: usize,
    stage_began_at: Instant,
    wait_until: Instant,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    Connecting,
    Announcing {
        connection: Connection,
        /// From an announce before: the tracker may have forgotten it.
        is_old: bool,
    },
}

impl UdpLeg {
    pub(super) fn begin(
        context: &mut Context<'_>,
        memory: &Memory,
        url: &Url,
        event: Event,
        addresses: Vec<SocketAddr>,
    ) -> Self {
        let target = url.path_and_query();
        let url_data = if target == "/" { "" } else { &target };
        let mut leg = Self {
            url_data: url_data.as_bytes().to_vec(),
            event,
            stage: Stage::Connecting,
            transaction_id: 0,
            sent: 0,
            stage_began_at: context.now,
            wait_until: context.now,
            addresses,
        };
        let connection = memory.connection(context.now);
        match connection.filter(|connection| leg.addresses.contains(&connection.to)) {
            Some(connection) => {
                let is_old = true;
                leg.enter(context, Stage::Announcing { connection, is_old });
            }
            None => leg.enter(context, Stage::Connecting),
        }
        leg
    }

    pub(super) fn is_announced(&self) -> bool {
        matches!(self.stage, Stage::Announcing { .. })
    }

    pub(super) fn deadline(&self) -> Instant {
        self.wait_until
    }

    pub(super) fn awaits(&self, from: SocketAddr, transaction_id: u32) -> bool {
        self.transaction_id == transaction_id
            && match &self.stage {
                Stage::Connecting => self.addresses.iter().any(|to| is_same(*to, from)),
                Stage::Announcing { connection, .. } => is_same(connection.to, from),
            }
    }

    /// Takes a reply that [`UdpLeg::awaits`] has found to be ours.
    pub(super) fn answered(
        &mut self,
        context: &mut Context<'_>,
        memory: &mut Memory,
        from: SocketAddr,
        reply: &Reply<'_>,
    ) -> Verdict {
        match (self.stage, *reply) {
            (Stage::Connecting, Reply::Connect { connection_id }) => {
                let asked = self.addresses.iter().find(|to| is_same(**to, from));
                let connection = Connection {
                    to: asked.copied().unwrap_or(from),
                    id: connection_id,
                    since: context.now,
                };
                memory.keep_connection(connection);
                memory.prefer(connection.to);
                let is_old = false;
                self.enter(context, Stage::Announcing { connection, is_old });
                None
            }
            (
                Stage::Announcing { connection, .. },
                Reply::Announce {
                    interval_s,
                    leechers,
                    seeders,
                    peers,
                },
            ) => Some(Ok(Told {
                interval_s: Some(interval_s),
                seeders: Some(seeders),
                leechers: Some(leechers),
                peers: unpack_peers(peers, connection.to.ip().to_canonical().is_ipv6()),
                ..Told::default()
            })),
            (Stage::Announcing { is_old: true, .. }, Reply::Error { .. }) => {
                memory.forget_connection();
                self.enter(context, Stage::Connecting);
                None
            }
            (_, Reply::Error { message }) => {
                let why = format!("the tracker refuses: {}", excerpt_bytes(message));
                Some(Err(Failure::soon(why)))
            }
            _ => None,
        }
    }

    /// The wait for an answer is over.
    pub(super) fn tick(&mut self, context: &mut Context<'_>, memory: &mut Memory) -> Verdict {
        if let Stage::Announcing { is_old: true, .. } = self.stage {
            memory.forget_connection();
            self.enter(context, Stage::Connecting);
            return None;
        }
        let round = self.sent / self.targets();
        let is_late = context.now.saturating_since(self.stage_began_at) >= STAGE_TIMEOUT;
        if round >= ROUNDS_MAX || is_late {
            memory.forget_addresses();
            return Some(Err(Failure::soon("no answer in time")));
        }
        self.send(context);
        None
    }

    fn enter(&mut self, context: &mut Context<'_>, stage: Stage) {
        self.stage = stage;
        self.transaction_id = context.random_u32();
        self.sent = 0;
        self.stage_began_at = context.now;
        self.send(context);
    }

    /// How many addresses are asked in turn.
    fn targets(&self) -> usize {
        match self.stage {
            Stage::Connecting => self.addresses.len().max(1),
            Stage::Announcing { .. } => 1,
        }
    }

    fn send(&mut self, context: &mut Context<'_>) {
        let mut bytes = Vec::new();
        let to = match self.stage {
            Stage::Connecting => {
                let transaction_id = self.transaction_id;
                ConnectRequest { transaction_id }.write(&mut bytes);
                self.addresses.get(self.sent % self.targets()).copied()
            }
            Stage::Announcing { connection, .. } => {
                self.write_announce(context, connection.id, &mut bytes);
                Some(connection.to)
            }
        };
        if let Some(to) = to {
            context.out.push_back(Output::Udp { to, bytes });
        }
        let first_wait = match self.event {
            Event::Stopped => FIRST_WAIT_TO_STOP,
            _ => FIRST_WAIT,
        };
        let doublings = (self.sent / self.targets()).min(ROUNDS_MAX);
        self.wait_until = context.now + first_wait * (1 << doublings);
        self.sent += 1;
    }

    fn write_announce(&self, context: &Context<'_>, connection_id: u64, out: &mut Vec<u8>) {
        let (identity, facts) = (context.identity, context.facts);
        let request = AnnounceRequest {
            header: Header {
                connection_id,
                transaction_id: self.transaction_id,
            },
            info_hash: identity.info_hash,
            peer_id: identity.peer_id,
            downloaded_bytes: facts.downloaded_bytes,
            left_bytes: facts.left_bytes,
            uploaded_bytes: facts.uploaded_bytes,
            event: self.event,
            ip: None,
            key: identity.key,
            wanted: Some(context.peers_wanted(self.event)),
            port: identity.port,
            url_data: UrlData::default(),
        };
        request.write(out);
        write_url_data(out, &self.url_data);
    }
}

/// An IPv4 address may come in the clothes of an IPv6 one, and with a scope.
fn is_same(to: SocketAddr, from: SocketAddr) -> bool {
    to.port() == from.port() && to.ip().to_canonical() == from.ip().to_canonical()
}
