//! Connections that come and go: who is let in, which torrent a peer is for, and whether it is taken.

use std::net::SocketAddr;
use std::time::Duration;

use super::door::Entry;
use super::job::TorrentId;
use super::torrent::{Newcomer, Refusal};
use super::{Conn, Dialled, Engine};
use crate::base::{Action, CloseReason, ConnId, Ending, Instant, Origin};
use crate::peer::{Greeted, Greeting};

/// How long a peer may take for its handshake.
const GREETING_PATIENCE: Duration = Duration::from_secs(20);

const TOO_MANY_ALIKE: &str = "there are enough connections with where it is";

impl Engine {
    pub(super) fn opened(
        &mut self,
        now: Instant,
        conn: ConnId,
        origin: Origin,
        remote: SocketAddr,
    ) {
        let kind = match origin {
            Origin::Listener(_) => {
                self.let_in(conn, remote);
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
                    let greeting = Greeting::of_dialled(now, hash, torrent.peer_id());
                    if !self.door.enter_dialled(conn, remote.ip()) {
                        self.turn_away(conn, remote, TOO_MANY_ALIKE, Ending::Now);
                    }
                    Conn::Greeting {
                        greeting,
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

    fn let_in(&mut self, conn: ConnId, remote: SocketAddr) {
        if self.shutdown.is_some() {
            return self.end_now(conn);
        }
        match self.door.enter(conn, remote.ip()) {
            Entry::Free => {}
            Entry::InsteadOf(silent) => self.shed_silent(silent),
            Entry::TooManyAlike => self.turn_away(conn, remote, TOO_MANY_ALIKE, Ending::Now),
        }
    }

    /// Bytes of a handshake came.
    pub(super) fn greet(&mut self, now: Instant, conn: ConnId, bytes: &[u8]) {
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
                let unsent = greeting.unsent().to_vec();
                let newcomer = Newcomer {
                    conn,
                    remote,
                    is_dialled: *is_dialled,
                    theirs: handshake,
                };
                self.welcome(now, id, &newcomer, &unsent);
            }
            (Err(error), _) => self.turn_away(conn, remote, &error.to_string(), Ending::Now),
            _ => {}
        }
    }

    /// Both handshakes were exchanged: the torrent takes the peer, or says why not. Where it is full,
    /// somebody may have to go.
    fn welcome(&mut self, now: Instant, id: TorrentId, newcomer: &Newcomer, unsent: &[u8]) {
        let join = |engine: &mut Self| {
            engine.with_torrent(now, id, |torrent, ctx| torrent.join(ctx, newcomer, unsent))
        };
        let mut joined = join(self);
        if joined == Some(Err(Refusal::Full)) && self.make_room(now, id) {
            joined = join(self);
        }
        let conn = newcomer.conn;
        match joined {
            Some(Ok(())) => {
                self.door.greeted(conn);
                if let Some(kind) = self.conns.get_mut(conn) {
                    *kind = Conn::Peer(id);
                }
            }
            Some(Err(refusal)) => {
                // Only the side that dialled knows by which address it came to itself: it has to
                // hear the answer.
                let how = match refusal {
                    Refusal::Myself if !newcomer.is_dialled => Ending::Flush,
                    _ => Ending::Now,
                };
                self.turn_away(conn, newcomer.remote, &refusal.to_string(), how);
            }
            None => {}
        }
    }

    fn turn_away(&mut self, conn: ConnId, remote: SocketAddr, why: &str, how: Ending) {
        log::debug!("peer {remote}: {why}");
        self.actions.push_back(Action::End { conn, how });
    }

    pub(super) fn closed(&mut self, now: Instant, conn: ConnId, why: CloseReason) {
        self.door.left(conn);
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
            Some(Conn::Ending) => self.ended(),
            Some(Conn::Greeting { .. }) | None => {}
        }
    }

    pub(super) fn end_slow_greetings(&mut self, now: Instant) {
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
}
