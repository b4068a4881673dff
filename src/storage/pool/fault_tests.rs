//! What happens to a torrent whose files or memory fail it, and to the others.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use super::bench_tests::*;
use super::*;
use crate::storage::files::IoChoice;

#[test]
fn more_than_the_budget_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let sample = sample();
    let prepared = getting(&sample, folder.path(), IoChoice::Mapped);
    let tight = PoolOptions {
        mapped_bytes_max: 100_000,
        buffer_bytes_max: 60_000,
        ..options()
    };
    let mut bench = Bench::with_options(&prepared.files, tight);
    let piece = bench.piece(1);
    let window = |len_bytes| PlaceSource::Window {
        first_piece: piece,
        len_bytes,
    };
    assert!(bench.try_open(window(2 * 65_536)).1.is_err());
    let len_bytes = 65_536;
    assert!(
        bench
            .try_open(PlaceSource::Buffer {
                first_piece: piece,
                len_bytes
            })
            .1
            .is_err()
    );
    let place = bench.open(window(65_536));
    bench.close(place);
    let place = bench.open(window(65_536));
    bench.close(place);
}

#[test]
fn a_window_whose_file_is_cut_short_is_gone_and_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let sample = sample();
    let prepared = getting(&sample, folder.path(), IoChoice::Mapped);
    let mut bench = Bench::new(&prepared.files);
    let run = prepared.runs[0];
    let window = PlaceSource::Window {
        first_piece: run.first_piece,
        len_bytes: 16 * 65_536,
    };
    let place = bench.open(window);
    let file = fs::File::options()
        .write(true)
        .open(folder.path().join("sample/large.mtpart"))
        .unwrap();
    file.set_len(300_000).unwrap();
    // As when bytes that came early are copied to where they belong.
    let content = &sample.content[PIECE_LEN_BYTES..][..16 * PIECE_LEN_BYTES];
    bench.receive(place, 0, content);
    let pieces = (0..16).map(|at| bench.piece_in(place, at as usize * PIECE_LEN_BYTES, at + 1));
    let verdicts = bench.hash(pieces.collect());
    for verdict in verdicts {
        let PieceVerdict::Gone(fault) = verdict else {
            panic!("{verdict:?}");
        };
        assert!(fault.path.ends_with("large.mtpart"), "{fault}");
    }
    bench.close(place);
    let fault = bench.try_open(window).1.unwrap_err();
    assert!(fault.reason.contains("cut short to 300000"), "{fault}");
    let torrent = TORRENT;
    match bench.ask(Job::Finish { torrent }) {
        Done::Finished { result, .. } => assert!(result.is_err()),
        other => panic!("{other:?}"),
    }
    let second = prepared.runs[1];
    bench.get_run(second, &sample.content);
}

/// Cuts a file short and makes it long again, until it is dropped.
struct Cutting {
    is_over: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Cutting {
    fn start(path: &Path) -> Self {
        let file = fs::File::options().write(true).open(path).unwrap();
        let len_bytes = file.metadata().unwrap().len();
        let is_over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&is_over);
        let run = move || {
            while !ends.load(Ordering::Relaxed) {
                file.set_len(100_000).unwrap();
                thread::sleep(Duration::from_millis(1));
                file.set_len(len_bytes).unwrap();
                thread::sleep(Duration::from_millis(1));
            }
        };
        Self {
            is_over,
            thread: Some(thread::spawn(run)),
        }
    }
}

impl Drop for Cutting {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
    }
}

#[test]
fn files_cut_short_under_running_jobs_spoil_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let sample = sample();
    let prepared = getting(&sample, folder.path(), IoChoice::Mapped);
    let mut bench = Bench::new(&prepared.files);
    let cutting = Cutting::start(&folder.path().join("sample/large.mtpart"));
    let window = PlaceSource::Window {
        first_piece: bench.piece(1),
        len_bytes: 16 * 65_536,
    };
    let content = &sample.content[PIECE_LEN_BYTES..][..16 * PIECE_LEN_BYTES];
    let mut gone = 0;
    let start = Instant::now();
    // Some files are cut before they are mapped, some before they are hashed.
    while gone < 16 && start.elapsed() < PATIENCE {
        let (place, opened) = bench.try_open(window);
        if opened.is_err() {
            continue;
        }
        bench.receive(place, 0, content);
        let pieces = (0..16).map(|at| bench.piece_in(place, at as usize * PIECE_LEN_BYTES, at + 1));
        let pieces: Vec<PieceInPlace> = pieces.collect();
        let torrent = TORRENT;
        for job in pieces.chunks(4) {
            let pieces = job.to_vec();
            bench.submit(Job::Hash { torrent, pieces });
        }
        for _ in pieces.chunks(4) {
            let Done::Hashed { verdicts, .. } = bench.answer() else {
                panic!("hashes are due");
            };
            let is_gone =
                |(_, verdict): &(_, PieceVerdict)| matches!(verdict, PieceVerdict::Gone(_));
            gone += verdicts.iter().filter(|verdict| is_gone(verdict)).count();
        }
        bench.close(place);
        bench.get_run(prepared.runs[1], &sample.content);
    }
    assert!(gone >= 16, "{gone}");
    drop(cutting);
}

#[test]
fn what_cannot_be_written_is_told_with_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let sample = sample();
    let prepared = getting(&sample, folder.path(), IoChoice::Positional);
    let mut bench = Bench::new(&prepared.files);
    bench.get_piece(&prepared.files, 0, &sample.content);
    let path = folder.path().join("sample/large.mtpart");
    fs::remove_file(&path).unwrap();
    bench.pool.remove(TORRENT);
    let torrent = TORRENT;
    assert!(matches!(
        bench.ask(Job::Finish { torrent }),
        Done::Finished { result: Err(_), .. }
    ));
    bench.pool.add(TORRENT, Arc::clone(&prepared.files));
    let piece = bench.piece(1);
    let len_bytes = 65_536;
    let buffer = bench.open(PlaceSource::Buffer {
        first_piece: piece,
        len_bytes,
    });
    let piece = bench.piece_in(buffer, 0, 1);
    match bench.ask(Job::Write { torrent, piece }) {
        Done::Written { result, .. } => {
            assert!(result.unwrap_err().path.ends_with("sample/large.mtpart"));
        }
        other => panic!("{other:?}"),
    }
    // A file by the same name is not the same file.
    fs::write(&path, vec![0; (2 << 20) + 5]).unwrap();
    match bench.ask(Job::Write { torrent, piece }) {
        Done::Written { result, .. } => {
            assert!(result.unwrap_err().reason.contains("replaced"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn bytes_that_did_not_reach_the_disk_are_told_of_later() {
    let folder = tempfile::tempdir().unwrap();
    let sample = sample();
    let prepared = getting(&sample, folder.path(), IoChoice::Positional);
    let mut bench = Bench::new(&prepared.files);
    bench.get_piece(&prepared.files, 0, &sample.content);
    let fault = prepared.files.fault_of(2, "the disk is gone".to_owned());
    prepared.files.remember(fault.clone());
    let piece = bench.piece(1);
    let len_bytes = 65_536;
    let opened = bench
        .try_open(PlaceSource::Buffer {
            first_piece: piece,
            len_bytes,
        })
        .1;
    assert_eq!(opened, Err(fault.clone()));
    let torrent = TORRENT;
    let result = Err(fault);
    assert_eq!(
        bench.ask(Job::Finish { torrent }),
        Done::Finished { torrent, result }
    );
}
