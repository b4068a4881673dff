//! The handshake of the extension protocol (BEP 10): what a peer calls the messages it understands,
//! and what it says about itself.

use std::net::IpAddr;

use super::{EXTENSION_HANDSHAKE_ID, write_extended};
use crate::base::excerpt_bytes;
use crate::base::limits::{
    EXTENSION_CLIENT_LEN_BYTES_MAX, EXTENSION_HANDSHAKE_DEPTH_MAX,
    EXTENSION_HANDSHAKE_LEN_BYTES_MAX, EXTENSION_HANDSHAKE_NODES_MAX, EXTENSION_NAME_LEN_BYTES_MAX,
    EXTENSION_NAMES_MAX, METAINFO_LEN_BYTES_MAX,
};
use crate::bencode::{self, Limits, Value, Writer};

/// Everything in it is optional. A peer may say more later; what it does not repeat, stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExtensionHandshake<'a> {
    /// By which id the sender wants each kind of extended message; 0 is for one that it no longer
    /// wants.
    pub ids: Vec<(&'a [u8], u8)>,
    /// Its program and version, as it wrote them.
    pub client: Option<&'a [u8]>,
    /// How many requests of ours it keeps before it drops any; never 0.
    pub requests_max: Option<u32>,
    /// Where it accepts connections; never 0.
    pub listen_port: Option<u16>,
    /// The address that it sees us at.
    pub your_ip: Option<IpAddr>,
    /// It has all that it wants (BEP 21), though perhaps not all there is.
    pub is_upload_only: Option<bool>,
    /// How long the info dictionary is (BEP 9): within what is read at all, and never 0.
    pub metadata_len_bytes: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExtensionHandshakeError {
    #[error("an extension handshake that is no bencode: {0}")]
    Bencode(#[from] bencode::Error),
    #[error("an extension handshake that is {0}, where a dictionary is due")]
    NotADictionary(&'static str),
}

const LIMITS: Limits = Limits {
    len_bytes: EXTENSION_HANDSHAKE_LEN_BYTES_MAX,
    depth: EXTENSION_HANDSHAKE_DEPTH_MAX,
    values: EXTENSION_HANDSHAKE_NODES_MAX,
};

impl<'a> ExtensionHandshake<'a> {
    /// Of the body of an extended message of the id [`EXTENSION_HANDSHAKE_ID`]. What makes no sense
    /// in it counts as not said, and what stands behind the dictionary does not count.
    pub fn parse(body: &'a [u8]) -> Result<Self, ExtensionHandshakeError> {
        let (parsed, _) = bencode::parse_prefix(body, LIMITS)?;
        let kind = parsed.value.kind();
        let dict = parsed.value.as_dict();
        let dict = dict.ok_or(ExtensionHandshakeError::NotADictionary(kind.name()))?;
        let mut handshake = Self::default();
        for (key, value) in dict.iter() {
            match key {
                b"m" => handshake.ids = ids(value),
                b"metadata_size" => handshake.metadata_len_bytes = metadata_len_bytes(value),
                b"p" => handshake.listen_port = number(value).filter(|port| *port != 0),
                b"reqq" => handshake.requests_max = number(value).filter(|max| *max != 0),
                b"upload_only" => handshake.is_upload_only = value.as_i64().map(|flag| flag != 0),
                b"v" => handshake.client = client(value),
                b"yourip" => handshake.your_ip = ip(value),
                _ => {}
            }
        }
        Ok(handshake)
    }

    /// The id for a kind of message, where the handshake has it; 0 where it is turned off.
    pub fn id_of(&self, name: &[u8]) -> Option<u8> {
        let (_, id) = self.ids.iter().find(|(known, _)| *known == name)?;
        Some(*id)
    }

    /// Program and version, fit for people to see.
    pub fn client_name(&self) -> Option<String> {
        self.client.map(excerpt_bytes)
    }

    /// Appends the whole message. No name of `ids` may be there twice.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut writer = Writer::default();
        writer.begin_dict();
        if !self.ids.is_empty() {
            writer.key(b"m");
            write_ids(&self.ids, &mut writer);
        }
        if let Some(len_bytes) = self.metadata_len_bytes {
            writer.key(b"metadata_size").integer(len_bytes);
        }
        if let Some(port) = self.listen_port {
            writer.key(b"p").integer(port);
        }
        if let Some(requests_max) = self.requests_max {
            writer.key(b"reqq").integer(requests_max);
        }
        if let Some(flag) = self.is_upload_only {
            writer.key(b"upload_only").integer(u8::from(flag));
        }
        if let Some(client) = self.client {
            writer.key(b"v").bytes(client);
        }
        if let Some(ip) = self.your_ip {
            writer.key(b"yourip");
            match ip {
                IpAddr::V4(ip) => writer.bytes(&ip.octets()),
                IpAddr::V6(ip) => writer.bytes(&ip.octets()),
            };
        }
        writer.end();
        write_extended(EXTENSION_HANDSHAKE_ID, &writer.finish(), out);
    }
}

fn write_ids(ids: &[(&[u8], u8)], writer: &mut Writer) {
    let mut sorted = ids.to_vec();
    sorted.sort_unstable();
    writer.begin_dict();
    for (name, id) in sorted {
        writer.key(name).integer(id);
    }
    writer.end();
}

fn ids(value: Value<'_>) -> Vec<(&[u8], u8)> {
    let entries = value.as_dict().into_iter().flat_map(|dict| dict.iter());
    entries
        .filter(|(name, _)| name.len() <= EXTENSION_NAME_LEN_BYTES_MAX)
        .filter_map(|(name, id)| Some((name, number(id)?)))
        .take(EXTENSION_NAMES_MAX)
        .collect()
}

fn number<N: TryFrom<i64>>(value: Value<'_>) -> Option<N> {
    N::try_from(value.as_i64()?).ok()
}

fn metadata_len_bytes(value: Value<'_>) -> Option<u32> {
    let within = |len: &u32| (1..=METAINFO_LEN_BYTES_MAX).contains(&u64::from(*len));
    number(value).filter(within)
}

fn client(value: Value<'_>) -> Option<&[u8]> {
    let lens = 1..=EXTENSION_CLIENT_LEN_BYTES_MAX;
    value.as_bytes().filter(|name| lens.contains(&name.len()))
}

fn ip(value: Value<'_>) -> Option<IpAddr> {
    let bytes = value.as_bytes()?;
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from))
        .ok()
}
