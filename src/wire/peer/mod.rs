//! What peers say to each other (BEP 3, 6, 10, 52): the handshake, the messages behind it, and the
//! handshake of the extension protocol.
//!
//! A connection may break anywhere, so [`frame`] reads from the front of what has arrived and says
//! how much more it has to see. Long bodies never have to be in one piece to be judged: of a block
//! it sees the head only, and of other long messages it tells kind and length as soon as they are
//! known, for the connection to collect or to skip.

mod allowed_fast;
mod extension;
mod frame;
mod handshake;
mod message;
mod message_id;
mod peer_id;
#[cfg(test)]
mod tests;

pub use allowed_fast::allowed_fast;
pub use extension::{ExtensionHandshake, ExtensionHandshakeError};
pub use frame::{Frame, FrameError, LongKind, LongMessage, PIECE_HEAD_LEN_BYTES, frame};
pub use handshake::{Capabilities, Handshake, HandshakeHead, NotAHandshake};
pub use message::{
    Message, RawBlock, cancel_bytes, piece_head, reject_bytes, request_bytes, write_bitfield,
    write_extended,
};
pub use message_id::MessageId;
pub use peer_id::PeerId;

/// The id of the handshake among the extended messages; a peer chooses those of all others.
pub const EXTENSION_HANDSHAKE_ID: u8 = 0;
