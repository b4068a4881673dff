//! Whole transfers through the pool, and what its places hold.

use std::fs;
use std::os::unix::fs::FileExt as _;

use super::bench_tests::*;
use super::*;
use crate::base::limits::WRITEBACK_RANGES_MAX;
use crate::base::{Memory as _, PlaceRange};
use crate::hash::sha1;
use crate::storage::files::IoChoice;
use crate::storage::sample_tests::{Given, Sample, given};

#[test]
fn a_torrent_is_got_through_windows_and_buffers() {
    for io in [IoChoice::Mapped, IoChoice::Positional, IoChoice::Auto] {
        let folder = tempfile::tempdir().unwrap();
        let sample = sample();
        let prepared = getting(&sample, folder.path(), io);
        if io != IoChoice::Auto {
            assert_eq!(prepared.runs.is_empty(), io == IoChoice::Positional);
        }
        Bench::new(&prepared.files).get_all(&prepared, &sample.content);
        sample.assert_whole(folder.path());
        let again = getting(&sample, folder.path(), io);
        assert!(again.have.is_full());
    }
}

#[test]
fn nothing_waits_for_a_cap_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let sample = sample();
    let prepared = getting(&sample, folder.path(), IoChoice::Mapped);
    let dirty_bytes_max = 0;
    let strict = PoolOptions {
        dirty_bytes_max,
        ..options()
    };
    Bench::with_options(&prepared.files, strict).get_all(&prepared, &sample.content);
    sample.assert_whole(folder.path());
}

#[test]
fn what_a_window_held_before_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let sample = sample();
    let prepared = getting(&sample, folder.path(), IoChoice::Mapped);
    let mut bench = Bench::new(&prepared.files);
    let first_piece = bench.piece(1);
    let window = PlaceSource::Window {
        first_piece,
        len_bytes: 2 * 65_536,
    };
    let place = bench.open(window);
    let content = &sample.content[PIECE_LEN_BYTES..];
    bench.receive(place, 0, &content[..PIECE_LEN_BYTES]);
    bench.close(place);
    let place = bench.open(window);
    let pieces = vec![
        bench.piece_in(place, 0, 1),
        bench.piece_in(place, PIECE_LEN_BYTES, 2),
    ];
    assert_eq!(
        bench.hash(pieces),
        [PieceVerdict::Whole, PieceVerdict::Wrong]
    );
    bench.close(place);
}

#[test]
fn content_is_sent_from_mappings_and_copies() {
    for io in [IoChoice::Mapped, IoChoice::Positional] {
        let folder = tempfile::tempdir().unwrap();
        let sample = sample();
        let prepared = seeding(&sample, folder.path(), io);
        let mut bench = Bench::new(&prepared.files);
        let end = sample.content.len();
        // Within one file, across files, over padding, at the end.
        for (start, len) in [
            (70_000, 1 << 20),
            (0, 2000),
            (2_097_000, 200_000),
            (end - 9, 9),
        ] {
            let place = bench.open(PlaceSource::Read {
                offset_bytes: start as u64,
                len_bytes: u32::try_from(len).unwrap(),
            });
            let found = bench.bytes(range(place, 0, len));
            assert!(found == sample.content[start..start + len], "{start} {len}");
            let locate = bench.memory.locate_for_receiving(range(place, 0, 1));
            assert_eq!(locate, None, "it is for sending");
            bench.close(place);
        }
    }
}

#[test]
fn a_name_means_one_place_and_no_more_than_that() {
    let folder = tempfile::tempdir().unwrap();
    let sample = sample();
    let prepared = getting(&sample, folder.path(), IoChoice::Mapped);
    let mut bench = Bench::new(&prepared.files);
    let piece = bench.piece(0);
    let source = PlaceSource::Buffer {
        first_piece: piece,
        len_bytes: 65_536,
    };
    let old = bench.open(source);
    let taken = bench.try_open(source).1.unwrap_err();
    assert!(taken.reason.contains("slot 5"), "{taken}");
    let locate = |range| bench.memory.locate_for_receiving(range);
    assert!(locate(range(old, 65_535, 1)).is_some());
    assert_eq!(locate(range(old, 65_535, 2)), None);
    let beyond = PlaceRange {
        place: old,
        offset_bytes: u32::MAX,
        len_bytes: 2,
    };
    assert_eq!(locate(beyond), None);
    assert_eq!(locate(range(PlaceId::new(u32::MAX, 0), 0, 1)), None);
    bench.close(old);
    assert_eq!(bench.memory.locate(range(old, 0, 1)), None);
    let new = bench.open(source);
    assert_eq!(bench.memory.locate(range(old, 0, 1)), None);
    assert!(bench.memory.locate(range(new, 0, 1)).is_some());
    // What was never there is given up at once.
    bench.close(old);
}

#[test]
fn blocks_have_digests_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let sample = sample();
    let prepared = seeding(&sample, folder.path(), IoChoice::Mapped);
    let mut bench = Bench::new(&prepared.files);
    let last = bench.geometry.piece_count() - 1;
    let start = last as usize * PIECE_LEN_BYTES;
    let piece = sample.content[start..].to_vec();
    let place = bench.open(PlaceSource::Read {
        offset_bytes: start as u64,
        len_bytes: u32::try_from(piece.len()).unwrap(),
    });
    let piece_in = bench.piece_in(place, 0, last);
    let torrent = TORRENT;
    let digests = match bench.ask(Job::Digest {
        torrent,
        piece: piece_in,
    }) {
        Done::Digested { blocks, .. } => blocks,
        other => panic!("{other:?}"),
    };
    let expected: Vec<_> = piece.chunks(16 << 10).map(sha1).collect();
    assert_eq!(digests, expected);
}

#[test]
fn many_small_files_need_few_descriptors() {
    const FILES: usize = 600;
    let names: Vec<&'static str> = (0..FILES)
        .map(|number| &*Box::leak(format!("{}/{number}", number % 7).into_boxed_str()))
        .collect();
    let files: Vec<Given> = names.iter().map(|name| given(name, 5000)).collect();
    let sample = Sample::new(PIECE_LEN_BYTES, &files);
    let folder = tempfile::tempdir().unwrap();
    let prepared = getting(&sample, folder.path(), IoChoice::Auto);
    let mut bench = Bench::new(&prepared.files);
    bench.get_all(&prepared, &sample.content);
    let open = fs::read_dir("/proc/self/fd").unwrap().count();
    assert!(
        open <= CONTENT_FILES_OPEN_MAX + WRITEBACK_RANGES_MAX + 50,
        "{open}"
    );
    sample.assert_whole(folder.path());
}

#[test]
fn what_others_write_beside_a_window_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let sample = sample();
    let prepared = getting(&sample, folder.path(), IoChoice::Mapped);
    let mut bench = Bench::new(&prepared.files);
    // The window starts and ends within pages, as its file starts within a piece.
    let window = bench.open(PlaceSource::Window {
        first_piece: bench.piece(2),
        len_bytes: 65_536,
    });
    let path = folder.path().join("sample/large.mtpart");
    let file = fs::File::options().write(true).open(&path).unwrap();
    let start = 2 * 65_536 - 1000;
    file.write_all_at(b"before", start - 6).unwrap();
    file.write_all_at(b"behind", start + 65_536).unwrap();
    bench.receive(
        window,
        0,
        &sample.content[2 * PIECE_LEN_BYTES..][..PIECE_LEN_BYTES],
    );
    bench.close(window);
    let found = fs::read(&path).unwrap();
    let start = usize::try_from(start).unwrap();
    assert_eq!(&found[start - 6..start], b"before");
    assert_eq!(&found[start + 65_536..][..6], b"behind");
    let inside = &sample.content[2 * PIECE_LEN_BYTES..][..PIECE_LEN_BYTES];
    assert!(found[start..start + 65_536] == *inside);
}
