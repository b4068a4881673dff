//! `mt client create`: a torrent of a file or a directory, in as many formats as one likes.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};
use serde::Serialize;

use super::args::{CreateArgs, Io, LinkRule, Meta};
use super::convert::format_of;
use super::output::write_stdout;
use super::progress::with_bar;
use super::size::{Counted, Size};
use super::{BadUsage, bad_usage};
use crate::base::limits::{
    PIECE_LENGTH_BYTES_MAX, PIECE_LENGTH_V2_BYTES_MIN, V2_PATH_COMPONENTS_MAX,
};
use crate::base::printable;
use crate::metainfo::build::{self, Plan, Written};
use crate::metainfo::{Format, Metainfo, Outer, Version, mtorrent};
use crate::storage::{
    Content, ContentHashes, Drafts, IoMode, Links, Progress, Scan, ScanOptions, check_writable,
    directory_of, piece_length_for, scan,
};

pub(super) fn run(args: &CreateArgs) -> Result<()> {
    let outputs = resolve_outputs(args)?;
    let options = ScanOptions::new(args.links.into(), &args.excludes)
        .map_err(|error| BadUsage(format!("--exclude: {error}")))?;
    let scan = scan(&args.path, &options)?;
    check_outside(&outputs, &scan)?;
    let recipe = Recipe::resolve(args, &outputs, &scan)?;
    recipe.warn(&scan);
    outputs.iter().for_each(|output| output.warn(args));
    let content = Content::new(&scan.files, recipe.with_attributes);
    let progress = Progress::default();
    let total_bytes = content.len_bytes();
    let bytes_to_hash = content.bytes_to_hash(&recipe.versions);
    let hashes = with_bar("hashing", bytes_to_hash, &progress, || {
        content.hash(
            &recipe.versions,
            recipe.piece_length,
            args.io.into(),
            &progress,
        )
    })?;
    let mut written = Vec::new();
    for version in &recipe.versions {
        written.push(recipe.write(args, &scan, &content, &hashes, *version)?);
    }
    let file_count = scan.files.len();
    // Of very many files all that is kept now is what is written of them.
    drop((scan, hashes));
    let mut drafts = Drafts::new(args.force);
    let mut told = Vec::new();
    for (version, written) in recipe.versions.iter().zip(written) {
        let torrent = written.read(outer(args))?;
        for (index, output) in outputs.iter().enumerate() {
            if output.version == *version {
                drafts.add(&output.path, &output.parts(&torrent)?)?;
                told.push((index, told_output(output, &torrent, file_count)));
            }
        }
    }
    drafts.publish()?;
    told.sort_unstable_by_key(|(index, _)| *index);
    let told = Told {
        total_size: total_bytes,
        piece_length: recipe.piece_length,
        files: file_count,
        outputs: told.into_iter().map(|(_, output)| output).collect(),
    };
    tell(args, &told)
}

/// A file that is asked for.
struct Output {
    path: PathBuf,
    format: Format,
    version: Version,
}

impl Output {
    /// Says what was asked for and has no place in the format.
    fn warn(&self, args: &CreateArgs) {
        if !matches!(self.format, Format::Mtorrent | Format::St) {
            return;
        }
        let tracker_count: usize = args.trackers.iter().map(|tier| tier.0.len()).sum();
        let losses = [
            (args.comment.is_some(), "--comment"),
            (!args.web_seeds.is_empty(), "--web-seed"),
            (
                self.format == Format::Mtorrent && tracker_count > 2,
                "more than two trackers",
            ),
        ];
        for (_, what) in losses.iter().filter(|(is_lost, _)| *is_lost) {
            log::warn!("a .{} cannot carry {what}; left out", self.format.name());
        }
    }

    /// The torrent in this format, of which nothing may be lost.
    fn parts<'a>(&self, torrent: &'a Metainfo) -> Result<Vec<Cow<'a, [u8]>>> {
        let obstacles = torrent.obstacles(self.format);
        let refused = [
            &obstacles.impossible,
            &obstacles.changes_hash,
            &obstacles.needs_content,
        ];
        if let Some(what) = refused.into_iter().flatten().next() {
            bail!(
                "`{}`: a .{} cannot carry {what}",
                self.path.display(),
                self.format.name()
            );
        }
        Ok(torrent.parts_as(self.format)?)
    }
}

fn resolve_outputs(args: &CreateArgs) -> Result<Vec<Output>> {
    let mut seen = BTreeSet::new();
    let mut outputs = Vec::new();
    for path in &args.outputs {
        let format = format_of(path)?;
        check_writable(path, args.force)?;
        let directory = directory_of(path).canonicalize()?;
        if !seen.insert((directory, path.file_name())) {
            bad_usage!("`{}` is named twice as output", path.display());
        }
        let version = match format {
            Format::Mtorrent => Version::V1,
            Format::St => Version::V2,
            Format::Torrent | Format::Magnet => args.meta.into(),
        };
        outputs.push(Output {
            path: path.clone(),
            format,
            version,
        });
    }
    Ok(outputs)
}

/// Refuses to replace what the torrent is made of.
fn check_outside(outputs: &[Output], scan: &Scan) -> Result<()> {
    match outputs.iter().find(|output| scan.holds(&output.path)) {
        Some(output) => bail!(
            "`{}` is part of the content and would be replaced; write it elsewhere, or --exclude it",
            output.path.display()
        ),
        None => Ok(()),
    }
}

/// What is to be made, once it was found to be possible.
struct Recipe {
    versions: Vec<Version>,
    piece_length: u32,
    /// Whether executable bits are carried, which only .torrent can.
    with_attributes: bool,
}

impl Recipe {
    fn resolve(args: &CreateArgs, outputs: &[Output], scan: &Scan) -> Result<Self> {
        let has = |format| outputs.iter().any(|output| output.format == format);
        let mut versions = Vec::new();
        for output in outputs {
            if !versions.contains(&output.version) {
                versions.push(output.version);
            }
        }
        for format in [Format::Mtorrent, Format::St] {
            if has(format) {
                check_carried(args, scan, format)?;
            }
        }
        let needs_v2 = versions.iter().any(|version| version.has_v2());
        if needs_v2 {
            check_depth(scan)?;
        }
        let piece_length = piece_length(args, scan, has(Format::Mtorrent), needs_v2)?;
        let with_attributes = !has(Format::Mtorrent) && !has(Format::St);
        Ok(Self {
            versions,
            piece_length,
            with_attributes,
        })
    }

    fn warn(&self, scan: &Scan) {
        if !self.with_attributes && scan.files.has_executables() {
            log::warn!("executable bits are left out: .mtorrent and .st cannot carry them");
        }
        let is_one_file = scan.files.len() == 1 && !scan.files.path(0).contains(&b'/');
        if scan.is_directory && self.versions.contains(&Version::V2) && is_one_file {
            log::warn!("v2 torrents do not tell a directory of one file from that file alone");
        }
        let name = std::str::from_utf8(&scan.name);
        let has_odd = || {
            scan.files
                .paths()
                .any(|path| std::str::from_utf8(path).is_err())
        };
        if name.is_err() || has_odd() {
            log::warn!("some names are not UTF-8; other programs may store them by other names");
        }
    }

    fn write(
        &self,
        args: &CreateArgs,
        scan: &Scan,
        content: &Content<'_>,
        hashes: &ContentHashes,
        version: Version,
    ) -> Result<Written> {
        let plan = Plan {
            version,
            name: &scan.name,
            is_directory: scan.is_directory,
            files: content,
            piece_length: self.piece_length,
            private: args.private,
            source: args.source.as_deref(),
        };
        Ok(build::write(&plan, hashes.of(version))?)
    }
}

/// Refuses early what [`Output::parts`] would refuse after the work.
fn check_carried(args: &CreateArgs, scan: &Scan, format: Format) -> Result<()> {
    let name = format.name();
    if format == Format::Mtorrent && scan.is_directory {
        bail!(
            "`{}` is a directory, and a .{name} carries one file",
            args.path.display()
        );
    }
    if args.private || args.source.is_some() {
        bad_usage!("a .{name} cannot carry --private or --source; leave them out, or that output");
    }
    if scan.files.has_symlinks() {
        bail!("a .{name} cannot carry links; use --links follow, or leave that output out");
    }
    Ok(())
}

/// A v2 torrent nests its directories, and nothing that nests too deep is read.
fn check_depth(scan: &Scan) -> Result<()> {
    let depth = |path: &[u8]| path.split(|byte| *byte == b'/').count();
    let too_deep = |path: &[u8]| depth(path) > V2_PATH_COMPONENTS_MAX;
    match scan.files.paths().position(too_deep) {
        Some(file) => bail!(
            "`{}` lies too deep: a path in a v2 torrent has at most {V2_PATH_COMPONENTS_MAX} names; \
             use --meta v1 or --exclude",
            scan.files.disk_path(file).display()
        ),
        None => Ok(()),
    }
}

fn piece_length(args: &CreateArgs, scan: &Scan, is_fixed: bool, needs_v2: bool) -> Result<u32> {
    let fixed = mtorrent::PIECE_LENGTH_BYTES;
    let Some(wanted) = args.piece_length else {
        let total_bytes = scan.files.lens_bytes().sum();
        return Ok(if is_fixed {
            fixed
        } else {
            piece_length_for(total_bytes)
        });
    };
    let length = u32::try_from(wanted)
        .ok()
        .filter(|length| *length <= PIECE_LENGTH_BYTES_MAX);
    let Some(length) = length.filter(|length| *length >= PIECE_LENGTH_V2_BYTES_MIN) else {
        bad_usage!(
            "--piece-length {wanted}: it must be from {PIECE_LENGTH_V2_BYTES_MIN} to \
             {PIECE_LENGTH_BYTES_MAX} bytes"
        );
    };
    if is_fixed && length != fixed {
        bad_usage!("--piece-length {wanted}: a .mtorrent has always {fixed} bytes per piece");
    }
    if !length.is_power_of_two() {
        let what = if needs_v2 {
            "v2 torrents need"
        } else {
            "other programs expect"
        };
        bad_usage!(
            "--piece-length {wanted}: {what} a power of two, such as {}",
            length.next_power_of_two()
        );
    }
    Ok(length)
}

fn outer(args: &CreateArgs) -> Outer {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map(|since| since.as_secs());
    Outer {
        trackers: args.trackers.iter().map(|tier| tier.0.clone()).collect(),
        web_seeds: args.web_seeds.iter().map(|seed| seed.0.clone()).collect(),
        comment: args.comment.clone(),
        created_by: Some(format!("mt/{}", env!("CARGO_PKG_VERSION"))),
        creation_date: now.ok().filter(|_| !args.no_date),
        ..Outer::default()
    }
}

/// What was made.
struct Told {
    total_size: u64,
    piece_length: u32,
    files: usize,
    outputs: Vec<ToldOutput>,
}

#[derive(Serialize)]
struct ToldJson<'a> {
    name: &'a str,
    total_size: u64,
    piece_length: u32,
    files: usize,
    outputs: &'a [ToldOutput],
}

#[derive(Serialize)]
struct ToldOutput {
    #[serde(skip)]
    name: String,
    /// For people.
    #[serde(skip)]
    description: String,
    path: String,
    format: &'static str,
    version: &'static str,
    info_hash_v1: Option<String>,
    info_hash_v2: Option<String>,
    magnet: String,
}

fn tell(args: &CreateArgs, told: &Told) -> Result<()> {
    let Some(first) = told.outputs.first() else {
        return Ok(());
    };
    write_stdout(|out| {
        if args.json {
            let json = ToldJson {
                name: &first.name,
                total_size: told.total_size,
                piece_length: told.piece_length,
                files: told.files,
                outputs: &told.outputs,
            };
            serde_json::to_writer(&mut *out, &json).map_err(io::Error::from)?;
            writeln!(out)?;
            return Ok(());
        }
        for output in &told.outputs {
            let path = printable(&output.path);
            writeln!(out, "{path}  {}", output.description)?;
            for (version, hash) in [("v1", &output.info_hash_v1), ("v2", &output.info_hash_v2)] {
                if let Some(hash) = hash {
                    writeln!(out, "  info-hash {version} {hash}")?;
                }
            }
            writeln!(out, "  {}", output.magnet)?;
        }
        Ok(())
    })
}

fn describe(torrent: &Metainfo, file_count: usize) -> String {
    let info = &torrent.info;
    format!(
        "{}, {} in {}, {} of {}",
        info.version().name(),
        Size(info.files().content_bytes()),
        Counted(file_count as u64, "file"),
        Counted(u64::from(info.piece_count()), "piece"),
        Size(u64::from(info.piece_length())),
    )
}

fn told_output(output: &Output, torrent: &Metainfo, file_count: usize) -> ToldOutput {
    let hashes = torrent.info.hashes();
    ToldOutput {
        name: torrent.info.name().to_owned(),
        description: describe(torrent, file_count),
        path: display(&output.path),
        format: output.format.name(),
        version: torrent.info.version().name(),
        info_hash_v1: hashes.v1.map(|hash| hash.to_string()),
        info_hash_v2: hashes.v2.map(|hash| hash.to_string()),
        magnet: torrent.magnet().to_string(),
    }
}

fn display(path: &Path) -> String {
    path.display().to_string()
}

impl From<Meta> for Version {
    fn from(meta: Meta) -> Self {
        match meta {
            Meta::V1 => Self::V1,
            Meta::V2 => Self::V2,
            Meta::Hybrid => Self::Hybrid,
        }
    }
}

impl From<LinkRule> for Links {
    fn from(rule: LinkRule) -> Self {
        match rule {
            LinkRule::Follow => Self::Follow,
            LinkRule::Keep => Self::Keep,
        }
    }
}

impl From<Io> for IoMode {
    fn from(io: Io) -> Self {
        match io {
            Io::Auto => Self::Auto,
            Io::Positional => Self::Positional,
        }
    }
}
