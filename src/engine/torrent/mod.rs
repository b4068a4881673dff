//! One torrent of the process: its peers, what is missing, and where that lands.
//!
//! [`Torrent`] is told what happened on its connections and in the pools, and answers with actions
//! in its [`Context`]. The files beside this one each tell one story: what peers have ([`interest`]),
//! how blocks are asked for ([`fetch`]) and where there is room for them ([`room`]), who brings them
//! too slowly ([`dribble`]) or wrong ([`blame`]), what becomes of whole pieces ([`pieces`]), how peers
//! are served ([`serve`]) and who is ([`choke`]), also in between ([`fast`]), where peers come from
//! ([`contacts`]), who goes for others ([`shed`]), and what a download waits for ([`waits`]).

mod blame;
mod choke;
mod contacts;
mod dribble;
mod fast;
mod fetch;
mod interest;
mod peer;
mod pieces;
mod room;
mod serve;
mod setup;
mod shed;
mod status;
mod traffic;
mod waits;
mod wishes;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;

use super::context::Context;
use super::job::{PieceInPlace, StorageFault, TorrentId};
use super::landing::{Grouping, LandingPlaces, Stretch};
use super::report::{Phase, TrackerReport};
use super::{Config, GOODBYE_PATIENCE};
use crate::base::{
    Bitfield, Block, ConnId, Ending, Geometry, Instant, PieceIndex, PlaceId, RecvPlan, Rng,
    Sha1Digest,
};
use crate::peer::{Connection, Event, Fault};
use crate::swarm::{
    Blocks, Choker, Contributor, Interest, Offence, Order, Picker, Rate, Roster, Source, Suspects,
};
use crate::tracker::announcer::Announcer;
use crate::wire::peer::PeerId;

pub(super) use contacts::{Ask, Newcomer, Refusal};
pub(super) use peer::Peer;
pub use setup::TorrentSetup;
pub use wishes::{Wish, Wishes};

use peer::Pace;
use setup::random_peer_id;
use traffic::Traffic;

#[derive(Debug)]
pub(super) struct Torrent {
    id: TorrentId,
    name: String,
    info_hash: Sha1Digest,
    peer_id: PeerId,
    geometry: Geometry,
    total_bytes: u64,
    padding: Vec<(u64, u64)>,
    /// Parts of the content that nobody counts, in order.
    uncounted: Vec<(u64, u64)>,
    is_private: bool,
    phase: Phase,
    blocks: Blocks,
    picker: Picker,
    grouping: Grouping,
    landing: LandingPlaces,
    /// Pieces that were begun in windows that were given up meanwhile.
    without_window: BTreeSet<PieceIndex>,
    /// What comes is received into buffers, not windows, where either will do.
    prefers_buffers: bool,
    peers: BTreeMap<ConnId, Peer>,
    next_contributor: u32,
    suspects: Suspects,
    contributors: BTreeMap<Contributor, SocketAddr>,
    /// Pieces that were wrong, and who brings them alone now.
    tried_alone: BTreeMap<PieceIndex, ConnId>,
    /// Pieces whose digests are being taken, and what for.
    in_court: BTreeMap<PieceIndex, blame::Verdict>,
    to_hash: VecDeque<PieceInPlace>,
    /// Pieces that a job of the pool works on, and where they are.
    in_pool: BTreeMap<PieceIndex, PlaceId>,
    hash_jobs: usize,
    reading: BTreeMap<Stretch, PlaceId>,
    /// Peers that wait for a block to be in memory.
    waiting_for_reads: BTreeSet<ConnId>,
    /// How many peers wait for blocks, or did at the last tick.
    served_count: usize,
    choker: Choker,
    unchoked_count: usize,
    /// What was done since the last tick and costs as much as there are peers: once in between, and
    /// then not before the next.
    since_tick: SinceTick,
    roster: Roster,
    announcer: Announcer,
    traffic: Traffic,
    /// Of the content, without padding.
    left_bytes: u64,
    trackers: Vec<TrackerReport>,
    to_dial: Vec<SocketAddr>,
    is_stopping: bool,
}

impl Torrent {
    pub(super) fn new(
        now: Instant,
        id: TorrentId,
        setup: TorrentSetup,
        config: &Config,
        seed: u64,
    ) -> Self {
        let mut rng = Rng::new(seed);
        let peer_id = random_peer_id(&mut rng);
        let mut roster = Roster::new(Rng::new(rng.next_u64()));
        for address in &setup.peers {
            roster.add(now, *address, Source::Given);
        }
        let mut picker = setup.wishes.picker(setup.geometry, &setup.have);
        if setup.is_sequential {
            picker.set_order(Order::Sequential);
        }
        let lacks_nothing = picker.lacking_count() == 0;
        let announcer = contacts::announcer(&setup, lacks_nothing, config, peer_id, rng.next_u64());
        let mut torrent = Self {
            id,
            name: setup.name,
            info_hash: setup.info_hash,
            peer_id,
            geometry: setup.geometry,
            total_bytes: 0,
            uncounted: setup.wishes.uncounted(&setup.padding),
            padding: setup.padding,
            is_private: setup.is_private,
            phase: if lacks_nothing {
                Phase::Seeding
            } else {
                Phase::Downloading
            },
            picker,
            blocks: Blocks::new(setup.geometry, setup.have),
            grouping: Grouping::new(setup.geometry, setup.runs),
            landing: LandingPlaces::default(),
            without_window: BTreeSet::new(),
            prefers_buffers: false,
            peers: BTreeMap::new(),
            next_contributor: 0,
            suspects: Suspects::new(),
            contributors: BTreeMap::new(),
            tried_alone: BTreeMap::new(),
            in_court: BTreeMap::new(),
            to_hash: VecDeque::new(),
            in_pool: BTreeMap::new(),
            hash_jobs: 0,
            reading: BTreeMap::new(),
            waiting_for_reads: BTreeSet::new(),
            served_count: 0,
            choker: Choker::new(config.slots, now),
            unchoked_count: 0,
            since_tick: SinceTick::default(),
            roster,
            announcer,
            traffic: Traffic::new(now),
            left_bytes: 0,
            trackers: Vec::new(),
            to_dial: Vec::new(),
            is_stopping: false,
        };
        torrent.count_bytes();
        torrent
    }

    pub(super) fn info_hash(&self) -> Sha1Digest {
        self.info_hash
    }

    pub(super) fn peer_id(&self) -> PeerId {
        self.peer_id
    }

    pub(super) fn has_failed(&self) -> bool {
        matches!(self.phase, Phase::Failed(_))
    }

    /// Nothing more is wanted of anybody.
    fn is_over(&self) -> bool {
        self.has_failed() || self.is_stopping
    }

    pub(super) fn is_downloading(&self) -> bool {
        matches!(self.phase, Phase::Downloading)
    }

    /// Both handshakes were exchanged on a connection.
    pub(super) fn join(
        &mut self,
        ctx: &mut Context<'_>,
        newcomer: &Newcomer,
        unsent: &[u8],
    ) -> Result<(), Refusal> {
        let Newcomer {
            conn,
            remote,
            is_dialled,
            ref theirs,
        } = *newcomer;
        self.admit(ctx, newcomer)?;
        let shared = theirs
            .capabilities
            .shared(crate::peer::Greeting::capabilities());
        let mut connection = Connection::new(ctx.now, self.geometry, shared, unsent);
        connection.tell_pieces(self.blocks.have());
        self.introduce(ctx, &mut connection, remote, is_dialled);
        let has = Bitfield::none(self.geometry.piece_count());
        let contributor = self.know_contributor(remote);
        let peer = Peer {
            interest: Interest::of(&self.picker, &has),
            conn: connection,
            remote,
            listens_at: is_dialled.then_some(remote),
            is_dialled,
            id: theirs.peer_id,
            has,
            allows_fast: Vec::new(),
            fast: None,
            working_on: None,
            contributor,
            down: Rate::new(ctx.now),
            up: Rate::new(ctx.now),
            joined_at: ctx.now,
            last_moved: ctx.now,
            unchoked_at: ctx.now,
            pace: Pace::Brings,
            is_resting: false,
            refusals: 0,
            is_upload_only: false,
        };
        self.peers.insert(conn, peer);
        Ok(())
    }

    /// A connection is gone.
    pub(super) fn leave(&mut self, ctx: &mut Context<'_>, conn: ConnId) {
        let Some(mut peer) = self.peers.remove(&conn) else {
            return;
        };
        for range in peer.conn.abandon_uploads() {
            ctx.release(range.place);
        }
        self.unchoked_count -= usize::from(!peer.conn.is_choked_by_us());
        self.waiting_for_reads.remove(&conn);
        self.blocks.give_back_all(conn);
        self.try_with_others(conn);
        self.picker.peer_left(&peer.has);
        self.forget_contact(ctx, &peer);
        if self.has_failed() {
            return self.give_memory_back(ctx);
        }
        self.hand_on(ctx);
        self.look_for_slots(ctx);
    }

    /// Bytes came that are words.
    pub(super) fn received(&mut self, ctx: &mut Context<'_>, conn: ConnId, mut bytes: &[u8]) {
        loop {
            let Some(peer) = self.peers.get_mut(&conn) else {
                return;
            };
            match peer.conn.next_event(ctx.now, &mut bytes) {
                Ok(Some(event)) => self.hear(ctx, conn, event),
                Ok(None) => break,
                Err(fault) => return self.end(ctx, conn, &fault),
            }
        }
        let Some(peer) = self.peers.get_mut(&conn) else {
            return;
        };
        // What it owed was taken back, so that it cannot make up for it; but it is there.
        if peer.conn.standing_requests() == 0 {
            peer.stalls_no_more();
        }
        if let Err(fault) = peer.conn.check_outbox() {
            return self.end(ctx, conn, &fault);
        }
        self.fetch(ctx, conn);
    }

    pub(super) fn landed(&mut self, ctx: &mut Context<'_>, conn: ConnId, len_bytes: usize) {
        self.traffic.downloaded(ctx.now, len_bytes as u64);
        let Some(peer) = self.peers.get_mut(&conn) else {
            return;
        };
        peer.down.add(ctx.now, len_bytes as u64);
        peer.last_moved = ctx.now;
        if let Some(event) = peer.conn.landed(ctx.now, len_bytes) {
            self.hear(ctx, conn, event);
            self.fetch(ctx, conn);
        }
    }

    pub(super) fn discarded(&mut self, ctx: &mut Context<'_>, conn: ConnId, len_bytes: usize) {
        if let Some(peer) = self.peers.get_mut(&conn)
            && let Some(event) = peer.conn.discarded(ctx.now, len_bytes)
        {
            self.hear(ctx, conn, event);
        }
    }

    fn hear(&mut self, ctx: &mut Context<'_>, conn: ConnId, event: Event) {
        match event {
            Event::Choked(given_back) => {
                self.try_with_others(conn);
                for asked in given_back {
                    self.blocks.give_back(asked.block, conn);
                }
                if let Some(peer) = self.peers.get_mut(&conn) {
                    peer.is_resting = true;
                }
                self.hand_on(ctx);
            }
            Event::Unchoked => self.hear_unchoked(ctx, conn),
            Event::Interested => self.hear_interested(ctx, conn),
            Event::NotInterested => self.look_for_slots(ctx),
            Event::Has(piece) => self.hear_has(ctx, conn, piece),
            Event::HasSome(has) => self.hear_has_some(ctx, conn, has),
            Event::HasAll => {
                let all = Bitfield::all(self.geometry.piece_count());
                self.hear_has_some(ctx, conn, all);
            }
            Event::Requests(block) => self.hear_request(ctx, conn, block),
            Event::Cancels(block) => self.hear_cancel(ctx, conn, block),
            Event::Refuses(asked) => self.hear_refuses(ctx, conn, asked.block),
            Event::BlockBegins { block, landing } => self.block_begins(conn, block, landing),
            Event::BlockLanded(block) => self.block_landed(ctx, conn, block),
            Event::ThrownAway(len_bytes) => self.thrown_away(ctx, conn, len_bytes),
            Event::AllowsFast(piece) => self.hear_allows_fast(ctx, conn, piece),
            Event::Extends(said) => self.hear_extensions(ctx, conn, &said),
        }
    }

    fn hear_unchoked(&mut self, ctx: &mut Context<'_>, conn: ConnId) {
        if let Some(peer) = self.peers.get_mut(&conn) {
            peer.stalls_no_more();
            peer.refusals = 0;
        }
        self.fetch(ctx, conn);
    }

    fn thrown_away(&mut self, ctx: &mut Context<'_>, conn: ConnId, len_bytes: u32) {
        self.traffic.wasted(ctx.now, u64::from(len_bytes));
        // It earns nothing by that: otherwise noise would be as good as content.
        if let Some(peer) = self.peers.get_mut(&conn) {
            peer.stalls_no_more();
        }
    }

    /// Ends a connection, and says why in the log.
    fn end(&mut self, ctx: &mut Context<'_>, conn: ConnId, fault: &Fault) {
        if let Some(peer) = self.peers.get(&conn) {
            log::debug!("peer {}: {fault}", peer.remote);
            let address = peer.listens_at.unwrap_or(peer.remote);
            match fault {
                Fault::Silent | Fault::OwesBlocks => {}
                Fault::Floods | Fault::NeverReads => {
                    self.roster.bar(ctx.now, address, Offence::Flood);
                }
                _ => self.roster.bar(ctx.now, address, Offence::Protocol),
            }
        }
        ctx.end(conn, Ending::Now);
    }

    /// The torrent cannot go on; the process can.
    pub(super) fn fail(&mut self, ctx: &mut Context<'_>, fault: StorageFault) {
        if !self.has_failed() {
            log::error!("{fault}; the torrent stops");
            self.phase = Phase::Failed(fault);
            for conn in self.peers.keys() {
                ctx.end(*conn, Ending::Now);
            }
            self.announcer.stop(ctx.now, ctx.now + GOODBYE_PATIENCE);
        }
        self.give_memory_back(ctx);
    }

    pub(super) fn send_plan<'a>(
        &'a self,
        conn: ConnId,
        plan: &mut crate::base::SendPlan<'a>,
        room_bytes: usize,
    ) {
        if let Some(peer) = self.peers.get(&conn) {
            peer.conn.send_plan(plan, room_bytes);
        }
    }

    /// Nothing is planned into a place that is being refreshed: where it comes first, the
    /// connection waits.
    pub(super) fn recv_plan(&self, conn: ConnId, plan: &mut RecvPlan, room_bytes: usize) {
        if let Some(peer) = self.peers.get(&conn) {
            peer.conn
                .recv_plan(plan, room_bytes, |place| self.landing.is_fresh(place));
        }
    }

    pub(super) fn peer_connection(&self, conn: ConnId) -> Option<&Connection> {
        self.peers.get(&conn).map(|peer| &peer.conn)
    }

    /// Looks after what only time brings about.
    pub(super) fn tick(&mut self, ctx: &mut Context<'_>) {
        let conns: Vec<_> = self.peers.keys().copied().collect();
        for conn in conns {
            let Some(peer) = self.peers.get_mut(&conn) else {
                continue;
            };
            peer.refusals = peer.refusals.saturating_sub(1);
            peer.is_resting = false;
            match peer.conn.keep_alive(ctx.now) {
                Ok(()) if peer.conn.has_words() => ctx.replan(conn),
                Ok(()) => {}
                Err(fault) => self.end(ctx, conn, &fault),
            }
        }
        let before = std::mem::take(&mut self.since_tick);
        self.refresh_windows(ctx);
        self.look_for_stalled(ctx);
        self.look_for_dribblers(ctx);
        self.count_served();
        self.make_room(ctx);
        self.fetch_from_all(ctx);
        // Who left, was choked or asks no more has given memory back, and told nobody.
        if !self.waiting_for_reads.is_empty() {
            self.take_from_idle(ctx);
            self.serve_all_waiting(ctx);
        }
        if before.wants_slots {
            self.deal_free_slots(ctx);
        }
        self.choke_round(ctx);
    }

    /// Which block of the content lies in padding and nowhere else.
    fn is_padding(&self, block: Block) -> bool {
        let start = self.geometry.start_of(block.piece()) + u64::from(block.offset_bytes());
        let end = start + u64::from(block.len_bytes());
        let behind = self.padding.partition_point(|(from, _)| *from <= start);
        let before = self.padding[..behind].last();
        before.is_some_and(|(_, to)| end <= *to)
    }
}

/// See [`Torrent::look_for_slots`] and [`Torrent::hand_on`].
#[derive(Clone, Copy, Debug, Default)]
struct SinceTick {
    has_dealt_slots: bool,
    wants_slots: bool,
    has_handed_on: bool,
}
