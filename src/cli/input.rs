//! Reading a torrent or a magnet link that somebody named.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::base::limits::METAINFO_LEN_BYTES_MAX;
use crate::metainfo::magnet::Magnet;
use crate::metainfo::{Document, Format, Metainfo, read};

/// Reads what `name` names: a magnet link itself, `-`, or a file.
pub(super) fn read_document(name: &Path) -> Result<Document> {
    if let Some(link) = as_magnet(name) {
        let magnet = Magnet::parse(link).context("the magnet link")?;
        return Ok(Document::Magnet(magnet));
    }
    if name == Path::new("-") {
        let bytes = read_bounded(io::stdin().lock(), 0).with_context(|| called(name))?;
        return read(bytes, None).with_context(|| called(name));
    }
    if is_url(name) {
        bail!(
            "{}: torrents are not read from URLs yet: save it as a file, and name that",
            called(name)
        );
    }
    let bytes = read_file(name).with_context(|| called(name))?;
    let hint = name.extension().and_then(|extension| extension.to_str());
    read(bytes, hint.and_then(Format::from_extension)).with_context(|| called(name))
}

/// What was named, as a message calls it.
pub(super) fn called(name: &Path) -> String {
    if name == Path::new("-") {
        "standard input".to_owned()
    } else {
        format!("`{}`", name.display())
    }
}

/// Like [`read_document`], for commands that need the whole torrent.
pub(super) fn read_metainfo(name: &Path) -> Result<(Format, Box<Metainfo>)> {
    match read_document(name)? {
        Document::Metainfo(format, metainfo) => Ok((format, metainfo)),
        Document::Magnet(_) => bail!(
            "{}: a magnet link has only the info-hash, not the names and hashes that are needed \
             here: get the .torrent first",
            called(name)
        ),
    }
}

fn as_magnet(name: &Path) -> Option<&str> {
    let text = name.to_str()?.trim();
    text.get(..7)
        .is_some_and(|front| front.eq_ignore_ascii_case("magnet:"))
        .then_some(text)
}

fn is_url(name: &Path) -> bool {
    let scheme = name.to_str().and_then(|text| text.split_once("://"));
    matches!(scheme, Some(("http" | "https" | "ftp", _)))
}

fn read_file(path: &Path) -> Result<Vec<u8>> {
    // Looked at before it is opened: to open a pipe is to wait for whoever writes to it.
    let metadata = fs::metadata(path)?;
    if metadata.is_dir() {
        bail!("is a directory; name a .torrent, .mtorrent or .st file");
    }
    if !metadata.is_file() {
        bail!(
            "is no regular file; to read a pipe or a device, let it be standard input and name `-`"
        );
    }
    check_len(metadata.len())?;
    read_bounded(File::open(path)?, metadata.len())
}

/// Reads to the end, but never more than the limit, whatever the size was said to be.
fn read_bounded(source: impl Read, expected_len_bytes: u64) -> Result<Vec<u8>> {
    let expected = expected_len_bytes.min(METAINFO_LEN_BYTES_MAX) + 1;
    let mut bytes = Vec::with_capacity(usize::try_from(expected)?);
    source
        .take(METAINFO_LEN_BYTES_MAX + 1)
        .read_to_end(&mut bytes)?;
    check_len(bytes.len() as u64)?;
    if bytes.is_empty() {
        bail!("is empty");
    }
    Ok(bytes)
}

fn check_len(len_bytes: u64) -> Result<()> {
    if len_bytes > METAINFO_LEN_BYTES_MAX {
        bail!("is larger than the {METAINFO_LEN_BYTES_MAX} bytes that a torrent file may have");
    }
    Ok(())
}
