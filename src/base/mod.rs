//! The words everyone uses: values without behaviour that any room may name.

mod digest;
pub mod hex;
pub mod limits;
mod url;

pub use digest::{InfoHashes, Sha1Digest, Sha256Digest};
pub use url::{Url, UrlError};
