//! Lists of URLs, of which a hostile torrent may bring millions.

use std::collections::HashSet;
use std::fmt;

use super::Notes;
use crate::base::limits::{
    OUTER_LIST_ENTRIES_MAX, OUTER_LIST_LEN_MAX, OUTER_LIST_URLS_LEN_BYTES_MAX,
};
use crate::base::{Sha1Digest, Url, UrlError, excerpt_bytes};
use crate::bencode::{Kind, Value};
use crate::hash::sha1;

/// Collects the usable URLs of one key once each, up to the limits.
pub(super) struct UrlSet<'n, 'o> {
    place: &'static str,
    is_usable: fn(&Url) -> bool,
    notes: &'n mut Notes<'o>,
    /// The texts would be a second copy of all URLs.
    seen: HashSet<Sha1Digest>,
    entries_seen: usize,
    len_bytes: usize,
    is_full: bool,
}

impl<'n, 'o> UrlSet<'n, 'o> {
    pub(super) fn new(
        place: &'static str,
        is_usable: fn(&Url) -> bool,
        notes: &'n mut Notes<'o>,
    ) -> Self {
        Self {
            place,
            is_usable,
            notes,
            seen: HashSet::new(),
            entries_seen: 0,
            len_bytes: 0,
            is_full: false,
        }
    }

    /// The URL of an entry, where it is a usable one that was not there before.
    pub(super) fn take(&mut self, value: Value<'_>) -> Option<Url> {
        if !self.looks_on() {
            return None;
        }
        let url = match usable(value, self.is_usable) {
            Ok(url) => url?,
            Err(why) => {
                self.notes.lost(self.place, why);
                return None;
            }
        };
        if !self.seen.insert(sha1(url.as_str().as_bytes())) {
            return None;
        }
        let len_bytes = self.len_bytes + url.as_str().len();
        if self.seen.len() > OUTER_LIST_LEN_MAX {
            self.stop(format_args!("only {OUTER_LIST_LEN_MAX} URLs are kept"));
            return None;
        }
        if len_bytes > OUTER_LIST_URLS_LEN_BYTES_MAX {
            self.stop(format_args!(
                "only {OUTER_LIST_URLS_LEN_BYTES_MAX} bytes of URLs are kept"
            ));
            return None;
        }
        self.len_bytes = len_bytes;
        Some(url)
    }

    pub(super) fn take_all<'v>(&mut self, values: impl Iterator<Item = Value<'v>>) -> Vec<Url> {
        let mut urls = Vec::new();
        for value in values {
            if self.is_full {
                break;
            }
            urls.extend(self.take(value));
        }
        urls
    }

    /// Whether another entry, usable or not, is looked at; counts it.
    pub(super) fn looks_on(&mut self) -> bool {
        if !self.is_full && self.entries_seen == OUTER_LIST_ENTRIES_MAX {
            self.stop(format_args!(
                "only the first {OUTER_LIST_ENTRIES_MAX} entries are looked at"
            ));
        }
        self.entries_seen += 1;
        !self.is_full
    }

    fn stop(&mut self, why: fmt::Arguments<'_>) {
        self.is_full = true;
        self.notes.lost(self.place, why);
    }
}

/// Why an entry is left out.
enum Unusable<'a> {
    NotText(Kind),
    NotUtf8(&'a [u8]),
    Malformed(&'a [u8], UrlError),
    Unfit(&'a [u8]),
}

/// Nothing where an entry is empty, as some programs write what they were not given.
fn usable(value: Value<'_>, is_usable: fn(&Url) -> bool) -> Result<Option<Url>, Unusable<'_>> {
    let bytes = value
        .as_bytes()
        .ok_or_else(|| Unusable::NotText(value.kind()))?;
    if bytes.trim_ascii().is_empty() {
        return Ok(None);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| Unusable::NotUtf8(bytes))?;
    let url = Url::parse(text).map_err(|why| Unusable::Malformed(bytes, why))?;
    if is_usable(&url) {
        Ok(Some(url))
    } else {
        Err(Unusable::Unfit(bytes))
    }
}

impl fmt::Display for Unusable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let left_out = |bytes: &[u8]| format!("`{}` is left out", excerpt_bytes(bytes));
        match self {
            Self::NotText(kind) => write!(f, "is {}, not a URL; left out", kind.name()),
            Self::NotUtf8(bytes) => write!(f, "{}: it is not UTF-8", left_out(bytes)),
            Self::Malformed(bytes, why) => write!(f, "{}: {why}", left_out(bytes)),
            Self::Unfit(bytes) => write!(f, "{}: cannot be used here", left_out(bytes)),
        }
    }
}
