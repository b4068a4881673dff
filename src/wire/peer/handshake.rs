//! The 68 bytes that each side of a connection begins with.

use super::PeerId;
use crate::base::Sha1Digest;

/// How a handshake begins: the name of the protocol behind its length.
const PROTOCOL: &[u8; 20] = b"\x13BitTorrent protocol";

/// What the sender of a handshake says it can do, in the eight bytes reserved for that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities(u64);

impl Capabilities {
    pub const NONE: Self = Self(0);
    /// BEP 5.
    pub const DHT: Self = Self(1);
    /// BEP 6.
    pub const FAST: Self = Self(1 << 2);
    /// BEP 52: the torrent's other swarm would do, too.
    pub const V2: Self = Self(1 << 4);
    /// BEP 10.
    pub const EXTENSIONS: Self = Self(1 << 20);

    #[must_use]
    pub const fn with(self, more: Self) -> Self {
        Self(self.0 | more.0)
    }

    /// What both sides can do.
    #[must_use]
    pub const fn shared(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub const fn has(self, wanted: Self) -> bool {
        self.0 & wanted.0 == wanted.0
    }

    pub const fn from_bytes(reserved: [u8; 8]) -> Self {
        Self(u64::from_be_bytes(reserved))
    }

    pub const fn to_bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }
}

/// What a handshake says before the peer id: enough for the side that was dialled to answer. Some
/// peers hold their id back until then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandshakeHead {
    pub capabilities: Capabilities,
    pub info_hash: Sha1Digest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handshake {
    pub capabilities: Capabilities,
    pub info_hash: Sha1Digest,
    pub peer_id: PeerId,
}

/// The sender speaks something else, or speaks encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` at byte {at} does not belong to the name of the protocol", found.escape_ascii())]
pub struct NotAHandshake {
    pub at: usize,
    pub found: u8,
}

impl HandshakeHead {
    pub const LEN_BYTES: usize = 48;

    /// From the front of what has arrived; `None` while it is not complete, but may still become
    /// a handshake.
    pub fn parse(received: &[u8]) -> Result<Option<Self>, NotAHandshake> {
        let pairs = received.iter().zip(PROTOCOL);
        if let Some((at, (&found, _))) = pairs.enumerate().find(|(_, (found, due))| found != due) {
            return Err(NotAHandshake { at, found });
        }
        Ok(Self::behind_name(received.get(PROTOCOL.len()..)))
    }

    fn behind_name(fields: Option<&[u8]>) -> Option<Self> {
        let (reserved, rest) = fields?.split_first_chunk()?;
        Some(Self {
            capabilities: Capabilities::from_bytes(*reserved),
            info_hash: Sha1Digest(*rest.first_chunk()?),
        })
    }
}

impl Handshake {
    pub const LEN_BYTES: usize = HandshakeHead::LEN_BYTES + 20;

    /// From the front of what has arrived; `None` while it is not complete, but may still become
    /// a handshake.
    pub fn parse(received: &[u8]) -> Result<Option<Self>, NotAHandshake> {
        let head = HandshakeHead::parse(received)?;
        let rest = received.get(HandshakeHead::LEN_BYTES..);
        let peer_id = rest.and_then(<[u8]>::first_chunk);
        Ok(head.zip(peer_id).map(|(head, peer_id)| Self {
            capabilities: head.capabilities,
            info_hash: head.info_hash,
            peer_id: PeerId(*peer_id),
        }))
    }

    pub fn to_bytes(&self) -> [u8; Self::LEN_BYTES] {
        let mut bytes = [0; Self::LEN_BYTES];
        let (name, rest) = bytes.split_at_mut(PROTOCOL.len());
        let (reserved, rest) = rest.split_at_mut(8);
        let (info_hash, peer_id) = rest.split_at_mut(Sha1Digest::LEN);
        name.copy_from_slice(PROTOCOL);
        reserved.copy_from_slice(&self.capabilities.to_bytes());
        info_hash.copy_from_slice(self.info_hash.as_bytes());
        peer_id.copy_from_slice(&self.peer_id.0);
        bytes
    }
}
