//! Walking the `file tree` of a v2 torrent, once and without recursion.

use super::error::{Error, Fault, Located};
use super::fields::{integer, string, walk, wrong_type};
use super::file_list::{Attributes, Entry};
use super::oddity::Oddities;
use crate::base::{Sha256Digest, excerpt_bytes, limits};
use crate::bencode::{Dict, Kind, List, Token, Value, Walk};

/// Yields the files of a tree in its order.
#[derive(Debug)]
pub(super) struct TreeWalk<'a> {
    walk: Walk<'a>,
    components: Vec<&'a [u8]>,
    /// Whether the last step went into a directory.
    is_just_inside: bool,
}

impl<'a> TreeWalk<'a> {
    pub(super) fn new(tree: Value<'a>) -> Result<Self, Error> {
        Ok(Self {
            walk: walk(tree, "info.file tree")?,
            components: Vec::new(),
            is_just_inside: false,
        })
    }

    /// The path of the file that was yielded last.
    pub(super) fn components(&self) -> &[&'a [u8]] {
        &self.components
    }

    /// The place of the file that was yielded last, or of what is being read.
    pub(super) fn place(&self) -> Place<'_, 'a> {
        Place {
            components: &self.components,
            key: "",
        }
    }

    fn place_of(&self, key: &'static str) -> Place<'_, 'a> {
        Place {
            key,
            ..self.place()
        }
    }

    pub(super) fn next_file(
        &mut self,
        oddities: &mut Oddities,
    ) -> Result<Option<Entry<'a>>, Error> {
        loop {
            match self.walk.peek() {
                Some(Token::Starts(_)) => {}
                Some(Token::Ends) => {
                    if self.is_just_inside {
                        oddities.note(self.place(), "is a directory of nothing; ignored");
                    }
                    self.is_just_inside = false;
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
            self.is_just_inside = false;
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
                self.is_just_inside = true;
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
        let leaf = self.leaf(dict)?;
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
        self.entry(leaf, oddities).map(Some)
    }

    fn leaf(&self, dict: Dict<'a>) -> Result<Leaf<'a>, Error> {
        let mut leaf = Leaf::default();
        for (key, value) in dict.iter() {
            match key {
                b"length" => leaf.length = Some(integer(value, self.place_of("length"))?),
                b"pieces root" => leaf.root = Some(string(value, self.place_of("pieces root"))?),
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

    fn entry(&self, leaf: Leaf<'a>, oddities: &mut Oddities) -> Result<Entry<'a>, Error> {
        let attributes = attributes(leaf.attr);
        if attributes.padding {
            return Err(Error::new(self.place_of("attr"), Fault::PaddingInTree));
        }
        if leaf.attr.contains(&b'l') && leaf.symlink.is_none() {
            oddities.note(
                self.place_of("symlink path"),
                "is no path; the link becomes a file",
            );
        }
        let len_bytes = match leaf.length {
            // A link has no content, whatever its length says.
            _ if leaf.symlink.is_some() => 0,
            Some(length) => len_bytes(length).at(self.place_of("length"))?,
            None => return Err(Error::new(self.place_of("length"), Fault::Missing)),
        };
        if len_bytes == 0 && leaf.root.is_some() {
            oddities.note(
                self.place_of("pieces root"),
                "an empty file has no root; ignored",
            );
        }
        let root = if len_bytes == 0 {
            None
        } else {
            Some(usable_root(leaf.root).at(self.place_of("pieces root"))?)
        };
        Ok(Entry {
            len_bytes,
            attributes,
            root,
            symlink: leaf.symlink,
            has_other_properties: leaf.has_other_properties,
        })
    }
}

/// The properties of a file as they stand there.
#[derive(Default)]
struct Leaf<'a> {
    length: Option<i64>,
    root: Option<&'a [u8]>,
    attr: &'a [u8],
    symlink: Option<List<'a>>,
    has_other_properties: bool,
}

/// A length that one file may have.
pub(super) fn len_bytes(length: i64) -> Result<u64, Fault> {
    let len_bytes = u64::try_from(length).map_err(|_| Fault::Negative(length))?;
    if len_bytes > limits::TOTAL_SIZE_BYTES_MAX {
        return Err(Fault::TooLarge {
            value: len_bytes,
            max: limits::TOTAL_SIZE_BYTES_MAX,
        });
    }
    Ok(len_bytes)
}

fn usable_root(root: Option<&[u8]>) -> Result<&[u8], Fault> {
    match root {
        None => Err(Fault::Missing),
        Some(root) if root.len() != Sha256Digest::LEN => Err(Fault::RootLength(root.len())),
        Some(root) if root == Sha256Digest::ZERO.as_bytes() => Err(Fault::ZeroRoot),
        Some(root) => Ok(root),
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

/// A place in the tree, spelled out only where it is shown: a tree may hold millions of places,
/// each of them hundreds of names deep.
#[derive(Clone, Copy)]
pub(super) struct Place<'t, 'a> {
    components: &'t [&'a [u8]],
    /// A property of the file, or nothing.
    key: &'static str,
}

/// Of a longer path only so many names are shown from either end.
const PLACE_END_LEN: usize = 4;

impl std::fmt::Display for Place<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("info.file tree")?;
        let names = |names: &[&[u8]]| {
            let shown: Vec<String> = names.iter().map(|name| excerpt_bytes(name)).collect();
            shown.join("/")
        };
        let count = self.components.len();
        if count > 2 * PLACE_END_LEN {
            let front = names(&self.components[..PLACE_END_LEN]);
            let back = names(&self.components[count - PLACE_END_LEN..]);
            write!(f, ".{front}/…/{back}")?;
        } else if count > 0 {
            write!(f, ".{}", names(self.components))?;
        }
        if self.key.is_empty() {
            Ok(())
        } else {
            write!(f, ".{}", self.key)
        }
    }
}
