//! What becomes of a torrent in another format, and what stands in the way.
//!
//! Nothing is lost in silence. What another format cannot carry is an obstacle by name: it makes
//! the conversion impossible, or changes the info-hash (and so the swarm), or needs the content to
//! compute other hashes. Only what stands around the info dictionary may be left out, and it is
//! named too.

use super::error::Error;
use super::file_tree::TreeWalk;
use super::info::Version;
use super::magnet::Magnet;
use super::oddity::{Oddities, shown};
use super::torrent::Metainfo;
use super::{Format, mtorrent, st};
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

impl Metainfo {
    /// What stands in the way of writing this torrent as `target`.
    pub fn obstacles(&self, target: Format) -> Obstacles {
        let mut obstacles = Obstacles::default();
        match target {
            Format::Torrent | Format::Magnet => {}
            Format::Mtorrent => self.mtorrent_obstacles(&mut obstacles),
            Format::St => self.st_obstacles(&mut obstacles),
        }
        self.outer_left_out(target, &mut obstacles.left_out);
        for named in [&mut obstacles.impossible, &mut obstacles.changes_hash] {
            if named.len() > NAMED_MAX {
                let more = named.len() - NAMED_MAX;
                named.truncate(NAMED_MAX);
                named.push(format!("{more} more of this kind"));
            }
        }
        obstacles
    }

    /// Writes this torrent as `target`, for which neither anything impossible nor the content may
    /// be in the way. The info-hash is another one where `obstacles` said so.
    pub fn write_as(&self, target: Format) -> Result<Vec<u8>, Error> {
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
        magnet.trackers = self.outer.all_trackers().cloned().collect();
        magnet.web_seeds.clone_from(&self.outer.web_seeds);
        magnet
    }

    fn info_field(&self, key: &[u8]) -> Option<Value<'_>> {
        self.info.value().as_dict()?.get(key)
    }

    fn mtorrent_obstacles(&self, obstacles: &mut Obstacles) {
        let name = self.info.raw_name();
        if self.info.is_directory() {
            obstacles.impossible.push(format!(
                "`{}` is a directory; the format carries one file",
                shown(name)
            ));
            return;
        }
        if name.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
            obstacles
                .impossible
                .push(format!("the name `{}` holds a line break", shown(name)));
        }
        let piece_length = self.info.piece_length();
        if piece_length != mtorrent::PIECE_LENGTH_BYTES {
            obstacles.changes_hash.push(format!(
                "the piece length of {piece_length} bytes; the format has always {}",
                mtorrent::PIECE_LENGTH_BYTES
            ));
            obstacles
                .needs_content
                .push("the hashes of pieces of another length".to_owned());
        }
        match self.info.version() {
            Version::V1 => {}
            Version::V2 => {
                obstacles
                    .changes_hash
                    .push("the v2 hashes; the format is v1".to_owned());
                obstacles
                    .needs_content
                    .push("SHA-1 hashes, which a v2 torrent has not".to_owned());
            }
            Version::Hybrid => {
                obstacles
                    .changes_hash
                    .push("the v2 half; the format is v1".to_owned());
            }
        }
        let carried: [&[u8]; 4] = [b"length", b"name", b"piece length", b"pieces"];
        self.other_info_keys(&carried, &mut obstacles.changes_hash);
        if obstacles.changes_hash.is_empty() && !self.info_is_sorted() {
            obstacles
                .changes_hash
                .push("keys that are not in order".to_owned());
        }
    }

    fn st_obstacles(&self, obstacles: &mut Obstacles) {
        let too_long = |text: &[u8]| u16::try_from(text.len()).is_err();
        if too_long(self.info.raw_name()) {
            obstacles
                .impossible
                .push("the name is longer than 65535 bytes".to_owned());
        }
        match self.info.version() {
            Version::V1 => {
                obstacles
                    .changes_hash
                    .push("the v1 hashes; the format is v2".to_owned());
                obstacles
                    .needs_content
                    .push("SHA-256 hashes, which a v1 torrent has not".to_owned());
            }
            Version::V2 => {}
            Version::Hybrid => {
                obstacles
                    .changes_hash
                    .push("the v1 half; the format is v2".to_owned());
            }
        }
        let carried: [&[u8]; 4] = [b"file tree", b"meta version", b"name", b"piece length"];
        self.other_info_keys(&carried, &mut obstacles.changes_hash);
        if self.info.version().has_v2() {
            self.other_file_properties(obstacles);
        }
    }

    /// Names the keys of the info dictionary beyond those that are carried (or that were a half
    /// which is named already).
    fn other_info_keys(&self, carried: &[&[u8]], named: &mut Vec<String>) {
        const HALVES: [&[u8]; 5] = [
            b"file tree",
            b"files",
            b"length",
            b"meta version",
            b"pieces",
        ];
        let entries = self.info.value().as_dict().map(|dict| dict.iter());
        for (key, value) in entries.into_iter().flatten() {
            if carried.contains(&key) || HALVES.contains(&key) {
                continue;
            }
            named.push(match (key, value.as_i64()) {
                (b"private", Some(1)) => "that it is private".to_owned(),
                (b"source", _) => format!("`source` ({})", self.info.source().unwrap_or_default()),
                (b"attr", _) => "the attributes of the file".to_owned(),
                _ => format!("`{}` of the info dictionary", shown(key)),
            });
        }
    }

    /// Names the files whose properties are more than length and root.
    fn other_file_properties(&self, obstacles: &mut Obstacles) {
        let Some(Ok(mut tree)) = self.info_field(b"file tree").map(TreeWalk::new) else {
            return;
        };
        while let Ok(Some(entry)) = tree.next_file(&mut Oddities::default()) {
            let path = || shown(&tree.components().join(&b'/'));
            if entry.symlink.is_some() {
                obstacles
                    .changes_hash
                    .push(format!("the link `{}`", path()));
            } else if entry.has_other_properties {
                obstacles
                    .changes_hash
                    .push(format!("the attributes of `{}`", path()));
            }
            if tree
                .components()
                .iter()
                .any(|name| u16::try_from(name.len()).is_err())
            {
                obstacles
                    .impossible
                    .push(format!("`{}` has a name of over 65535 bytes", path()));
            }
        }
    }

    fn info_is_sorted(&self) -> bool {
        let entries = self.info.value().as_dict().map(|dict| dict.iter());
        entries
            .into_iter()
            .flatten()
            .map(|(key, _)| key)
            .is_sorted()
    }

    fn outer_left_out(&self, target: Format, left_out: &mut Vec<String>) {
        let outer = &self.outer;
        let tracker_count = outer.all_trackers().count();
        if target == Format::Mtorrent && tracker_count > 2 {
            left_out.push(format!("{} of {tracker_count} trackers", tracker_count - 2));
        }
        if matches!(target, Format::Mtorrent | Format::St) && !outer.web_seeds.is_empty() {
            left_out.push("the web seeds".to_owned());
        }
        if target == Format::Torrent {
            return;
        }
        let facts = [
            (outer.comment.is_some(), "the comment"),
            (outer.created_by.is_some(), "what made it"),
            (outer.creation_date.is_some(), "the creation date"),
            (!outer.http_seeds.is_empty(), "the HTTP seeds"),
            (!outer.nodes.is_empty(), "the DHT nodes"),
        ];
        if target != Format::Magnet {
            left_out.extend(
                facts
                    .iter()
                    .filter(|(is, _)| *is)
                    .map(|(_, what)| (*what).to_owned()),
            );
        }
    }
}
