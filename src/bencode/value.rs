//! Views of checked values.

use super::check::to_i64;
use super::walk::Walk;

/// One checked value: exactly its raw span.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Value<'a> {
    raw: &'a [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Integer,
    Bytes,
    List,
    Dict,
}

impl Kind {
    /// As it stands in a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Self::Integer => "an integer",
            Self::Bytes => "a string",
            Self::List => "a list",
            Self::Dict => "a dictionary",
        }
    }
}

impl<'a> Value<'a> {
    /// The value of bytes that were checked before: the raw span of a value, kept for later.
    /// (Of any other bytes one gets nonsense, and no more than that.)
    pub fn from_checked(raw: &'a [u8]) -> Self {
        Self { raw }
    }

    /// The bytes as they were received.
    pub fn raw(self) -> &'a [u8] {
        self.raw
    }

    pub fn kind(self) -> Kind {
        match self.raw.first() {
            Some(b'i') => Kind::Integer,
            Some(b'l') => Kind::List,
            Some(b'd') => Kind::Dict,
            _ => Kind::Bytes,
        }
    }

    pub fn as_i64(self) -> Option<i64> {
        to_i64(self.raw.strip_prefix(b"i")?.strip_suffix(b"e")?)
    }

    pub fn as_bytes(self) -> Option<&'a [u8]> {
        self.leading_string()
    }

    pub fn as_str(self) -> Option<&'a str> {
        std::str::from_utf8(self.as_bytes()?).ok()
    }

    pub fn as_list(self) -> Option<List<'a>> {
        (self.kind() == Kind::List).then_some(List {
            walk: Walk::into(self.raw),
        })
    }

    pub fn as_dict(self) -> Option<Dict<'a>> {
        (self.kind() == Kind::Dict).then_some(Dict { raw: self.raw })
    }

    pub(super) fn leading_string(self) -> Option<&'a [u8]> {
        Walk::over(self.raw).string()
    }
}

impl std::fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}`", self.raw.escape_ascii())
    }
}

/// The items of a list, in order.
#[derive(Clone, Debug)]
pub struct List<'a> {
    walk: Walk<'a>,
}

impl<'a> List<'a> {
    /// The whole list as it was received, however many items were taken.
    pub fn raw(&self) -> &'a [u8] {
        self.walk.raw()
    }
}

impl<'a> Iterator for List<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        self.walk.value()
    }
}

/// A dictionary; look-ups walk it, so take many keys in one [`Dict::iter`].
#[derive(Clone, Copy, Debug)]
pub struct Dict<'a> {
    raw: &'a [u8],
}

impl<'a> Dict<'a> {
    pub fn get(&self, wanted: &[u8]) -> Option<Value<'a>> {
        self.iter()
            .find(|(key, _)| *key == wanted)
            .map(|(_, value)| value)
    }

    /// Keys and values in the order of the document.
    pub fn iter(&self) -> impl Iterator<Item = (&'a [u8], Value<'a>)> + use<'a> {
        let mut walk = Walk::into(self.raw);
        std::iter::from_fn(move || Some((walk.string()?, walk.value()?)))
    }

    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }
}
