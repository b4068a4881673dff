//! The info dictionary: all that the info-hash covers.

use bytes::Bytes;

use super::error::{Error, Fault, Located};
use super::fields::{integer, offset_in, string, walk};
use super::file_list::{File, FileList, FileListBuilder, Layout};
use super::file_tree::TreeWalk;
use super::oddity::Oddities;
use super::safe_path::clean_name;
use super::v1_files::{V2Half, for_each_file, read_directory, read_single};
use crate::base::{InfoHashes, Sha1Digest, excerpt, limits};
use crate::bencode::{Limits, Value, parse};
use crate::hash::{sha1, sha256};

/// A checked info dictionary, with its bytes as they were received.
#[derive(Clone, Debug)]
pub struct Info {
    raw: Bytes,
    hashes: InfoHashes,
    name: String,
    is_directory: bool,
    piece_length: u32,
    piece_count: u32,
    /// Where the SHA-1 hashes stand in `raw`.
    v1_hashes: Option<std::ops::Range<usize>>,
    private: bool,
    /// Where the label stands in `raw`.
    source: Option<std::ops::Range<usize>>,
    files: FileList,
}

/// Which halves a torrent has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    V1,
    V2,
    Hybrid,
}

impl Version {
    /// Of a torrent with these info-hashes, of which there is one at least.
    pub fn of(hashes: InfoHashes) -> Self {
        match (hashes.v1, hashes.v2) {
            (Some(_), Some(_)) => Self::Hybrid,
            (None, Some(_)) => Self::V2,
            _ => Self::V1,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
            Self::Hybrid => "hybrid",
        }
    }

    pub fn has_v1(self) -> bool {
        self != Self::V2
    }

    pub fn has_v2(self) -> bool {
        self != Self::V1
    }
}

impl Info {
    /// Reads a dictionary from peers, or one that was just written.
    pub fn parse(raw: Bytes, oddities: &mut Oddities) -> Result<Self, Error> {
        let parsed = parse(&raw, Limits::METAINFO).at("info")?;
        let fields = Fields::read(parsed.value)?;
        let version = fields.version()?;
        if let Some(at) = parsed.first_unsorted_key {
            if version.has_v2() {
                return Err(Error::new("info", Fault::Unsorted { at }));
            }
            oddities.note("info", "keys are not in order");
        }
        fields.note_ignored_half(version, oddities);
        let piece_length = fields.piece_length(version)?;
        let name = fields.name()?;
        let (files, is_directory) = fields.files(&raw, version, piece_length, name, oddities)?;
        let v1_hashes = fields.v1_hashes(&raw, &files, version, piece_length)?;
        let piece_count = match &v1_hashes {
            Some(hashes) => (hashes.len() / Sha1Digest::LEN) as u64,
            None => v2_piece_count(&files, piece_length),
        };
        let piece_count = u32::try_from(piece_count).map_err(|_| Fault::TooManyPieces {
            pieces: piece_count,
            max: u32::MAX,
        });
        let hashes = InfoHashes {
            v1: version.has_v1().then(|| sha1(&raw)),
            v2: version.has_v2().then(|| sha256(&raw)),
        };
        // A v2 torrent of one file is named by its tree.
        let safe_name = match files.iter().next() {
            Some(file) if !is_directory => file.path.to_owned(),
            _ => clean_name(name),
        };
        Ok(Self {
            hashes,
            name: safe_name,
            is_directory,
            piece_length,
            piece_count: piece_count.at("info.piece length")?,
            v1_hashes,
            private: fields.private(oddities),
            source: fields.source.and_then(Value::as_bytes).map(|source| {
                let start = offset_in(&raw, source);
                start..start + source.len()
            }),
            files,
            raw,
        })
    }

    /// The bytes that the info-hash is of.
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    pub fn value(&self) -> Value<'_> {
        Value::from_checked(&self.raw)
    }

    pub fn hashes(&self) -> InfoHashes {
        self.hashes
    }

    pub fn version(&self) -> Version {
        Version::of(self.hashes)
    }

    /// The name, safe for the disk: of the directory, or of the one file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the files lie in a directory of the torrent's name.
    pub fn is_directory(&self) -> bool {
        self.is_directory
    }

    /// The `name` as the torrent has it, which may be unfit for a disk.
    pub fn raw_name(&self) -> &[u8] {
        let fields = Fields::read(self.value());
        fields.and_then(|fields| fields.name()).unwrap_or_default()
    }

    /// The name as the torrent has it of what is shared: the directory, or the one file, which a v2
    /// torrent names in its tree.
    pub fn raw_content_name(&self) -> Vec<u8> {
        let mut name = self.raw_name().to_vec();
        if !self.is_directory {
            self.for_each_raw_path(|_, components| {
                if let [own] = components {
                    name = own.to_vec();
                }
            });
        }
        name
    }

    /// Calls with the index of each file and its path as the torrent has it, which may be unfit
    /// for a disk. Padding without a path is left out.
    pub fn for_each_raw_path(&self, mut each: impl FnMut(usize, &[&[u8]])) {
        let Ok(fields) = Fields::read(self.value()) else {
            return;
        };
        if let Some(files) = fields.files {
            for_each_file(files, |index, _, path| each(index, path));
        } else if self.version().has_v1() {
            each(0, &[self.raw_name()]);
        } else if let Some(Ok(mut tree)) = fields.file_tree.map(TreeWalk::new) {
            let mut index = 0;
            while let Ok(Some(_)) = tree.next_file(&mut Oddities::default()) {
                each(index, tree.components());
                index += 1;
            }
        }
    }

    /// Where a file of this torrent belongs, below the directory that all torrents are put in.
    pub fn full_path(&self, file: &File<'_>) -> String {
        if self.is_directory {
            format!("{}/{}", self.name, file.path)
        } else {
            file.path.to_owned()
        }
    }

    pub fn piece_length(&self) -> u32 {
        self.piece_length
    }

    pub fn piece_count(&self) -> u32 {
        self.piece_count
    }

    /// The SHA-1 of the pieces, 20 bytes each, where there is a v1 half.
    pub fn v1_hashes(&self) -> Option<&[u8]> {
        self.v1_hashes.clone().map(|range| &self.raw[range])
    }

    pub fn is_private(&self) -> bool {
        self.private
    }

    /// A label that some trackers have put in, so that their swarm is a separate one.
    pub fn source(&self) -> Option<&[u8]> {
        self.source.clone().map(|range| &self.raw[range])
    }

    pub fn files(&self) -> &FileList {
        &self.files
    }
}

fn v2_piece_count(files: &FileList, piece_length: u32) -> u64 {
    files
        .iter()
        .map(|file| file.len_bytes.div_ceil(u64::from(piece_length)))
        .sum()
}

/// The values that are looked at, found in one walk.
#[derive(Default)]
struct Fields<'a> {
    name: Option<Value<'a>>,
    name_utf8: Option<Value<'a>>,
    piece_length: Option<Value<'a>>,
    pieces: Option<Value<'a>>,
    length: Option<Value<'a>>,
    files: Option<Value<'a>>,
    attr: Option<Value<'a>>,
    file_tree: Option<Value<'a>>,
    meta_version: Option<Value<'a>>,
    private: Option<Value<'a>>,
    source: Option<Value<'a>>,
}

impl<'a> Fields<'a> {
    fn read(info: Value<'a>) -> Result<Self, Error> {
        let mut fields = Self::default();
        let mut walk = walk(info, "info")?;
        while let (Some(key), Some(value)) = (walk.string(), walk.value()) {
            let field = match key {
                b"name" => &mut fields.name,
                b"name.utf-8" => &mut fields.name_utf8,
                b"piece length" => &mut fields.piece_length,
                b"pieces" => &mut fields.pieces,
                b"length" => &mut fields.length,
                b"files" => &mut fields.files,
                b"attr" => &mut fields.attr,
                b"file tree" => &mut fields.file_tree,
                b"meta version" => &mut fields.meta_version,
                b"private" => &mut fields.private,
                b"source" => &mut fields.source,
                _ => continue,
            };
            *field = Some(value);
        }
        Ok(fields)
    }

    /// Comes first: of a newer version one can say nothing else.
    fn version(&self) -> Result<Version, Error> {
        let Some(version) = self.meta_version else {
            return match (self.pieces, self.file_tree) {
                (None, Some(_)) => Err(Error::new("info", Fault::NoMetaVersion)),
                _ => Ok(Version::V1),
            };
        };
        match integer(version, "info.meta version")? {
            2 if self.pieces.is_some() => Ok(Version::Hybrid),
            2 => Ok(Version::V2),
            other => Err(Error::new("info.meta version", Fault::MetaVersion(other))),
        }
    }

    /// Somebody meant a hybrid of what lacks the one key that makes it one.
    fn note_ignored_half(&self, version: Version, oddities: &mut Oddities) {
        if version == Version::V1 && self.file_tree.is_some() {
            let what = "stands without `meta version`; ignored";
            oddities.note("info.file tree", what);
        }
        let v1_files = [(self.length, "length"), (self.files, "files")];
        for (_, key) in v1_files.iter().filter(|(value, _)| value.is_some()) {
            if version == Version::V2 {
                let what = "stands without `pieces`; ignored";
                oddities.note(format_args!("info.{key}"), what);
            }
        }
    }

    fn piece_length(&self, version: Version) -> Result<u32, Error> {
        let place = "info.piece length";
        let value = integer(self.piece_length.ok_or(Fault::Missing).at(place)?, place)?;
        let piece_length = u32::try_from(value).ok();
        let v2_fits =
            |length: &u32| length.is_power_of_two() && *length >= limits::PIECE_LENGTH_V2_BYTES_MIN;
        piece_length
            .filter(|length| (1..=limits::PIECE_LENGTH_BYTES_MAX).contains(length))
            .ok_or(Fault::PieceLength(value))
            .and_then(|length| {
                let fits = !version.has_v2() || v2_fits(&length);
                if fits {
                    Ok(length)
                } else {
                    Err(Fault::PieceLengthV2(value))
                }
            })
            .at(place)
    }

    /// The name in UTF-8 where there is a usable one.
    fn name(&self) -> Result<&'a [u8], Error> {
        let twin = self
            .name_utf8
            .and_then(Value::as_str)
            .filter(|name| !name.is_empty());
        if let Some(name) = twin {
            return Ok(name.as_bytes());
        }
        let name = string(
            self.name.ok_or(Fault::Missing).at("info.name")?,
            "info.name",
        )?;
        if name.is_empty() {
            Err(Error::new("info.name", Fault::Empty))
        } else {
            Ok(name)
        }
    }

    /// The files, and whether they lie in a directory.
    fn files(
        &self,
        raw: &Bytes,
        version: Version,
        piece_length: u32,
        name: &[u8],
        oddities: &mut Oddities,
    ) -> Result<(FileList, bool), Error> {
        let mut tree = match version {
            Version::V1 => None,
            Version::V2 | Version::Hybrid => {
                let place = "info.file tree";
                Some(TreeWalk::new(
                    self.file_tree.ok_or(Fault::Missing).at(place)?,
                )?)
            }
        };
        let layout = match version {
            Version::V2 => Layout::Aligned(piece_length),
            Version::V1 | Version::Hybrid => Layout::Contiguous,
        };
        let mut builder = FileListBuilder::new(raw.clone(), layout);
        let is_directory = if version.has_v1() {
            let half = tree.as_mut().map(|tree| V2Half { tree, piece_length });
            self.v1_files(name, half, &mut builder, oddities)?
        } else if let Some(tree) = tree {
            v2_files(tree, &mut builder, oddities)?
        } else {
            false
        };
        let files = builder.finish(|index, path, reason| {
            let what = format_args!("the link cannot be made: {reason}");
            if version.has_v1() {
                oddities.note(format_args!("info.files[{index}]"), what);
            } else {
                oddities.note(format_args!("info.file tree.{}", excerpt(path)), what);
            }
        });
        Ok((files.at("info")?, is_directory))
    }

    fn v1_files(
        &self,
        name: &[u8],
        half: Option<V2Half<'_, 'a>>,
        builder: &mut FileListBuilder,
        oddities: &mut Oddities,
    ) -> Result<bool, Error> {
        match (self.length, self.files) {
            (Some(_), Some(_)) => Err(Error::new("info", Fault::LengthAndFiles)),
            (None, Some(files)) => read_directory(files, half, builder, oddities).map(|()| true),
            (Some(length), None) => {
                let length = integer(length, "info.length")?;
                let attr = self.attr.and_then(Value::as_bytes).unwrap_or_default();
                read_single(name, length, attr, half, builder, oddities).map(|()| false)
            }
            (None, None) => Err(Error::new("info.length", Fault::Missing)),
        }
    }

    fn v1_hashes(
        &self,
        raw: &Bytes,
        files: &FileList,
        version: Version,
        piece_length: u32,
    ) -> Result<Option<std::ops::Range<usize>>, Error> {
        if !version.has_v1() {
            return Ok(None);
        }
        let place = "info.pieces";
        let pieces = string(self.pieces.ok_or(Fault::Missing).at(place)?, place)?;
        if !pieces.len().is_multiple_of(Sha1Digest::LEN) {
            let fault = Fault::NotWholeHashes {
                len_bytes: pieces.len(),
                unit_bytes: Sha1Digest::LEN,
            };
            return Err(Error::new(place, fault));
        }
        let size_bytes = files
            .iter()
            .last()
            .map_or(0, |file| file.offset_bytes + file.len_bytes);
        let found = (pieces.len() / Sha1Digest::LEN) as u64;
        let wanted = size_bytes.div_ceil(u64::from(piece_length));
        if found != wanted {
            let piece_length_bytes = piece_length;
            let fault = Fault::WrongHashCount {
                found,
                wanted,
                size_bytes,
                piece_length_bytes,
            };
            return Err(Error::new(place, fault));
        }
        let start = offset_in(raw, pieces);
        Ok(Some(start..start + pieces.len()))
    }

    fn private(&self, oddities: &mut Oddities) -> bool {
        match self.private.map(Value::as_i64) {
            None | Some(Some(0)) => false,
            Some(Some(1)) => true,
            // Whoever wrote this meant to restrict the swarm; leaking it is the worse mistake.
            Some(_) => {
                oddities.note("info.private", "is neither 0 nor 1; taken as private");
                true
            }
        }
    }
}

/// Reads the tree of a torrent without a v1 half. A root that holds one file and nothing else is
/// a torrent of that file (BEP 52); everything else is a directory.
fn v2_files(
    mut tree: TreeWalk<'_>,
    builder: &mut FileListBuilder,
    oddities: &mut Oddities,
) -> Result<bool, Error> {
    let mut count = 0_usize;
    let mut is_directory = false;
    while let Some(entry) = tree.next_file(oddities)? {
        count += 1;
        is_directory = count > 1 || tree.components().len() > 1;
        builder
            .push(entry, tree.components().iter().copied())
            .map_err(|fault| Error::new(tree.place(), fault))?;
    }
    if count == 0 {
        return Err(Error::new("info.file tree", Fault::NoFiles));
    }
    Ok(is_directory)
}
