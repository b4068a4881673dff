//! `mt client create`: a torrent of a file or a directory, in as many formats as one likes.

use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Result, anyhow, bail};
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
use crate::metainfo::build::{Plan, build};
use crate::metainfo::{Format, Metainfo, Outer, Version, mtorrent};
use crate::storage::{
    Content, ContentHashes, IoMode, Links, Progress, Scan, ScanOptions, ScannedFile,
    check_writable, directory_of, piece_length_for, scan, write_all_whole,
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
    let content = Content::of_scan(&scan, recipe.with_attributes);
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
    let mut made = Vec::new();
    for version in &recipe.versions {
        made.push(recipe.make(args, &scan, &content, &hashes, *version)?);
    }
    let mut contents = Vec::new();
    let mut written = Vec::new();
    for output in &outputs {
        let torrent = made
            .iter()
            .find(|torrent| torrent.info.version() == output.version);
        let torrent = torrent.ok_or_else(|| anyhow!("no torrent was made for this format"))?;
        contents.push(output.bytes(torrent)?);
        written.push((output, torrent));
    }
    let paths = outputs.iter().map(|output| output.path.as_path());
    let files: Vec<_> = paths.zip(contents.iter().map(Vec::as_slice)).collect();
    write_all_whole(&files, args.force)?;
    tell(args, &scan, total_bytes, &written)
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
    fn bytes(&self, torrent: &Metainfo) -> Result<Vec<u8>> {
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
        Ok(torrent.write_as(self.format)?)
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
        if !self.with_attributes && scan.files.iter().any(|file| file.executable) {
            log::warn!("executable bits are left out: .mtorrent and .st cannot carry them");
        }
        let is_only_file = |file: &ScannedFile| !file.relative.contains(&b'/');
        if scan.is_directory
            && self.versions.contains(&Version::V2)
            && matches!(scan.files.as_slice(), [file] if is_only_file(file))
        {
            log::warn!("v2 torrents do not tell a directory of one file from that file alone");
        }
        let name = std::str::from_utf8(&scan.name);
        let odd = scan
            .files
            .iter()
            .find(|file| std::str::from_utf8(&file.relative).is_err());
        if name.is_err() || odd.is_some() {
            log::warn!("some names are not UTF-8; other programs may store them by other names");
        }
    }

    fn make(
        &self,
        args: &CreateArgs,
        scan: &Scan,
        content: &Content,
        hashes: &ContentHashes,
        version: Version,
    ) -> Result<Metainfo> {
        let plan = Plan {
            version,
            name: &scan.name,
            is_directory: scan.is_directory,
            files: &content.files,
            piece_length: self.piece_length,
            private: args.private,
            source: args.source.as_deref(),
        };
        Ok(build(&plan, hashes.of(version), outer(args))?)
    }
}

/// Refuses early what [`Output::bytes`] would refuse after the work.
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
    if scan.files.iter().any(|file| file.symlink.is_some()) {
        bail!("a .{name} cannot carry links; use --links follow, or leave that output out");
    }
    Ok(())
}

/// A v2 torrent nests its directories, and nothing that nests too deep is read.
fn check_depth(scan: &Scan) -> Result<()> {
    let depth = |file: &ScannedFile| file.relative.split(|byte| *byte == b'/').count();
    match scan
        .files
        .iter()
        .find(|file| depth(file) > V2_PATH_COMPONENTS_MAX)
    {
        Some(file) => bail!(
            "`{}` lies too deep: a path in a v2 torrent has at most {V2_PATH_COMPONENTS_MAX} names; \
             use --meta v1 or --exclude",
            file.path.display()
        ),
        None => Ok(()),
    }
}

fn piece_length(args: &CreateArgs, scan: &Scan, is_fixed: bool, needs_v2: bool) -> Result<u32> {
    let fixed = mtorrent::PIECE_LENGTH_BYTES;
    let Some(wanted) = args.piece_length else {
        let total_bytes = scan.files.iter().map(|file| file.len_bytes()).sum();
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

#[derive(Serialize)]
struct Told<'a> {
    name: &'a str,
    total_size: u64,
    piece_length: u32,
    files: usize,
    outputs: Vec<ToldOutput>,
}

#[derive(Serialize)]
struct ToldOutput {
    path: String,
    format: &'static str,
    version: &'static str,
    info_hash_v1: Option<String>,
    info_hash_v2: Option<String>,
    magnet: String,
}

fn tell(
    args: &CreateArgs,
    scan: &Scan,
    total_bytes: u64,
    written: &[(&Output, &Metainfo)],
) -> Result<()> {
    let Some((_, first)) = written.first() else {
        return Ok(());
    };
    write_stdout(|out| {
        if args.json {
            let told = Told {
                name: first.info.name(),
                total_size: total_bytes,
                piece_length: first.info.piece_length(),
                files: scan.files.len(),
                outputs: written
                    .iter()
                    .map(|(output, torrent)| told_output(output, torrent))
                    .collect(),
            };
            serde_json::to_writer(&mut *out, &told).map_err(io::Error::from)?;
            writeln!(out)?;
            return Ok(());
        }
        for (output, torrent) in written {
            let told = told_output(output, torrent);
            let path = printable(&told.path);
            writeln!(out, "{path}  {}", describe(torrent, scan))?;
            for (version, hash) in [("v1", &told.info_hash_v1), ("v2", &told.info_hash_v2)] {
                if let Some(hash) = hash {
                    writeln!(out, "  info-hash {version} {hash}")?;
                }
            }
            writeln!(out, "  {}", told.magnet)?;
        }
        Ok(())
    })
}

fn describe(torrent: &Metainfo, scan: &Scan) -> String {
    let info = &torrent.info;
    format!(
        "{}, {} in {}, {} of {}",
        info.version().name(),
        Size(info.files().content_bytes()),
        Counted(scan.files.len() as u64, "file"),
        Counted(u64::from(info.piece_count()), "piece"),
        Size(u64::from(info.piece_length())),
    )
}

fn told_output(output: &Output, torrent: &Metainfo) -> ToldOutput {
    let hashes = torrent.info.hashes();
    ToldOutput {
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
