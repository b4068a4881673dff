//! The `piece layers` of a v2 torrent: the hashes of its pieces, which stand outside of the info
//! dictionary and are held to the roots inside of it.

use bytes::Bytes;

use super::error::{Error, Fault};
use super::fields::{offset_in, string, walk};
use super::file_list::FileList;
use crate::base::{Sha256Digest, excerpt, hex::Hex};
use crate::bencode::{Value, Walk, Writer};
use crate::hash::merkle;

/// Piece layers that were found to match their roots.
#[derive(Clone, Debug, Default)]
pub struct PieceLayers {
    /// The dictionary as it was received; empty where there is none.
    raw: Bytes,
    /// Where the keys start in it, in the order of the keys.
    key_starts: Vec<u32>,
}

impl PieceLayers {
    /// Checks that every file of more than one piece has its layer, that the layer gives the root
    /// of the file, and that nobody else has one.
    pub(super) fn parse(raw: Bytes, files: &FileList, piece_length: u32) -> Result<Self, Error> {
        let layers = Self {
            key_starts: key_starts(&raw)?,
            raw,
        };
        let mut checked = vec![false; layers.key_starts.len()];
        for file in files
            .iter()
            .filter(|file| file.len_bytes > u64::from(piece_length))
        {
            let Some(root) = file.root else { continue };
            let Some(index) = layers.find(&root) else {
                let fault = Fault::LayerMissing {
                    root: root.to_string(),
                    size_bytes: file.len_bytes,
                };
                return Err(Error::new(
                    format_args!("info.file tree.{}", excerpt(file.path)),
                    fault,
                ));
            };
            let hashes = layers.hashes_at(index);
            check_length(hashes, &root, file.len_bytes, piece_length)?;
            // Files with the same content share a layer; it is hashed once.
            if !std::mem::replace(&mut checked[index], true) {
                check_root(hashes, &root, piece_length)?;
            }
        }
        match checked.iter().position(|checked| !checked) {
            None => Ok(layers),
            Some(index) => {
                let place = format_args!("piece layers.{}", Hex(layers.key_at(index)));
                Err(Error::new(place, Fault::LayerOfNobody))
            }
        }
    }

    /// The hashes of the pieces of a file of more than one piece, 32 bytes each.
    pub fn get(&self, root: &Sha256Digest) -> Option<&[u8]> {
        self.find(root).map(|index| self.hashes_at(index))
    }

    /// The dictionary as it was received; empty where there is none.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    fn find(&self, root: &Sha256Digest) -> Option<usize> {
        let start_of = |start: &u32| key(&self.raw, *start);
        self.key_starts
            .binary_search_by(|start| start_of(start).cmp(root.as_bytes()))
            .ok()
    }

    fn key_at(&self, index: usize) -> &[u8] {
        key(&self.raw, self.key_starts[index])
    }

    fn hashes_at(&self, index: usize) -> &[u8] {
        entry(&self.raw, self.key_starts[index]).map_or(&[], |(_, hashes)| hashes)
    }
}

fn entry(raw: &[u8], start: u32) -> Option<(&[u8], &[u8])> {
    let mut walk = Walk::resume(Value::from_checked(raw), start as usize);
    Some((walk.string()?, walk.string()?))
}

fn key(raw: &[u8], start: u32) -> &[u8] {
    entry(raw, start).map_or(&[], |(key, _)| key)
}

fn key_starts(raw: &Bytes) -> Result<Vec<u32>, Error> {
    let mut starts = Vec::new();
    if raw.is_empty() {
        return Ok(starts);
    }
    let mut walk = walk(Value::from_checked(raw), "piece layers")?;
    loop {
        let start = walk.offset();
        let Some(key) = walk.string() else { break };
        if key.len() != Sha256Digest::LEN {
            let front = Hex(&key[..key.len().min(Sha256Digest::LEN)]);
            let place = format_args!("piece layers.{front}");
            return Err(Error::new(place, Fault::LayerKeyLength(key.len())));
        }
        let Some(value) = walk.value() else { break };
        string(value, format_args!("piece layers.{}", Hex(key)))?;
        debug_assert_eq!(
            offset_in(raw, value.raw()) + value.raw().len(),
            walk.offset()
        );
        // Documents are shorter than 4 GiB: all offsets fit.
        starts.extend(u32::try_from(start));
    }
    starts.sort_unstable_by(|&a, &b| key(raw, a).cmp(key(raw, b)));
    Ok(starts)
}

fn check_length(
    hashes: &[u8],
    root: &Sha256Digest,
    size_bytes: u64,
    piece_length_bytes: u32,
) -> Result<(), Error> {
    let place = || format!("piece layers.{root}");
    if !hashes.len().is_multiple_of(Sha256Digest::LEN) {
        let fault = Fault::NotWholeHashes {
            len_bytes: hashes.len(),
            unit_bytes: Sha256Digest::LEN,
        };
        return Err(Error::new(place(), fault));
    }
    let found = (hashes.len() / Sha256Digest::LEN) as u64;
    let wanted = size_bytes.div_ceil(u64::from(piece_length_bytes));
    if found != wanted {
        let fault = Fault::WrongHashCount {
            found,
            wanted,
            size_bytes,
            piece_length_bytes,
        };
        return Err(Error::new(place(), fault));
    }
    Ok(())
}

/// The root over the hashes of the pieces of one file.
pub(super) fn root_of(hashes: &[u8], piece_length: u32) -> Sha256Digest {
    let nodes: Vec<Sha256Digest> = hashes
        .chunks_exact(Sha256Digest::LEN)
        .filter_map(Sha256Digest::from_slice)
        .collect();
    merkle::root(&nodes, merkle::piece_height(piece_length))
}

fn check_root(hashes: &[u8], root: &Sha256Digest, piece_length: u32) -> Result<(), Error> {
    let computed = root_of(hashes, piece_length);
    if computed == *root {
        return Ok(());
    }
    let fault = Fault::LayerMismatch {
        computed: computed.to_string(),
    };
    Err(Error::new(format_args!("piece layers.{root}"), fault))
}

/// Writes the dictionary; empty where there are no layers.
pub(super) fn write_layers(mut layers: Vec<(Sha256Digest, &[u8])>) -> Vec<u8> {
    if layers.is_empty() {
        return Vec::new();
    }
    layers.sort_unstable();
    // Files with the same content share a layer.
    layers.dedup_by_key(|(root, _)| *root);
    let mut writer = Writer::default();
    writer.begin_dict();
    for (root, hashes) in layers {
        writer.key(root.as_bytes()).bytes(hashes);
    }
    writer.end();
    writer.finish()
}
