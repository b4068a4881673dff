//! What others write looks to mt as it looks to libtorrent, and is what mt itself would write.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::{Value, json};

use crate::VERSIONS;
use crate::content::Scratch;
use crate::programs::{Facts, mt_create, mt_finds_whole, mt_show, run};

const TRACKERS: [&str; 2] = ["http://127.0.0.1:1/announce", "udp://127.0.0.1:2"];

const TORF: &str = "
import sys, torf
path, out, first, second = sys.argv[1:]
torrent = torf.Torrent(path=path, trackers=[[first], [second]], piece_size=65536, private=True)
torrent.source, torrent.comment = 'the source', 'of torf'
torrent.generate()
torrent.write(out)
";

fn mktorrent(content: &Path, out: &Path) -> Result<()> {
    let [first, second] = TRACKERS;
    let words = [
        "-l",
        "16",
        "-a",
        first,
        "-a",
        second,
        "-c",
        "of mktorrent",
        "-s",
        "the source",
        "-p",
        "-w",
        "http://127.0.0.1:3/",
    ];
    let words = words.map(OsStr::new).into_iter();
    run(
        "mktorrent",
        words.chain(["-o".as_ref(), out.as_os_str(), content.as_os_str()]),
    )?;
    Ok(())
}

fn transmission(content: &Path, out: &Path) -> Result<()> {
    let [first, second] = TRACKERS;
    let words = [
        "-s",
        "64",
        "-t",
        first,
        "-t",
        second,
        "-c",
        "of transmission",
        "-p",
    ];
    let words = words.map(OsStr::new).into_iter();
    run(
        "transmission-create",
        words.chain(["-o".as_ref(), out.as_os_str(), content.as_os_str()]),
    )?;
    Ok(())
}

fn torf(content: &Path, out: &Path) -> Result<()> {
    let words = [
        OsStr::new("-c"),
        TORF.as_ref(),
        content.as_os_str(),
        out.as_os_str(),
    ];
    run("python3", words.into_iter().chain(TRACKERS.map(OsStr::new)))?;
    Ok(())
}

/// What a program makes of a file and of a directory.
fn assert_understood(
    make_directory: impl Fn(&Scratch) -> Result<PathBuf>,
    make: impl Fn(&Path, &Path) -> Result<()>,
) -> Result<()> {
    let scratch = Scratch::new()?;
    for (index, content) in [scratch.make_file()?, make_directory(&scratch)?]
        .iter()
        .enumerate()
    {
        let out: PathBuf = scratch.beside(&format!("{index}.torrent"));
        make(content, &out)?;
        assert_shown_as_libtorrent_does(&out)?;
        assert!(mt_finds_whole(&out, content)?);
    }
    Ok(())
}

fn assert_shown_as_libtorrent_does(torrent: &Path) -> Result<()> {
    let shown = mt_show(torrent)?;
    let facts = Facts::of(torrent)?;
    let wanted = json!({
        "info_hash_v1": facts.v1,
        "info_hash_v2": facts.v2,
        "name": facts.name,
        "piece_length": facts.piece_length,
        "private": facts.private,
        "trackers": facts.trackers,
        "web_seeds": facts.web_seeds,
        "comment": facts.comment,
        "created_by": facts.created_by,
        "creation_date": facts.creation_date,
    });
    for (key, value) in wanted.as_object().into_iter().flatten() {
        // libtorrent has no word for what is not there.
        let is_unset = shown[key].is_null() && (*value == "" || *value == 0);
        assert!(
            is_unset || shown[key] == *value,
            "{key}: {} {value}",
            shown[key]
        );
    }
    assert_eq!(real_files(&shown), real_files_of(&facts));
    Ok(())
}

/// Paths and sizes; what padding is called is nobody's concern.
fn real_files(shown: &Value) -> Vec<(String, u64)> {
    let files = shown["files"].as_array().into_iter().flatten();
    files
        .filter(|file| file["pad"] == false)
        .map(|file| {
            let path = file["path"].as_str().unwrap_or_default().to_owned();
            (path, file["size"].as_u64().unwrap_or_default())
        })
        .collect()
}

fn real_files_of(facts: &Facts) -> Vec<(String, u64)> {
    // mt shows the paths that it would write, without what other systems refuse.
    let safe = |path: &str| path.replace(['?', '"'], "_");
    let real = facts.files.iter().filter(|file| !file.pad);
    real.map(|file| (safe(&file.path), file.size)).collect()
}

#[test]
#[ignore = "needs libtorrent, transmission, aria2, mktorrent"]
fn torrents_of_libtorrent_are_understood() -> Result<()> {
    for version in VERSIONS {
        let make = |content: &Path, out: &Path| {
            Facts::of_created(version, 32 << 10, content, out).map(drop)
        };
        // Where the order of texts is not that of trees, libtorrent cannot read its own hybrids.
        assert_understood(Scratch::make_plain_directory, make)?;
    }
    Ok(())
}

#[test]
#[ignore = "needs libtorrent, transmission, aria2, mktorrent"]
fn torrents_of_mktorrent_are_understood() -> Result<()> {
    assert_understood(Scratch::make_directory, mktorrent)
}

#[test]
#[ignore = "needs libtorrent, transmission, aria2, mktorrent"]
fn torrents_of_transmission_are_understood() -> Result<()> {
    assert_understood(Scratch::make_directory, transmission)
}

#[test]
#[ignore = "needs libtorrent, transmission, aria2, mktorrent"]
fn torrents_of_torf_are_understood() -> Result<()> {
    assert_understood(Scratch::make_directory, torf)
}

#[test]
#[ignore = "needs libtorrent, transmission, aria2, mktorrent"]
fn mktorrent_gives_a_file_the_same_info_hash() -> Result<()> {
    let scratch = Scratch::new()?;
    let content = scratch.make_file()?;
    let theirs = scratch.beside("theirs.torrent");
    mktorrent(&content, &theirs)?;
    let ours = scratch.beside("ours.torrent");
    let words = [
        "--piece-length",
        "64KiB",
        "--private",
        "--source",
        "the source",
    ];
    let told = mt_create(&content, &ours, &words)?;
    assert_eq!(
        told["info_hash_v1"].as_str(),
        Facts::of(&theirs)?.v1.as_deref()
    );
    Ok(())
}
