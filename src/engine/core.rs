//! The engine as its host sees it.

use super::torrent::Torrent;
use super::{Conn, Done, Engine, Job};
use crate::base::{
    Action, ConnId, Core, DatagramBatch, Input, Instant, RecvPlan, RecvSpan, SendPlan, SocketId,
};
use crate::wire::http::{Response, ResponseError};

impl Core for Engine {
    type Job = Job;
    type Done = Done;

    fn handle(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Opened {
                conn,
                origin,
                remote,
            } => self.opened(now, conn, origin, remote),
            Input::DialFailed { token, why } => self.dial_failed(now, token, why),
            Input::Received { conn, bytes } => self.received(now, conn, bytes),
            Input::Landed { conn, len_bytes } => {
                self.limiter.received(len_bytes);
                self.with_peer(now, conn, |torrent, ctx| {
                    torrent.landed(ctx, conn, len_bytes);
                });
            }
            Input::Discarded { conn, len_bytes } => {
                self.limiter.received(len_bytes);
                self.with_peer(now, conn, |torrent, ctx| {
                    torrent.discarded(ctx, conn, len_bytes);
                });
            }
            Input::Sent { conn, len_bytes } => self.sent(now, conn, len_bytes),
            Input::EndOfStream { conn } => self.stream_ended(now, conn),
            Input::Closed { conn, why } => self.closed(now, conn, why),
            Input::Tick => self.tick(now),
            Input::Shutdown => self.shut_down(now, false),
            Input::Reload => {}
        }
    }

    fn completed(&mut self, now: Instant, done: Done) {
        match done {
            Done::Opened {
                torrent,
                place,
                result,
            } => {
                self.with_torrent(now, torrent, |torrent, ctx| {
                    torrent.place_opened(ctx, place, result);
                });
            }
            Done::Refreshed {
                torrent,
                place,
                result,
            } => {
                self.with_torrent(now, torrent, |torrent, ctx| {
                    torrent.refreshed(ctx, place, result);
                });
            }
            Done::Closed { place } => {
                if let Some(closed) = self.places.closed(place)
                    && let Some(torrent) = self.torrents.get_mut(&closed.torrent)
                {
                    torrent.forget_read(closed.what);
                }
                let ids: Vec<_> = self.torrents.keys().copied().collect();
                for id in ids {
                    self.with_torrent(now, id, Torrent::place_closed);
                }
            }
            Done::Hashed { torrent, verdicts } => {
                self.with_torrent(now, torrent, |torrent, ctx| torrent.hashed(ctx, verdicts));
            }
            Done::Written {
                torrent,
                piece,
                result,
            } => {
                self.with_torrent(now, torrent, |torrent, ctx| {
                    torrent.written(ctx, piece, result);
                });
            }
            Done::Digested {
                torrent,
                piece,
                blocks,
            } => {
                self.with_torrent(now, torrent, |torrent, ctx| {
                    torrent.digested(ctx, piece, &blocks);
                });
            }
            Done::Finished { torrent, result } => {
                self.with_torrent(now, torrent, |torrent, ctx| torrent.finished(ctx, result));
            }
            Done::Resolved { query, result } => {
                if let Some((torrent, exchange)) = self.exchanges.answered(query) {
                    self.with_torrent(now, torrent, |torrent, ctx| {
                        torrent.announcer_mut().resolved(ctx.now, exchange, result);
                    });
                }
            }
        }
    }

    fn datagrams(
        &mut self,
        now: Instant,
        _socket: SocketId,
        received: &DatagramBatch,
        _replies: &mut DatagramBatch,
    ) {
        let ids: Vec<_> = self.torrents.keys().copied().collect();
        for (from, bytes) in received.iter() {
            for id in &ids {
                let is_theirs = self.with_torrent(now, *id, |torrent, ctx| {
                    torrent.announcer_mut().datagram(ctx.now, from, bytes)
                });
                if is_theirs == Some(true) {
                    break;
                }
            }
        }
    }

    fn poll(&mut self) -> Option<Action<Job>> {
        self.actions.pop_front()
    }

    fn deadline(&self) -> Option<Instant> {
        let torrents = self.torrents.values().filter_map(Torrent::deadline);
        let limits = self.limiter.deadline();
        std::iter::once(self.next_tick)
            .chain(torrents)
            .chain(limits)
            .min()
    }

    fn recv_plan(&mut self, conn: ConnId, plan: &mut RecvPlan) {
        match self.conns.get(conn) {
            Some(Conn::Greeting { greeting, .. }) => greeting.recv_plan(plan),
            Some(Conn::Peer(id)) if !self.limiter.holds_back_receiving() => {
                let room_bytes = self.limiter.receiving_room_bytes();
                self.torrents[id].recv_plan(conn, plan, room_bytes);
            }
            Some(Conn::Tracker(exchange)) => exchange.recv_plan(plan),
            Some(Conn::Peer(_) | Conn::Ending) | None => {}
        }
    }

    fn next_span(&self, conn: ConnId) -> Option<RecvSpan> {
        match self.conns.get(conn) {
            Some(Conn::Peer(id)) => {
                let peer = self.torrents[id].peer_connection(conn)?;
                Some(peer.next_span())
            }
            _ => None,
        }
    }

    fn send_plan<'a>(&'a mut self, conn: ConnId, plan: &mut SendPlan<'a>) {
        let room_bytes = self.limiter.sending_room_bytes();
        match self.conns.get(conn) {
            Some(Conn::Greeting { greeting, .. }) => greeting.send_plan(plan),
            Some(Conn::Peer(id)) => self.torrents[id].send_plan(conn, plan, room_bytes),
            Some(Conn::Tracker(exchange)) => exchange.send_plan(plan),
            Some(Conn::Ending) | None => {}
        }
    }
}

impl Engine {
    fn with_peer(
        &mut self,
        now: Instant,
        conn: ConnId,
        act: impl FnOnce(&mut Torrent, &mut super::Context<'_>),
    ) {
        if let Some(Conn::Peer(id)) = self.conns.get(conn) {
            self.with_torrent(now, *id, act);
        }
    }

    fn received(&mut self, now: Instant, conn: ConnId, bytes: &[u8]) {
        match self.conns.get_mut(conn) {
            Some(Conn::Greeting { .. }) => self.greet(now, conn, bytes),
            Some(Conn::Peer(id)) => {
                let id = *id;
                self.limiter.received(bytes.len());
                self.with_torrent(now, id, |torrent, ctx| torrent.received(ctx, conn, bytes));
            }
            Some(Conn::Tracker(exchange)) => {
                let read = exchange.received(bytes);
                self.take_response(now, conn, read);
            }
            Some(Conn::Ending) | None => {}
        }
    }

    fn sent(&mut self, now: Instant, conn: ConnId, len_bytes: usize) {
        match self.conns.get_mut(conn) {
            Some(Conn::Greeting { greeting, .. }) => greeting.sent(len_bytes),
            Some(Conn::Peer(_)) => {
                self.limiter.sent(len_bytes);
                self.with_peer(now, conn, |torrent, ctx| torrent.sent(ctx, conn, len_bytes));
            }
            Some(Conn::Tracker(exchange)) => exchange.sent(len_bytes),
            Some(Conn::Ending) | None => {}
        }
    }

    fn stream_ended(&mut self, now: Instant, conn: ConnId) {
        if let Some(Conn::Tracker(exchange)) = self.conns.get_mut(conn) {
            let read = exchange.ended();
            self.take_response(now, conn, read);
        }
        self.end_now(conn);
    }

    fn take_response(
        &mut self,
        now: Instant,
        conn: ConnId,
        read: Option<Result<Response, ResponseError>>,
    ) {
        let (Some(Conn::Tracker(exchange)), Some(read)) = (self.conns.get(conn), read) else {
            return;
        };
        let (torrent, id) = (exchange.torrent, exchange.id);
        self.with_torrent(now, torrent, |torrent, ctx| {
            let announcer = torrent.announcer_mut();
            match read {
                Ok(response) => announcer.http_done(ctx.now, id, &response),
                Err(error) => announcer.http_failed(ctx.now, id, &error.to_string()),
            }
        });
        self.end_now(conn);
    }
}
