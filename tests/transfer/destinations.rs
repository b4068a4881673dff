//! What stands at the destination already.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::Value;

use crate::client::{Client, Ended};
use crate::content::{is_copied, make_directory, make_file, tree};
use crate::support::{Place, noise, set_len};

const LEN_BYTES: usize = 1_000_000;

/// One file that is seeded while the test goes on.
struct Ground {
    place: Place,
    seeder: Client,
}

impl Ground {
    fn new() -> Self {
        let place = Place::new();
        make_file(&place, LEN_BYTES, "");
        let seeder = Client::seed(&place, "one.torrent --data one.bin");
        place.directory("copy");
        Self { place, seeder }
    }

    fn get(&self, words: &str) -> Ended {
        let line = format!("one.torrent copy --exit {words}");
        Client::get(&self.place, &line, &[&self.seeder]).wait()
    }

    fn gets_the_rest(&self, words: &str) -> Value {
        let summary = self.get(words).ok();
        is_copied(&self.place, "copy");
        summary
    }

    /// A copy with some of its bytes changed.
    fn damaged(&self, at: std::ops::Range<usize>) {
        let mut content = self.place.read("one.bin");
        content[at].fill(0);
        self.place.file("copy/one.bin", content);
    }
}

#[test]
fn what_is_right_is_not_fetched_again() {
    let ground = Ground::new();
    ground
        .place
        .file("copy/one.bin", ground.place.read("one.bin"));
    let before = fs::metadata(ground.place.path("copy/one.bin")).unwrap();
    let summary = ground.gets_the_rest("");
    assert_eq!(summary["downloaded_bytes"], 0);
    assert_eq!(summary["complete"], true);
    let after = fs::metadata(ground.place.path("copy/one.bin")).unwrap();
    assert_eq!(before.modified().unwrap(), after.modified().unwrap());
}

#[test]
fn of_what_is_partly_right_the_rest_is_fetched() {
    let ground = Ground::new();
    // In pieces of 64 KiB: the third and the fourth.
    ground.damaged(2 * 65536 + 5..3 * 65536 + 5);
    let summary = ground.gets_the_rest("");
    assert_eq!(summary["downloaded_bytes"], 2 * 65536);
}

#[test]
fn files_of_a_directory_that_are_there_are_kept() {
    let place = Place::new();
    make_directory(&place);
    place
        .line("create data -o made.torrent --piece-length 64KiB")
        .ok();
    place.file("copy/data/zeta.bin", place.read("data/zeta.bin"));
    place.file("copy/data/stranger", "of somebody else");
    let seeder = Client::seed(&place, "made.torrent --data data");
    let get = Client::get(&place, "made.torrent copy --exit", &[&seeder]);
    let summary = get.wait().ok();
    let total_bytes = summary["total_bytes"].as_u64().unwrap();
    let downloaded_bytes = summary["downloaded_bytes"].as_u64().unwrap();
    // It shares one piece with the file before it.
    let expected_bytes = total_bytes - 2_500_000;
    assert!((expected_bytes..expected_bytes + 65536).contains(&downloaded_bytes));
    assert_eq!(place.read("copy/data/stranger"), b"of somebody else");
    fs::remove_file(place.path("copy/data/stranger")).unwrap();
    assert_eq!(tree(&place.path("copy/data")), tree(&place.path("data")));
}

#[test]
fn something_else_stays_unless_force_is_used() {
    let others = [noise(1, LEN_BYTES), noise(2, LEN_BYTES + 1), noise(3, 10)];
    for other in others {
        let ground = Ground::new();
        ground.place.file("copy/one.bin", &other);
        ground.get("").failed_naming(&["copy/one.bin", "--force"]);
        assert_eq!(ground.place.names("copy"), ["one.bin"]);
        assert!(ground.place.read("copy/one.bin") == other);
        let summary = ground.gets_the_rest("--force");
        assert_eq!(summary["downloaded_bytes"], LEN_BYTES);
    }
}

#[test]
fn a_directory_in_the_way_stays_even_by_force() {
    let ground = Ground::new();
    ground.place.file("copy/one.bin/inside", "x");
    for force in ["", "--force"] {
        ground
            .get(force)
            .failed_naming(&["copy/one.bin", "directory"]);
        assert_eq!(ground.place.read("copy/one.bin/inside"), b"x");
    }
}

#[test]
fn a_destination_that_is_no_directory_is_told() {
    let ground = Ground::new();
    ground.place.file("file", "x");
    symlink("nowhere", ground.place.path("dangling")).unwrap();
    symlink("copy", ground.place.path("link")).unwrap();
    let refused = [
        ("file", "is no directory"),
        ("file/below", "on the way"),
        ("dangling", "leads nowhere"),
    ];
    for (destination, why) in refused {
        let get = format!("get one.torrent {destination} --exit");
        ground
            .place
            .line(&get)
            .fails_naming(&[&format!("`{destination}`"), why, "name another"]);
    }
    let get = Client::get(&ground.place, "one.torrent link --exit", &[&ground.seeder]);
    get.wait().ok();
    is_copied(&ground.place, "copy");
}

/// As whoever was killed between its last piece and the end leaves it.
#[test]
fn what_is_whole_but_for_its_name_gets_it() {
    let ground = Ground::new();
    let content = ground.place.read("one.bin");
    ground.place.file("copy/one.bin.mtpart", content);
    let summary = ground.gets_the_rest("");
    assert_eq!(summary["downloaded_bytes"], 0);
}

#[test]
fn a_link_in_the_way_is_not_followed() {
    let ground = Ground::new();
    let elsewhere = ground.place.file("elsewhere", noise(1, LEN_BYTES));
    let link = ground.place.path("copy/one.bin");
    symlink(&elsewhere, &link).unwrap();
    ground.get("").failed_naming(&["copy/one.bin"]);
    assert_eq!(fs::read_link(&link).unwrap(), elsewhere);
    ground.gets_the_rest("--force");
    assert!(ground.place.read("elsewhere") == noise(1, LEN_BYTES));
    assert!(!fs::symlink_metadata(&link).unwrap().is_symlink());
}

/// Nothing is written through it, by force neither.
#[test]
fn a_folder_that_is_a_link_is_refused() {
    let place = Place::new();
    make_directory(&place);
    place
        .line("create data -o made.torrent --piece-length 64KiB")
        .ok();
    place.directory("copy/data");
    place.directory("elsewhere");
    symlink(place.path("elsewhere"), place.path("copy/data/nested")).unwrap();
    for force in ["", "--force"] {
        let get = format!("get made.torrent copy --exit --listen 127.0.0.1:0 {force}");
        place.line(&get).fails_naming(&["copy/data/nested"]);
        assert!(place.names("elsewhere").is_empty());
    }
}

#[test]
fn an_unfinished_file_that_is_no_file_is_refused() {
    let ground = Ground::new();
    let elsewhere = ground.place.file("elsewhere", noise(1, LEN_BYTES));
    symlink(&elsewhere, ground.place.path("copy/one.bin.mtpart")).unwrap();
    ground
        .get("")
        .failed_naming(&["copy/one.bin.mtpart", "move it away"]);
    ground
        .get("--force")
        .failed_naming(&["copy/one.bin.mtpart", "move it away"]);
    assert!(ground.place.read("elsewhere") == noise(1, LEN_BYTES));
}

#[test]
fn an_unfinished_file_of_another_length_is_gone_on_with() {
    let ground = Ground::new();
    let mut begun = ground.place.read("one.bin");
    begun.truncate(LEN_BYTES / 2);
    ground.place.file("copy/one.bin.mtpart", &begun);
    let summary = ground.gets_the_rest("");
    let rest_bytes = LEN_BYTES - LEN_BYTES / 2 / 65536 * 65536;
    assert_eq!(summary["downloaded_bytes"], rest_bytes);
}

#[test]
fn a_destination_that_cannot_be_one_is_named() {
    let ground = Ground::new();
    ground.place.file("copy/file", "x");
    let line = "get one.torrent copy/file --exit --listen 127.0.0.1:0";
    ground.place.line(line).fails_naming(&["`copy/file`"]);
    set_len(&ground.place.path("copy/file"), 1);
}
