//! What is given to peers that are choked, and taken from those that choke us (BEP 6): who has
//! nothing has nothing to give for what it gets, and would wait long for its turn.
//!
//! A peer that starts is told of a few pieces, the same ones that everybody tells it of, and has them
//! as long as it has no more than these. In a torrent of few pieces they are fewer: slots would mean
//! nothing there.

use std::net::IpAddr;

use super::{Peer, Torrent};
use crate::base::limits::{ALLOWED_FAST_HEARD_MAX, ALLOWED_FAST_PIECES, ALLOWED_FAST_SHARE};
use crate::base::{Bitfield, Block, ConnId, PieceIndex};
use crate::engine::context::Context;
use crate::wire::peer::allowed_fast;

impl Torrent {
    /// A peer said what it has: if that is little, it may ask for a bit more while it is choked.
    pub(super) fn allow_fast(&mut self, conn: ConnId) {
        let count = self.fast_count();
        let has_any = !self.blocks.have().is_empty();
        let Some(peer) = self.peers.get_mut(&conn) else {
            return;
        };
        // There is no such set for addresses of IPv6.
        let IpAddr::V4(ip) = peer.remote.ip().to_canonical() else {
            return;
        };
        if has_any && count > 0 && peer.has.count() <= count {
            let pieces = allowed_fast(ip, &self.info_hash, &self.geometry, count as usize);
            peer.conn.allow_fast(pieces);
        }
    }

    fn fast_count(&self) -> u32 {
        ALLOWED_FAST_PIECES.min(self.geometry.piece_count() / ALLOWED_FAST_SHARE)
    }

    /// Whether a peer is given a block though it is choked.
    pub(super) fn gives_fast(&mut self, conn: ConnId, block: Block) -> bool {
        let count = self.fast_count();
        let peer = self.peers.get_mut(&conn);
        peer.is_some_and(|peer| peer.has.count() <= count && peer.conn.takes_fast(block))
    }

    /// A peer allows us to ask for a piece while it chokes us; it need not have it.
    pub(super) fn hear_allows_fast(
        &mut self,
        ctx: &mut Context<'_>,
        conn: ConnId,
        piece: PieceIndex,
    ) {
        if let Some(peer) = self.peers.get_mut(&conn)
            && peer.allows_fast.len() < ALLOWED_FAST_HEARD_MAX
            && !peer.allows_fast.contains(&piece)
        {
            peer.allows_fast.push(piece);
            peer.find_fast();
            self.fetch(ctx, conn);
        }
    }
}

impl Peer {
    /// What it may be asked for now.
    pub(super) fn in_reach(&self) -> Option<&Bitfield> {
        if self.conn.is_choking_us() {
            self.fast.as_ref()
        } else {
            Some(&self.has)
        }
    }

    /// What it has changed, or what it allows.
    pub(super) fn find_fast(&mut self) {
        let mut fast = Bitfield::none(self.has.len());
        for piece in &self.allows_fast {
            if self.has.has(*piece) {
                fast.set(*piece);
            }
        }
        self.fast = Some(fast).filter(|fast| !fast.is_empty());
    }

    /// It does not keep to what it allowed, as it may.
    pub(super) fn forget_fast(&mut self, piece: PieceIndex) {
        if self.conn.is_choking_us() && self.allows_fast.contains(&piece) {
            self.allows_fast.retain(|allowed| *allowed != piece);
            self.find_fast();
        }
    }
}
