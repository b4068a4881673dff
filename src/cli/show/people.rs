//! What people see: facts first, then the files, then what is odd.

use std::fmt;
use std::io::{self, Write};

use super::tree::write_tree;
use crate::base::{InfoHashes, Url, excerpt_bytes, printable};
use crate::cli::date::UnixDate;
use crate::cli::size::{Count, Counted, Size};
use crate::metainfo::magnet::Magnet;
use crate::metainfo::{Format, Metainfo, Version};

/// Lines of a name and a value; further values of a name stand below the first.
struct Facts<'w, W> {
    out: &'w mut W,
    last: &'static str,
}

impl<'w, W: Write> Facts<'w, W> {
    fn new(out: &'w mut W) -> Self {
        Self { out, last: "" }
    }

    fn line(&mut self, name: &'static str, value: impl fmt::Display) -> io::Result<()> {
        let shown = if name == self.last { "" } else { name };
        self.last = name;
        writeln!(self.out, "{shown:<12} {value}")
    }

    /// Text from outside.
    fn text(&mut self, name: &'static str, text: Option<&str>) -> io::Result<()> {
        let lines = text.into_iter().flat_map(str::lines);
        lines
            .into_iter()
            .try_for_each(|line| self.line(name, printable(line)))
    }

    fn hashes(&mut self, hashes: InfoHashes) -> io::Result<()> {
        let name = "info-hash";
        hashes
            .v1
            .iter()
            .try_for_each(|hash| self.line(name, format_args!("v1 {hash}")))?;
        hashes
            .v2
            .iter()
            .try_for_each(|hash| self.line(name, format_args!("v2 {hash}")))
    }

    fn urls(&mut self, name: &'static str, urls: &[Url]) -> io::Result<()> {
        urls.iter()
            .try_for_each(|url| self.line(name, printable(url.as_str())))
    }
}

pub(super) fn write_metainfo(
    out: &mut impl Write,
    format: Format,
    metainfo: &Metainfo,
) -> io::Result<()> {
    let (info, outer) = (&metainfo.info, metainfo.outer());
    let mut facts = Facts::new(out);
    facts.line("name", printable(info.name()))?;
    let version = described(info.version());
    facts.line("format", format_args!(".{}, {version}", format.name()))?;
    facts.hashes(info.hashes())?;
    let files = info.files();
    let real_files = files.iter().filter(|file| !file.attributes.padding).count() as u64;
    let size_bytes = files.content_bytes();
    let counted = Counted(real_files, "file");
    match size_bytes {
        0..1024 => facts.line("size", format_args!("{} in {counted}", Size(size_bytes)))?,
        _ => facts.line(
            "size",
            format_args!(
                "{} ({} bytes) in {counted}",
                Size(size_bytes),
                Count(size_bytes)
            ),
        )?,
    }
    let piece_length = Size(u64::from(info.piece_length()));
    let pieces = Counted(u64::from(info.piece_count()), "piece");
    facts.line("pieces", format_args!("{pieces} of {piece_length}"))?;
    if info.is_private() {
        facts.line("private", "yes: peers come from its trackers only")?;
    }
    let source = info.source().map(excerpt_bytes);
    facts.text("source", source.as_deref())?;
    if let Some(date) = outer.creation_date {
        facts.line("created", UnixDate(date))?;
    }
    facts.text("created by", outer.created_by.as_deref())?;
    facts.text("comment", outer.comment.as_deref())?;
    for (tier, urls) in (1..).zip(&outer.trackers) {
        for url in urls {
            facts.line(
                "trackers",
                format_args!("tier {tier}  {}", printable(url.as_str())),
            )?;
        }
    }
    facts.urls("web seeds", &outer.web_seeds)?;
    facts.urls("HTTP seeds", &outer.http_seeds)?;
    outer
        .nodes
        .iter()
        .try_for_each(|node| facts.line("DHT nodes", node))?;
    outer
        .hints
        .similar
        .iter()
        .try_for_each(|hash| facts.line("similar", hash))?;
    for collection in &outer.hints.collections {
        facts.text("collections", Some(&excerpt_bytes(collection)))?;
    }
    writeln!(out, "\nfiles")?;
    write_tree(out, info)?;
    write_oddities(
        out,
        metainfo.oddities.described(),
        metainfo.oddities.undescribed(),
    )
}

pub(super) fn write_magnet(out: &mut impl Write, magnet: &Magnet) -> io::Result<()> {
    let mut facts = Facts::new(out);
    facts.text("name", magnet.name.as_deref())?;
    let version = described(Version::of(magnet.hashes()));
    facts.line("format", format_args!("magnet link, {version}"))?;
    facts.hashes(magnet.hashes())?;
    facts.urls("trackers", &magnet.trackers)?;
    facts.urls("web seeds", &magnet.web_seeds)?;
    magnet
        .peers
        .iter()
        .try_for_each(|peer| facts.line("peers", peer))?;
    if !magnet.selected.is_everything() {
        facts.line("only files", &magnet.selected)?;
    }
    let described: Vec<String> = magnet
        .oddities
        .first()
        .iter()
        .map(ToString::to_string)
        .collect();
    write_oddities(out, &described, magnet.oddities.count() - described.len())
}

fn described(version: Version) -> &'static str {
    match version {
        Version::V1 => "v1",
        Version::V2 => "v2",
        Version::Hybrid => "hybrid (v1 and v2)",
    }
}

fn write_oddities(
    out: &mut impl Write,
    described: &[String],
    undescribed: usize,
) -> io::Result<()> {
    if described.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nodd")?;
    for oddity in described {
        writeln!(out, "  - {}", printable(oddity))?;
    }
    if undescribed > 0 {
        writeln!(out, "  - and {} more", Count(undescribed as u64))?;
    }
    Ok(())
}
