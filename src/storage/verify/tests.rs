//! What holds between what was found, what is verified and what is hashed.

use std::fs;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::*;
use crate::metainfo::build::{Plan, build};
use crate::metainfo::{Outer, Version};
use crate::storage::{Content, FileTable, ScanOptions, scan};

const PIECE_LENGTH_BYTES: u32 = 16 << 10;

/// The torrent of a file or directory.
fn torrent_of(path: &Path, version: Version) -> Metainfo {
    let scan = scan(path, &ScanOptions::default()).unwrap();
    let content = Content::new(&scan.files, false);
    let versions = [version];
    let hashes = content
        .hash(
            &versions,
            PIECE_LENGTH_BYTES,
            IoMode::Auto,
            &Progress::default(),
        )
        .unwrap();
    let plan = Plan {
        version,
        name: &scan.name,
        is_directory: scan.is_directory,
        files: &content,
        piece_length: PIECE_LENGTH_BYTES,
        private: false,
        source: None,
    };
    build(&plan, hashes.of(version), Outer::default()).unwrap()
}

fn verify_quietly(metainfo: &Metainfo, located: &Located) -> Result<Verdict, Error> {
    verify(metainfo, located, IoMode::Auto, &Progress::default())
}

/// Puts another file of the same length in the place of one.
fn replace(path: &Path) {
    let other = path.with_extension("new");
    let len_bytes = fs::metadata(path).unwrap().len();
    fs::write(&other, vec![9; usize::try_from(len_bytes).unwrap()]).unwrap();
    fs::rename(other, path).unwrap();
}

#[test]
fn what_is_replaced_after_it_was_verified_is_not_hashed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one");
    fs::write(&path, vec![7; 100_000]).unwrap();
    let metainfo = torrent_of(&path, Version::V1);
    let located = Located::find(&metainfo.info, &path);
    assert!(verify_quietly(&metainfo, &located).unwrap().is_whole());
    replace(&path);
    let files = FileTable::of_located(&metainfo.info, located).unwrap();
    let hashes = Content::new(&files, false).hash(
        &[Version::V2],
        PIECE_LENGTH_BYTES,
        IoMode::Auto,
        &Progress::default(),
    );
    assert!(
        matches!(&hashes, Err(Error::Changed(changed)) if *changed == path),
        "{hashes:?}"
    );
}

#[test]
fn a_file_that_became_a_pipe_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one");
    fs::write(&path, vec![7; 100_000]).unwrap();
    let metainfo = torrent_of(&path, Version::V1);
    let located = Located::find(&metainfo.info, &path);
    fs::remove_file(&path).unwrap();
    mknodat(CWD, &path, FileType::Fifo, Mode::RUSR, 0).unwrap();
    let (done, is_done) = mpsc::channel();
    thread::spawn(move || done.send(verify_quietly(&metainfo, &located)));
    let verdict = is_done
        .recv_timeout(Duration::from_secs(30))
        .expect("the pipe is waited for");
    assert!(
        matches!(&verdict, Err(Error::Changed(changed)) if *changed == path),
        "{verdict:?}"
    );
}

#[test]
fn what_is_counted_while_verifying_is_what_was_told_before() {
    let folder = tempfile::tempdir().unwrap();
    for (name, len_bytes) in [("a", 70_000), ("b", 50_000), ("c", 16 << 10)] {
        fs::write(folder.path().join(name), vec![7; len_bytes]).unwrap();
    }
    for version in [Version::V1, Version::V2, Version::Hybrid] {
        let metainfo = torrent_of(folder.path(), version);
        fs::write(folder.path().join("b"), [7; 9]).unwrap();
        let located = Located::find(&metainfo.info, folder.path());
        let progress = Progress::default();
        verify(&metainfo, &located, IoMode::Auto, &progress).unwrap();
        let counted_bytes = progress.hashed_bytes.into_inner();
        assert_eq!(
            counted_bytes,
            bytes_to_verify(&metainfo.info),
            "{version:?}"
        );
        fs::write(folder.path().join("b"), vec![7; 50_000]).unwrap();
    }
}
