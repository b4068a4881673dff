//! Who sent a wrong block: the digests of a wrong piece are kept, and compared when the piece comes
//! whole. Until then nobody is accused but one who brought all of it.
//!
//! A piece that was wrong is tried with one peer alone: then either it comes whole, which tells who
//! sent what was wrong before, or that peer is found out. Were it shared again, a liar among many
//! could spoil it again and again.

use super::Torrent;
use crate::base::limits::CONTRIBUTORS_KEPT_MAX;
use crate::base::{ConnId, Ending, PieceIndex, Sha1Digest};
use crate::engine::context::Context;
use crate::engine::job::{Job, PieceInPlace};
use crate::swarm::{Contributor, Offence, Suspects};

/// What is done with a piece when the digests of its blocks are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Wrong,
    Whole,
}

impl Torrent {
    /// A piece has the wrong hash. Nothing is written to it again before its digests are taken.
    pub(super) fn is_wrong(&mut self, ctx: &mut Context<'_>, piece: PieceIndex) {
        log::warn!(
            "piece {}: its hash is wrong; fetching it again",
            piece.get()
        );
        self.traffic.wasted_bytes += u64::from(self.geometry.len_of(piece));
        self.judge(ctx, piece, Verdict::Wrong);
    }

    /// Whether somebody sent something else for a piece before it came whole.
    pub(super) fn is_disputed(&self, piece: PieceIndex) -> bool {
        self.suspects.is_open(piece)
    }

    /// Whether a peer may be asked for a piece: one that is tried with another alone is not shared.
    pub(super) fn may_bring(&self, conn: ConnId, piece: PieceIndex) -> bool {
        let tried_with = self.tried_alone.get(&piece);
        tried_with.is_none_or(|chosen| *chosen == conn)
    }

    /// A peer is asked for a block.
    pub(super) fn try_alone(&mut self, conn: ConnId, piece: PieceIndex) {
        if self.is_disputed(piece) {
            self.tried_alone.entry(piece).or_insert(conn);
        }
    }

    /// A peer does not bring what it was asked for: others may.
    pub(super) fn try_with_others(&mut self, conn: ConnId) {
        self.tried_alone.retain(|_, chosen| *chosen != conn);
    }

    pub(super) fn judge(&mut self, ctx: &mut Context<'_>, piece: PieceIndex, verdict: Verdict) {
        let Some(range) = self.landing.place_of_piece(&self.geometry, piece) else {
            unreachable!("a piece keeps its place until it is done with");
        };
        self.in_pool.insert(piece, range.place);
        self.in_court.insert(piece, verdict);
        ctx.submit(Job::Digest {
            torrent: self.id,
            piece: PieceInPlace { piece, range },
        });
    }

    pub(in crate::engine) fn digested(
        &mut self,
        ctx: &mut Context<'_>,
        piece: PieceIndex,
        digests: &[Sha1Digest],
    ) {
        self.in_pool.remove(&piece);
        self.tried_alone.remove(&piece);
        if self.has_failed() {
            return self.give_memory_back(ctx);
        }
        match self.in_court.remove(&piece) {
            Some(Verdict::Wrong) => {
                let contributors = self.blocks.reject(piece);
                if let Some(culprit) = Suspects::sole(&contributors) {
                    self.convict(ctx, culprit);
                } else if contributors.len() == digests.len() {
                    self.suspects.wrong(piece, &contributors, digests);
                }
                self.fetch_from_all(ctx);
            }
            Some(Verdict::Whole) => {
                for culprit in self.suspects.whole(piece, digests) {
                    self.convict(ctx, culprit);
                }
                self.settle(ctx, piece);
            }
            None => {}
        }
    }

    fn convict(&mut self, ctx: &mut Context<'_>, culprit: Contributor) {
        let Some(address) = self.contributors.get(&culprit).copied() else {
            return;
        };
        log::warn!("peer {address}: it sent wrong bytes; barred for a while");
        self.roster.bar(ctx.now, address, Offence::WrongBlock);
        let guilty = self
            .peers
            .iter()
            .filter(|(_, peer)| peer.contributor == culprit);
        for (conn, peer) in guilty {
            if let Some(listens_at) = peer.listens_at.filter(|known| *known != address) {
                self.roster.bar(ctx.now, listens_at, Offence::WrongBlock);
            }
            ctx.end(*conn, Ending::Now);
        }
    }

    /// Remembers whose address a contributor had, for a while beyond its connection.
    pub(super) fn know_contributor(&mut self, address: std::net::SocketAddr) -> Contributor {
        self.next_contributor = self.next_contributor.wrapping_add(1);
        let contributor = Contributor(self.next_contributor);
        self.contributors.insert(contributor, address);
        if self.contributors.len() > CONTRIBUTORS_KEPT_MAX {
            self.contributors.pop_first();
        }
        contributor
    }
}
