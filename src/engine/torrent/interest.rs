//! What peers have, and whether we want it.

use super::{Refusal, Torrent};
use crate::base::{Bitfield, ConnId, Ending, PieceIndex};
use crate::engine::context::Context;
use crate::peer::Extensions;
use crate::swarm::Interest;

impl Torrent {
    pub(super) fn hear_has(&mut self, ctx: &mut Context<'_>, conn: ConnId, piece: PieceIndex) {
        let Some(peer) = self.peers.get_mut(&conn) else {
            return;
        };
        if !peer.has.set(piece) {
            return;
        }
        peer.conn.was_of_use();
        if peer.allows_fast.contains(&piece) {
            peer.find_fast();
        }
        self.picker.peer_got(piece);
        peer.interest.peer_got(&self.picker, piece);
        self.look_at_interest(ctx, conn);
    }

    pub(super) fn hear_has_some(&mut self, ctx: &mut Context<'_>, conn: ConnId, has: Bitfield) {
        let Some(peer) = self.peers.get_mut(&conn) else {
            return;
        };
        self.picker.peer_left(&peer.has);
        self.picker.peer_joined(&has);
        peer.interest = Interest::of(&self.picker, &has);
        peer.has = has;
        peer.find_fast();
        // It may have less than before, and nobody else be asked for what it was chosen for.
        self.try_with_others(conn);
        self.allow_fast(conn);
        self.look_at_interest(ctx, conn);
    }

    pub(super) fn hear_extensions(
        &mut self,
        ctx: &mut Context<'_>,
        conn: ConnId,
        said: &Extensions,
    ) {
        let Some(peer) = self.peers.get_mut(&conn) else {
            return;
        };
        peer.is_upload_only = said.is_upload_only;
        if let (Some(port), None) = (said.listen_port, peer.listens_at) {
            let mut address = peer.remote;
            address.set_port(port);
            peer.listens_at = Some(address);
        }
        self.look_at_interest(ctx, conn);
    }

    /// Says whether we want something of a peer, and ends what is of no use to either side.
    fn look_at_interest(&mut self, ctx: &mut Context<'_>, conn: ConnId) {
        let Some(peer) = self.peers.get_mut(&conn) else {
            return;
        };
        peer.conn.set_interesting(peer.interest.is_any());
        let wants_nothing = peer.is_seed() || peer.is_upload_only;
        if wants_nothing && self.picker.lacking_count() == 0 {
            log::debug!("peer {}: {}", peer.remote, Refusal::BothSeeds);
            ctx.end(conn, Ending::Flush);
        }
    }
}
