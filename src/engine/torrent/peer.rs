//! What a torrent knows of a peer that it is connected to.

use std::net::SocketAddr;

use crate::base::{Bitfield, Instant, PieceIndex};
use crate::peer::Connection;
use crate::swarm::{Contributor, Interest, Rate};
use crate::wire::peer::PeerId;

#[derive(Debug)]
pub(in crate::engine) struct Peer {
    pub(super) conn: Connection,
    pub(super) remote: SocketAddr,
    /// Where it takes connections itself, if that is known.
    pub(super) listens_at: Option<SocketAddr>,
    pub(super) is_dialled: bool,
    pub(super) id: PeerId,
    pub(super) has: Bitfield,
    /// What it lets us ask for while it chokes us, whether it has it or not; and what of it it has.
    pub(super) allows_fast: Vec<PieceIndex>,
    pub(super) fast: Option<Bitfield>,
    pub(super) interest: Interest,
    /// The piece whose blocks it is asked for next.
    pub(super) working_on: Option<PieceIndex>,
    pub(super) contributor: Contributor,
    pub(super) down: Rate,
    pub(super) up: Rate,
    pub(super) joined_at: Instant,
    /// When bytes of a block went either way last, or it joined.
    pub(super) last_moved: Instant,
    pub(super) unchoked_at: Instant,
    pub(super) pace: Pace,
    /// It choked us: until the next tick it is asked for nothing, however often it unchokes.
    pub(super) is_resting: bool,
    /// How often it refused what it was asked for and might have brought, since it brought any; one
    /// is forgiven at every tick.
    pub(super) refusals: u32,
    pub(super) is_upload_only: bool,
}

/// How a peer brings what it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    Brings,
    /// It owes blocks and has sent none for long: what it was asked for may come from others.
    Stalls,
    /// It had a block under way for so long that it was taken from it, and has not worked off yet
    /// what it was asked for.
    Dribbles,
}

impl Peer {
    pub(super) fn is_seed(&self) -> bool {
        self.has.is_full()
    }

    /// Nobody relies on what it was asked for.
    pub(super) fn is_late(&self) -> bool {
        self.pace != Pace::Brings
    }

    /// Something came of it, if not what it was asked for.
    pub(super) fn stalls_no_more(&mut self) {
        if self.pace == Pace::Stalls {
            self.pace = Pace::Brings;
        }
    }
}
