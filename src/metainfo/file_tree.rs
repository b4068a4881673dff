//! Walking the `file tree` of a v2 torrent, once and without recursion.

use super::error::{Error, Fault, Located};
use super::fields::{integer, string, walk, wrong_type};
use super::file_list::{Attributes, Entry};
use super::oddity::{Oddities, shown};
use crate::base::Sha256Digest;
use crate::bencode::{Dict, Kind, List, Token, Value, Walk};

/// Yields the files of a tree in its order.
#[derive(Debug)]
pub(super) struct TreeWalk<'a> {
    walk: Walk<'a>,
    components: Vec<&'a [u8]>,
}

impl<'a> TreeWalk<'a> {
    pub(super) fn new(tree: Value<'a>) -> Result<Self, Error> {
        Ok(Self {
            walk: walk(tree, "info.file tree")?,
            components: Vec::new(),
        })
    }

    /// The path of the file that was yielded last.
    pub(super) fn components(&self) -> &[&'a [u8]] {
        &self.components
    }

    /// The place of the file that was yielded last, or of what is being read.
    pub(super) fn place(&self) -> String {
        format!("info.file tree.{}", shown(&self.components.join(&b'/')))
    }

    pub(super) fn next_file(
        &mut self,
        oddities: &mut Oddities,
    ) -> Result<Option<Entry<'a>>, Error> {
        loop {
            match self.walk.peek() {
                Some(Token::Starts(_)) => {}
                Some(Token::Ends) => {
                    self.walk.step_over_bracket();
                    if self.components.pop().is_none() {
                        return Ok(None);
                    }
                    continue;
                }
                None => return Ok(None),
            }
            let Some(key) = self.walk.string() else {
                return Ok(None);
            };
            if !key.is_empty() {
                self.descend(key)?;
            } else if let Some(properties) = self.walk.value()
                && let Some(entry) = self.file(properties, oddities)?
            {
                return Ok(Some(entry));
            }
        }
    }

    fn descend(&mut self, key: &'a [u8]) -> Result<(), Error> {
        self.components.push(key);
        match self.walk.peek() {
            Some(Token::Starts(Kind::Dict)) => {
                self.walk.step_over_bracket();
                Ok(())
            }
            Some(Token::Starts(found)) => Err(Error::new(
                self.place(),
                Fault::WrongType {
                    wanted: Kind::Dict,
                    found,
                },
            )),
            _ => Err(Error::new(self.place(), Fault::Missing)),
        }
    }

    /// Reads what an empty key holds: a file, or else properties of a directory, which are none
    /// that we know.
    fn file(
        &self,
        properties: Value<'a>,
        oddities: &mut Oddities,
    ) -> Result<Option<Entry<'a>>, Error> {
        let dict = properties
            .as_dict()
            .ok_or_else(|| wrong_type(properties, Kind::Dict))
            .map_err(|fault| Error::new(self.place(), fault))?;
        let leaf = Leaf::read(dict, &self.place_if_needed())?;
        let alone = self.walk.peek() == Some(Token::Ends);
        if leaf.length.is_none() && leaf.symlink.is_none() && !alone {
            oddities.note(
                self.place(),
                "has properties of a directory, which are ignored",
            );
            return Ok(None);
        }
        if self.components.is_empty() {
            return Err(Error::new("info.file tree", Fault::FileAtRoot));
        }
        if !alone {
            return Err(Error::new(self.place(), Fault::FileBesideOthers));
        }
        leaf.into_entry(&self.place_if_needed(), oddities).map(Some)
    }

    fn place_if_needed(&self) -> impl Fn(&str) -> String + '_ {
        |key| format!("{}.{key}", self.place())
    }
}

/// The properties of a file as they stand there.
struct Leaf<'a> {
    length: Option<i64>,
    root: Option<&'a [u8]>,
    attr: &'a [u8],
    symlink: Option<List<'a>>,
    has_other_properties: bool,
}

impl<'a> Leaf<'a> {
    fn read(dict: Dict<'a>, place: &dyn Fn(&str) -> String) -> Result<Self, Error> {
        let mut leaf = Self {
            length: None,
            root: None,
            attr: b"",
            symlink: None,
            has_other_properties: false,
        };
        for (key, value) in dict.iter() {
            match key {
                b"length" => leaf.length = Some(integer(value, Lazy(place, "length"))?),
                b"pieces root" => leaf.root = Some(string(value, Lazy(place, "pieces root"))?),
                _ => leaf.has_other_properties = true,
            }
            match key {
                b"attr" => leaf.attr = value.as_bytes().unwrap_or_default(),
                b"symlink path" => leaf.symlink = symlink_target(value),
                _ => {}
            }
        }
        if !leaf.attr.contains(&b'l') {
            leaf.symlink = None;
        }
        Ok(leaf)
    }

    fn into_entry(
        self,
        place: &dyn Fn(&str) -> String,
        oddities: &mut Oddities,
    ) -> Result<Entry<'a>, Error> {
        let attributes = attributes(self.attr);
        if attributes.padding {
            return Err(Error::new(place("attr"), Fault::PaddingInTree));
        }
        let len_bytes = match self.length {
            // A link has no content, whatever its length says.
            _ if self.symlink.is_some() => 0,
            Some(length) => u64::try_from(length)
                .map_err(|_| Fault::Negative(length))
                .at(Lazy(place, "length"))?,
            None => return Err(Error::new(place("length"), Fault::Missing)),
        };
        let root = match self.root {
            _ if len_bytes == 0 => {
                if self.root.is_some() {
                    oddities.note(place("pieces root"), "an empty file has no root; ignored");
                }
                None
            }
            Some(root) if root.len() != Sha256Digest::LEN => {
                return Err(Error::new(
                    place("pieces root"),
                    Fault::RootLength(root.len()),
                ));
            }
            Some(root) if root == Sha256Digest::ZERO.as_bytes() => {
                return Err(Error::new(place("pieces root"), Fault::ZeroRoot));
            }
            Some(root) => Some(root),
            None => return Err(Error::new(place("pieces root"), Fault::Missing)),
        };
        let Self {
            symlink,
            has_other_properties,
            ..
        } = self;
        Ok(Entry {
            len_bytes,
            attributes,
            root,
            symlink,
            has_other_properties,
        })
    }
}

pub(super) fn attributes(attr: &[u8]) -> Attributes {
    Attributes {
        padding: attr.contains(&b'p'),
        executable: attr.contains(&b'x'),
        hidden: attr.contains(&b'h'),
    }
}

/// `None` where it is no list of strings.
pub(super) fn symlink_target(value: Value<'_>) -> Option<List<'_>> {
    let components = value.as_list()?;
    let mut probe = components.clone();
    probe
        .all(|component| component.kind() == Kind::Bytes)
        .then_some(components)
}

/// A place that is spelled out only for an error.
struct Lazy<'a>(&'a dyn Fn(&str) -> String, &'a str);

impl std::fmt::Display for Lazy<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0(self.1))
    }
}
