//! What stands around the info dictionary: it helps to find a swarm and never changes which.
//!
//! Nothing here costs the torrent. What cannot be used is noted as an oddity and left out.

use std::collections::HashSet;

use super::oddity::{Oddities, shown};
use crate::base::{
    PeerAddress, Sha1Digest, Url,
    limits::{OUTER_LIST_LEN_MAX, OUTER_TEXT_LEN_BYTES_MAX as TEXT_LEN_BYTES_MAX},
};
use crate::bencode::{Kind, Value};

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
    pub collections: Vec<String>,
}

impl Outer {
    pub(super) fn read(document: Value<'_>, oddities: &mut Oddities) -> Self {
        let mut outer = Self::default();
        let mut announce = None;
        let mut tiers = None;
        let mut comment_utf8 = None;
        let entries = document.as_dict().map(|dict| dict.iter());
        for (key, value) in entries.into_iter().flatten() {
            match key {
                b"announce" => announce = Some(value),
                b"announce-list" => tiers = Some(value),
                b"url-list" => outer.web_seeds = url_list("url-list", value, oddities),
                b"httpseeds" => outer.http_seeds = url_list("httpseeds", value, oddities),
                b"nodes" => outer.nodes = nodes(value, oddities),
                b"comment" => outer.comment = text("comment", value, oddities),
                b"comment.utf-8" => {
                    let fits = |text: &&str| text.len() <= TEXT_LEN_BYTES_MAX;
                    comment_utf8 = value.as_str().filter(fits).map(str::to_owned);
                }
                b"created by" => outer.created_by = text("created by", value, oddities),
                b"creation date" => outer.creation_date = date(value, oddities),
                b"private" => oddities.note(
                    "private",
                    "stands outside of `info`, where it means nothing; ignored",
                ),
                _ => {}
            }
        }
        outer.comment = comment_utf8.or(outer.comment);
        outer.trackers = trackers(announce, tiers, oddities);
        outer.hints.read(document);
        outer
    }

    /// All trackers, best tier first.
    pub fn all_trackers(&self) -> impl Iterator<Item = &Url> {
        self.trackers.iter().flatten()
    }
}

impl Hints {
    /// Adds what a dictionary (the outer one or the info) has of them.
    pub(super) fn read(&mut self, value: Value<'_>) {
        let Some(dict) = value.as_dict() else { return };
        for (key, value) in dict.iter() {
            let items = || {
                value
                    .as_list()
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_bytes)
            };
            match key {
                b"similar" => self.similar.extend(
                    items()
                        .filter_map(Sha1Digest::from_slice)
                        .take(OUTER_LIST_LEN_MAX),
                ),
                b"collections" => {
                    self.collections
                        .extend(items().map(shown).take(OUTER_LIST_LEN_MAX));
                }
                _ => {}
            }
        }
    }
}

/// Collects URLs once each, up to the limit.
#[derive(Default)]
struct UrlSet {
    seen: HashSet<String>,
}

impl UrlSet {
    fn take(
        &mut self,
        place: &str,
        value: Value<'_>,
        usable: fn(&Url) -> bool,
        oddities: &mut Oddities,
    ) -> Option<Url> {
        let Some(bytes) = value.as_bytes() else {
            oddities.note(
                place,
                format_args!("is {}, not a URL; left out", value.kind().name()),
            );
            return None;
        };
        if bytes.trim_ascii().is_empty() {
            return None;
        }
        let text = std::str::from_utf8(bytes).ok();
        let Some(url) = text.and_then(|text| Url::parse(text).ok()).filter(usable) else {
            let reason = text.map(Url::parse).and_then(Result::err);
            let reason = reason.map_or("cannot be used here".to_owned(), |why| why.to_string());
            oddities.note(
                place,
                format_args!("`{}` is left out: {reason}", shown(bytes)),
            );
            return None;
        };
        let fresh = self.seen.len() < OUTER_LIST_LEN_MAX && self.seen.insert(url.to_string());
        fresh.then_some(url)
    }
}

fn trackers(
    announce: Option<Value<'_>>,
    tiers: Option<Value<'_>>,
    oddities: &mut Oddities,
) -> Vec<Vec<Url>> {
    let mut set = UrlSet::default();
    let mut found: Vec<Vec<Url>> = Vec::new();
    if let Some(value) = tiers {
        let place = "announce-list";
        if value.kind() != Kind::List {
            oddities.note(
                place,
                format_args!("is {}, not a list; ignored", value.kind().name()),
            );
        }
        for tier in value.as_list().into_iter().flatten() {
            let mut take = |value| set.take(place, value, Url::is_tracker, oddities);
            let urls: Vec<Url> = match tier.as_list() {
                Some(urls) => urls.filter_map(&mut take).collect(),
                // Some write a flat list of URLs.
                None => take(tier).into_iter().collect(),
            };
            // Empty tiers are not even collected: two bytes of them would take twenty-four.
            if !urls.is_empty() {
                found.push(urls);
            }
        }
    }
    // BEP 12: the list, where there is one, is instead of the single tracker.
    if found.is_empty()
        && let Some(value) = announce
    {
        let url = set.take("announce", value, Url::is_tracker, oddities);
        found.extend(url.map(|url| vec![url]));
    }
    found
}

fn url_list(place: &str, value: Value<'_>, oddities: &mut Oddities) -> Vec<Url> {
    let mut set = UrlSet::default();
    let mut take = |value| set.take(place, value, Url::is_web_seed, oddities);
    match value.as_list() {
        Some(urls) => urls.filter_map(take).collect(),
        None => take(value).into_iter().collect(),
    }
}

fn nodes(value: Value<'_>, oddities: &mut Oddities) -> Vec<PeerAddress> {
    let Some(items) = value.as_list() else {
        oddities.note(
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
    for item in items.take(OUTER_LIST_LEN_MAX) {
        match node(item) {
            Some(address) => found.push(address),
            None => oddities.note("nodes", "an entry is no pair of host and port; left out"),
        }
    }
    found
}

fn text(place: &str, value: Value<'_>, oddities: &mut Oddities) -> Option<String> {
    let Some(bytes) = value.as_bytes() else {
        oddities.note(
            place,
            format_args!("is {}, not text; ignored", value.kind().name()),
        );
        return None;
    };
    if bytes.len() > TEXT_LEN_BYTES_MAX {
        oddities.note(
            place,
            format_args!("has more than {TEXT_LEN_BYTES_MAX} bytes; ignored"),
        );
        return None;
    }
    let text = String::from_utf8_lossy(bytes);
    if matches!(text, std::borrow::Cow::Owned(_)) {
        oddities.note(
            place,
            "is not UTF-8; the bytes that are not are shown as U+FFFD",
        );
    }
    Some(text.into_owned())
}

fn date(value: Value<'_>, oddities: &mut Oddities) -> Option<u64> {
    let date = value
        .as_i64()
        .and_then(|seconds| u64::try_from(seconds).ok());
    if date.is_none() {
        oddities.note(
            "creation date",
            "is no number of seconds since 1970; ignored",
        );
    }
    date
}
