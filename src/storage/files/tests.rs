//! How content maps to files, and what is found of what somebody has.

use std::fs;

use super::*;
use crate::storage::sample_tests::{Sample, given, missing};

const PIECE_LEN_BYTES: usize = 64 << 10;

fn quietly(_: Checked) {}

fn sample() -> Sample {
    Sample::new(
        PIECE_LEN_BYTES,
        &[
            given("empty", 0),
            given("small", 1000),
            given("large", (3 << 20) + 5),
            given(".pad/1", 64_539).with_attr("p"),
            given("deep/er/tail", 100_000),
            given("last", 1),
        ],
    )
}

fn seeding(sample: &Sample, data: &std::path::Path) -> Prepared {
    for_seeding(&sample.metainfo, data, IoChoice::Mapped, &quietly).unwrap()
}

#[test]
fn parts_of_the_content_are_parts_of_files() {
    let folder = tempfile::tempdir().unwrap();
    let sample = sample();
    sample.lay_out(folder.path());
    let files = seeding(&sample, folder.path()).files;
    let parts = |offset, len| -> Vec<(usize, u64, usize, bool)> {
        files
            .segments(offset, len)
            .map(|part| {
                let offset = part.offset_in_file_bytes;
                (part.file, offset, part.len_bytes, part.is_padding)
            })
            .collect()
    };
    let large_end = 1000 + (3 << 20) + 5;
    assert_eq!(parts(0, 1001), [(1, 0, 1000, false), (2, 0, 1, false)]);
    assert_eq!(
        parts(large_end - 1, 64_541),
        [
            (2, (3 << 20) + 4, 1, false),
            (3, 0, 64_539, true),
            (4, 0, 1, false)
        ]
    );
    let end = sample.content.len() as u64;
    assert_eq!(parts(end - 1, 10), [(5, 0, 1, false)]);
    assert_eq!(parts(end, 10), []);
    assert_eq!(files.single_segment(1000, 1 << 20).unwrap().file, 2);
    assert_eq!(files.single_segment(999, 2), None);
    assert_eq!(
        files.single_segment(large_end, 5),
        None,
        "padding is no file"
    );
}

#[test]
fn windows_are_for_pieces_within_one_large_file() {
    let folder = tempfile::tempdir().unwrap();
    let sample = sample();
    sample.lay_out(folder.path());
    let Prepared {
        files, have, runs, ..
    } = seeding(&sample, folder.path());
    assert!(have.is_full());
    let run = |run: &MappableRun| (run.first_piece.get(), run.piece_count);
    // The file starts in piece 0 and ends in piece 48.
    assert_eq!(runs.iter().map(run).collect::<Vec<_>>(), [(1, 47)]);
    assert!(files.maps_for_sending());
    let positional = for_seeding(
        &sample.metainfo,
        folder.path(),
        IoChoice::Positional,
        &quietly,
    )
    .unwrap();
    assert_eq!(positional.runs, []);
}

#[test]
fn what_is_damaged_or_missing_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let sample = sample();
    sample.lay_out(folder.path());
    let root = folder.path().join("sample");
    let mut bytes = sample.bytes_of("large").to_vec();
    bytes[200_000] ^= 1;
    bytes.truncate(2 << 20);
    fs::write(root.join("large"), bytes).unwrap();
    fs::remove_file(root.join("last")).unwrap();
    let told = Mutex::new(Vec::new());
    let tell = |checked| told.lock().unwrap().push(checked);
    let have = for_seeding(&sample.metainfo, &root, IoChoice::Auto, &tell)
        .unwrap()
        .have;
    // Piece 3 has the wrong byte, from 32 on the file is cut short, and 50 has what is missing.
    let expected: Vec<u32> = [3].into_iter().chain(32..=48).chain([50]).collect();
    assert_eq!(missing(&have), expected);
    let total_bytes = sample.content.len() as u64;
    let told = told.into_inner().unwrap();
    assert!(told.iter().all(|told| told.total_bytes == total_bytes));
    assert_eq!(
        told.iter().map(|told| told.done_bytes).max(),
        Some(total_bytes)
    );
}

#[test]
fn a_file_that_was_replaced_is_not_sent() {
    let folder = tempfile::tempdir().unwrap();
    let sample = sample();
    sample.lay_out(folder.path());
    let files = seeding(&sample, folder.path()).files;
    let descriptors = Descriptors::new(4);
    let torrent = crate::engine::TorrentId(1);
    assert!(descriptors.get(torrent, &files, 1).is_ok());
    fs::write(folder.path().join("sample/small"), b"other").unwrap();
    let fault = descriptors.get(torrent, &files, 1).unwrap_err();
    assert!(fault.path.ends_with("sample/small"), "{fault}");
    assert!(fault.reason.contains("changed"), "{fault}");
    fs::remove_file(folder.path().join("sample/large")).unwrap();
    assert!(descriptors.get(torrent, &files, 2).is_err());
}

#[test]
fn a_torrent_without_a_byte_has_no_pieces() {
    let folder = tempfile::tempdir().unwrap();
    let sample = Sample::new(PIECE_LEN_BYTES, &[given("empty", 0)]);
    sample.lay_out(folder.path());
    let prepared = seeding(&sample, folder.path());
    assert_eq!(prepared.files.geometry(), None);
    assert!(prepared.have.is_full() && prepared.runs.is_empty());
}
