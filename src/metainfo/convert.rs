//! What becomes of a torrent in another format, and what stands in the way.
//!
//! Nothing is lost in silence. What another format cannot carry is an obstacle by name: it makes
//! the conversion impossible, or changes the info-hash (and so the swarm), or needs the content to
//! compute other hashes. Only what stands around the info dictionary may be left out, and it is
//! named too.

use super::error::{Error, Fault};
use super::file_tree::TreeWalk;
use super::info::Version;
use super::magnet::Magnet;
use super::oddity::{Oddities, shown};
use super::torrent::Metainfo;
use super::{Format, mtorrent, st};
use crate::base::{Url, limits};
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
        let obstacles = self.obstacles(target);
        let insurmountable = obstacles.impossible.into_iter();
        if let Some(first) = insurmountable.chain(obstacles.needs_content).next() {
            return Err(Error::new(target.name(), Fault::CannotCarry(first)));
        }
        match target {
            Format::Torrent => Ok(self.to_torrent()),
            Format::Magnet => Ok(format!("{}\n", self.magnet()).into_bytes()),
            Format::Mtorrent => {
                let name = self.info.raw_name();
                let hashes = self.info.v1_hashes().unwrap_or_default();
                Ok(mtorrent::write(
                    name,
                    self.info.files().content_bytes(),
                    hashes,
                    &self.outer,
                ))
            }
            Format::St => {
                let name = self.info.raw_name();
                let empty = Value::from_checked(b"de");
                st::write(&st::Content {
                    name,
                    piece_length: self.info.piece_length(),
                    tree: self.info_field(b"file tree").unwrap_or(empty),
                    layers: &self.layers,
                    trackers: &self.outer.trackers,
                })
            }
        }
    }

    /// The link to this torrent's swarms.
    pub fn magnet(&self) -> Magnet {
        let Some(mut magnet) = Magnet::new(self.info.hashes()) else {
            unreachable!("every torrent has an info-hash");
        };
        magnet.name = Some(self.info.name().to_owned());
        let mut left_bytes = MAGNET_URLS_LEN_BYTES_MAX;
        magnet.trackers = fitting(self.outer.all_trackers(), &mut left_bytes);
        magnet.web_seeds = fitting(self.outer.web_seeds.iter(), &mut left_bytes);
        magnet
    }

    fn info_field(&self, key: &[u8]) -> Option<Value<'_>> {
        self.info.value().as_dict()?.get(key)
    }

    fn mtorrent_obstacles(&self, found: &mut Found) {
        let name = self.info.raw_name();
        if self.info.is_directory() {
            found.impossible.add(|| {
                format!(
                    "`{}` is a directory; the format carries one file",
                    shown(name)
                )
            });
            return;
        }
        if name.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
            found
                .impossible
                .add(|| format!("the name `{}` holds a line break", shown(name)));
        }
        let piece_length = self.info.piece_length();
        if piece_length != mtorrent::PIECE_LENGTH_BYTES {
            found.changes_hash.add(|| {
                format!(
                    "the piece length of {piece_length} bytes; the format has always {}",
                    mtorrent::PIECE_LENGTH_BYTES
                )
            });
            found
                .needs_content
                .push("the hashes of pieces of another length".to_owned());
        }
        let other_half: &[&[u8]] = match self.info.version() {
            Version::V1 => &[],
            Version::V2 => {
                found
                    .changes_hash
                    .add(|| "the v2 hashes; the format is v1".to_owned());
                found
                    .needs_content
                    .push("SHA-1 hashes, which a v2 torrent has not".to_owned());
                &[b"file tree", b"meta version"]
            }
            Version::Hybrid => {
                found
                    .changes_hash
                    .add(|| "the v2 half; the format is v1".to_owned());
                &[b"file tree", b"meta version"]
            }
        };
        let carried: [&[u8]; 4] = [b"length", b"name", b"piece length", b"pieces"];
        self.other_info_keys(&carried, other_half, &mut found.changes_hash);
        if !self.info_is_sorted() {
            found
                .changes_hash
                .add(|| "that its keys are not in order".to_owned());
        }
    }

    fn st_obstacles(&self, found: &mut Found) {
        if u16::try_from(self.info.raw_name().len()).is_err() {
            found
                .impossible
                .add(|| "the name is longer than 65535 bytes".to_owned());
        }
        let other_half: &[&[u8]] = match self.info.version() {
            Version::V1 => {
                found
                    .changes_hash
                    .add(|| "the v1 hashes; the format is v2".to_owned());
                found
                    .needs_content
                    .push("SHA-256 hashes, which a v1 torrent has not".to_owned());
                &[b"files", b"length", b"pieces"]
            }
            Version::V2 => &[],
            Version::Hybrid => {
                found
                    .changes_hash
                    .add(|| "the v1 half; the format is v2".to_owned());
                &[b"files", b"length", b"pieces"]
            }
        };
        let carried: [&[u8]; 4] = [b"file tree", b"meta version", b"name", b"piece length"];
        self.other_info_keys(&carried, other_half, &mut found.changes_hash);
        if self.info.version().has_v2() {
            self.file_tree_obstacles(found);
        }
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
                (b"source", Some(source)) => format!("`source` ({source})"),
                (b"attr", _) => "the attributes of the file".to_owned(),
                _ => format!("`{}` of the info dictionary", shown(key)),
            });
        }
    }

    /// Names what a `.st` cannot say of the files: it knows lengths and roots.
    fn file_tree_obstacles(&self, found: &mut Found) {
        let Some(Ok(mut tree)) = self.info_field(b"file tree").map(TreeWalk::new) else {
            return;
        };
        let mut passed_over = Oddities::default();
        let mut st_len_bytes = 0;
        while let Ok(Some(entry)) = tree.next_file(&mut passed_over) {
            let path = || shown(&tree.components().join(&b'/'));
            if entry.symlink.is_some() {
                found.changes_hash.add(|| format!("the link `{}`", path()));
            } else if entry.has_other_properties {
                found
                    .changes_hash
                    .add(|| format!("the attributes of `{}`", path()));
            }
            let too_long = |name: &&[u8]| u16::try_from(name.len()).is_err();
            if tree.components().iter().any(too_long) {
                found
                    .impossible
                    .add(|| format!("`{}` has a name of over 65535 bytes", path()));
            }
            st_len_bytes +=
                st::file_len_bytes(tree.components(), entry.len_bytes, self.info.piece_length());
            if st_len_bytes > limits::METAINFO_LEN_BYTES_MAX {
                found.impossible.add(|| {
                    format!(
                        "it would be longer than the {} bytes that are read, as it repeats the \
                         directory of each file",
                        limits::METAINFO_LEN_BYTES_MAX
                    )
                });
                return;
            }
        }
        // What the reader passes over is not written either.
        for oddity in passed_over.described() {
            found.changes_hash.add(|| oddity.clone());
        }
        found.changes_hash.more += passed_over.undescribed();
    }

    fn info_is_sorted(&self) -> bool {
        let entries = self.info.value().as_dict().map(|dict| dict.iter());
        entries
            .into_iter()
            .flatten()
            .map(|(key, _)| key)
            .is_sorted()
    }

    /// Names what stands around the info dictionary and has no place in `target`.
    fn left_out(&self, target: Format) -> Vec<String> {
        let outer = &self.outer;
        let mut left_out = Vec::new();
        let tracker_count = outer.all_trackers().count();
        match target {
            // A link is asked for in place of the file, not to keep what the file says.
            Format::Magnet => {
                let magnet = self.magnet();
                let url_count = tracker_count + outer.web_seeds.len();
                let kept_count = magnet.trackers.len() + magnet.web_seeds.len();
                if kept_count < url_count {
                    left_out.push(format!(
                        "{} of {url_count} trackers and web seeds",
                        url_count - kept_count
                    ));
                }
                return left_out;
            }
            Format::Torrent => return left_out,
            Format::Mtorrent if tracker_count > 2 => {
                left_out.push(format!("{} of {tracker_count} trackers", tracker_count - 2));
            }
            Format::St if outer.trackers.len() > st::TIERS_MAX => {
                left_out.push(format!("the order of the tiers after {}", st::TIERS_MAX));
            }
            Format::Mtorrent | Format::St => {}
        }
        let facts = [
            (!outer.web_seeds.is_empty(), "the web seeds"),
            (outer.comment.is_some(), "the comment"),
            (
                outer.created_by.is_some(),
                "the name of the program that made it",
            ),
            (outer.creation_date.is_some(), "the creation date"),
            (!outer.http_seeds.is_empty(), "the HTTP seeds"),
            (!outer.nodes.is_empty(), "the DHT nodes"),
        ];
        let named = facts.iter().filter(|(is_there, _)| *is_there);
        left_out.extend(named.map(|(_, what)| (*what).to_owned()));
        left_out
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
