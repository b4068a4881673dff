//! Files that change or vanish under a running transfer, and disks that are full: an error that
//! names them, and never a crash.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::client::Client;
use crate::content::{is_copied, make_file};
use crate::support::{Place, run, set_len};

const LEN_BYTES: usize = 12_000_000;

/// Whoever is cut off finds the rest elsewhere.
#[test]
fn a_source_that_is_cut_short_stops_its_seeder_alone() {
    for io in ["mmap", "positional"] {
        let place = Place::new();
        make_file(&place, LEN_BYTES, "");
        place.file("twin/one.bin", place.read("one.bin"));
        let seed = format!("one.torrent --io {io} --limit-up 2MB/s --data");
        let cut = Client::seed(&place, &format!("{seed} twin/one.bin"));
        let getter = Client::get(&place, "one.torrent copy --exit", &[&cut]);
        getter.is_under_way();
        set_len(&place.path("twin/one.bin"), 100_000);
        cut.wait().failed_naming(&["one.bin"]);
        let address = getter.address();
        drop(getter);
        let whole = Client::seed(&place, "one.torrent --data one.bin");
        assert_ne!(whole.address(), address);
        Client::get(&place, "one.torrent copy --exit", &[&whole])
            .wait()
            .ok();
        is_copied(&place, "copy");
    }
}

/// A file that was written to by somebody else holds nobody knows what.
#[test]
fn an_unfinished_file_that_is_cut_short_stops_its_getter() {
    for io in ["mmap", "positional"] {
        let place = Place::new();
        make_file(&place, LEN_BYTES, "");
        let seeder = Client::seed(&place, "one.torrent --data one.bin");
        let get = format!("one.torrent copy --exit --io {io}");
        let getter = Client::get(&place, &format!("{get} --limit-down 2MB/s"), &[&seeder]);
        getter.is_under_way();
        set_len(&place.path("copy/one.bin.mtpart"), 0);
        getter.wait().failed_naming(&["one.bin"]);
        Client::get(&place, &get, &[&seeder]).wait().ok();
        is_copied(&place, "copy");
    }
}

#[test]
fn an_unfinished_file_that_is_deleted_stops_its_getter() {
    for io in ["mmap", "positional"] {
        let place = Place::new();
        make_file(&place, LEN_BYTES, "");
        let seeder = Client::seed(&place, "one.torrent --data one.bin");
        let get = format!("one.torrent copy --exit --io {io}");
        let getter = Client::get(&place, &format!("{get} --limit-down 4MB/s"), &[&seeder]);
        getter.is_under_way();
        fs::remove_file(place.path("copy/one.bin.mtpart")).unwrap();
        getter.wait().failed_naming(&["one.bin"]);
        Client::get(&place, &get, &[&seeder]).wait().ok();
        is_copied(&place, "copy");
    }
}

/// A seeder whose file is replaced by another one does not give that one.
#[test]
fn a_source_that_is_replaced_is_not_given() {
    let place = Place::new();
    make_file(&place, LEN_BYTES, "");
    let right = place.read("one.bin");
    place.file("twin/one.bin", &right);
    let seeder = Client::seed(&place, "one.torrent --data twin/one.bin");
    place.file("twin/new", vec![1; LEN_BYTES]);
    fs::rename(place.path("twin/new"), place.path("twin/one.bin")).unwrap();
    let getter = Client::get(&place, "one.torrent copy --exit --give-up 3s", &[&seeder]);
    seeder
        .wait()
        .failed_naming(&["one.bin", "replaced or changed"]);
    let ended = getter.wait().failed_naming(&["came"]);
    assert_eq!(ended.summary()["wasted_bytes"], 0);
}

/// The kernel ends whoever writes beyond such a limit and does not look.
#[test]
fn a_limit_on_the_length_of_files_is_an_error() {
    let place = Place::new();
    make_file(&place, LEN_BYTES, "");
    let limited = |words: &str| {
        let mut shell = Command::new("sh");
        let script = format!("ulimit -f 20 && exec \"$0\" {words}");
        shell.args(["-c", &script, env!("CARGO_BIN_EXE_mt")]);
        let folder = place.path(Path::new(""));
        run(shell.current_dir(folder).stdin(Stdio::null()))
    };
    for io in ["mmap", "positional"] {
        let get = format!("client get one.torrent copy --exit --io {io}");
        limited(&get).fails_naming(&["copy/one.bin.mtpart", "ulimit -f"]);
        assert!(place.names("copy").is_empty());
    }
    let create = "client create one.bin -o other.torrent --piece-length 16KiB";
    limited(create).fails_naming(&["`other.torrent`", "ulimit -f"]);
    assert!(!place.path("other.torrent").exists());
}

/// A file system of its own, of which only root may make one.
struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    fn mount(at: &'a Path) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"])
            .arg(at);
        let mounted = mount.output().ok()?;
        mounted.status.success().then_some(Self(at))
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

#[test]
fn a_disk_without_the_space_is_an_error_before_anything_comes() {
    let place = Place::new();
    make_file(&place, LEN_BYTES, "");
    let folder = place.directory("small");
    let Some(_disk) = SmallDisk::mount(&folder) else {
        eprintln!("skipped: only root mounts a small file system");
        return;
    };
    let seeder = Client::seed(&place, "one.torrent --data one.bin");
    let getter = Client::get(&place, "one.torrent small --exit", &[&seeder]);
    getter
        .wait()
        .failed_naming(&["small/one.bin", "No space left"]);
    assert!(
        place.names("small").is_empty(),
        "what was begun is taken away"
    );
    assert_eq!(seeder.stop().ok()["uploaded_bytes"], 0);
}

/// A file system in a file, which promises no space beforehand; only root may have one.
struct DiskWithoutPromises(PathBuf);

impl DiskWithoutPromises {
    fn mount(place: &Place, name: &str, len_bytes: u64) -> Option<Self> {
        let image = place.sparse(format!("{name}.image"), len_bytes);
        let at = place.directory(name);
        let mut make = Command::new("mkfs.ext2");
        make.args(["-q", "-F", "-m", "0"]).arg(&image);
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "ext2", "-o", "loop"])
            .arg(&image)
            .arg(&at);
        for command in [&mut make, &mut mount] {
            if !command.output().ok()?.status.success() {
                return None;
            }
        }
        Some(Self(at))
    }
}

impl Drop for DiskWithoutPromises {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// What was verified until then is there when the disk has room again.
#[test]
fn a_disk_that_fills_under_a_transfer_stops_it_with_an_error() {
    let place = Place::new();
    make_file(&place, LEN_BYTES, "");
    let Some(disk) = DiskWithoutPromises::mount(&place, "disk", 16 << 20) else {
        eprintln!("SKIPPED: only root mounts a file system that reserves no space");
        return;
    };
    let seeder = Client::seed(&place, "one.torrent --data one.bin");
    let get = "one.torrent disk/copy --exit";
    let getter = Client::get(&place, &format!("{get} --limit-down 2MB/s"), &[&seeder]);
    getter.is_under_way();
    let other = disk.0.join("other");
    let filled = fs::write(&other, vec![1; 20 << 20]);
    assert!(filled.is_err(), "the disk is full");
    let ended = getter.wait().failed_naming(&["one.bin", "No space left"]);
    let had_bytes = ended.summary()["have_bytes"].as_u64().unwrap();
    assert!(had_bytes > 0, "{ended:?}");
    fs::remove_file(other).unwrap();
    let summary = Client::get(&place, get, &[&seeder]).wait().ok();
    let came_bytes = summary["downloaded_bytes"].as_u64().unwrap();
    let left_bytes = u64::try_from(LEN_BYTES).unwrap() - had_bytes;
    assert!(came_bytes <= left_bytes, "{came_bytes} of {left_bytes}");
    is_copied(&place, "disk/copy");
}
