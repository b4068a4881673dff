//! Messages as values, and how they are written.

use super::MessageId;
use crate::base::limits::{PEER_BLOCK_LEN_BYTES_MAX, PEER_EXTENDED_LEN_BYTES_MAX};
use crate::base::{Bitfield, Block, Geometry};

/// A message that is read whole. Indexes are what the sender wrote: nothing says that the torrent
/// has such a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    KeepAlive,
    Choke,
    Unchoke,
    Interested,
    NotInterested,
    Have {
        piece_index: u32,
    },
    Request(RawBlock),
    Cancel(RawBlock),
    /// Where the sender's DHT node listens.
    Port(u16),
    SuggestPiece {
        piece_index: u32,
    },
    HaveAll,
    HaveNone,
    RejectRequest(RawBlock),
    AllowedFast {
        piece_index: u32,
    },
}

/// A block as a peer names it: nothing says that the torrent has such a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RawBlock {
    pub piece_index: u32,
    pub offset_bytes: u32,
    pub len_bytes: u32,
}

impl RawBlock {
    /// `None` where the torrent has no such block, or where no message could carry it.
    pub fn within(self, geometry: &Geometry) -> Option<Block> {
        (self.len_bytes <= PEER_BLOCK_LEN_BYTES_MAX)
            .then(|| geometry.part(self.piece_index, self.offset_bytes, self.len_bytes))?
    }
}

impl From<Block> for RawBlock {
    fn from(block: Block) -> Self {
        Self {
            piece_index: block.piece().get(),
            offset_bytes: block.offset_bytes(),
            len_bytes: block.len_bytes(),
        }
    }
}

impl Message {
    pub fn write(self, out: &mut Vec<u8>) {
        match self {
            Self::KeepAlive => out.extend_from_slice(&[0; 4]),
            Self::Choke => bare(MessageId::CHOKE, out),
            Self::Unchoke => bare(MessageId::UNCHOKE, out),
            Self::Interested => bare(MessageId::INTERESTED, out),
            Self::NotInterested => bare(MessageId::NOT_INTERESTED, out),
            Self::Have { piece_index } => with_index(MessageId::HAVE, piece_index, out),
            Self::Request(block) => out.extend(with_block(MessageId::REQUEST, block)),
            Self::Cancel(block) => out.extend(with_block(MessageId::CANCEL, block)),
            Self::Port(port) => {
                out.extend(front(MessageId::PORT, 3));
                out.extend(port.to_be_bytes());
            }
            Self::SuggestPiece { piece_index } => {
                with_index(MessageId::SUGGEST_PIECE, piece_index, out);
            }
            Self::HaveAll => bare(MessageId::HAVE_ALL, out),
            Self::HaveNone => bare(MessageId::HAVE_NONE, out),
            Self::RejectRequest(block) => out.extend(reject_bytes(block)),
            Self::AllowedFast { piece_index } => {
                with_index(MessageId::ALLOWED_FAST, piece_index, out);
            }
        }
    }
}

pub fn request_bytes(block: Block) -> [u8; 17] {
    with_block(MessageId::REQUEST, block.into())
}

pub fn cancel_bytes(block: Block) -> [u8; 17] {
    with_block(MessageId::CANCEL, block.into())
}

/// The answer to a request that is not granted, in the words of the request.
pub fn reject_bytes(block: RawBlock) -> [u8; 17] {
    with_block(MessageId::REJECT_REQUEST, block)
}

/// What goes before the bytes of a block.
///
/// # Panics
///
/// Where the block is longer than any that [`RawBlock::within`] lets pass.
pub fn piece_head(block: Block) -> [u8; 13] {
    assert!(
        block.len_bytes() <= PEER_BLOCK_LEN_BYTES_MAX,
        "a block that peers take"
    );
    let mut bytes = [0; 13];
    bytes[..5].copy_from_slice(&front(MessageId::PIECE, 9 + block.len_bytes()));
    bytes[5..9].copy_from_slice(&block.piece().get().to_be_bytes());
    bytes[9..].copy_from_slice(&block.offset_bytes().to_be_bytes());
    bytes
}

pub fn write_bitfield(bitfield: &Bitfield, out: &mut Vec<u8>) {
    out.extend(front(MessageId::BITFIELD, 1 + bitfield.len().div_ceil(8)));
    bitfield.write_wire(out);
}

/// A message of the extension protocol, under the id that its receiver chose for the kind.
///
/// # Panics
///
/// Where the payload is longer than a peer of our own kind would take.
pub fn write_extended(extended_id: u8, payload: &[u8], out: &mut Vec<u8>) {
    let len_bytes = u32::try_from(payload.len()).map_or(u32::MAX, |len| len.saturating_add(2));
    assert!(
        len_bytes <= PEER_EXTENDED_LEN_BYTES_MAX,
        "an extended message that peers take"
    );
    out.extend(front(MessageId::EXTENDED, len_bytes));
    out.push(extended_id);
    out.extend_from_slice(payload);
}

fn front(id: MessageId, len_bytes: u32) -> [u8; 5] {
    let [a, b, c, d] = len_bytes.to_be_bytes();
    [a, b, c, d, id.0]
}

fn bare(id: MessageId, out: &mut Vec<u8>) {
    out.extend(front(id, 1));
}

fn with_index(id: MessageId, piece_index: u32, out: &mut Vec<u8>) {
    out.extend(front(id, 5));
    out.extend(piece_index.to_be_bytes());
}

fn with_block(id: MessageId, block: RawBlock) -> [u8; 17] {
    let mut bytes = [0; 17];
    bytes[..5].copy_from_slice(&front(id, 13));
    bytes[5..9].copy_from_slice(&block.piece_index.to_be_bytes());
    bytes[9..13].copy_from_slice(&block.offset_bytes.to_be_bytes());
    bytes[13..].copy_from_slice(&block.len_bytes.to_be_bytes());
    bytes
}
