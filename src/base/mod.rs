//! The words everyone uses: values without behaviour that any room may name, and the seam that
//! keeps protocol apart from the world ([`Core`]).

mod allowance;
mod bitfield;
mod conn;
mod core;
mod customer;
mod datagram;
mod digest;
mod geometry;
pub mod hex;
mod host;
pub mod limits;
mod peer_address;
pub mod percent;
mod place;
mod plan;
mod rng;
mod text;
mod time;
mod url;

pub use self::core::{
    Action, CloseReason, Core, DialError, DialToken, Ending, Input, ListenerId, Origin, SocketId,
};
pub use allowance::Allowance;
pub use bitfield::{Bitfield, BitfieldError};
pub use conn::{ConnId, ConnMap};
pub use customer::Customer;
pub use datagram::DatagramBatch;
pub use digest::{InfoHashes, Sha1Digest, Sha256Digest};
pub use geometry::{BLOCK_LEN_BYTES, Block, Geometry, PieceIndex};
pub use host::{Host, HostError, HostName};
pub use peer_address::{PeerAddress, PeerAddressError};
pub use place::{Memory, NoMemory, PlaceId, PlaceRange};
pub use plan::{RecvPlan, RecvSpan, SendPart, SendPlan};
pub use rng::Rng;
pub use text::{Amount, excerpt, excerpt_bytes, is_deceptive, printable};
pub use time::Instant;
pub use url::{Scheme, Url, UrlError};
