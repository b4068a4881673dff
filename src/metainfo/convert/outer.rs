//! What stands around the info dictionary and has no place in another format.

use super::Named;
use crate::base::excerpt_bytes;
use crate::base::limits::ST_TIERS_MAX;
use crate::bencode::{Dict, Value};
use crate::metainfo::{Format, Metainfo};

/// The keys around the info dictionary that [`Outer`](crate::metainfo::Outer) or the format itself has a place
/// for.
const KNOWN_KEYS: [&str; 12] = [
    "announce",
    "announce-list",
    "comment",
    "comment.utf-8",
    "created by",
    "creation date",
    "encoding",
    "httpseeds",
    "info",
    "nodes",
    "piece layers",
    "url-list",
];

impl Metainfo {
    /// Names what stands around the info dictionary and has no place in `target`.
    pub(super) fn left_out(&self, target: Format) -> Vec<String> {
        let outer = self.outer();
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
                let urls = ["announce", "announce-list", "url-list"];
                left_out.extend(self.unusable_outer_values(&urls));
                return left_out;
            }
            Format::Torrent => return left_out,
            Format::Mtorrent if tracker_count > 2 => {
                left_out.push(format!("{} of {tracker_count} trackers", tracker_count - 2));
            }
            Format::St if outer.trackers.len() > ST_TIERS_MAX => {
                left_out.push(format!("the order of the tiers after {}", ST_TIERS_MAX));
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
        left_out.extend(self.unusable_outer_values(&KNOWN_KEYS));
        left_out.extend(self.unknown_outer_keys());
        left_out
    }

    /// Names what [`Outer`](crate::metainfo::Outer) has not taken of these keys.
    fn unusable_outer_values(&self, keys: &[&str]) -> impl Iterator<Item = String> {
        let lossy = self.lossy_outer_keys().iter();
        lossy
            .filter(|key| keys.contains(key))
            .map(|key| format!("what cannot be used of `{key}`"))
    }

    /// Names the keys around the info dictionary that [`Outer`](crate::metainfo::Outer) has no word for.
    fn unknown_outer_keys(&self) -> Vec<String> {
        let mut named = Named::default();
        let document = self.document().and_then(Value::as_dict);
        for (key, _) in document.iter().flat_map(Dict::iter) {
            if !KNOWN_KEYS.iter().any(|known| known.as_bytes() == key) {
                named.add(|| format!("`{}`, which stands beside `info`", excerpt_bytes(key)));
            }
        }
        named.finish()
    }
}
