//! Taking typed values out of dictionaries, with a place for every complaint.

use std::fmt;

use bytes::Bytes;

use super::error::{Error, Fault};
use crate::bencode::{Kind, List, Value, Walk};

pub(super) fn wrong_type(value: Value<'_>, wanted: Kind) -> Fault {
    Fault::WrongType {
        wanted,
        found: value.kind(),
    }
}

pub(super) fn integer(value: Value<'_>, place: impl fmt::Display) -> Result<i64, Error> {
    value
        .as_i64()
        .ok_or_else(|| Error::new(place, wrong_type(value, Kind::Integer)))
}

pub(super) fn string<'a>(value: Value<'a>, place: impl fmt::Display) -> Result<&'a [u8], Error> {
    value
        .as_bytes()
        .ok_or_else(|| Error::new(place, wrong_type(value, Kind::Bytes)))
}

pub(super) fn list<'a>(value: Value<'a>, place: impl fmt::Display) -> Result<List<'a>, Error> {
    value
        .as_list()
        .ok_or_else(|| Error::new(place, wrong_type(value, Kind::List)))
}

/// A cursor at the first key of a dictionary.
pub(super) fn walk<'a>(value: Value<'a>, place: impl fmt::Display) -> Result<Walk<'a>, Error> {
    match value.kind() {
        Kind::Dict => Walk::inside(value),
        _ => None,
    }
    .ok_or_else(|| Error::new(place, wrong_type(value, Kind::Dict)))
}

/// Where `inner`, a part of `outer`, starts in it.
pub(super) fn offset_in(outer: &[u8], inner: &[u8]) -> usize {
    let offset = (inner.as_ptr() as usize).wrapping_sub(outer.as_ptr() as usize);
    assert!(
        offset + inner.len() <= outer.len(),
        "a part lies inside of its whole"
    );
    offset
}

/// `inner` as a shared slice of `outer`.
pub(super) fn slice_of(outer: &Bytes, inner: &[u8]) -> Bytes {
    let start = offset_in(outer, inner);
    outer.slice(start..start + inner.len())
}
