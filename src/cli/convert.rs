//! `mt client convert`: a torrent in another format.

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use super::args::ConvertArgs;
use super::bad_usage;
use super::input::{called, read_metainfo};
use super::output::write_stdout;
use super::progress::with_bar;
use crate::base::InfoHashes;
use crate::base::limits::PIECE_LENGTH_V2_BYTES_MIN;
use crate::metainfo::build::{Plan, build};
use crate::metainfo::{Document, Format, Metainfo, Obstacles, Version, mtorrent, read};
use crate::storage::{
    Content, FileTable, IoMode, Located, Progress, bytes_to_verify, check_writable,
    piece_length_for, verify, write_whole,
};

pub(super) fn run(args: &ConvertArgs) -> Result<()> {
    let target = format_of(&args.output)?;
    check_writable(&args.output, args.force)?;
    let (_, metainfo) = read_metainfo(&args.input)?;
    let obstacles = metainfo.obstacles(target);
    let bytes = convert(args, &metainfo, &obstacles, target)?;
    write_whole(&args.output, &bytes, args.force)?;
    for left_out in obstacles.changes_hash.iter().chain(&obstacles.left_out) {
        log::warn!("a .{} cannot carry {left_out}; left out", target.name());
    }
    if obstacles.changes_hash.is_empty() {
        return Ok(());
    }
    let made = match read(bytes, Some(target))? {
        Document::Metainfo(_, made) => made.info.hashes(),
        Document::Magnet(magnet) => magnet.hashes(),
    };
    tell_hashes(metainfo.info.hashes(), made)
}

/// Says which swarm was left for which.
fn tell_hashes(old: InfoHashes, new: InfoHashes) -> Result<()> {
    write_stdout(|out| {
        for (age, hashes) in [("old", old), ("new", new)] {
            if let Some(hash) = hashes.v1 {
                writeln!(out, "{age} info-hash v1 {hash}")?;
            }
            if let Some(hash) = hashes.v2 {
                writeln!(out, "{age} info-hash v2 {hash}")?;
            }
        }
        Ok(())
    })
}

pub(super) fn format_of(path: &Path) -> Result<Format> {
    let extension = path.extension().and_then(|extension| extension.to_str());
    let Some(format) = extension.and_then(Format::from_extension) else {
        bad_usage!(
            "`{}`: the extension picks the format; it must be .torrent, .mtorrent, .st or .magnet",
            path.display()
        );
    };
    Ok(format)
}

fn convert(
    args: &ConvertArgs,
    metainfo: &Metainfo,
    obstacles: &Obstacles,
    target: Format,
) -> Result<Vec<u8>> {
    let refused = format!("{} cannot become a .{}", called(&args.input), target.name());
    if !obstacles.impossible.is_empty() {
        bail!("{refused}: {}", obstacles.impossible.join(", "));
    }
    let needs_content = !obstacles.needs_content.is_empty();
    if !obstacles.changes_hash.is_empty() && !args.new_hash {
        bail!(
            "{refused} with the same info-hash: it cannot carry {}. Use --new-hash{} to make \
             another torrent, with a swarm of its own",
            obstacles.changes_hash.join(", "),
            if needs_content {
                " and --data PATH"
            } else {
                ""
            },
        );
    }
    if needs_content && args.data.is_none() {
        let missing = obstacles.needs_content.join(", ");
        bail!("{refused} without its content, which alone gives {missing}. Use --data PATH");
    }
    match &args.data {
        Some(data) if needs_content => Ok(remake(metainfo, data, target)?.write_as(target)?),
        _ => Ok(metainfo.write_as(target)?),
    }
}

/// Makes the torrent again for the version and the piece length that the format has, from content
/// that was found to be whole.
fn remake(metainfo: &Metainfo, data: &Path, target: Format) -> Result<Metainfo> {
    let info = &metainfo.info;
    let total_bytes = info.files().content_bytes();
    let located = Located::find(info, data);
    let progress = Progress::default();
    let verdict = with_bar("verifying", bytes_to_verify(info), &progress, || {
        verify(metainfo, &located, IoMode::Auto, &progress)
    })?;
    if !verdict.is_whole() {
        bail!(
            "`{}` is not the whole content: see `mt client verify`",
            data.display()
        );
    }
    let fits_v2 =
        info.piece_length().is_power_of_two() && info.piece_length() >= PIECE_LENGTH_V2_BYTES_MIN;
    let (version, piece_length) = match target {
        Format::St if fits_v2 => (Version::V2, info.piece_length()),
        Format::St => (Version::V2, piece_length_for(total_bytes)),
        _ => (Version::V1, mtorrent::PIECE_LENGTH_BYTES),
    };
    let files = FileTable::of_located(info, located)?;
    let content = Content::new(&files, false);
    let progress = Progress::default();
    let hashes = with_bar("hashing", total_bytes, &progress, || {
        content.hash(&[version], piece_length, IoMode::Auto, &progress)
    })?;
    let plan = Plan {
        version,
        name: &info.raw_content_name(),
        is_directory: info.is_directory(),
        files: &content,
        piece_length,
        private: false,
        source: None,
    };
    build(&plan, hashes.of(version), metainfo.outer().clone()).context("the new torrent")
}
