//! `--json`: one object, the same keys for every format.

use std::io::Write;

use serde::ser::SerializeSeq as _;
use serde::{Serialize, Serializer};

use crate::base::Url;
use crate::metainfo::magnet::Magnet;
use crate::metainfo::{Document, Info, Metainfo, Version};

#[derive(Serialize)]
struct Shown<'a> {
    name: Option<&'a str>,
    format: &'static str,
    version: &'static str,
    info_hash_v1: Option<String>,
    info_hash_v2: Option<String>,
    total_size: Option<u64>,
    piece_length: Option<u32>,
    piece_count: Option<u32>,
    private: Option<bool>,
    trackers: Vec<Vec<&'a str>>,
    web_seeds: Vec<&'a str>,
    #[serde(serialize_with = "files")]
    files: Option<&'a Info>,
    comment: Option<&'a str>,
    created_by: Option<&'a str>,
    creation_date: Option<u64>,
}

#[derive(Serialize)]
struct File {
    path: String,
    size: u64,
    pad: bool,
}

pub(super) fn write(out: &mut impl Write, document: &Document) -> anyhow::Result<()> {
    let shown = match document {
        Document::Metainfo(format, metainfo) => of_metainfo(format.name(), metainfo),
        Document::Magnet(magnet) => of_magnet(magnet),
    };
    // An error of the writer keeps its kind, so that a closed pipe is known as one.
    serde_json::to_writer(&mut *out, &shown).map_err(std::io::Error::from)?;
    writeln!(out)?;
    Ok(())
}

fn of_metainfo<'a>(format: &'static str, metainfo: &'a Metainfo) -> Shown<'a> {
    let (info, outer) = (&metainfo.info, metainfo.outer());
    let hashes = info.hashes();
    Shown {
        name: Some(info.name()),
        format,
        version: info.version().name(),
        info_hash_v1: hashes.v1.map(|hash| hash.to_string()),
        info_hash_v2: hashes.v2.map(|hash| hash.to_string()),
        total_size: Some(info.files().content_bytes()),
        piece_length: Some(info.piece_length()),
        piece_count: Some(info.piece_count()),
        private: Some(info.is_private()),
        trackers: outer.trackers.iter().map(|tier| texts(tier)).collect(),
        web_seeds: texts(&outer.web_seeds),
        files: Some(info),
        comment: outer.comment.as_deref(),
        created_by: outer.created_by.as_deref(),
        creation_date: outer.creation_date,
    }
}

fn of_magnet(magnet: &Magnet) -> Shown<'_> {
    let hashes = magnet.hashes();
    Shown {
        name: magnet.name.as_deref(),
        format: "magnet",
        version: Version::of(hashes).name(),
        info_hash_v1: hashes.v1.map(|hash| hash.to_string()),
        info_hash_v2: hashes.v2.map(|hash| hash.to_string()),
        total_size: None,
        piece_length: None,
        piece_count: None,
        private: None,
        // All are asked: each is a tier of its own.
        trackers: magnet
            .trackers
            .iter()
            .map(|url| vec![url.as_str()])
            .collect(),
        web_seeds: texts(&magnet.web_seeds),
        files: None,
        comment: None,
        created_by: None,
        creation_date: None,
    }
}

fn texts(urls: &[Url]) -> Vec<&str> {
    urls.iter().map(Url::as_str).collect()
}

/// One by one: a million files are not collected to be written.
fn files<S: Serializer>(info: &Option<&Info>, serializer: S) -> Result<S::Ok, S::Error> {
    let Some(info) = info else {
        return serializer.serialize_seq(Some(0))?.end();
    };
    let mut sequence = serializer.serialize_seq(Some(info.files().len()))?;
    for file in info.files().iter() {
        sequence.serialize_element(&File {
            path: info.full_path(&file),
            size: file.len_bytes,
            pad: file.attributes.padding,
        })?;
    }
    sequence.end()
}
