//! Documents as values that a test changes at one place before they are written.

use std::collections::BTreeMap;

use mt::bencode::Writer;
use mt::metainfo::{Error, Fault, Metainfo};

#[derive(Clone, Debug)]
pub(crate) enum Node {
    Integer(i64),
    Bytes(Vec<u8>),
    List(Vec<Node>),
    Dict(BTreeMap<Vec<u8>, Node>),
    /// Written as it stands, well formed or not.
    Raw(Vec<u8>),
}

pub(crate) fn dict<const N: usize>(entries: [(&str, Node); N]) -> Node {
    let entries = entries.map(|(key, value)| (key.as_bytes().to_vec(), value));
    Node::Dict(entries.into())
}

pub(crate) fn list<const N: usize>(items: [Node; N]) -> Node {
    Node::List(items.into())
}

/// A list of strings.
pub(crate) fn path<const N: usize>(names: [&str; N]) -> Node {
    list(names.map(Node::from))
}

impl From<i64> for Node {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<&str> for Node {
    fn from(text: &str) -> Self {
        Self::Bytes(text.into())
    }
}

impl From<&[u8]> for Node {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl From<Vec<u8>> for Node {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl Node {
    /// The same document with `value` at a place; keys and indexes lead there, and the last key
    /// may be new.
    pub(crate) fn with(mut self, place: &[&str], value: impl Into<Node>) -> Self {
        let (last, way) = place.split_last().unwrap();
        match self.descend(way) {
            Self::Dict(entries) => {
                entries.insert(last.as_bytes().to_vec(), value.into());
            }
            Self::List(items) => items[last.parse::<usize>().unwrap()] = value.into(),
            other => panic!("nothing stands inside of {other:?}"),
        }
        self
    }

    /// The same document without the key at the end of a place.
    pub(crate) fn without(mut self, place: &[&str]) -> Self {
        let (last, way) = place.split_last().unwrap();
        let Self::Dict(entries) = self.descend(way) else {
            panic!("`{place:?}` is in no dictionary");
        };
        assert!(entries.remove(last.as_bytes()).is_some(), "{place:?}");
        self
    }

    fn descend(&mut self, way: &[&str]) -> &mut Self {
        let mut node = self;
        for step in way {
            node = match node {
                Self::Dict(entries) => entries.get_mut(step.as_bytes()).unwrap(),
                Self::List(items) => &mut items[step.parse::<usize>().unwrap()],
                other => panic!("nothing stands inside of {other:?}"),
            };
        }
        node
    }

    pub(crate) fn get(&self, place: &[&str]) -> Node {
        self.clone().descend(place).clone()
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        self.write(&mut writer);
        writer.finish()
    }

    fn write(&self, writer: &mut Writer) {
        match self {
            Self::Integer(value) => {
                writer.integer(*value);
            }
            Self::Bytes(bytes) => {
                writer.bytes(bytes);
            }
            Self::Raw(bytes) => {
                writer.raw(bytes);
            }
            Self::List(items) => {
                writer.begin_list();
                items.iter().for_each(|item| item.write(writer));
                writer.end();
            }
            Self::Dict(entries) => {
                writer.begin_dict();
                for (key, value) in entries {
                    writer.key(key);
                    value.write(writer);
                }
                writer.end();
            }
        }
    }

    /// Reads the document as a torrent that is in order.
    pub(crate) fn read(&self) -> Metainfo {
        match Metainfo::from_torrent(self.encode()) {
            Ok(metainfo) => metainfo,
            Err(error) => panic!("{error}"),
        }
    }

    /// Reads the document as a torrent that is refused.
    pub(crate) fn refusal(&self) -> Error {
        Metainfo::from_torrent(self.encode()).unwrap_err()
    }
}

pub(crate) fn error(place: &str, fault: Fault) -> Error {
    Error {
        place: place.to_owned(),
        fault,
    }
}

/// Checks that a document is refused, where, and why.
#[track_caller]
pub(crate) fn assert_refused(document: &Node, place: &str, fault: Fault) {
    assert_eq!(document.refusal(), error(place, fault));
}

/// Bytes that look like nothing in particular.
pub(crate) fn content(len_bytes: usize, seed: usize) -> Vec<u8> {
    let byte = |at: usize| (at * 31 + (at >> 8) * 7 + seed).to_le_bytes()[0];
    (0..len_bytes).map(byte).collect()
}
