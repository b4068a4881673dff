//! Bytes to a torrent, in two passes: one finds where the hashes begin, one writes the dictionary.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bytes::Bytes;

use super::{
    FAMILY_IPV4, FAMILY_IPV6, FLAG_DIRECTORY, MAGIC, TRANSPORT_HTTP, TRANSPORT_UDP, TRANSPORT_URL,
    VERSION,
};
use crate::base::{Amount, Sha256Digest, Url, excerpt_bytes, limits};
use crate::bencode::Writer;
use crate::metainfo::error::{Error, Fault, Located};
use crate::metainfo::info::Info;
use crate::metainfo::layers::{root_of, write_layers};
use crate::metainfo::oddity::Oddities;
use crate::metainfo::outer::Outer;
use crate::metainfo::torrent::Metainfo;
use crate::metainfo::tree_writer::{TreeFile, TreeWriter};

/// Reads a `.st`. Takes the bytes so that they are gone before the result is checked.
pub fn read(bytes: Vec<u8>) -> Result<Metainfo, Error> {
    let mut reader = Reader {
        bytes: &bytes,
        at: 0,
    };
    let head = Head::read(&mut reader)?;
    let files_at = reader.at;
    let hash_count = skip_files(&mut reader, &head)?;
    let hashes = &bytes[reader.at..];
    let wanted = hash_count.saturating_mul(Sha256Digest::LEN as u64);
    if hashes.len() as u64 != wanted {
        return Err(reader.fault(
            "hashes",
            format!(
                "has {}; the hashes of the files would have {wanted}",
                Amount(hashes.len(), "byte")
            ),
        ));
    }
    let mut files = Reader {
        bytes: &bytes,
        at: files_at,
    };
    let (info, layers) = write_dictionaries(&mut files, hashes, &head)?;
    let outer = head.outer;
    drop(bytes);
    let mut oddities = Oddities::default();
    let info = Info::parse(Bytes::from(info), &mut oddities)?;
    Metainfo::from_parts(info, Bytes::from(layers), outer, oddities)
}

/// A cursor that knows where it is when the bytes end.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn fault(&self, what: &str, reason: impl std::fmt::Display) -> Error {
        Error::new(what, Fault::Text(format!("byte {}: {reason}", self.at)))
    }

    fn take(&mut self, len: usize, what: &str) -> Result<&'a [u8], Error> {
        match self.bytes[self.at..].split_at_checked(len) {
            Some((taken, _)) => {
                self.at += len;
                Ok(taken)
            }
            None => Err(self.fault(what, "the file ends here")),
        }
    }

    fn array<const LEN: usize>(&mut self, what: &str) -> Result<[u8; LEN], Error> {
        let mut array = [0; LEN];
        array.copy_from_slice(self.take(LEN, what)?);
        Ok(array)
    }

    fn u8(&mut self, what: &str) -> Result<u8, Error> {
        self.array(what).map(u8::from_be_bytes)
    }

    fn u16(&mut self, what: &str) -> Result<u16, Error> {
        self.array(what).map(u16::from_be_bytes)
    }

    fn u32(&mut self, what: &str) -> Result<u32, Error> {
        self.array(what).map(u32::from_be_bytes)
    }

    fn u64(&mut self, what: &str) -> Result<u64, Error> {
        self.array(what).map(u64::from_be_bytes)
    }

    fn text(&mut self, what: &str) -> Result<&'a [u8], Error> {
        let len = self.u16(what)?;
        self.take(usize::from(len), what)
    }
}

/// What stands before the files.
struct Head<'a> {
    is_directory: bool,
    outer: Outer,
    name: &'a [u8],
    fragment_len_bytes: u32,
    file_count: u32,
}

impl<'a> Head<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Error> {
        if reader.take(MAGIC.len(), "magic")? != MAGIC {
            reader.at = 0;
            return Err(reader.fault(
                "magic",
                "this is no `.st` file: it does not begin with `mtST`",
            ));
        }
        let version = reader.u8("version")?;
        if version != VERSION {
            return Err(reader.fault(
                "version",
                format_args!(
                    "the file is of version {version}; this program reads version {VERSION}"
                ),
            ));
        }
        let flags = reader.u8("flags")?;
        if flags & !FLAG_DIRECTORY != 0 {
            return Err(reader.fault("flags", format_args!("unknown flags {flags:#04x}")));
        }
        let is_directory = flags & FLAG_DIRECTORY != 0;
        let outer = Outer {
            trackers: trackers(reader)?,
            ..Outer::default()
        };
        let name = reader.text("name")?;
        if name.is_empty() {
            return Err(Error::new("name", Fault::Empty));
        }
        let fragment_len_bytes = reader.u32("fragment length")?;
        let fits = (limits::PIECE_LENGTH_V2_BYTES_MIN..=limits::PIECE_LENGTH_BYTES_MAX)
            .contains(&fragment_len_bytes);
        if !fits || !fragment_len_bytes.is_power_of_two() {
            let fault = Fault::PieceLengthV2(i64::from(fragment_len_bytes));
            return Err(Error::new("fragment length", fault));
        }
        let file_count = reader.u32("files")?;
        match (is_directory, file_count) {
            (_, 0) => return Err(Error::new("files", Fault::NoFiles)),
            (true, _) | (false, 1) => {}
            (false, count) => {
                let reason = format!("{count} files, but the flags say that this is no directory");
                return Err(reader.fault("files", reason));
            }
        }
        Ok(Self {
            is_directory,
            outer,
            name,
            fragment_len_bytes,
            file_count,
        })
    }
}

fn trackers(reader: &mut Reader<'_>) -> Result<Vec<Vec<Url>>, Error> {
    let mut tiers: Vec<Vec<Url>> = Vec::new();
    let mut seen = HashSet::new();
    let (mut last_tier, mut last_kept_tier) = (None, None);
    let count = reader.u16("trackers")?;
    if usize::from(count) > limits::OUTER_LIST_LEN_MAX {
        let fault = Fault::TooLarge {
            value: count.into(),
            max: limits::OUTER_LIST_LEN_MAX as u64,
        };
        return Err(Error::new("trackers", fault));
    }
    for _ in 0..count {
        let tier = reader.u8("tracker tier")?;
        if last_tier.is_some_and(|last| tier < last) {
            return Err(reader.fault("tracker tier", "the tiers are not in order"));
        }
        last_tier = Some(tier);
        let url = tracker(reader)?;
        if !seen.insert(url.clone()) {
            continue;
        }
        match tiers.last_mut() {
            Some(urls) if last_kept_tier == last_tier => urls.push(url),
            _ => tiers.push(vec![url]),
        }
        last_kept_tier = last_tier;
    }
    Ok(tiers)
}

fn tracker(reader: &mut Reader<'_>) -> Result<Url, Error> {
    let what = "tracker";
    let scheme = match reader.u8(what)? {
        TRANSPORT_URL => {
            let bytes = reader.text(what)?;
            let url = std::str::from_utf8(bytes)
                .ok()
                .and_then(|text| Url::parse(text).ok());
            return url.filter(Url::is_tracker).ok_or_else(|| {
                reader.fault(
                    what,
                    format_args!("`{}` is not the URL of a tracker", excerpt_bytes(bytes)),
                )
            });
        }
        TRANSPORT_HTTP => "http",
        TRANSPORT_UDP => "udp",
        other => return Err(reader.fault(what, format_args!("unknown transport {other}"))),
    };
    let address = match reader.u8(what)? {
        FAMILY_IPV4 => IpAddr::V4(Ipv4Addr::from(reader.array::<4>(what)?)),
        FAMILY_IPV6 => IpAddr::V6(Ipv6Addr::from(reader.array::<16>(what)?)),
        other => return Err(reader.fault(what, format_args!("unknown address family {other}"))),
    };
    let socket = std::net::SocketAddr::new(address, reader.u16(what)?);
    Url::parse(&format!("{scheme}://{socket}/announce")).map_err(|why| reader.fault(what, why))
}

/// One file of the table.
struct FileEntry<'a> {
    components: Vec<&'a [u8]>,
    len_bytes: u64,
}

impl<'a> FileEntry<'a> {
    fn read_into(&mut self, reader: &mut Reader<'a>, head: &Head<'a>) -> Result<(), Error> {
        let depth = reader.u16("file depth")?;
        if (depth == 0) == head.is_directory {
            let reason = format!("a depth of {depth} does not fit the flags");
            return Err(reader.fault("file depth", reason));
        }
        self.components.clear();
        if depth == 0 {
            self.components.push(head.name);
        }
        for _ in 0..depth {
            self.components.push(reader.text("file path")?);
        }
        self.len_bytes = reader.u64("file length")?;
        if self.len_bytes > limits::TOTAL_SIZE_BYTES_MAX {
            let fault = Fault::TooLarge {
                value: self.len_bytes,
                max: limits::TOTAL_SIZE_BYTES_MAX,
            };
            return Err(Error::new(
                excerpt_bytes(&self.components.join(&b'/')),
                fault,
            ));
        }
        Ok(())
    }

    fn hash_count(&self, head: &Head<'_>) -> u64 {
        self.len_bytes.div_ceil(u64::from(head.fragment_len_bytes))
    }
}

/// Moves past the files and counts the hashes that follow them.
fn skip_files<'a>(reader: &mut Reader<'a>, head: &Head<'a>) -> Result<u64, Error> {
    let mut file = FileEntry {
        components: Vec::new(),
        len_bytes: 0,
    };
    let mut hash_count = 0_u64;
    for _ in 0..head.file_count {
        file.read_into(reader, head)?;
        hash_count = hash_count.saturating_add(file.hash_count(head));
    }
    Ok(hash_count)
}

/// Writes the info dictionary, and the piece layers (empty where there are none).
fn write_dictionaries<'a>(
    reader: &mut Reader<'a>,
    mut hashes: &'a [u8],
    head: &Head<'a>,
) -> Result<(Vec<u8>, Vec<u8>), Error> {
    let mut layers: Vec<(Sha256Digest, &[u8])> = Vec::new();
    let mut writer = Writer::with_capacity(reader.bytes.len());
    writer.begin_dict().key(b"file tree");
    let mut tree = TreeWriter::new(&mut writer);
    let mut file = FileEntry {
        components: Vec::new(),
        len_bytes: 0,
    };
    for _ in 0..head.file_count {
        file.read_into(reader, head)?;
        // All files together need the hashes that are there: the count fits.
        let len = usize::try_from(file.hash_count(head)).unwrap_or(usize::MAX) * Sha256Digest::LEN;
        let (own, rest) = hashes.split_at(len);
        hashes = rest;
        let root = match own.len() / Sha256Digest::LEN {
            0 => None,
            1 => Sha256Digest::from_slice(own),
            _ => {
                let root = root_of(own, head.fragment_len_bytes);
                layers.push((root, own));
                Some(root)
            }
        };
        let properties = TreeFile {
            len_bytes: file.len_bytes,
            root: root.as_ref(),
            ..TreeFile::default()
        };
        tree.file(&file.components, &properties).at("files")?;
    }
    tree.finish();
    writer.key(b"meta version").integer(2);
    writer.key(b"name").bytes(head.name);
    writer.key(b"piece length").integer(head.fragment_len_bytes);
    writer.end();
    Ok((writer.finish(), write_layers(layers)))
}
