//! Content that is whole, and content that is not, is that to everyone who holds it to a torrent of
//! mt.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::VERSIONS;
use crate::content::{Scratch, damage};
use crate::programs::{finish, libtorrent_finds_whole, mt_create, mt_finds_whole};
use crate::transmission::Transmission;

/// Asks about content that is whole, and then about the same with one bit turned over.
fn assert_judged_rightly(
    scratch: &Scratch,
    content: &Path,
    version: &str,
    is_whole: impl Fn(&Path, &Path) -> Result<bool>,
) -> Result<()> {
    let torrent = scratch.beside("made.torrent");
    let words = ["--force", "--piece-length", "64KiB", "--meta", version];
    mt_create(content, &torrent, &words)?;
    assert!(is_whole(&torrent, &scratch.data())?, "{version}");
    let some_file = if content.is_dir() {
        content.join("a.bin")
    } else {
        content.to_owned()
    };
    damage(&some_file)?;
    assert!(!is_whole(&torrent, &scratch.data())?, "{version}");
    damage(&some_file)
}

fn assert_all_judged_rightly(
    versions: &[&str],
    make_directory: impl Fn(&Scratch) -> Result<PathBuf>,
    is_whole: impl Fn(&Path, &Path) -> Result<bool>,
) -> Result<()> {
    let scratch = Scratch::new()?;
    for content in [scratch.make_file()?, make_directory(&scratch)?] {
        for version in versions {
            assert_judged_rightly(&scratch, &content, version, &is_whole)?;
        }
    }
    Ok(())
}

#[test]
#[ignore = "needs libtorrent, transmission, aria2, mktorrent"]
fn libtorrent_verifies() -> Result<()> {
    assert_all_judged_rightly(&VERSIONS, Scratch::make_directory, libtorrent_finds_whole)
}

#[test]
#[ignore = "needs libtorrent, transmission, aria2, mktorrent"]
fn mt_verifies() -> Result<()> {
    assert_all_judged_rightly(&VERSIONS, Scratch::make_directory, mt_finds_whole)
}

#[test]
#[ignore = "needs libtorrent, transmission, aria2, mktorrent"]
fn aria2_verifies() -> Result<()> {
    assert_all_judged_rightly(&["v1"], Scratch::make_directory, aria2_finds_whole)
}

#[test]
#[ignore = "needs libtorrent, transmission, aria2, mktorrent"]
fn transmission_verifies() -> Result<()> {
    // It knows files with some odd names by other names.
    assert_all_judged_rightly(
        &["v1"],
        Scratch::make_plain_directory,
        transmission_finds_whole,
    )
}

fn aria2_finds_whole(torrent: &Path, folder: &Path) -> Result<bool> {
    let words = [
        "--no-conf",
        "--enable-dht=false",
        "--enable-dht6=false",
        "--bt-enable-lpd=false",
        "--check-integrity=true",
        "--hash-check-only=true",
        "--allow-overwrite=true",
        "--dir",
    ];
    let words = words.map(OsStr::new).into_iter();
    let output = finish(
        "aria2c",
        words.chain([folder.as_os_str(), torrent.as_os_str()]),
    )?;
    Ok(output.status.success())
}

fn transmission_finds_whole(torrent: &Path, folder: &Path) -> Result<bool> {
    let home = tempfile::tempdir()?;
    let daemon = Transmission::start(home.path())?;
    let text = |path: &Path| path.to_str().map(str::to_owned).context("no UTF-8");
    daemon.remote(&[
        "--start-paused",
        "-w",
        &text(folder)?,
        "-a",
        &text(torrent)?,
    ])?;
    let state = || daemon.remote(&["-t", "1", "-i"]);
    // It checks what it is given by itself. Some pieces are always good.
    daemon.wait_for("end of the check", || {
        let told = state()?;
        Ok(told.contains("State: Stopped") && !told.contains("Have: None"))
    })?;
    Ok(state()?.contains("Percent Done: 100%"))
}
