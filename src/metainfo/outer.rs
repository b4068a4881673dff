//! What stands around the info dictionary: it helps to find a swarm and never changes which.
//!
//! Nothing here costs the torrent. What cannot be used is noted as an oddity and left out.

mod url_set;

use std::fmt;

use super::oddity::Oddities;
use crate::base::limits::{OUTER_LIST_LEN_MAX, OUTER_TEXT_LEN_BYTES_MAX as TEXT_LEN_BYTES_MAX};
use crate::base::{PeerAddress, Sha1Digest, Url};
use crate::bencode::Value;
use url_set::UrlSet;

/// The usable part of the outer dictionary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outer {
    /// By tier (BEP 12); no tracker twice.
    pub trackers: Vec<Vec<Url>>,
    /// `url-list` (BEP 19).
    pub web_seeds: Vec<Url>,
    /// `httpseeds` (BEP 17), an older protocol.
    pub http_seeds: Vec<Url>,
    pub nodes: Vec<PeerAddress>,
    pub comment: Option<String>,
    pub created_by: Option<String>,
    /// Unix seconds.
    pub creation_date: Option<u64>,
    pub hints: Hints,
}

/// Where content may already lie on this machine (BEP 38).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    pub similar: Vec<Sha1Digest>,
    /// Names that need not be text.
    pub collections: Vec<Box<[u8]>>,
}

impl Outer {
    /// Reads what can be used; `notes` hears of what cannot.
    pub(super) fn read(document: Value<'_>, notes: &mut Notes<'_>) -> Self {
        let mut outer = Self::default();
        let mut announce = None;
        let mut tiers = None;
        let mut comment_utf8 = None;
        let entries = document.as_dict().map(|dict| dict.iter());
        for (key, value) in entries.into_iter().flatten() {
            match key {
                b"announce" => announce = Some(value),
                b"announce-list" => tiers = Some(value),
                b"url-list" => outer.web_seeds = url_list("url-list", value, notes),
                b"httpseeds" => outer.http_seeds = url_list("httpseeds", value, notes),
                b"nodes" => outer.nodes = nodes(value, notes),
                b"comment" => outer.comment = text("comment", value, notes),
                b"comment.utf-8" => {
                    let fits = |text: &&str| text.len() <= TEXT_LEN_BYTES_MAX;
                    comment_utf8 = value.as_str().filter(fits).map(str::to_owned);
                    if comment_utf8.is_none() {
                        let what = format_args!(
                            "is no text in UTF-8 of at most {TEXT_LEN_BYTES_MAX} bytes; ignored"
                        );
                        notes.lost("comment.utf-8", what);
                    }
                }
                b"created by" => outer.created_by = text("created by", value, notes),
                b"creation date" => outer.creation_date = date(value, notes),
                b"private" => notes.oddities.note(
                    "private",
                    "stands outside of `info`, where it means nothing; ignored",
                ),
                _ => {}
            }
        }
        outer.comment = comment_utf8.or(outer.comment);
        outer.trackers = tiers.map_or_else(Vec::new, |value| announce_list(value, notes));
        // BEP 12: the list, where there is one, is instead of the single tracker.
        if outer.trackers.is_empty()
            && let Some(value) = announce
        {
            let url = UrlSet::new("announce", Url::is_tracker, notes).take(value);
            outer.trackers.extend(url.map(|url| vec![url]));
        }
        outer
            .hints
            .read(document, |place, what| notes.lost(place, what));
        outer
    }

    /// All trackers, best tier first.
    pub fn all_trackers(&self) -> impl Iterator<Item = &Url> {
        self.trackers.iter().flatten()
    }
}

/// Takes remarks, and under which keys something is lost once the document itself is.
pub(super) struct Notes<'o> {
    oddities: &'o mut Oddities,
    lossy_keys: Vec<&'static str>,
}

impl<'o> Notes<'o> {
    pub(super) fn new(oddities: &'o mut Oddities) -> Self {
        Self {
            oddities,
            lossy_keys: Vec::new(),
        }
    }

    fn lost(&mut self, key: &'static str, what: impl fmt::Display) {
        self.oddities.note(key, what);
        if !self.lossy_keys.contains(&key) {
            self.lossy_keys.push(key);
        }
    }

    /// Each key once.
    pub(super) fn into_lossy_keys(self) -> Vec<&'static str> {
        self.lossy_keys
    }
}

impl Hints {
    /// Adds what a dictionary (the outer one or the info) has of them; `lost` hears of what is more
    /// than is kept.
    pub(super) fn read(
        &mut self,
        value: Value<'_>,
        mut lost: impl FnMut(&'static str, fmt::Arguments<'_>),
    ) {
        let Some(dict) = value.as_dict() else { return };
        for (key, value) in dict.iter() {
            let strings = value.as_list().into_iter().flatten();
            let strings = strings.filter_map(Value::as_bytes);
            match key {
                b"similar" => {
                    let mut hashes = strings.filter_map(Sha1Digest::from_slice);
                    self.similar
                        .extend(hashes.by_ref().take(OUTER_LIST_LEN_MAX));
                    if hashes.next().is_some() {
                        let kept = OUTER_LIST_LEN_MAX;
                        lost("similar", format_args!("only {kept} hashes are kept"));
                    }
                }
                b"collections" => {
                    let (kept, kept_bytes) = (OUTER_LIST_LEN_MAX, TEXT_LEN_BYTES_MAX);
                    let mut left_bytes = kept_bytes;
                    for (count, name) in strings.enumerate() {
                        let left = left_bytes.checked_sub(name.len());
                        let (true, Some(left)) = (count < kept, left) else {
                            let what = format_args!(
                                "only {kept} names, and {kept_bytes} bytes of them, are kept"
                            );
                            lost("collections", what);
                            break;
                        };
                        left_bytes = left;
                        self.collections.push(name.into());
                    }
                }
                _ => {}
            }
        }
    }
}

fn announce_list(value: Value<'_>, notes: &mut Notes<'_>) -> Vec<Vec<Url>> {
    let place = "announce-list";
    let mut found = Vec::new();
    let Some(tiers) = value.as_list() else {
        notes.lost(
            place,
            format_args!("is {}, not a list; ignored", value.kind().name()),
        );
        return found;
    };
    let mut set = UrlSet::new(place, Url::is_tracker, notes);
    for tier in tiers {
        let urls = match tier.as_list() {
            Some(urls) if set.looks_on() => set.take_all(urls),
            Some(_) => break,
            // Some write a flat list of URLs.
            None => set.take_all(std::iter::once(tier)),
        };
        // Empty tiers are not even collected: two bytes of them would take twenty-four.
        if !urls.is_empty() {
            found.push(urls);
        }
    }
    found
}

fn url_list(place: &'static str, value: Value<'_>, notes: &mut Notes<'_>) -> Vec<Url> {
    let mut set = UrlSet::new(place, Url::is_web_seed, notes);
    match value.as_list() {
        Some(urls) => set.take_all(urls),
        None => set.take_all(std::iter::once(value)),
    }
}

fn nodes(value: Value<'_>, notes: &mut Notes<'_>) -> Vec<PeerAddress> {
    let Some(mut items) = value.as_list() else {
        notes.lost(
            "nodes",
            format_args!("is {}, not a list; ignored", value.kind().name()),
        );
        return Vec::new();
    };
    let node = |item: Value<'_>| {
        let mut pair = item.as_list()?;
        let host = pair.next()?.as_str()?;
        let port = u16::try_from(pair.next()?.as_i64()?).ok()?;
        // A bare IPv6 address stands here without brackets.
        let colon = if host.contains(':') && !host.starts_with('[') {
            ("[", "]")
        } else {
            ("", "")
        };
        format!("{}{host}{}:{port}", colon.0, colon.1).parse().ok()
    };
    let mut found = Vec::new();
    for item in items.by_ref().take(OUTER_LIST_LEN_MAX) {
        match node(item) {
            Some(address) => found.push(address),
            None => notes.lost("nodes", "an entry is no pair of host and port; left out"),
        }
    }
    if items.next().is_some() {
        let what = format_args!("only the first {OUTER_LIST_LEN_MAX} entries are looked at");
        notes.lost("nodes", what);
    }
    found
}

fn text(place: &'static str, value: Value<'_>, notes: &mut Notes<'_>) -> Option<String> {
    let Some(bytes) = value.as_bytes() else {
        notes.lost(
            place,
            format_args!("is {}, not text; ignored", value.kind().name()),
        );
        return None;
    };
    if bytes.len() > TEXT_LEN_BYTES_MAX {
        notes.lost(
            place,
            format_args!("has more than {TEXT_LEN_BYTES_MAX} bytes; ignored"),
        );
        return None;
    }
    let text = String::from_utf8_lossy(bytes);
    if matches!(text, std::borrow::Cow::Owned(_)) {
        notes.oddities.note(
            place,
            "is not UTF-8; the bytes that are not are shown as U+FFFD",
        );
    }
    Some(text.into_owned())
}

fn date(value: Value<'_>, notes: &mut Notes<'_>) -> Option<u64> {
    let date = value
        .as_i64()
        .and_then(|seconds| u64::try_from(seconds).ok());
    if date.is_none() {
        notes.lost(
            "creation date",
            "is no number of seconds since 1970; ignored",
        );
    }
    date
}
