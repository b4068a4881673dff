//! Info dictionaries for content that was just hashed.

use std::fmt::Debug;

use bytes::Bytes;

use super::error::{Error, Fault, Located};
use super::info::{Info, Version};
use super::layers::write_layers;
use super::oddity::Oddities;
use super::outer::Outer;
use super::torrent::Metainfo;
use super::tree_writer::{TreeFile, TreeWriter, write_target};
use crate::base::{Sha1Digest, Sha256Digest};
use crate::bencode::Writer;
use crate::hash::merkle;

/// What a torrent is made of. The files stand in the order of a v2 file tree.
#[derive(Clone, Copy, Debug)]
pub struct Plan<'a> {
    pub version: Version,
    pub name: &'a [u8],
    /// Otherwise there is one file, of that name.
    pub is_directory: bool,
    pub files: &'a dyn Files,
    pub piece_length: u32,
    pub private: bool,
    pub source: Option<&'a str>,
}

/// The files of a plan, which keeps none of its own: there may be millions.
pub trait Files: Debug {
    fn len(&self) -> usize;

    /// The file at an index below [`Self::len`].
    fn get(&self, index: usize) -> PlannedFile<'_>;

    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Files for Vec<PlannedFile<'_>> {
    fn len(&self) -> usize {
        self.as_slice().len()
    }

    fn get(&self, index: usize) -> PlannedFile<'_> {
        self[index]
    }
}

/// One file, with its path below the directory (`a/b`; of a single file it means nothing).
#[derive(Clone, Copy, Debug, Default)]
pub struct PlannedFile<'a> {
    pub path: &'a [u8],
    pub len_bytes: u64,
    pub executable: bool,
    /// Where a link points to, relative to the directory of the torrent (`a/b`).
    pub symlink: Option<&'a [u8]>,
}

/// The hashes of the content, for the halves that the version has.
#[derive(Clone, Copy, Debug)]
pub struct Hashes<'a> {
    /// Of the pieces of the v1 half. In a hybrid every file but the last is padded to whole pieces.
    pub v1: &'a [Sha1Digest],
    /// Of the pieces of the v2 half, file after file.
    pub v2: &'a [Sha256Digest],
}

impl<'a> PlannedFile<'a> {
    fn components(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.path.split(|byte| *byte == b'/')
    }

    fn attr(&self) -> Option<&'static [u8]> {
        match (self.executable, &self.symlink) {
            (_, Some(_)) => Some(b"l"),
            (true, None) => Some(b"x"),
            (false, None) => None,
        }
    }
}

impl Plan<'_> {
    fn files(&self) -> impl Iterator<Item = PlannedFile<'_>> {
        (0..self.files.len()).map(|index| self.files.get(index))
    }

    /// The file of a torrent that is no directory.
    fn one_file(&self) -> Result<Option<PlannedFile<'_>>, Error> {
        match self.files.len() {
            _ if self.is_directory => Ok(None),
            1 => Ok(Some(self.files.get(0))),
            count => {
                let what = format!("a torrent of one file is made of one, not of {count}");
                Err(Error::new("files", Fault::Text(what)))
            }
        }
    }
}

/// What is written of a torrent before it is read back: nothing of its plan is needed any more.
#[derive(Clone, Debug)]
pub struct Written {
    info: Bytes,
    layers: Bytes,
}

impl Written {
    /// Reads the torrent back as anyone would.
    pub fn read(self, outer: Outer) -> Result<Metainfo, Error> {
        let mut oddities = Oddities::default();
        let info = Info::parse(self.info, &mut oddities)?;
        Metainfo::from_parts(info, self.layers, outer, oddities)
    }
}

/// Makes the torrent.
pub fn build(plan: &Plan<'_>, hashes: Hashes<'_>, outer: Outer) -> Result<Metainfo, Error> {
    write(plan, hashes)?.read(outer)
}

/// Writes what [`build`] reads back.
pub fn write(plan: &Plan<'_>, hashes: Hashes<'_>) -> Result<Written, Error> {
    let one_file = plan.one_file()?;
    let mut writer = Writer::with_capacity(plan.files.len() * 64 + hashes.v1.len() * 20);
    let mut layers = Vec::new();
    writer.begin_dict();
    if let Some(file) = one_file.filter(|_| plan.version.has_v1()) {
        write_attributes(&mut writer, &file);
    }
    if plan.version.has_v2() {
        writer.key(b"file tree");
        layers = write_tree(&mut writer, plan, hashes.v2)?;
    }
    if plan.version.has_v1() {
        match one_file {
            Some(file) => {
                writer.key(b"length").integer(file.len_bytes);
            }
            None => write_files(&mut writer, plan),
        }
    }
    if plan.version.has_v2() {
        writer.key(b"meta version").integer(2);
    }
    writer.key(b"name").bytes(plan.name);
    writer.key(b"piece length").integer(plan.piece_length);
    if plan.version.has_v1() {
        let len_bytes = hashes.v1.len() * Sha1Digest::LEN;
        writer.key(b"pieces").bytes_with(len_bytes, |out| {
            hashes
                .v1
                .iter()
                .for_each(|hash| out.extend_from_slice(hash.as_bytes()));
        });
    }
    if plan.private {
        writer.key(b"private").integer(1);
    }
    if let Some(source) = plan.source {
        writer.key(b"source").bytes(source.as_bytes());
    }
    writer.end();
    Ok(Written {
        info: Bytes::from(writer.finish()),
        layers: Bytes::from(layers),
    })
}

fn write_attributes(writer: &mut Writer, file: &PlannedFile<'_>) {
    if let Some(attr) = file.attr() {
        writer.key(b"attr").bytes(attr);
    }
}

/// Writes `files` of the v1 half, with padding between them in a hybrid.
fn write_files(writer: &mut Writer, plan: &Plan<'_>) {
    writer.key(b"files").begin_list();
    let last_content = (0..plan.files.len()).rfind(|index| plan.files.get(*index).len_bytes > 0);
    for (index, file) in plan.files().enumerate() {
        writer.begin_dict();
        write_attributes(writer, &file);
        writer.key(b"length").integer(file.len_bytes);
        writer.key(b"path").begin_list();
        file.components().for_each(|component| {
            writer.bytes(component);
        });
        writer.end();
        if let Some(target) = file.symlink {
            write_target(writer, target);
        }
        writer.end();
        let gap = file
            .len_bytes
            .next_multiple_of(u64::from(plan.piece_length))
            - file.len_bytes;
        let has_successor = last_content.is_some_and(|last| index < last);
        if plan.version == Version::Hybrid && gap > 0 && has_successor {
            write_padding(writer, gap);
        }
    }
    writer.end();
}

fn write_padding(writer: &mut Writer, len_bytes: u64) {
    writer.begin_dict();
    writer.key(b"attr").bytes(b"p");
    writer.key(b"length").integer(len_bytes);
    writer.key(b"path").begin_list();
    writer
        .bytes(b".pad")
        .bytes(len_bytes.to_string().as_bytes());
    writer.end().end();
}

/// Writes the tree and returns the `piece layers` that belong to it.
fn write_tree(
    writer: &mut Writer,
    plan: &Plan<'_>,
    mut hashes: &[Sha256Digest],
) -> Result<Vec<u8>, Error> {
    let mut layers: Vec<(Sha256Digest, Vec<u8>)> = Vec::new();
    let mut tree = TreeWriter::new(writer);
    for file in plan.files() {
        let pieces = file.len_bytes.div_ceil(u64::from(plan.piece_length));
        let (own, rest) = usize::try_from(pieces)
            .ok()
            .and_then(|pieces| hashes.split_at_checked(pieces))
            .ok_or_else(|| Fault::Text("there are fewer hashes than pieces".to_owned()))
            .at("piece layers")?;
        hashes = rest;
        let root = match own {
            [] => None,
            [root] => Some(*root),
            _ => {
                let root = merkle::root(own, merkle::piece_height(plan.piece_length));
                let layer = own.iter().flat_map(|hash| hash.0).collect::<Vec<u8>>();
                layers.push((root, layer));
                Some(root)
            }
        };
        let path: Vec<&[u8]> = if plan.is_directory {
            file.components().collect()
        } else {
            vec![plan.name]
        };
        let properties = TreeFile {
            len_bytes: file.len_bytes,
            root: root.as_ref(),
            attr: file.attr(),
            symlink: file.symlink,
        };
        tree.file(&path, &properties).at("info.file tree")?;
    }
    tree.finish();
    if !hashes.is_empty() {
        let what = Fault::Text("there are more hashes than pieces".to_owned());
        return Err(Error::new("piece layers", what));
    }
    Ok(write_layers(
        layers
            .iter()
            .map(|(root, layer)| (*root, layer.as_slice()))
            .collect(),
    ))
}
