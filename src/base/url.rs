//! The few URLs that a BitTorrent client meets.

/// A checked URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    #[error("is empty")]
    Empty,
}

impl Url {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
