//! What a peer said, or did.

use super::pipeline::{Asked, Landing};
use crate::base::{Bitfield, Block, PieceIndex};
use crate::wire::peer::FrameError;

#[derive(Debug)]
pub enum Event {
    /// It answers no more requests; the ones that stood are given back, unless it says of each by
    /// itself that it is refused.
    Choked(Vec<Asked>),
    Unchoked,
    Interested,
    NotInterested,
    /// It has one more piece.
    Has(PieceIndex),
    /// What it has, all told; some programs tell it again later.
    HasSome(Bitfield),
    HasAll,
    /// It asks for a part of a piece.
    Requests(Block),
    /// It asks no more.
    Cancels(Block),
    /// It will not answer this request.
    Refuses(Asked),
    /// The bytes of a block come next: [`Connection::land`](super::Connection::land) or
    /// [`Connection::throw_away`](super::Connection::throw_away) says where they go.
    BlockBegins {
        block: Block,
        landing: Landing,
    },
    /// A block that had a place to land is there whole.
    BlockLanded(Block),
    /// So many bytes of blocks that nobody waits for were thrown away.
    ThrownAway(u32),
    /// It answers requests for this piece even while it chokes.
    AllowsFast(PieceIndex),
    Extends(Extensions),
}

/// What a peer said of itself in the extension protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extensions {
    pub listen_port: Option<u16>,
    /// It wants nothing more.
    pub is_upload_only: bool,
}

/// Why a connection to a peer is ended from this side.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("{0}")]
    Message(#[from] FrameError),
    #[error("it names piece {0}, which the torrent does not have")]
    NoSuchPiece(u32),
    #[error("it asks for bytes that piece {0} does not have")]
    NoSuchBytes(u32),
    #[error("it asks for {0} bytes at once")]
    RequestTooLong(u32),
    #[error("{0}")]
    Bitfield(#[from] crate::base::BitfieldError),
    #[error("it says too much that is of no use")]
    Floods,
    #[error("it sends too much that it was not asked for")]
    SendsUnasked,
    #[error("it sends messages of the fast extension without having said so")]
    FastUnasked,
    #[error("it answers what it was not asked yet")]
    AnswersUnasked,
    #[error("it has not read what was sent to it for a long time")]
    NeverReads,
    #[error("nothing came from it for a long time")]
    Silent,
    #[error("it owes blocks and has sent none for a long time")]
    OwesBlocks,
}
