//! The words everyone uses: values without behaviour that any room may name, and the seam that
//! keeps protocol apart from the world ([`Core`]).

mod conn;
mod core;
mod datagram;
mod digest;
pub mod hex;
mod host;
pub mod limits;
mod peer_address;
pub mod percent;
mod plan;
mod rng;
mod text;
mod time;
mod url;

pub use self::core::{
    Action, CloseReason, Core, DialError, DialToken, Ending, Input, ListenerId, Origin, SocketId,
};
pub use conn::{ConnId, ConnMap};
pub use datagram::DatagramBatch;
pub use digest::{InfoHashes, Sha1Digest, Sha256Digest};
pub use host::{Host, HostError, HostName};
pub use peer_address::{PeerAddress, PeerAddressError};
pub use plan::{RecvPlan, RecvSpan, SendPlan};
pub use rng::Rng;
pub use text::{Amount, excerpt, excerpt_bytes, is_deceptive, printable};
pub use time::Instant;
pub use url::{Scheme, Url, UrlError};
