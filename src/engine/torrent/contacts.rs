//! Where peers come from: trackers that are asked, addresses that are dialled, connections that are
//! taken, and which of them are kept.

use std::net::SocketAddr;

use super::{Peer, Refusal, Torrent, TorrentSetup};
use crate::base::limits::PEER_REQUESTS_MAX;
use crate::base::{CloseReason, ConnId, Ending, HostName, Instant};
use crate::engine::Config;
use crate::engine::context::Context;
use crate::engine::job::StorageFault;
use crate::engine::report::{TrackerAnswer, TrackerReport};
use crate::peer::Connection;
use crate::swarm::{Dialled, Parting, Source, newer_stays};
use crate::tracker::announcer::{Announcer, ExchangeId, Facts, Output, Reach, Report, Setup};
use crate::wire::peer::{ExtensionHandshake, Handshake, PeerId};

/// The name and version that other programs show.
const CLIENT: &str = concat!("mt ", env!("CARGO_PKG_VERSION"));

/// How many peers a tracker is asked for at a time.
const PEERS_WANTED: u32 = 50;

/// What a torrent wants of the process, besides actions.
#[derive(Debug)]
pub(in crate::engine) enum Ask {
    Dial(SocketAddr),
    Resolve {
        exchange: ExchangeId,
        name: HostName,
    },
    Http {
        exchange: ExchangeId,
        to: SocketAddr,
        request: Vec<u8>,
        give_up_at: Instant,
    },
    Abandon(ExchangeId),
    Udp {
        to: SocketAddr,
        bytes: Vec<u8>,
    },
}

impl Torrent {
    /// The next thing that the torrent wants of the process.
    pub(in crate::engine) fn next_ask(&mut self, now: Instant) -> Option<Ask> {
        if let Some(to) = self.to_dial.pop() {
            return Some(Ask::Dial(to));
        }
        loop {
            return Some(match self.announcer.poll()? {
                Output::Resolve { id, name } => Ask::Resolve { exchange: id, name },
                Output::Http {
                    id,
                    to,
                    request,
                    give_up_at,
                } => Ask::Http {
                    exchange: id,
                    to,
                    request,
                    give_up_at,
                },
                Output::Abandon { id } => Ask::Abandon(id),
                Output::Udp { to, bytes } => Ask::Udp { to, bytes },
                Output::Report(report) => {
                    self.hear_tracker(now, report);
                    continue;
                }
            });
        }
    }

    pub(in crate::engine) fn announcer_mut(&mut self) -> &mut Announcer {
        &mut self.announcer
    }

    fn hear_tracker(&mut self, now: Instant, report: Report) {
        match report {
            Report::Peers(addresses) => {
                for address in addresses {
                    self.roster.add(now, address, Source::Tracker);
                }
            }
            Report::Told { tracker, peers, .. } => {
                log::debug!("tracker {tracker}: {peers} peers");
                self.note_tracker(tracker.as_str(), Ok(TrackerAnswer { peers }));
            }
            Report::Failed { tracker, why, .. } => {
                log::warn!("tracker {tracker}: {why}");
                self.note_tracker(tracker.as_str(), Err(why));
            }
            Report::Warning { tracker, text } => log::warn!("tracker {tracker} says: {text}"),
        }
    }

    fn note_tracker(&mut self, url: &str, said: Result<TrackerAnswer, String>) {
        match self.trackers.iter_mut().find(|known| known.url == url) {
            Some(known) => known.last = Some(said),
            None => self.trackers.push(TrackerReport {
                url: url.to_owned(),
                last: Some(said),
            }),
        }
    }

    /// Lets time pass for trackers and dials.
    pub(in crate::engine) fn tick_contacts(&mut self, ctx: &mut Context<'_>) {
        let facts = self.facts();
        self.announcer.set_facts(facts);
        if self.announcer.deadline().is_some_and(|due| due <= ctx.now) {
            self.announcer.tick(ctx.now);
        }
        self.dial_more(ctx);
    }

    pub(in crate::engine) fn deadline(&self) -> Option<Instant> {
        let contacts = self.announcer.deadline();
        contacts.into_iter().chain(self.traffic.wait_due_at()).min()
    }

    fn facts(&self) -> Facts {
        // Who has everything calls as well: whoever waits for it may have been told of nobody, or
        // find no way to it.
        let wanted = if self.is_over() { 0 } else { PEERS_WANTED };
        Facts {
            uploaded_bytes: self.traffic.uploaded_bytes,
            downloaded_bytes: self.traffic.downloaded_bytes,
            left_bytes: self.left_bytes(),
            peers_known: self.peers.len(),
            peers_wanted: wanted,
        }
    }

    fn dial_more(&mut self, ctx: &mut Context<'_>) {
        if self.is_over() {
            return;
        }
        let mut free = ctx
            .config
            .connections_max
            .saturating_sub(ctx.conn_count)
            .min(ctx.config.dials_max.saturating_sub(ctx.dial_count))
            .min(
                ctx.config
                    .torrent_connections_max
                    .saturating_sub(self.peers.len()),
            );
        while free > 0
            && let Some(address) = self.roster.next_to_dial(ctx.now)
        {
            self.to_dial.push(address);
            free -= 1;
        }
    }

    pub(in crate::engine) fn dial_failed(&mut self, ctx: &mut Context<'_>, address: SocketAddr) {
        self.roster.dial_failed(ctx.now, address);
    }

    /// Whether a connection is kept, on which both handshakes were exchanged.
    pub(super) fn admit(
        &mut self,
        ctx: &mut Context<'_>,
        remote: SocketAddr,
        is_dialled: bool,
        theirs: &Handshake,
    ) -> Result<(), Refusal> {
        if self.is_over() {
            return Err(Refusal::Stopped);
        }
        if theirs.peer_id == self.peer_id {
            if is_dialled {
                self.roster.learn_own(remote);
            }
            return Err(Refusal::Myself);
        }
        if self.roster.is_barred(ctx.now, remote) {
            return Err(Refusal::Banned);
        }
        let twin = self
            .peers
            .iter()
            .find(|(_, peer)| peer.id == theirs.peer_id);
        if let Some((older, peer)) = twin {
            let dialled = Dialled {
                older: peer.is_dialled,
                newer: is_dialled,
            };
            if !newer_stays(&self.peer_id.0, &theirs.peer_id.0, dialled) {
                return Err(Refusal::Twice);
            }
            ctx.end(*older, Ending::Now);
        } else if self.peers.len() >= ctx.config.torrent_connections_max {
            return Err(Refusal::Full);
        }
        if is_dialled {
            self.roster.connected(remote);
        }
        Ok(())
    }

    /// Says who we are, in the extension protocol.
    pub(super) fn introduce(
        &self,
        ctx: &Context<'_>,
        connection: &mut Connection,
        remote: SocketAddr,
        is_dialled: bool,
    ) {
        let has_all = self.blocks.have().is_full();
        connection.tell_extensions(&ExtensionHandshake {
            client: Some(CLIENT.as_bytes()),
            requests_max: Some(PEER_REQUESTS_MAX),
            listen_port: Some(ctx.config.listen_port).filter(|port| *port != 0 && is_dialled),
            your_ip: Some(remote.ip()),
            is_upload_only: has_all.then_some(true),
            ..ExtensionHandshake::default()
        });
    }

    pub(in crate::engine) fn closed(
        &mut self,
        ctx: &mut Context<'_>,
        conn: ConnId,
        why: CloseReason,
    ) {
        if let Some(peer) = self.peers.get(&conn) {
            log::debug!("peer {}: {why}", peer.remote);
        }
        let is_sending = self
            .peers
            .get(&conn)
            .is_some_and(|peer| peer.conn.landing_block().is_none());
        self.leave(ctx, conn);
        if why == CloseReason::PlaceGone {
            let doing = if is_sending { "sent" } else { "received" };
            self.fail(
                ctx,
                StorageFault {
                    path: self.name.clone(),
                    reason: format!(
                        "a file of it was cut short or its disk failed while it was {doing}"
                    ),
                },
            );
        }
    }

    /// A peer is gone; whether it is worth another call depends on what it was good for.
    pub(super) fn forget_contact(&mut self, ctx: &Context<'_>, peer: &Peer) {
        let Some(address) = peer.listens_at else {
            return;
        };
        let was_useful = peer.conn.downloaded_bytes() + peer.conn.uploaded_bytes() > 0;
        let parting = if was_useful {
            Parting::Useful
        } else {
            Parting::Useless
        };
        if peer.is_dialled {
            self.roster.disconnected(ctx.now, address, parting);
        } else if was_useful && !self.is_private {
            self.roster.add(ctx.now, address, Source::Incoming);
        }
    }

    /// Says goodbye to everybody.
    pub(in crate::engine) fn stop(&mut self, ctx: &mut Context<'_>, by: Instant) {
        self.is_stopping = true;
        let facts = self.facts();
        self.announcer.set_facts(facts);
        self.announcer.stop(ctx.now, by);
    }

    /// Whether nothing is to be waited for any more.
    pub(in crate::engine) fn is_quiet(&self) -> bool {
        self.announcer.is_stopped() && self.peers.is_empty() && self.in_pool.is_empty()
    }
}

pub(super) fn announcer(
    setup: &TorrentSetup,
    config: &Config,
    peer_id: PeerId,
    seed: u64,
) -> Announcer {
    let is_complete = setup.have.is_full();
    let facts = Facts {
        left_bytes: if is_complete { 0 } else { setup.total_bytes },
        ..Facts::default()
    };
    let reach = if setup.tells_every_tracker {
        Reach::EachTracker
    } else {
        Reach::EachTier
    };
    let tiers = setup.trackers.clone();
    Announcer::new(
        Setup {
            info_hash: setup.info_hash,
            peer_id: peer_id.0,
            port: config.listen_port,
            tiers,
            reach,
            seed,
        },
        facts,
    )
}
