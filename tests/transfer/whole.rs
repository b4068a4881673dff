//! What arrives is what was given, byte for byte, whatever it is.

use std::fs;

use crate::client::Client;
use crate::content::{is_copied, make_directory, make_file, make_link, tree};
use crate::support::{Place, noise};

/// Seeds `torrent` from the place itself and gets it into `copy`.
fn transfer(place: &Place, torrent: &str, words: &str) -> serde_json::Value {
    let seeder = Client::seed(place, &format!("{torrent} --data . {words}"));
    let getter = Client::get(place, &format!("{torrent} copy --exit {words}"), &[&seeder]);
    let summary = getter.wait().ok();
    let given = seeder.stop().ok();
    assert_eq!(given["uploaded_bytes"], summary["downloaded_bytes"]);
    assert_eq!(summary["wasted_bytes"], 0);
    summary
}

#[test]
fn a_file_of_many_windows() {
    let place = Place::new();
    make_file(&place, 40_000_123, "");
    let summary = transfer(&place, "one.torrent", "");
    assert_eq!(summary["downloaded_bytes"], 40_000_123);
    is_copied(&place, "copy");
}

#[test]
fn a_file_of_one_byte() {
    let place = Place::new();
    make_file(&place, 1, "");
    transfer(&place, "one.torrent", "");
    is_copied(&place, "copy");
}

#[test]
fn each_way_of_reading_and_writing() {
    for io in ["mmap", "positional"] {
        let place = Place::new();
        make_file(&place, 5_000_123, "");
        transfer(&place, "one.torrent", &format!("--io {io}"));
        is_copied(&place, "copy");
    }
}

#[test]
fn blocks_that_are_no_power_of_two_and_pieces_that_are_larger_than_windows() {
    for piece_length in ["16KiB", "32MiB"] {
        let place = Place::new();
        place.file("one.bin", noise(5, 33_000_001));
        let create = "create one.bin -o one.torrent --piece-length";
        place.line(&format!("{create} {piece_length}")).ok();
        transfer(&place, "one.torrent", "");
        is_copied(&place, "copy");
    }
}

/// The directory arrives with its empty files, links and rights.
fn directory(create: &str) {
    let place = Place::new();
    make_directory(&place);
    make_link(&place);
    place.line(&format!("create data {create}")).ok();
    transfer(&place, "made.torrent", "");
    assert_eq!(tree(&place.path("copy/data")), tree(&place.path("data")));
    assert_eq!(place.names("copy"), ["data"]);
}

#[test]
fn a_directory() {
    directory("--links keep -o made.torrent --piece-length 64KiB");
}

#[test]
fn a_directory_with_padding_between_its_files() {
    directory("--links keep -o made.torrent --piece-length 64KiB --meta hybrid");
}

#[test]
fn a_directory_in_pieces_longer_than_all_of_it() {
    directory("--links keep -o made.torrent --piece-length 16MiB");
}

#[test]
fn two_thousand_small_files() {
    let place = Place::new();
    for file in 0..2000 {
        let path = format!("data/{}/{file}", file % 40);
        let len_bytes = usize::try_from(file % 7 * 1100).unwrap();
        place.file(path, noise(file, len_bytes));
    }
    place.line("create data -o made.torrent").ok();
    transfer(&place, "made.torrent", "");
    assert!(tree(&place.path("copy/data")) == tree(&place.path("data")));
}

#[test]
fn a_directory_of_empty_files_needs_nobody() {
    let place = Place::new();
    place.file("data/empty", "");
    place.file("data/also/empty", "");
    place.line("create data -o made.torrent").ok();
    let summary = Client::get(&place, "made.torrent copy --exit", &[])
        .wait()
        .ok();
    assert_eq!(summary["complete"], true);
    let seed = place.line("seed made.torrent --data data");
    assert!(seed.err.contains("nothing to transfer"), "{seed:?}");
    assert_eq!(tree(&place.path("copy/data")), tree(&place.path("data")));
}

/// The five lines and the torrent are one swarm.
#[test]
fn an_mtorrent() {
    let place = Place::new();
    place.file("one.bin", noise(3, 3_000_000));
    let create = "create one.bin --piece-length 512KiB -o one.mtorrent -o one.torrent";
    place.line(create).ok();
    transfer(&place, "one.mtorrent", "");
    is_copied(&place, "copy");
    fs::remove_dir_all(place.path("copy")).unwrap();
    let seeder = Client::seed(&place, "one.torrent --data one.bin");
    let getter = Client::get(&place, "one.mtorrent copy --exit", &[&seeder]);
    getter.wait().ok();
    is_copied(&place, "copy");
}
