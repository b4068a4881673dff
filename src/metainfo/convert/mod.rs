//! What becomes of a torrent in another format, and what stands in the way.
//!
//! Nothing is lost in silence. What another format cannot carry is an obstacle by name: it makes
//! the conversion impossible, or changes the info-hash (and so the swarm), or needs the content to
//! compute other hashes. Only what stands around the info dictionary may be left out, and it is
//! named too.

mod mtorrent;
mod outer;
mod st;

use std::borrow::Cow;

use super::Format;
use super::error::{Error, Fault};
use super::magnet::Magnet;
use super::torrent::Metainfo;
use crate::base::{Url, excerpt_bytes, limits};
use crate::bencode::Value;

/// Why a conversion does not go without more ado.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Obstacles {
    /// The format has no place for this, whatever one allows.
    pub impossible: Vec<String>,
    /// This cannot be carried, so that the info-hash would be another.
    pub changes_hash: Vec<String>,
    /// This can only be computed from the content.
    pub needs_content: Vec<String>,
    /// This stands around the info dictionary and is left out.
    pub left_out: Vec<String>,
}

/// How many obstacles of one kind are named.
const NAMED_MAX: usize = 20;

/// The first obstacles of one kind, and how many there were beyond them.
#[derive(Default)]
struct Named {
    first: Vec<String>,
    more: usize,
}

impl Named {
    fn add(&mut self, what: impl FnOnce() -> String) {
        if self.first.len() < NAMED_MAX {
            self.first.push(what());
        } else {
            self.more += 1;
        }
    }

    fn finish(mut self) -> Vec<String> {
        if self.more > 0 {
            self.first.push(format!("{} more of this kind", self.more));
        }
        self.first
    }
}

/// Obstacles while they are found.
#[derive(Default)]
struct Found {
    impossible: Named,
    changes_hash: Named,
    needs_content: Vec<String>,
}

impl Metainfo {
    /// What stands in the way of writing this torrent as `target`.
    pub fn obstacles(&self, target: Format) -> Obstacles {
        let mut found = Found::default();
        match target {
            Format::Torrent | Format::Magnet => {}
            Format::Mtorrent => self.mtorrent_obstacles(&mut found),
            Format::St => self.st_obstacles(&mut found),
        }
        Obstacles {
            impossible: found.impossible.finish(),
            changes_hash: found.changes_hash.finish(),
            needs_content: found.needs_content,
            left_out: self.left_out(target),
        }
    }

    /// Writes this torrent as `target`; the info-hash is another one where [`Self::obstacles`]
    /// said so. Fails with the first obstacle that cannot be passed without the content.
    pub fn write_as(&self, target: Format) -> Result<Vec<u8>, Error> {
        Ok(self.parts_as(target)?.concat())
    }

    /// The same in parts, which together are the document: so a large one need not be in memory
    /// twice.
    pub fn parts_as(&self, target: Format) -> Result<Vec<Cow<'_, [u8]>>, Error> {
        let obstacles = self.obstacles(target);
        let insurmountable = obstacles.impossible.into_iter();
        if let Some(first) = insurmountable.chain(obstacles.needs_content).next() {
            return Err(Error::new(target.name(), Fault::CannotCarry(first)));
        }
        let whole = match target {
            Format::Torrent => return Ok(self.torrent_parts()),
            Format::Magnet => format!("{}\n", self.magnet()).into_bytes(),
            Format::Mtorrent => {
                let name = self.info.raw_content_name();
                let hashes = self.info.v1_hashes().unwrap_or_default();
                super::mtorrent::write(
                    &name,
                    self.info.files().content_bytes(),
                    hashes,
                    self.outer(),
                )
            }
            Format::St => {
                let name = self.info.raw_name();
                let empty = Value::from_checked(b"de");
                super::st::write(&super::st::Content {
                    name,
                    piece_length: self.info.piece_length(),
                    tree: self.info_field(b"file tree").unwrap_or(empty),
                    layers: &self.layers,
                    trackers: &self.outer().trackers,
                })?
            }
        };
        Ok(vec![Cow::Owned(whole)])
    }

    /// The link to this torrent's swarms.
    pub fn magnet(&self) -> Magnet {
        let Some(mut magnet) = Magnet::new(self.info.hashes()) else {
            unreachable!("every torrent has an info-hash");
        };
        magnet.name = Some(self.info.name().to_owned());
        let mut left_bytes = MAGNET_URLS_LEN_BYTES_MAX;
        magnet.trackers = fitting(self.outer().all_trackers(), &mut left_bytes);
        magnet.web_seeds = fitting(self.outer().web_seeds.iter(), &mut left_bytes);
        magnet
    }

    fn info_field(&self, key: &[u8]) -> Option<Value<'_>> {
        self.info.value().as_dict()?.get(key)
    }

    /// Names the keys of the info dictionary beyond those that are carried and those of the half
    /// that is named as a whole.
    fn other_info_keys(&self, carried: &[&[u8]], other_half: &[&[u8]], named: &mut Named) {
        let entries = self.info.value().as_dict().map(|dict| dict.iter());
        for (key, _) in entries.into_iter().flatten() {
            if carried.contains(&key) || other_half.contains(&key) {
                continue;
            }
            named.add(|| match (key, self.info.source()) {
                (b"private", _) if self.info.is_private() => "that it is private".to_owned(),
                (b"source", Some(source)) => format!("`source` ({})", excerpt_bytes(source)),
                (b"attr", _) => "the attributes of the file".to_owned(),
                _ => format!("`{}` of the info dictionary", excerpt_bytes(key)),
            });
        }
    }
}

/// What the URLs of a link may take, escapes included; the rest is for the hashes and the name.
const MAGNET_URLS_LEN_BYTES_MAX: usize = limits::MAGNET_LEN_BYTES_MAX - (4 << 10);

/// The first URLs, as many as fit.
fn fitting<'a>(urls: impl Iterator<Item = &'a Url>, left_bytes: &mut usize) -> Vec<Url> {
    let fits = |url: &&Url| {
        let len_bytes = "&tr=".len() + 3 * url.as_str().len();
        match left_bytes.checked_sub(len_bytes) {
            Some(left) => *left_bytes = left,
            None => return false,
        }
        true
    };
    urls.take_while(fits).cloned().collect()
}
