//! The words everyone uses: values without behaviour that any room may name.

mod deceptive;
mod digest;
mod excerpt;
pub mod hex;
mod host;
pub mod limits;
mod peer_address;
pub mod percent;
mod url;

pub use deceptive::is_deceptive;
pub use digest::{InfoHashes, Sha1Digest, Sha256Digest};
pub use excerpt::excerpt;
pub use host::{Host, HostError, HostName};
pub use peer_address::{PeerAddress, PeerAddressError};
pub use url::{Scheme, Url, UrlError};
