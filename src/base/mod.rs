//! The words everyone uses: values without behaviour that any room may name.

mod digest;
pub mod hex;
mod host;
pub mod limits;
mod peer_address;
pub mod percent;
mod rng;
mod text;
mod url;

pub use digest::{InfoHashes, Sha1Digest, Sha256Digest};
pub use host::{Host, HostError, HostName};
pub use peer_address::{PeerAddress, PeerAddressError};
pub use rng::Rng;
pub use text::{excerpt, is_deceptive, printable};
pub use url::{Scheme, Url, UrlError};
