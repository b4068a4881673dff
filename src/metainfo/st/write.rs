//! A torrent to bytes.

use super::{
    FAMILY_IPV4, FAMILY_IPV6, FLAG_DIRECTORY, MAGIC, TRANSPORT_HTTP, TRANSPORT_UDP, TRANSPORT_URL,
    VERSION,
};
use crate::base::{Host, Scheme, Sha256Digest, Url};
use crate::bencode::Value;
use crate::metainfo::error::{Error, Fault, Located};
use crate::metainfo::file_list::Entry;
use crate::metainfo::file_tree::TreeWalk;
use crate::metainfo::layers::PieceLayers;
use crate::metainfo::oddity::Oddities;

/// What a `.st` carries.
#[derive(Debug)]
pub(in crate::metainfo) struct Content<'a> {
    pub(in crate::metainfo) name: &'a [u8],
    pub(in crate::metainfo) piece_length: u32,
    pub(in crate::metainfo) tree: Value<'a>,
    pub(in crate::metainfo) layers: &'a PieceLayers,
    pub(in crate::metainfo) trackers: &'a [Vec<Url>],
}

pub(in crate::metainfo) fn write(content: &Content<'_>) -> Result<Vec<u8>, Error> {
    let mut count: u32 = 0;
    let mut is_directory = true;
    for_each_file(content, |path, _| {
        count = count.saturating_add(1);
        is_directory = count > 1 || *path != [content.name];
        Ok(())
    })?;
    let mut out = Vec::new();
    out.extend(MAGIC);
    out.extend([VERSION, if is_directory { FLAG_DIRECTORY } else { 0 }]);
    push_trackers(&mut out, content.trackers).at("trackers")?;
    push_text(&mut out, content.name).at("name")?;
    out.extend(content.piece_length.to_be_bytes());
    out.extend(count.to_be_bytes());
    for_each_file(content, |path, entry| {
        // Without a directory the name says it all.
        let path = if is_directory { path } else { &[] };
        let depth = u16::try_from(path.len()).map_err(|_| too_long());
        out.extend(depth.at("path")?.to_be_bytes());
        for component in path {
            push_text(&mut out, component).at("path")?;
        }
        out.extend(entry.len_bytes.to_be_bytes());
        Ok(())
    })?;
    for_each_file(content, |_, entry| {
        if let Some(root) = entry.root {
            out.extend_from_slice(layer_of(root, entry.len_bytes, content)?);
        }
        Ok(())
    })?;
    Ok(out)
}

/// Walks the tree, which is walked as often as needed: to keep what was found would cost memory.
fn for_each_file<'a>(
    content: &Content<'a>,
    mut each: impl FnMut(&[&[u8]], &Entry<'a>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut tree = TreeWalk::new(content.tree)?;
    while let Some(entry) = tree.next_file(&mut Oddities::default())? {
        each(tree.components(), &entry)?;
    }
    Ok(())
}

fn layer_of<'a>(root: &'a [u8], len_bytes: u64, content: &Content<'a>) -> Result<&'a [u8], Error> {
    if len_bytes <= u64::from(content.piece_length) {
        return Ok(root);
    }
    let layer = Sha256Digest::from_slice(root).and_then(|root| content.layers.get(&root));
    layer.ok_or(Fault::Missing).at("piece layers")
}

/// What one file of a directory takes, its hashes included.
pub(in crate::metainfo) fn file_len_bytes(
    path: &[&[u8]],
    len_bytes: u64,
    piece_length: u32,
) -> u64 {
    let names: usize = path.iter().map(|name| 2 + name.len()).sum();
    let hash_count = len_bytes.div_ceil(u64::from(piece_length));
    2 + names as u64 + 8 + hash_count * Sha256Digest::LEN as u64
}

fn too_long() -> Fault {
    Fault::Text("is longer than the 65535 that the format can count".to_owned())
}

fn push_text(out: &mut Vec<u8>, text: &[u8]) -> Result<(), Fault> {
    let len = u16::try_from(text.len()).map_err(|_| too_long())?;
    out.extend(len.to_be_bytes());
    out.extend_from_slice(text);
    Ok(())
}

fn push_trackers(out: &mut Vec<u8>, tiers: &[Vec<Url>]) -> Result<(), Fault> {
    let count: usize = tiers.iter().map(Vec::len).sum();
    out.extend(u16::try_from(count).map_err(|_| too_long())?.to_be_bytes());
    for (tier, urls) in tiers.iter().enumerate() {
        for url in urls {
            out.push(u8::try_from(tier).unwrap_or(u8::MAX));
            push_tracker(out, url)?;
        }
    }
    Ok(())
}

/// As an address where that says everything, else as the URL.
fn push_tracker(out: &mut Vec<u8>, url: &Url) -> Result<(), Fault> {
    let (scheme, transport) = match url.scheme() {
        Scheme::Udp => ("udp", TRANSPORT_UDP),
        _ => ("http", TRANSPORT_HTTP),
    };
    let port = url.port_or_default();
    let plain = format!("{scheme}://{}:{port}/announce", url.host());
    match url.host() {
        Host::Ipv4(address) if url.as_str() == plain => {
            out.extend([transport, FAMILY_IPV4]);
            out.extend(address.octets());
        }
        Host::Ipv6(address) if url.as_str() == plain => {
            out.extend([transport, FAMILY_IPV6]);
            out.extend(address.octets());
        }
        _ => {
            out.push(TRANSPORT_URL);
            return push_text(out, url.as_str().as_bytes());
        }
    }
    out.extend(port.to_be_bytes());
    Ok(())
}
