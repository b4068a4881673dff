//! A client process: many swarms behind one [`Core`].
//!
//! [`Engine`] owns the connections and hands what happens on each to the [`torrent`] that it belongs
//! to; the torrent answers with actions. Memory is shared by all ([`places`]), and what may block is
//! asked of pools ([`Job`]).

mod config;
mod context;
mod core;
mod exchanges;
mod job;
mod landing;
mod limiter;
mod places;
mod report;
#[cfg(test)]
mod tests;
mod torrent;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use crate::base::{
    Action, ConnId, ConnMap, DialError, DialToken, Ending, Instant, Origin, Rng, Sha1Digest,
    SocketId,
};
use crate::peer::{Greeted, Greeting};

pub use config::Config;
pub use job::{
    Done, Job, MappableRun, PieceInPlace, PieceVerdict, PlaceSource, ResolveId, StorageFault,
    TorrentId,
};
pub use places::PlaceBudget;
pub use report::{Limit, Phase, Report, TorrentReport, TrackerAnswer, TrackerReport, Waits};
pub use torrent::TorrentSetup;

use context::Context;
use exchanges::{Exchange, Exchanges};
use limiter::Limiter;
use places::Places;
use torrent::{Ask, Refusal, Torrent};

/// The datagram sockets that the engine expects its host to serve, as far as there are such.
pub const UDP_IPV4: SocketId = SocketId(0);
pub const UDP_IPV6: SocketId = SocketId(1);

/// How long a dial may take.
const DIAL_PATIENCE: Duration = Duration::from_secs(10);

/// How long a peer may take for its handshake.
const GREETING_PATIENCE: Duration = Duration::from_secs(20);

/// How often torrents look after what only time brings about, and people are told how they stand.
const TICK: Duration = Duration::from_millis(250);

/// How long trackers are given to take a goodbye.
const GOODBYE_PATIENCE: Duration = Duration::from_secs(3);

#[derive(Debug)]
pub struct Engine {
    config: Config,
    rng: Rng,
    torrents: BTreeMap<TorrentId, Torrent>,
    by_hash: BTreeMap<Sha1Digest, TorrentId>,
    conns: ConnMap<Conn>,
    dials: BTreeMap<DialToken, Dialled>,
    next_dial: u64,
    places: Places,
    exchanges: Exchanges,
    limiter: Limiter,
    actions: VecDeque<Action<Job>>,
    next_tick: Instant,
    last_progress: Instant,
    shutdown: Option<Shutdown>,
}

#[derive(Clone, Copy, Debug)]
struct Shutdown {
    has_stopped: bool,
    is_given_up: bool,
}

/// What a connection is for.
#[derive(Debug)]
enum Conn {
    Greeting {
        greeting: Greeting,
        remote: SocketAddr,
        torrent: Option<TorrentId>,
        is_dialled: bool,
    },
    Peer(TorrentId),
    Tracker(Exchange),
}

#[derive(Debug)]
enum Dialled {
    Peer(TorrentId, SocketAddr),
    Tracker(Exchange),
    /// What it was for is not wanted any more.
    Nobody,
}

impl Engine {
    pub fn new(config: Config) -> Self {
        Self {
            rng: Rng::new(config.seed),
            torrents: BTreeMap::new(),
            by_hash: BTreeMap::new(),
            conns: ConnMap::new(),
            dials: BTreeMap::new(),
            next_dial: 0,
            places: Places::new(config.budget),
            exchanges: Exchanges::default(),
            limiter: Limiter::new(&config),
            actions: VecDeque::new(),
            next_tick: Instant::ZERO,
            last_progress: Instant::ZERO,
            shutdown: None,
            config,
        }
    }

    /// Adds a torrent; `None` where one of the same hash runs already.
    pub fn add(&mut self, now: Instant, setup: TorrentSetup) -> Option<TorrentId> {
        if self.by_hash.contains_key(&setup.info_hash) {
            return None;
        }
        let id = TorrentId(u32::try_from(self.torrents.len()).unwrap_or(u32::MAX));
        self.by_hash.insert(setup.info_hash, id);
        let seed = self.rng.next_u64();
        let torrent = Torrent::new(now, id, setup, &self.config, seed);
        self.torrents.insert(id, torrent);
        self.next_tick = Instant::ZERO;
        Some(id)
    }

    /// Lets a torrent handle something, and does what it asks for.
    fn with_torrent<T>(
        &mut self,
        now: Instant,
        id: TorrentId,
        act: impl FnOnce(&mut Torrent, &mut Context<'_>) -> T,
    ) -> Option<T> {
        let torrent = self.torrents.get_mut(&id)?;
        let mut ctx = Context {
            now,
            config: &self.config,
            places: &mut self.places,
            actions: &mut self.actions,
            rng: &mut self.rng,
            conn_count: self.conns.len() + self.dials.len(),
            dial_count: self.dials.len(),
        };
        let result = act(torrent, &mut ctx);
        torrent.note_waits(&ctx);
        while let Some(ask) = self
            .torrents
            .get_mut(&id)
            .and_then(|torrent| torrent.next_ask(now))
        {
            self.perform(now, id, ask);
        }
        Some(result)
    }

    fn perform(&mut self, now: Instant, id: TorrentId, ask: Ask) {
        match ask {
            Ask::Dial(to) => self.dial(now + DIAL_PATIENCE, to, Dialled::Peer(id, to)),
            Ask::Resolve { exchange, name } => {
                let query = self.exchanges.ask_address(id, exchange);
                self.actions
                    .push_back(Action::Submit(Job::Resolve { query, name }));
            }
            Ask::Http {
                exchange,
                to,
                request,
                give_up_at,
            } => {
                let exchange = Exchange::new(id, exchange, request);
                self.dial(give_up_at, to, Dialled::Tracker(exchange));
            }
            Ask::Abandon(exchange) => self.abandon(id, exchange),
            Ask::Udp { to, bytes } => {
                let socket = if to.is_ipv4() { UDP_IPV4 } else { UDP_IPV6 };
                self.actions
                    .push_back(Action::SendDatagram { socket, to, bytes });
            }
        }
    }

    fn dial(&mut self, give_up_at: Instant, to: SocketAddr, dialled: Dialled) {
        let token = DialToken(self.next_dial);
        self.next_dial += 1;
        self.dials.insert(token, dialled);
        self.actions.push_back(Action::Dial {
            token,
            from: None,
            to,
            give_up_at,
        });
    }

    fn abandon(&mut self, id: TorrentId, exchange: crate::tracker::announcer::ExchangeId) {
        let is_meant = |known: &Exchange| known.is_of(id, exchange);
        let conn = self.conns.iter().find_map(|(conn, kind)| match kind {
            Conn::Tracker(known) if is_meant(known) => Some(conn),
            _ => None,
        });
        if let Some(conn) = conn {
            self.end_now(conn);
        }
        for dialled in self.dials.values_mut() {
            if matches!(dialled, Dialled::Tracker(known) if is_meant(known)) {
                *dialled = Dialled::Nobody;
            }
        }
    }

    fn end_now(&mut self, conn: ConnId) {
        let how = Ending::Now;
        self.actions.push_back(Action::End { conn, how });
    }

    fn opened(&mut self, now: Instant, conn: ConnId, origin: Origin, remote: SocketAddr) {
        let kind = match origin {
            Origin::Listener(_) => {
                if self.conns.len() + self.dials.len() >= self.config.connections_max
                    || self.shutdown.is_some()
                {
                    self.end_now(conn);
                }
                Conn::Greeting {
                    greeting: Greeting::of_incoming(now),
                    remote,
                    torrent: None,
                    is_dialled: false,
                }
            }
            Origin::Dial(token) => match self.dials.remove(&token) {
                Some(Dialled::Peer(id, _)) => {
                    let Some(torrent) = self.torrents.get(&id) else {
                        return self.end_now(conn);
                    };
                    let hash = torrent.info_hash();
                    Conn::Greeting {
                        greeting: Greeting::of_dialled(now, hash, torrent.peer_id()),
                        remote,
                        torrent: Some(id),
                        is_dialled: true,
                    }
                }
                Some(Dialled::Tracker(exchange)) => Conn::Tracker(exchange),
                Some(Dialled::Nobody) => return self.end_now(conn),
                None => unreachable!("a dial is answered once"),
            },
        };
        self.conns.insert(conn, kind);
    }

    fn dial_failed(&mut self, now: Instant, token: DialToken, why: DialError) {
        match self.dials.remove(&token) {
            Some(Dialled::Peer(id, address)) => {
                self.with_torrent(now, id, |torrent, ctx| torrent.dial_failed(ctx, address));
            }
            Some(Dialled::Tracker(exchange)) => {
                self.exchange_failed(now, &exchange, &why.to_string());
            }
            Some(Dialled::Nobody) | None => {}
        }
    }

    /// Bytes of a handshake came.
    fn greet(&mut self, now: Instant, conn: ConnId, bytes: &[u8]) {
        let Some(Conn::Greeting {
            greeting,
            remote,
            torrent,
            is_dialled,
        }) = self.conns.get_mut(conn)
        else {
            return;
        };
        let remote = *remote;
        let mut greeted = greeting.received(bytes);
        let wanted = match &greeted {
            Ok(Greeted::Wants(hash)) => Some(*hash),
            Ok(Greeted::Done(handshake)) => Some(handshake.info_hash),
            _ => None,
        };
        if let Some(hash) = wanted {
            match self.by_hash.get(&hash) {
                Some(id) if torrent.is_none_or(|known| known == *id) => {
                    if torrent.is_none() {
                        *torrent = Some(*id);
                        greeting.answer(hash, self.torrents[id].peer_id());
                    }
                    if matches!(greeted, Ok(Greeted::Wants(_))) {
                        greeted = Ok(Greeted::Waits);
                    }
                }
                _ => {
                    let why = "it wants a torrent that is not here";
                    return self.turn_away(conn, remote, why, Ending::Now);
                }
            }
        }
        match (greeted, *torrent) {
            (Ok(Greeted::Done(handshake)), Some(id)) => {
                let (unsent, is_dialled) = (greeting.unsent().to_vec(), *is_dialled);
                let joined = self.with_torrent(now, id, |torrent, ctx| {
                    torrent.join(ctx, conn, remote, is_dialled, &handshake, &unsent)
                });
                match joined {
                    Some(Ok(())) => {
                        if let Some(kind) = self.conns.get_mut(conn) {
                            *kind = Conn::Peer(id);
                        }
                    }
                    Some(Err(refusal)) => {
                        // Only the side that dialled knows by which address it came to itself: it
                        // has to hear the answer.
                        let how = match refusal {
                            Refusal::Myself if !is_dialled => Ending::Flush,
                            _ => Ending::Now,
                        };
                        self.turn_away(conn, remote, &refusal.to_string(), how);
                    }
                    None => {}
                }
            }
            (Err(error), _) => self.turn_away(conn, remote, &error.to_string(), Ending::Now),
            _ => {}
        }
    }

    fn turn_away(&mut self, conn: ConnId, remote: SocketAddr, why: &str, how: Ending) {
        log::debug!("peer {remote}: {why}");
        self.actions.push_back(Action::End { conn, how });
    }

    fn closed(&mut self, now: Instant, conn: ConnId, why: crate::base::CloseReason) {
        match self.conns.remove(conn) {
            Some(Conn::Peer(id)) => {
                self.with_torrent(now, id, |torrent, ctx| torrent.closed(ctx, conn, why));
            }
            Some(Conn::Greeting {
                torrent: Some(id),
                remote,
                is_dialled: true,
                ..
            }) => {
                self.with_torrent(now, id, |torrent, ctx| torrent.dial_failed(ctx, remote));
            }
            Some(Conn::Tracker(exchange)) => {
                self.exchange_failed(now, &exchange, &why.to_string());
            }
            Some(Conn::Greeting { .. }) | None => {}
        }
    }

    fn exchange_failed(&mut self, now: Instant, exchange: &Exchange, why: &str) {
        let (torrent, id) = (exchange.torrent, exchange.id);
        self.with_torrent(now, torrent, |torrent, ctx| {
            torrent.announcer_mut().http_failed(ctx.now, id, why);
        });
    }

    fn tick(&mut self, now: Instant) {
        self.limiter.tick(now);
        if self.limiter.has_opened() {
            self.let_peers_on();
        }
        let ids: Vec<_> = self.torrents.keys().copied().collect();
        let is_due = now >= self.next_tick;
        for id in ids {
            self.with_torrent(now, id, |torrent, ctx| {
                torrent.tick_contacts(ctx);
                if is_due {
                    torrent.tick(ctx);
                }
            });
        }
        if is_due {
            self.next_tick = now + TICK;
            self.end_slow_greetings(now);
            self.report(now);
        }
        self.look_for_end(now);
    }

    /// Whoever comes first may take all that a limit lets through: each time it is another.
    fn let_peers_on(&mut self) {
        let peers = self.conns.iter();
        let peers = peers.filter(|(_, kind)| matches!(kind, Conn::Peer(_)));
        let mut peers: Vec<_> = peers.map(|(conn, _)| Action::Replan(conn)).collect();
        let count = u32::try_from(peers.len()).unwrap_or(u32::MAX);
        peers.rotate_left(self.rng.below(count.max(1)) as usize);
        self.actions.extend(peers);
    }

    fn end_slow_greetings(&mut self, now: Instant) {
        for (conn, kind) in self.conns.iter() {
            if let Conn::Greeting {
                greeting, remote, ..
            } = kind
                && now - greeting.since() >= GREETING_PATIENCE
            {
                log::debug!("peer {remote}: no handshake in time");
                let how = Ending::Now;
                self.actions.push_back(Action::End { conn, how });
            }
        }
    }

    fn report(&mut self, now: Instant) {
        let torrents = self.torrents.values_mut();
        let report = Report {
            torrents: torrents.map(|torrent| torrent.report(now)).collect(),
            has_stopped: self.shutdown.is_some_and(|shutdown| shutdown.has_stopped),
            has_given_up: self.shutdown.is_some_and(|shutdown| shutdown.is_given_up),
        };
        self.actions
            .push_back(Action::Submit(Job::Report(Box::new(report))));
    }

    /// Whether this process has done what it was started for.
    fn look_for_end(&mut self, now: Instant) {
        if self.shutdown.is_none() {
            let is_over = self.torrents.values().all(Torrent::has_failed)
                || self.config.ends_when_complete
                    && self
                        .torrents
                        .values()
                        .all(|torrent| torrent.is_seeding() || torrent.has_failed());
            let progress = self.torrents.values().map(Torrent::last_progress).max();
            self.last_progress = self.last_progress.max(progress.unwrap_or_default());
            let gives_up = self.config.gives_up_after.is_some_and(|patience| {
                now - self.last_progress >= patience
                    && self.torrents.values().any(Torrent::is_downloading)
                    && !self.torrents.values().any(Torrent::is_busy)
            });
            if is_over || gives_up {
                self.shut_down(now, gives_up && !is_over);
            }
        }
        let Some(shutdown) = self.shutdown else {
            return;
        };
        if !shutdown.has_stopped && self.torrents.values().all(Torrent::is_quiet) {
            self.shutdown = Some(Shutdown {
                has_stopped: true,
                ..shutdown
            });
            self.report(now);
            self.actions.push_back(Action::Stop);
        }
    }

    fn shut_down(&mut self, now: Instant, is_given_up: bool) {
        if self.shutdown.is_some() {
            return;
        }
        self.shutdown = Some(Shutdown {
            has_stopped: false,
            is_given_up,
        });
        let ids: Vec<_> = self.torrents.keys().copied().collect();
        for id in ids {
            self.with_torrent(now, id, |torrent, ctx| {
                torrent.stop(ctx, now + GOODBYE_PATIENCE);
            });
        }
        for (conn, kind) in self.conns.iter() {
            if !matches!(kind, Conn::Tracker(_)) {
                let how = Ending::Now;
                self.actions.push_back(Action::End { conn, how });
            }
        }
        self.next_tick = now;
    }
}
