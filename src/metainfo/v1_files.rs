//! The files of a v1 torrent, and the agreement of a hybrid's two halves about them.

use super::error::{Error, Fault, Located};
use super::fields::{integer, list, string, wrong_type};
use super::file_list::{Entry, FileListBuilder};
use super::file_tree::{TreeWalk, attributes, len_bytes, symlink_target};
use super::oddity::Oddities;
use crate::base::limits::V1_PATH_COMPONENTS_MAX;
use crate::base::{Amount, excerpt_bytes};
use crate::bencode::{Kind, List, Value};

/// What BitComet calls its padding, which it does not mark by an attribute. The bytes are zeros.
const UNMARKED_PADDING: &[u8] = b"_____padding_file_";

/// More components than an excerpt of a path has characters.
const SHOWN_COMPONENTS_MAX: usize = 100;

/// Reads `info.files`; where there is a v2 half, its tree is walked alongside.
pub(super) fn read_directory<'a>(
    files: Value<'a>,
    mut half: Option<V2Half<'_, 'a>>,
    list_builder: &mut FileListBuilder,
    oddities: &mut Oddities,
) -> Result<(), Error> {
    let mut names_a_file = false;
    for (index, item) in list(files, "info.files")?.enumerate() {
        let file = V1File::read(item, index)?;
        let mut entry = file.entry(index, oddities)?;
        let path = file.path(index, &entry)?;
        entry.attributes.padding |= half.is_none() && path.is_unmarked_padding();
        if let Some(half) = half.as_mut().filter(|_| !entry.attributes.padding) {
            half.agree(
                &mut entry,
                &path.components(),
                Place(index, ""),
                list_builder.next_offset_bytes(),
                oddities,
            )?;
        }
        names_a_file |= !entry.attributes.padding;
        let at = Place(index, "length");
        match path {
            Path::Given(components) => list_builder
                .push(
                    entry,
                    components.map(|part| part.as_bytes().unwrap_or_default()),
                )
                .at(at)?,
            Path::Padding(len) => {
                list_builder
                    .push(entry, [&b".pad"[..], len.as_bytes()])
                    .at(at)?;
            }
        }
    }
    if !names_a_file {
        return Err(Error::new("info.files", Fault::NoFiles));
    }
    half.map_or(Ok(()), |mut half| half.at_end(oddities))
}

/// Calls with each file of `info.files`, which was read before: its index, what is said of it, and
/// its path. Padding without a path is left out.
pub(super) fn for_each_file(files: Value<'_>, mut each: impl FnMut(usize, &Entry<'_>, &[&[u8]])) {
    for (index, item) in files.as_list().into_iter().flatten().enumerate() {
        let read = V1File::read(item, index).and_then(|file| {
            let mut entry = file.entry(index, &mut Oddities::default())?;
            let path = file.path(index, &entry)?;
            entry.attributes.padding |= path.is_unmarked_padding();
            Ok((entry, path))
        });
        if let Ok((entry, path @ Path::Given(_))) = read {
            each(index, &entry, &path.components().collect::<Vec<_>>());
        }
    }
}

/// Reads the one file of a torrent without `files`.
pub(super) fn read_single(
    name: &[u8],
    length: i64,
    attr: &[u8],
    half: Option<V2Half<'_, '_>>,
    list_builder: &mut FileListBuilder,
    oddities: &mut Oddities,
) -> Result<(), Error> {
    let mut entry = Entry {
        len_bytes: len_bytes(length).at("info.length")?,
        attributes: attributes(attr),
        ..Entry::default()
    };
    entry.attributes.padding = false;
    if let Some(mut half) = half {
        half.agree(
            &mut entry,
            &std::iter::once(name),
            "info.length",
            0,
            oddities,
        )?;
        half.at_end(oddities)?;
    }
    list_builder.push(entry, [name]).at("info.length")
}

struct Place(usize, &'static str);

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "info.files[{}]", self.0)?;
        if self.1.is_empty() {
            Ok(())
        } else {
            write!(f, ".{}", self.1)
        }
    }
}

/// One item of `info.files` as it stands there.
struct V1File<'a> {
    length: Option<i64>,
    path: Option<Value<'a>>,
    path_utf8: Option<Value<'a>>,
    attr: &'a [u8],
    symlink: Option<Value<'a>>,
    has_other_properties: bool,
}

enum Path<'a> {
    Given(List<'a>),
    /// Padding need not have a path; this is the one that is recommended.
    Padding(String),
}

impl<'a> V1File<'a> {
    fn read(item: Value<'a>, index: usize) -> Result<Self, Error> {
        let dict = item
            .as_dict()
            .ok_or_else(|| wrong_type(item, Kind::Dict))
            .at(Place(index, ""))?;
        let mut file = Self {
            length: None,
            path: None,
            path_utf8: None,
            attr: b"",
            symlink: None,
            has_other_properties: false,
        };
        for (key, value) in dict.iter() {
            match key {
                b"length" => file.length = Some(integer(value, Place(index, "length"))?),
                b"path" => file.path = Some(value),
                _ => file.has_other_properties = true,
            }
            match key {
                b"path.utf-8" => file.path_utf8 = Some(value),
                b"attr" => file.attr = value.as_bytes().unwrap_or_default(),
                b"symlink path" => file.symlink = Some(value),
                _ => {}
            }
        }
        Ok(file)
    }

    fn entry(&self, index: usize, oddities: &mut Oddities) -> Result<Entry<'a>, Error> {
        let attributes = attributes(self.attr);
        let is_link = self.attr.contains(&b'l');
        let symlink = self.symlink.filter(|_| is_link).and_then(symlink_target);
        if is_link && symlink.is_none() {
            oddities.note(
                Place(index, "symlink path"),
                "is no path; the link becomes a file",
            );
        }
        let len_bytes = match self.length {
            // A link has no content, whatever its length says.
            _ if symlink.is_some() => 0,
            Some(length) => len_bytes(length).at(Place(index, "length"))?,
            None => return Err(Error::new(Place(index, "length"), Fault::Missing)),
        };
        Ok(Entry {
            len_bytes,
            attributes,
            symlink,
            has_other_properties: self.has_other_properties,
            ..Entry::default()
        })
    }

    /// The twin in UTF-8 wins where it is usable.
    fn path(&self, index: usize, entry: &Entry<'_>) -> Result<Path<'a>, Error> {
        let place = Place(index, "path");
        if let Some(parts) = self.path_utf8.and_then(text_path) {
            return bounded(parts).at(place);
        }
        let Some(value) = self.path else {
            return if entry.attributes.padding {
                Ok(Path::Padding(entry.len_bytes.to_string()))
            } else {
                Err(Error::new(place, Fault::Missing))
            };
        };
        let parts = list(value, &place)?;
        let mut any_text = false;
        for part in parts.clone() {
            any_text |= !string(part, &place)?.is_empty();
        }
        if any_text {
            bounded(parts).at(place)
        } else {
            Err(Error::new(place, Fault::Empty))
        }
    }
}

/// An empty name takes two bytes of the document, and far more wherever it is shown or stored.
fn bounded(parts: List<'_>) -> Result<Path<'_>, Fault> {
    match parts.clone().nth(V1_PATH_COMPONENTS_MAX) {
        Some(_) => Err(Fault::TooDeep),
        None => Ok(Path::Given(parts)),
    }
}

/// The components of a path that is all UTF-8 and names something.
fn text_path(value: Value<'_>) -> Option<List<'_>> {
    let parts = value.as_list()?;
    let mut any_text = false;
    for part in parts.clone() {
        any_text |= !part.as_str()?.is_empty();
    }
    any_text.then_some(parts)
}

impl<'a> Path<'a> {
    /// Never collected: an empty component takes two bytes of the document.
    fn components(&self) -> impl Iterator<Item = &'a [u8]> + Clone + use<'a> {
        let parts = match self {
            Self::Given(parts) => Some(parts.clone()),
            Self::Padding(_) => None,
        };
        parts.into_iter().flatten().filter_map(Value::as_bytes)
    }

    fn is_unmarked_padding(&self) -> bool {
        let name = self.components().last();
        name.is_some_and(|name| name.starts_with(UNMARKED_PADDING))
    }
}

/// The v2 half of a hybrid, walked file by file beside the v1 half.
pub(super) struct V2Half<'t, 'a> {
    pub(super) tree: &'t mut TreeWalk<'a>,
    pub(super) piece_length: u32,
}

impl<'a> V2Half<'_, 'a> {
    /// Takes the next file of the tree, which must be this one, and what the tree knows of it.
    fn agree<'p>(
        &mut self,
        entry: &mut Entry<'a>,
        path: &(impl Iterator<Item = &'p [u8]> + Clone),
        place: impl std::fmt::Display,
        offset_bytes: u64,
        oddities: &mut Oddities,
    ) -> Result<(), Error> {
        let v1 = || described(path.clone(), entry.len_bytes);
        let Some(twin) = self.tree.next_file(oddities)? else {
            let fault = Fault::HalvesDisagree {
                v1: v1(),
                v2: "no more files".to_owned(),
            };
            return Err(Error::new("info.file tree", fault));
        };
        let twin_path = || self.tree.components().iter().copied();
        if !path.clone().eq(twin_path()) || twin.len_bytes != entry.len_bytes {
            let v2 = described(twin_path(), twin.len_bytes);
            return Err(Error::new(
                "info.file tree",
                Fault::HalvesDisagree { v1: v1(), v2 },
            ));
        }
        if entry.len_bytes > 0 && !offset_bytes.is_multiple_of(u64::from(self.piece_length)) {
            return Err(Error::new(place, Fault::HalvesMisaligned { offset_bytes }));
        }
        entry.root = twin.root;
        Ok(())
    }

    fn at_end(&mut self, oddities: &mut Oddities) -> Result<(), Error> {
        match self.tree.next_file(oddities)? {
            None => Ok(()),
            Some(extra) => {
                let v2 = described(self.tree.components().iter().copied(), extra.len_bytes);
                let fault = Fault::HalvesDisagree {
                    v1: "no more files".to_owned(),
                    v2,
                };
                Err(Error::new("info.file tree", fault))
            }
        }
    }
}

fn described<'a>(path: impl Iterator<Item = &'a [u8]>, len_bytes: u64) -> String {
    let size = Amount(len_bytes, "byte");
    format!("`{}` of {size}", shown_path(path))
}

/// Looks at no more components than can be seen.
fn shown_path<'a>(path: impl Iterator<Item = &'a [u8]>) -> String {
    let front: Vec<&[u8]> = path.take(SHOWN_COMPONENTS_MAX).collect();
    excerpt_bytes(&front.join(&b'/'))
}
