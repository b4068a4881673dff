//! Text to magnet, one parameter after the other.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::base::limits::{MAGNET_LEN_BYTES_MAX, OUTER_LIST_LEN_MAX};
use crate::base::percent::unescape;
use crate::base::{InfoHashes, PeerAddress, Url, excerpt};

use super::oddities::{Oddities, Oddity};
use super::selection::SelectionReader;
use super::topic::{self, Topic, strip_prefix_ignoring_case};
use super::{Magnet, MagnetError};

/// What follows the `&` of a separator that was copied out of the source of a web page.
const HTML_AMPERSAND_TAILS: [&str; 3] = ["amp;", "#38;", "#038;"];

pub(super) fn magnet(text: &str) -> Result<Magnet, MagnetError> {
    if text.len() > MAGNET_LEN_BYTES_MAX {
        return Err(MagnetError::TooLong {
            len_bytes: text.len(),
        });
    }
    let text = text.trim();
    let parameters =
        strip_prefix_ignoring_case(text, "magnet:?").ok_or_else(|| MagnetError::NotAMagnet {
            text: excerpt(text),
        })?;
    let mut reader = Reader::default();
    for parameter in parameters.split('&') {
        let (name, value) = without_html_tail(parameter)
            .split_once('=')
            .unwrap_or_default();
        if !value.is_empty() {
            reader.take(&String::from_utf8_lossy(&unescape(name)), value)?;
        }
    }
    reader.finish()
}

fn without_html_tail(parameter: &str) -> &str {
    HTML_AMPERSAND_TAILS
        .into_iter()
        .find_map(|tail| strip_prefix_ignoring_case(parameter, tail))
        .unwrap_or(parameter)
}

#[derive(Default)]
struct Reader {
    hashes: InfoHashes,
    name: Option<String>,
    trackers: DistinctList<Url>,
    web_seeds: DistinctList<Url>,
    peers: DistinctList<PeerAddress>,
    selection: SelectionReader,
    oddities: Oddities,
}

impl Reader {
    fn take(&mut self, name: &str, value: &str) -> Result<(), MagnetError> {
        let taken = match without_number(name).to_ascii_lowercase().as_str() {
            "xt" => return self.take_topic(value),
            "dn" => self.take_name(value),
            "tr" => self.take_tracker(value),
            "ws" => self.take_web_seed(value),
            "x.pe" => self.take_peer(value),
            "so" => self.take_selection(value),
            _ => Ok(()),
        };
        if let Err(oddity) = taken {
            self.oddities.add(oddity);
        }
        Ok(())
    }

    fn take_topic(&mut self, value: &str) -> Result<(), MagnetError> {
        match topic::parse(&String::from_utf8_lossy(&unescape(value)))? {
            Topic::V1(second) => match self.hashes.v1.replace(second) {
                Some(first) if first != second => Err(MagnetError::TwoV1 { first, second }),
                _ => Ok(()),
            },
            Topic::V2(second) => match self.hashes.v2.replace(second) {
                Some(first) if first != second => Err(MagnetError::TwoV2 { first, second }),
                _ => Ok(()),
            },
            Topic::Foreign => Ok(()),
        }
    }

    /// A `+` is a space here, as web forms write it; in all other values it is itself. Nothing in
    /// a name may drive a terminal.
    fn take_name(&mut self, value: &str) -> Result<(), Oddity> {
        let value = value.replace('+', " ");
        let shown = |character: char| {
            if character.is_control() {
                char::REPLACEMENT_CHARACTER
            } else {
                character
            }
        };
        let name: String = String::from_utf8_lossy(&unescape(&value))
            .trim()
            .chars()
            .map(shown)
            .collect();
        if self.name.is_none() && !name.is_empty() {
            self.name = Some(name);
        }
        Ok(())
    }

    fn take_tracker(&mut self, value: &str) -> Result<(), Oddity> {
        let url = Url::parse(&unescape_utf8(value)?).map_err(Oddity::Tracker)?;
        if !url.is_tracker() {
            return Err(Oddity::NotATracker {
                url: excerpt(url.as_str()),
            });
        }
        self.trackers.add(url)
    }

    fn take_web_seed(&mut self, value: &str) -> Result<(), Oddity> {
        let url = Url::parse(&unescape_utf8(value)?).map_err(Oddity::WebSeed)?;
        if !url.is_web_seed() {
            return Err(Oddity::NotAWebSeed {
                url: excerpt(url.as_str()),
            });
        }
        self.web_seeds.add(url)
    }

    fn take_peer(&mut self, value: &str) -> Result<(), Oddity> {
        self.peers
            .add(unescape_utf8(value)?.parse().map_err(Oddity::Peer)?)
    }

    fn take_selection(&mut self, value: &str) -> Result<(), Oddity> {
        let oddities = &mut self.oddities;
        self.selection
            .take(&unescape_utf8(value)?, |oddity| oddities.add(oddity));
        Ok(())
    }

    fn finish(mut self) -> Result<Magnet, MagnetError> {
        let selected = self.selection.finish(|oddity| self.oddities.add(oddity));
        let bare = Magnet::new(self.hashes).ok_or(MagnetError::NoHash)?;
        Ok(Magnet {
            name: self.name,
            trackers: self.trackers.list,
            web_seeds: self.web_seeds.list,
            peers: self.peers.list,
            selected,
            oddities: self.oddities,
            ..bare
        })
    }
}

/// `xt.1` and `tr.2` are `xt` and `tr`: some writers number what they repeat.
fn without_number(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((front, number)) if number.bytes().all(|digit| digit.is_ascii_digit()) => front,
        _ => name,
    }
}

fn unescape_utf8(value: &str) -> Result<Cow<'_, str>, Oddity> {
    let not_utf8 = || Oddity::NotUtf8 {
        value: excerpt(value),
    };
    match unescape(value) {
        Cow::Borrowed(bytes) => str::from_utf8(bytes)
            .map(Cow::Borrowed)
            .map_err(|_| not_utf8()),
        Cow::Owned(bytes) => String::from_utf8(bytes)
            .map(Cow::Owned)
            .map_err(|_| not_utf8()),
    }
}

/// A list in the order of arrival that holds nothing twice, and so much at most.
struct DistinctList<T> {
    list: Vec<T>,
    seen: BTreeSet<T>,
}

impl<T> Default for DistinctList<T> {
    fn default() -> Self {
        Self {
            list: Vec::new(),
            seen: BTreeSet::new(),
        }
    }
}

impl<T: Ord + Clone + ToString> DistinctList<T> {
    fn add(&mut self, value: T) -> Result<(), Oddity> {
        if self.seen.contains(&value) {
            return Ok(());
        }
        if self.list.len() == OUTER_LIST_LEN_MAX {
            return Err(Oddity::TooMany {
                value: excerpt(&value.to_string()),
            });
        }
        self.seen.insert(value.clone());
        self.list.push(value);
        Ok(())
    }
}
