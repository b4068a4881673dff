//! `mt client verify`: files on a disk held to the hashes of their torrent.

use std::io::{self, Write};

use anyhow::{Result, bail};
use serde::{Serialize, Serializer};

use super::args::VerifyArgs;
use super::input::read_metainfo;
use super::output::write_stdout;
use super::progress::with_bar;
use super::size::{Count, Counted, Size};
use crate::base::printable;
use crate::metainfo::{File, Info, Metainfo};
use crate::storage::{FileState, FileVerdict, Located, Progress, Verdict, bytes_to_verify, verify};

/// How many bad ranges of one file people are shown.
const RANGES_SHOWN: usize = 5;

pub(super) fn run(args: &VerifyArgs) -> Result<()> {
    let (_, metainfo) = read_metainfo(&args.file)?;
    if std::fs::symlink_metadata(&args.data).is_err() {
        bail!("`{}` is not there", args.data.display());
    }
    let located = Located::find(&metainfo.info, &args.data);
    let progress = Progress::default();
    let verdict = with_bar(
        "verifying",
        bytes_to_verify(&metainfo.info),
        &progress,
        || verify(&metainfo, &located, args.io.into(), &progress),
    )?;
    let told = tell(args, &metainfo, &verdict);
    // This stands even where nobody read to the end.
    if !verdict.is_whole() {
        let (whole, all) = counts(&metainfo.info, &verdict);
        bail!(
            "`{}`: {} of {} whole, {} of {} pieces good",
            args.data.display(),
            Count(whole),
            Counted(all, "file"),
            Count(verdict.good_pieces),
            Count(verdict.piece_count)
        );
    }
    told
}

fn tell(args: &VerifyArgs, metainfo: &Metainfo, verdict: &Verdict) -> Result<()> {
    write_stdout(|out| {
        if args.json {
            write_json(out, metainfo, verdict)
        } else {
            Ok(write_people(out, &metainfo.info, verdict)?)
        }
    })
}

/// Files that are whole, and all; padding does not count.
fn counts(info: &Info, verdict: &Verdict) -> (u64, u64) {
    let real = || real_files(info, verdict);
    let whole = real()
        .filter(|(_, found)| found.state == FileState::Whole)
        .count();
    (whole as u64, real().count() as u64)
}

fn real_files<'a>(
    info: &'a Info,
    verdict: &'a Verdict,
) -> impl Iterator<Item = (File<'a>, &'a FileVerdict)> {
    info.files()
        .iter()
        .enumerate()
        .filter(|(_, file)| !file.attributes.padding)
        .map(|(index, file)| (file, verdict.of(index)))
}

fn write_people(out: &mut impl Write, info: &Info, verdict: &Verdict) -> io::Result<()> {
    let (whole, all) = counts(info, verdict);
    for (file, found) in real_files(info, verdict) {
        if found.state == FileState::Whole {
            continue;
        }
        let state = state_name(found.state);
        write!(out, "{state:<12} {}", printable(&info.full_path(&file)))?;
        let wanted = Count(file.len_bytes);
        match found.state {
            FileState::Short { found_bytes } => {
                writeln!(out, "  ({} of {wanted} bytes)", Count(found_bytes))?;
            }
            FileState::Long { found_bytes } => {
                writeln!(out, "  ({} bytes, not {wanted})", Count(found_bytes))?;
            }
            FileState::Unreadable { reason } => writeln!(out, "  ({reason})")?,
            _ => writeln!(out)?,
        }
        if found.state != FileState::Missing {
            write_ranges(out, found)?;
        }
    }
    if verdict.is_whole() {
        let size = Size(info.files().content_bytes());
        let hash = if info.version().has_v2() {
            "SHA-256"
        } else {
            "SHA-1"
        };
        writeln!(
            out,
            "whole: {} of {}, {size}, by {hash}",
            Count(whole),
            Counted(all, "file")
        )?;
    }
    Ok(())
}

fn write_ranges(out: &mut impl Write, found: &FileVerdict) -> io::Result<()> {
    for range in found.bad.iter().take(RANGES_SHOWN) {
        writeln!(
            out,
            "             bytes {} to {}",
            range.start,
            range.end - 1
        )?;
    }
    if found.bad.len() > RANGES_SHOWN {
        writeln!(
            out,
            "             and {} more ranges",
            Count((found.bad.len() - RANGES_SHOWN) as u64)
        )?;
    }
    Ok(())
}

fn state_name(state: FileState) -> &'static str {
    match state {
        FileState::Whole => "whole",
        FileState::Missing => "missing",
        FileState::NotAFile => "not a file",
        FileState::Short { .. } => "short",
        FileState::Long { .. } => "long",
        FileState::Unreadable { .. } => "unreadable",
        FileState::Bad => "bad",
        FileState::Unverified => "unverified",
    }
}

#[derive(Serialize)]
struct Told<'a> {
    name: &'a str,
    info_hash_v1: Option<String>,
    info_hash_v2: Option<String>,
    whole: bool,
    piece_count: u64,
    good_pieces: u64,
    files: ToldFiles<'a>,
}

/// Spelled out one by one while they are written: there may be millions.
struct ToldFiles<'a> {
    info: &'a Info,
    verdict: &'a Verdict,
}

impl Serialize for ToldFiles<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let files = real_files(self.info, self.verdict);
        serializer.collect_seq(files.map(|(file, found)| ToldFile::new(self.info, &file, found)))
    }
}

#[derive(Serialize)]
struct ToldFile {
    path: String,
    size: u64,
    state: &'static str,
    /// Of a file whose length is not what it should be.
    found_size: Option<u64>,
    /// Start and end (exclusive) of what does not match or cannot be checked.
    bad: Vec<[u64; 2]>,
}

impl ToldFile {
    fn new(info: &Info, file: &File<'_>, found: &FileVerdict) -> Self {
        let bad = found.bad.iter().map(|range| [range.start, range.end]);
        Self {
            path: info.full_path(file),
            size: file.len_bytes,
            state: state_name(found.state),
            found_size: match found.state {
                FileState::Short { found_bytes } | FileState::Long { found_bytes } => {
                    Some(found_bytes)
                }
                _ => None,
            },
            bad: bad.collect(),
        }
    }
}

fn write_json(out: &mut impl Write, metainfo: &Metainfo, verdict: &Verdict) -> Result<()> {
    let info = &metainfo.info;
    let hashes = info.hashes();
    let told = Told {
        name: info.name(),
        info_hash_v1: hashes.v1.map(|hash| hash.to_string()),
        info_hash_v2: hashes.v2.map(|hash| hash.to_string()),
        whole: verdict.is_whole(),
        piece_count: verdict.piece_count,
        good_pieces: verdict.good_pieces,
        files: ToldFiles { info, verdict },
    };
    serde_json::to_writer(&mut *out, &told).map_err(io::Error::from)?;
    writeln!(out)?;
    Ok(())
}
