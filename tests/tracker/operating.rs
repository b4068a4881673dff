//! What operators do, and what they do wrong.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use rustix::process::Signal;

use crate::clients::{Announce, Http};
use crate::process::{HTTP, Tracker, fails, is_bad_usage, port_in, wait_until};

const ANNOUNCE: Announce = Announce {
    swarm: 0xab,
    port: 1001,
    left_bytes: 0,
    event: "",
};

fn is_served(client: &mut Http) -> bool {
    let body = client.get(&ANNOUNCE.target());
    !String::from_utf8_lossy(&body).contains("failure reason")
}

#[test]
fn lists_are_read_again_and_the_old_ones_stay_where_the_new_are_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("ours.txt");
    fs::write(&list, "# nothing yet\n").unwrap();
    let tracker = Tracker::start(folder.path(), &[HTTP, "--allow ours.txt"]);
    let mut client = tracker.client();
    assert!(!is_served(&mut client));

    fs::write(&list, "ab".repeat(20) + " # ours\n").unwrap();
    tracker.signal(Signal::HUP);
    tracker.said("read the lists again");
    wait_until(|| is_served(&mut client));

    fs::write(&list, "\nab\n").unwrap();
    tracker.signal(Signal::HUP);
    let line = tracker.said("the old lists stay");
    assert!(
        line.contains("`ours.txt`: line 2: `ab` is no info-hash"),
        "{line}"
    );
    assert!(is_served(&mut client));
    tracker.stop();
}

#[test]
fn a_list_of_swarms_that_are_not_served() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("theirs.txt"), "ab".repeat(32)).unwrap();
    let tracker = Tracker::start(folder.path(), &[HTTP, "--deny theirs.txt"]);
    let mut client = tracker.client();
    assert!(
        !is_served(&mut client),
        "the front of a v2 hash names the same swarm"
    );
    client.announce(Announce {
        swarm: 1,
        ..ANNOUNCE
    });
}

#[test]
fn a_log_is_opened_afresh_after_it_was_moved_away() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("tracker.log");
    let tracker = Tracker::start_silent(folder.path(), &[HTTP, "--log tracker.log"]);
    let lines = || fs::read_to_string(&log).unwrap_or_default();
    wait_until(|| lines().contains("/announce\n"));
    let first = lines();
    let address = port_in(first.lines().next().unwrap(), "HTTP: http://", "/announce");
    Http::connect(address).announce(ANNOUNCE);

    let moved = folder.path().join("tracker.log.1");
    fs::rename(&log, &moved).unwrap();
    tracker.signal(Signal::HUP);
    wait_until(|| lines().contains("read the lists again"));
    let old = fs::read_to_string(&moved).unwrap();
    assert_eq!(old, first, "nobody who announced is in the log");
    tracker.stop();
}

#[test]
fn what_cannot_be_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let busy = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = busy.local_addr().unwrap().to_string();
    let err = fails(folder.path(), &[&format!("--http {address}")]);
    assert!(
        err.contains(&address) && err.contains("another program has that port"),
        "{err}"
    );

    fs::write(folder.path().join("bad.txt"), "#\n#\nnothing\n").unwrap();
    let err = fails(folder.path(), &[HTTP, "--deny bad.txt"]);
    let wanted = "mt: `bad.txt`: line 3: `nothing` is no info-hash";
    assert!(err.starts_with(wanted), "{err}");
    let err = fails(folder.path(), &[HTTP, "--allow none.txt"]);
    assert!(err.starts_with("mt: `none.txt`: "), "{err}");
    let err = fails(folder.path(), &[HTTP, "--state no/such/folder"]);
    assert!(err.contains("`no/such/folder`"), "{err}");

    let first = Tracker::start(folder.path(), &[HTTP, "--state swarms.txt"]);
    let err = fails(folder.path(), &[HTTP, "--state swarms.txt"]);
    assert!(err.contains("`swarms.txt`: another tracker keeps"), "{err}");
    first.stop();
}

#[test]
fn the_file_of_somebody_else_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    for content in ["one\ntwo", "no line at all", "2026-01-01 [INFO] a log\n"] {
        for name in ["notes.txt", "notes.txt.next"] {
            fs::write(folder.path().join(name), content).unwrap();
        }
        let err = fails(folder.path(), &[HTTP, "--state notes.txt"]);
        assert!(err.contains("`notes.txt`: this is no file of"), "{err}");
        for name in ["notes.txt", "notes.txt.next"] {
            let found = fs::read_to_string(folder.path().join(name)).unwrap();
            assert_eq!(found, content);
        }
    }
    let err = fails(folder.path(), &[HTTP, "--state /dev/zero"]);
    assert!(err.contains("`/dev/zero`: it is no regular file"), "{err}");
}

#[test]
fn words_that_make_no_sense_are_bad_usage() {
    let folder = tempfile::tempdir().unwrap();
    for interval in ["0", "30s", "25h", "9999999999h"] {
        let err = is_bad_usage(folder.path(), &[HTTP, "--interval", interval]);
        assert!(err.starts_with("mt: --interval must be from"), "{err}");
    }
    let err = is_bad_usage(folder.path(), &[HTTP, "--state one.txt --log one.txt"]);
    assert!(err.starts_with("mt: `one.txt` cannot hold both"), "{err}");
    Tracker::start(folder.path(), &[HTTP, "--interval 24h"]).stop();
}

#[test]
fn a_state_file_stays_where_a_link_leads_and_as_private_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept.txt");
    fs::write(&kept, "").unwrap();
    fs::set_permissions(&kept, fs::Permissions::from_mode(0o600)).unwrap();
    symlink("kept.txt", folder.path().join("link.txt")).unwrap();
    Tracker::start(folder.path(), &[HTTP, "--state link.txt"]).stop();
    assert!(folder.path().join("link.txt").is_symlink());
    assert!(fs::read_to_string(&kept).unwrap().starts_with("# mt"));
    let mode = fs::metadata(&kept).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
