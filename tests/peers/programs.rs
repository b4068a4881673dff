//! Running mt and the programs that it is held against.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::Value;

const LIBTORRENT_SAYS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/peers/libtorrent_says.py"
);

/// Runs a program to its end, whatever that is.
pub(crate) fn finish<S: AsRef<OsStr>>(
    program: &str,
    arguments: impl IntoIterator<Item = S>,
) -> Result<Output> {
    Command::new(program)
        .args(arguments)
        .output()
        .with_context(|| format!("cannot run `{program}`"))
}

/// What a program prints, which must succeed.
pub(crate) fn run<S: AsRef<OsStr>>(
    program: &str,
    arguments: impl IntoIterator<Item = S>,
) -> Result<String> {
    let output = finish(program, arguments)?;
    let (said, complained) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    ensure!(
        output.status.success(),
        "`{program}` failed, {}:\n{said}{complained}",
        output.status
    );
    Ok(said.into_owned())
}

/// Runs `mt client`.
pub(crate) fn mt<S: AsRef<OsStr>>(
    command: &str,
    arguments: impl IntoIterator<Item = S>,
) -> Result<String> {
    let mut words = vec![OsStr::new("client").to_owned(), command.into()];
    words.extend(arguments.into_iter().map(|word| word.as_ref().to_owned()));
    run(env!("CARGO_BIN_EXE_mt"), words)
}

/// Makes a torrent with mt and returns what it says of the first output.
pub(crate) fn mt_create(content: &Path, out: &Path, options: &[&str]) -> Result<Value> {
    let words = [content.as_os_str(), "-o".as_ref(), out.as_os_str()];
    let options = ["--json"].iter().chain(options).map(OsStr::new);
    let told: Value = serde_json::from_str(&mt("create", words.into_iter().chain(options))?)?;
    Ok(told["outputs"][0].clone())
}

pub(crate) fn mt_show(torrent: &Path) -> Result<Value> {
    let told = mt("show", [OsStr::new("--json"), torrent.as_os_str()])?;
    Ok(serde_json::from_str(&told)?)
}

/// Whether mt finds content whole.
pub(crate) fn mt_finds_whole(torrent: &Path, data: &Path) -> Result<bool> {
    let words = ["client".as_ref(), "verify".as_ref(), "--json".as_ref()];
    let words = words
        .into_iter()
        .chain([torrent.as_os_str(), data.as_os_str()]);
    let output = finish(env!("CARGO_BIN_EXE_mt"), words)?;
    let told: Value = serde_json::from_slice(&output.stdout)
        .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    let is_whole = told["whole"] == true;
    ensure!(is_whole == output.status.success(), "{told}");
    Ok(is_whole)
}

fn libtorrent_says<T: for<'de> Deserialize<'de>>(words: &[&OsStr]) -> Result<T> {
    let script = OsStr::new(LIBTORRENT_SAYS);
    let told = run("python3", [script].iter().chain(words))?;
    Ok(serde_json::from_str(&told)?)
}

/// What libtorrent reads in a torrent.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) v1: Option<String>,
    pub(crate) v2: Option<String>,
    pub(crate) name: String,
    pub(crate) piece_length: u64,
    pub(crate) private: bool,
    pub(crate) source: String,
    pub(crate) trackers: Vec<Vec<String>>,
    pub(crate) web_seeds: Vec<String>,
    pub(crate) comment: String,
    pub(crate) created_by: String,
    pub(crate) creation_date: u64,
    pub(crate) files: Vec<FileFacts>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(crate) struct FileFacts {
    pub(crate) path: String,
    pub(crate) size: u64,
    pub(crate) pad: bool,
    pub(crate) executable: bool,
    pub(crate) symlink: Option<String>,
    pub(crate) root: Option<String>,
}

impl Facts {
    pub(crate) fn of(torrent: &Path) -> Result<Self> {
        libtorrent_says(&["torrent".as_ref(), torrent.as_os_str()])
    }

    /// Those of a torrent that libtorrent makes.
    pub(crate) fn of_created(
        version: &str,
        piece_length: u32,
        content: &Path,
        out: &Path,
    ) -> Result<Self> {
        let piece_length = piece_length.to_string();
        libtorrent_says(&[
            "create".as_ref(),
            version.as_ref(),
            piece_length.as_ref(),
            content.as_os_str(),
            out.as_os_str(),
        ])
    }
}

/// What libtorrent reads in a magnet link.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(crate) struct MagnetFacts {
    pub(crate) v1: Option<String>,
    pub(crate) v2: Option<String>,
    pub(crate) name: String,
    pub(crate) trackers: Vec<String>,
    pub(crate) web_seeds: Vec<String>,
}

impl MagnetFacts {
    pub(crate) fn of(uri: &str) -> Result<Self> {
        libtorrent_says(&["magnet".as_ref(), uri.as_ref()])
    }
}

/// Whether libtorrent finds content whole; `folder` holds it.
pub(crate) fn libtorrent_finds_whole(torrent: &Path, folder: &Path) -> Result<bool> {
    let words = ["check".as_ref(), torrent.as_os_str(), folder.as_os_str()];
    let told: Value = libtorrent_says(&words)?;
    told["is_whole"].as_bool().context("no word of the state")
}
