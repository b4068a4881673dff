//! `.torrent` files (BEP 3, BEP 12, BEP 52), and the [`Metainfo`] that every format becomes.

use std::borrow::Cow;

use bytes::Bytes;

use super::error::{Error, Fault, Located};
use super::fields::{slice_of, walk};
use super::info::Info;
use super::layers::PieceLayers;
use super::oddity::Oddities;
use super::outer::{Notes, Outer};
use crate::base::{Host, PeerAddress, Url};
use crate::bencode::{self, Kind, Limits, Value, Writer};

/// All that a torrent says, whichever format carried it.
#[derive(Clone, Debug)]
pub struct Metainfo {
    pub info: Info,
    pub layers: PieceLayers,
    /// Read only: a torrent that was read is written as it was.
    outer: Outer,
    pub oddities: Oddities,
    /// The whole document, where it was a `.torrent`: what is not understood is kept there.
    document: Option<Bytes>,
    /// Where the document says more than `outer`.
    lossy_outer_keys: Vec<&'static str>,
}

impl Metainfo {
    /// Reads a `.torrent`.
    pub fn from_torrent(bytes: Vec<u8>) -> Result<Self, Error> {
        let document = Bytes::from(bytes);
        let parsed = bencode::parse(&document, Limits::METAINFO).at("document")?;
        let mut oddities = Oddities::default();
        let mut info = None;
        let mut layers = None;
        let mut entries = walk(parsed.value, "document")?;
        while let (Some(key), Some(value)) = (entries.string(), entries.value()) {
            match key {
                b"info" if value.kind() != Kind::Dict => {
                    let fault = Fault::WrongType {
                        wanted: Kind::Dict,
                        found: value.kind(),
                    };
                    return Err(Error::new("info", fault));
                }
                b"info" => info = Some(slice_of(&document, value.raw())),
                b"piece layers" => layers = Some(slice_of(&document, value.raw())),
                _ => {}
            }
        }
        let info = Info::parse(info.ok_or(Fault::Missing).at("info")?, &mut oddities)?;
        let mut notes = Notes::new(&mut oddities);
        let outer = Outer::read(parsed.value, &mut notes);
        let lossy_outer_keys = notes.into_lossy_keys();
        let mut metainfo = Self::from_parts(info, layers.unwrap_or_default(), outer, oddities)?;
        metainfo.document = Some(document);
        metainfo.lossy_outer_keys = lossy_outer_keys;
        Ok(metainfo)
    }

    /// Joins an info dictionary with the `piece layers` dictionary that belongs to it (empty
    /// where the torrent has no v2 half) and what stands around them.
    pub fn from_parts(
        info: Info,
        layers: Bytes,
        mut outer: Outer,
        mut oddities: Oddities,
    ) -> Result<Self, Error> {
        let layers = if info.version().has_v2() {
            PieceLayers::parse(layers, info.files(), info.piece_length())?
        } else {
            if !layers.is_empty() {
                oddities.note(
                    "piece layers",
                    "stand beside a torrent without a v2 half; ignored",
                );
            }
            PieceLayers::default()
        };
        outer.hints.read(info.value(), |key, what| {
            oddities.note(format_args!("info.{key}"), what);
        });
        Ok(Self {
            info,
            layers,
            outer,
            oddities,
            document: None,
            lossy_outer_keys: Vec::new(),
        })
    }

    /// What was read of a `.torrent`, with all that is not understood.
    pub(super) fn document(&self) -> Option<Value<'_>> {
        self.document.as_deref().map(Value::from_checked)
    }

    /// The keys around the info dictionary of which something could not be used.
    pub(super) fn lossy_outer_keys(&self) -> &[&'static str] {
        &self.lossy_outer_keys
    }

    /// What stands around the info dictionary.
    pub fn outer(&self) -> &Outer {
        &self.outer
    }

    /// Writes a `.torrent`; one that was read as such is written as it was.
    pub fn to_torrent(&self) -> Vec<u8> {
        self.torrent_parts().concat()
    }

    /// The same in parts, of which the large ones are where they always were.
    pub(super) fn torrent_parts(&self) -> Vec<Cow<'_, [u8]>> {
        if let Some(document) = &self.document {
            return vec![Cow::Borrowed(document)];
        }
        let (info, layers) = (self.info.raw(), self.layers.raw());
        let frame = Frame::write(&self.outer, !layers.is_empty());
        let [before, between, after] = frame.parts().map(<[u8]>::to_vec).map(Cow::Owned);
        vec![
            before,
            Cow::Borrowed(info),
            between,
            Cow::Borrowed(layers),
            after,
        ]
    }
}

/// A document without its info dictionary and its piece layers, the only large values.
struct Frame {
    bytes: Vec<u8>,
    info_at: usize,
    layers_at: usize,
}

impl Frame {
    fn write(outer: &Outer, has_layers: bool) -> Self {
        let mut writer = Writer::default();
        let (info_at, layers_at) = write_around(&mut writer, outer, has_layers);
        Self {
            bytes: writer.finish(),
            info_at,
            layers_at,
        }
    }

    fn parts(&self) -> [&[u8]; 3] {
        let (before, rest) = self.bytes.split_at(self.info_at);
        let (between, after) = rest.split_at(self.layers_at - self.info_at);
        [before, between, after]
    }
}

/// Writes what stands around the large values, and says where they belong.
fn write_around(writer: &mut Writer, outer: &Outer, has_layers: bool) -> (usize, usize) {
    writer.begin_dict();
    write_trackers(writer, &outer.trackers);
    if let Some(comment) = &outer.comment {
        writer.key(b"comment").bytes(comment.as_bytes());
    }
    if let Some(created_by) = &outer.created_by {
        writer.key(b"created by").bytes(created_by.as_bytes());
    }
    // No program reads integers of more than 64 bits with a sign.
    if let Some(date) = outer
        .creation_date
        .and_then(|date| i64::try_from(date).ok())
    {
        writer.key(b"creation date").integer(date);
    }
    if !outer.http_seeds.is_empty() {
        writer.key(b"httpseeds");
        write_urls(writer, &outer.http_seeds);
    }
    let info_at = writer.key(b"info").len_bytes();
    if !outer.nodes.is_empty() {
        writer.key(b"nodes");
        write_nodes(writer, &outer.nodes);
    }
    let layers_at = if has_layers {
        writer.key(b"piece layers").len_bytes()
    } else {
        info_at
    };
    if !outer.web_seeds.is_empty() {
        writer.key(b"url-list");
        write_urls(writer, &outer.web_seeds);
    }
    writer.end();
    (info_at, layers_at)
}

fn write_trackers(writer: &mut Writer, tiers: &[Vec<Url>]) {
    let mut trackers = tiers.iter().flatten();
    if let Some(first) = trackers.next() {
        writer.key(b"announce").bytes(first.as_str().as_bytes());
    }
    if trackers.next().is_some() {
        writer.key(b"announce-list").begin_list();
        let tiers = tiers.iter().filter(|tier| !tier.is_empty());
        tiers.for_each(|tier| write_urls(writer, tier));
        writer.end();
    }
}

fn write_nodes(writer: &mut Writer, nodes: &[PeerAddress]) {
    writer.begin_list();
    for PeerAddress { host, port } in nodes {
        let host = match host {
            // Here an IPv6 address stands without brackets.
            Host::Ipv6(address) => address.to_string(),
            Host::Ipv4(_) | Host::Name(_) => host.to_string(),
        };
        writer.begin_list().bytes(host.as_bytes());
        writer.integer(port.get()).end();
    }
    writer.end();
}

fn write_urls(writer: &mut Writer, urls: &[Url]) {
    writer.begin_list();
    for url in urls {
        writer.bytes(url.as_str().as_bytes());
    }
    writer.end();
}
