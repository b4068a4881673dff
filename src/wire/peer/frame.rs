//! Reading the next message from the front of what a connection has received.

use std::fmt;

use super::{Message, MessageId, RawBlock};
use crate::base::Amount;

/// What goes before the bytes of a block: length, id, index of the piece, offset in it.
pub const PIECE_HEAD_LEN_BYTES: usize = 13;

/// What stands at the front of the bytes that have arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Nothing can be told before this many bytes are there, those that are included.
    NeedMore { min_bytes: usize },
    /// A whole message, and where the next begins.
    Message { len_bytes: usize, message: Message },
    /// The first [`PIECE_HEAD_LEN_BYTES`] bytes announce this block; its bytes follow.
    PieceHead(RawBlock),
    /// The head of a message whose body may be long, and need not be there.
    Long(LongMessage),
}

/// A message to be collected or skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LongMessage {
    pub kind: LongKind,
    pub head_len_bytes: usize,
    pub body_len_bytes: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LongKind {
    /// For [`Bitfield::from_wire`](crate::base::Bitfield::from_wire).
    Bitfield,
    /// The body is what stands behind the id.
    Extended {
        extended_id: u8,
    },
    /// Those of BEP 52, which mt does not read.
    HashRequest,
    Hashes,
    HashReject,
    Unknown {
        id: MessageId,
    },
}

/// A message that cannot be as long as it says: behind it nothing can be read, either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a message {id} of {} where {} due", Amount(*.len_bytes, "byte"), Due(*.min_bytes, *.max_bytes))]
pub struct FrameError {
    pub id: MessageId,
    pub len_bytes: u32,
    pub min_bytes: u32,
    pub max_bytes: u32,
}

/// Reads the front of what has arrived. With the number of pieces, bitfields are of its length.
///
/// What it said once stays true when more bytes arrive, so a head may be taken and its body
/// received elsewhere.
pub fn frame(received: &[u8], piece_count: Option<u32>) -> Result<Frame, FrameError> {
    let Some((prefix, behind_len)) = received.split_first_chunk() else {
        return Ok(Frame::NeedMore { min_bytes: 4 });
    };
    let len_bytes = u32::from_be_bytes(*prefix);
    if len_bytes == 0 {
        return Ok(Frame::Message {
            len_bytes: 4,
            message: Message::KeepAlive,
        });
    }
    let Some((&id, payload)) = behind_len.split_first() else {
        return Ok(Frame::NeedMore { min_bytes: 5 });
    };
    let id = MessageId(id);
    check_len(id, len_bytes, piece_count)?;
    let kind = match id {
        MessageId::PIECE => return Ok(piece(payload, len_bytes)),
        MessageId::EXTENDED => return Ok(extended(payload, len_bytes)),
        MessageId::BITFIELD => LongKind::Bitfield,
        MessageId::HASH_REQUEST => LongKind::HashRequest,
        MessageId::HASHES => LongKind::Hashes,
        MessageId::HASH_REJECT => LongKind::HashReject,
        _ if id.name().is_none() => LongKind::Unknown { id },
        _ => return Ok(short(id, payload, len_bytes)),
    };
    Ok(long(kind, 5, len_bytes))
}

fn check_len(id: MessageId, len_bytes: u32, piece_count: Option<u32>) -> Result<(), FrameError> {
    let due = id.lens_bytes(piece_count);
    if due.contains(&len_bytes) {
        return Ok(());
    }
    Err(FrameError {
        id,
        len_bytes,
        min_bytes: *due.start(),
        max_bytes: *due.end(),
    })
}

/// A message of one of the fixed lengths.
fn short(id: MessageId, payload: &[u8], len_bytes: u32) -> Frame {
    let len_bytes = 4 + len_bytes as usize;
    match message(id, payload) {
        Some(message) => Frame::Message { len_bytes, message },
        None => Frame::NeedMore {
            min_bytes: len_bytes,
        },
    }
}

fn message(id: MessageId, payload: &[u8]) -> Option<Message> {
    Some(match id {
        MessageId::CHOKE => Message::Choke,
        MessageId::UNCHOKE => Message::Unchoke,
        MessageId::INTERESTED => Message::Interested,
        MessageId::NOT_INTERESTED => Message::NotInterested,
        MessageId::HAVE => Message::Have {
            piece_index: index(payload)?,
        },
        MessageId::REQUEST => Message::Request(block(payload)?),
        MessageId::CANCEL => Message::Cancel(block(payload)?),
        MessageId::PORT => Message::Port(u16::from_be_bytes(*payload.first_chunk()?)),
        MessageId::SUGGEST_PIECE => Message::SuggestPiece {
            piece_index: index(payload)?,
        },
        MessageId::HAVE_ALL => Message::HaveAll,
        MessageId::HAVE_NONE => Message::HaveNone,
        MessageId::REJECT_REQUEST => Message::RejectRequest(block(payload)?),
        MessageId::ALLOWED_FAST => Message::AllowedFast {
            piece_index: index(payload)?,
        },
        _ => return None,
    })
}

fn index(payload: &[u8]) -> Option<u32> {
    payload
        .first_chunk()
        .map(|bytes| u32::from_be_bytes(*bytes))
}

fn block(payload: &[u8]) -> Option<RawBlock> {
    let (fields, _) = payload.as_chunks();
    let [piece_index, offset_bytes, len_bytes] = fields.first_chunk()?.map(u32::from_be_bytes);
    Some(RawBlock {
        piece_index,
        offset_bytes,
        len_bytes,
    })
}

fn piece(payload: &[u8], len_bytes: u32) -> Frame {
    let (fields, _) = payload.as_chunks();
    match fields.first_chunk() {
        Some(&[piece_index, offset_bytes]) => Frame::PieceHead(RawBlock {
            piece_index: u32::from_be_bytes(piece_index),
            offset_bytes: u32::from_be_bytes(offset_bytes),
            len_bytes: len_bytes - 9,
        }),
        None => Frame::NeedMore {
            min_bytes: PIECE_HEAD_LEN_BYTES,
        },
    }
}

fn extended(payload: &[u8], len_bytes: u32) -> Frame {
    match payload.first() {
        Some(&extended_id) => long(LongKind::Extended { extended_id }, 6, len_bytes),
        None => Frame::NeedMore { min_bytes: 6 },
    }
}

fn long(kind: LongKind, head_len_bytes: usize, len_bytes: u32) -> Frame {
    Frame::Long(LongMessage {
        kind,
        head_len_bytes,
        body_len_bytes: 4 + len_bytes as usize - head_len_bytes,
    })
}

impl LongMessage {
    /// Where the next message begins.
    pub const fn len_bytes(&self) -> usize {
        self.head_len_bytes + self.body_len_bytes
    }

    /// `None` while it has not arrived.
    pub fn body_of<'a>(&self, received: &'a [u8]) -> Option<&'a [u8]> {
        received.get(self.head_len_bytes..self.len_bytes())
    }
}

/// How long a message has to be, as the end of a sentence.
struct Due(u32, u32);

impl fmt::Display for Due {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self(1, 1) => f.write_str("1 is"),
            Self(min, max) if min == max => write!(f, "{min} are"),
            Self(min, max) => write!(f, "{min} to {max} are"),
        }
    }
}
