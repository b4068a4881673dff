//! What mt writes is read back by libtorrent as what was asked for.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::VERSIONS;
use crate::content::{EXECUTABLE, LINK, LINKED, Scratch, files_in};
use crate::programs::{Facts, FileFacts, MagnetFacts, mt, mt_create, mt_show};

const PIECE_LENGTH: u32 = 64 << 10;

const OPTIONS: [&str; 16] = [
    "--piece-length",
    "64KiB",
    "--tracker",
    "http://127.0.0.1:1/announce,udp://127.0.0.1:2",
    "--tracker",
    "http://tracker.invalid/announce?key=a%20b&c",
    "--web-seed",
    "http://127.0.0.1:3/files/",
    "--web-seed",
    "https://web.invalid/a%20b/",
    "--source",
    "the source",
    "--comment",
    "Gr\u{fc}\u{df}e & more",
    "--private",
    "--meta",
];

fn trackers() -> Vec<Vec<&'static str>> {
    vec![
        vec!["http://127.0.0.1:1/announce", "udp://127.0.0.1:2"],
        vec!["http://tracker.invalid/announce?key=a%20b&c"],
    ]
}

const WEB_SEEDS: [&str; 2] = ["http://127.0.0.1:3/files/", "https://web.invalid/a%20b/"];

fn options(version: &'static str) -> Vec<&'static str> {
    OPTIONS.into_iter().chain([version]).collect()
}

/// Everything but the files.
fn assert_as_asked_for(facts: &Facts, told: &Value, version: &str) {
    assert_eq!(facts.v1.is_some(), version != "v2");
    assert_eq!(facts.v2.is_some(), version != "v1");
    assert_eq!(told["info_hash_v1"].as_str(), facts.v1.as_deref());
    assert_eq!(told["info_hash_v2"].as_str(), facts.v2.as_deref());
    assert_eq!(facts.piece_length, u64::from(PIECE_LENGTH));
    assert!(facts.private);
    assert_eq!(facts.source, "the source");
    assert_eq!(facts.comment, "Gr\u{fc}\u{df}e & more");
    assert_eq!(facts.created_by, concat!("mt/", env!("CARGO_PKG_VERSION")));
    assert!(facts.creation_date > 1_700_000_000);
    assert_eq!(facts.trackers, trackers());
    assert_eq!(facts.web_seeds, WEB_SEEDS);
}

fn file(path: &str, size: u64) -> FileFacts {
    FileFacts {
        path: path.to_owned(),
        size,
        pad: false,
        executable: false,
        symlink: None,
        root: None,
    }
}

/// Without roots, which are held against those of libtorrent's own making elsewhere.
fn files_without_roots(facts: &Facts) -> Vec<FileFacts> {
    let without_root = |file: &FileFacts| FileFacts {
        root: None,
        ..file.clone()
    };
    facts
        .files
        .iter()
        .filter(|file| !file.pad)
        .map(without_root)
        .collect()
}

#[test]
#[ignore = "needs libtorrent, transmission, aria2, mktorrent"]
fn libtorrent_reads_torrents_of_a_file() -> Result<()> {
    let scratch = Scratch::new()?;
    let content = scratch.make_file()?;
    for version in VERSIONS {
        let out = scratch.beside(&format!("{version}.torrent"));
        let told = mt_create(&content, &out, &options(version))?;
        let facts = Facts::of(&out)?;
        assert_as_asked_for(&facts, &told, version);
        assert_eq!(facts.name, "one file.bin");
        assert_eq!(
            files_without_roots(&facts),
            [file("one file.bin", 1_234_567)]
        );
        assert_eq!(facts.files[0].root.is_some(), version != "v1");
    }
    Ok(())
}

#[test]
#[ignore = "needs libtorrent, transmission, aria2, mktorrent"]
fn libtorrent_reads_torrents_of_a_directory() -> Result<()> {
    let scratch = Scratch::new()?;
    let content = scratch.make_directory_with_link()?;
    for version in VERSIONS {
        let out = scratch.beside(&format!("{version}.torrent"));
        let told = mt_create(
            &content,
            &out,
            &[&["--links", "keep"], &options(version)[..]].concat(),
        )?;
        let facts = Facts::of(&out)?;
        assert_as_asked_for(&facts, &told, version);
        assert_eq!(facts.name, "a directory");
        assert_eq!(files_without_roots(&facts), expected_files(&content)?);
        assert_padding(&facts, version);
        for file in &facts.files {
            let has_root = version != "v1" && !file.pad && file.size > 0;
            assert_eq!(file.root.is_some(), has_root, "{}", file.path);
        }
    }
    Ok(())
}

/// What lies in the directory, and its link.
fn expected_files(content: &Path) -> Result<Vec<FileFacts>> {
    let mut files: Vec<FileFacts> = Vec::new();
    for (path, size) in files_in(content)? {
        let executable = path == EXECUTABLE;
        let path = format!("a directory/{path}");
        files.push(FileFacts {
            executable,
            ..file(&path, size)
        });
    }
    let link = FileFacts {
        symlink: Some(format!("a directory/{LINKED}")),
        ..file(&format!("a directory/{LINK}"), 0)
    };
    files.push(link);
    files.sort_by(|a, b| a.path.split('/').cmp(b.path.split('/')));
    Ok(files)
}

/// Every file with content starts a piece, other than in v1; libtorrent shows padding for v2 as well.
fn assert_padding(facts: &Facts, version: &str) {
    assert_eq!(facts.files.iter().any(|file| file.pad), version != "v1");
    if version != "v1" {
        let mut offset = 0;
        for file in &facts.files {
            if !file.pad && file.size > 0 {
                assert_eq!(offset % facts.piece_length, 0, "{}", file.path);
            }
            offset += file.size;
        }
    }
}

#[test]
#[ignore = "needs libtorrent, transmission, aria2, mktorrent"]
fn libtorrent_makes_the_same_torrents() -> Result<()> {
    let scratch = Scratch::new()?;
    for content in [scratch.make_file()?, scratch.make_plain_directory()?] {
        for version in VERSIONS {
            let theirs = scratch.beside("theirs.torrent");
            let theirs = Facts::of_created(version, PIECE_LENGTH, &content, &theirs)?;
            let ours = scratch.beside("ours.torrent");
            let words = ["--force", "--piece-length", "64KiB", "--meta", version];
            mt_create(&content, &ours, &words)?;
            let ours = Facts::of(&ours)?;
            // v1 has no order of files that all would keep.
            if version != "v1" || content.is_file() {
                assert_eq!((&ours.v1, &ours.v2), (&theirs.v1, &theirs.v2), "{version}");
                assert_eq!(ours.files, theirs.files);
            }
        }
    }
    Ok(())
}

#[test]
#[ignore = "needs libtorrent, transmission, aria2, mktorrent"]
fn other_formats_carry_the_torrents_that_libtorrent_reads() -> Result<()> {
    let scratch = Scratch::new()?;
    let file = scratch.make_file()?;
    let directory = scratch.make_directory()?;
    let cases = [
        (&file, "mtorrent", "v1"),
        (&file, "st", "v2"),
        (&directory, "st", "v2"),
    ];
    for (content, extension, version) in cases {
        let carrier = scratch.beside(&format!("carrier.{extension}"));
        let tracker = "udp://127.0.0.1:2/announce";
        let told = mt_create(content, &carrier, &["--force", "--tracker", tracker])?;
        let converted = scratch.beside("converted.torrent");
        mt(
            "convert",
            [carrier.as_path(), &converted, "--force".as_ref()],
        )?;
        let facts = Facts::of(&converted)?;
        assert_eq!(told["info_hash_v1"].as_str(), facts.v1.as_deref());
        assert_eq!(told["info_hash_v2"].as_str(), facts.v2.as_deref());
        assert_eq!(facts.trackers, [[tracker]]);
        let piece_length = u32::try_from(facts.piece_length)?;
        let theirs = scratch.beside("theirs.torrent");
        let theirs = Facts::of_created(version, piece_length, content, &theirs)?;
        let bare = |facts: &Facts| -> Vec<_> {
            let files = facts.files.iter();
            files
                .map(|file| (file.path.clone(), file.size, file.root.clone()))
                .collect()
        };
        assert_eq!(bare(&facts), bare(&theirs));
        if content.is_file() {
            assert_eq!((facts.v1, facts.v2), (theirs.v1, theirs.v2));
        }
    }
    Ok(())
}

#[test]
#[ignore = "needs libtorrent, transmission, aria2, mktorrent"]
fn libtorrent_reads_magnets() -> Result<()> {
    let scratch = Scratch::new()?;
    for content in [scratch.make_file()?, scratch.make_directory()?] {
        for version in VERSIONS {
            let out = scratch.beside("made.magnet");
            let words = [&["--force"], &options(version)[..]].concat();
            let told = mt_create(&content, &out, &words)?;
            let written = fs::read_to_string(&out)?;
            assert_eq!(told["magnet"], written.trim_end());
            let facts = MagnetFacts::of(written.trim_end())?;
            assert_eq!(told["info_hash_v1"].as_str(), facts.v1.as_deref());
            assert_eq!(told["info_hash_v2"].as_str(), facts.v2.as_deref());
            assert_eq!(facts.v1.is_some(), version != "v2");
            assert_eq!(facts.v2.is_some(), version != "v1");
            let name = content.file_name().context("content has a name")?;
            assert_eq!(facts.name, name.to_string_lossy());
            assert_eq!(facts.trackers, trackers().concat());
            assert_eq!(facts.web_seeds, WEB_SEEDS);
            assert_eq!(mt_show(&out)?["name"], facts.name);
        }
    }
    Ok(())
}
