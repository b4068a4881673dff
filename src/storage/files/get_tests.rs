//! What stands at a destination, what is made there, and what is left alone.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::*;
use crate::engine::TorrentId;
use crate::storage::error::Error;
use crate::storage::sample_tests::{Given, Sample, given, missing};

const PIECE_LEN_BYTES: usize = 16 << 10;
const TORRENT: TorrentId = TorrentId(7);

fn sample() -> Sample {
    Sample::new(
        PIECE_LEN_BYTES,
        &[
            given("one", 100_000),
            given(".pad/1", 14_688).with_attr("p"),
            given("folder/empty", 0),
            given("folder/two", 50_000).with_attr("x"),
            given("tiny", 10),
            Given {
                target: Some("folder/two"),
                ..given("links/two", 0).with_attr("l")
            },
        ],
    )
}

fn get(sample: &Sample, dest: &Path, force: bool) -> Result<Prepared, Error> {
    let options = GetOptions {
        force,
        ..GetOptions::default()
    };
    for_getting(&sample.metainfo, dest, &options, &|_| ())
}

/// Every file and link below a directory, in order.
fn names_below(directory: &Path) -> Vec<String> {
    let mut names = Vec::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(next) = directories.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.symlink_metadata().unwrap().is_dir() {
                directories.push(path);
            } else {
                let name = path.strip_prefix(directory).unwrap();
                names.push(name.to_str().unwrap().to_owned());
            }
        }
    }
    names.sort();
    names
}

fn whole_at_destination() -> (Sample, TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let sample = sample();
    sample.lay_out(folder.path());
    let root = folder.path().join("sample");
    (sample, folder, root)
}

#[test]
fn files_are_made_with_their_length_and_a_suffix() {
    let folder = tempfile::tempdir().unwrap();
    let dest = folder.path().join("new/dest");
    let prepared = get(&sample(), &dest, false).unwrap();
    assert!(prepared.have.is_empty());
    let made = [
        "folder/empty",
        "folder/two.mtpart",
        "one.mtpart",
        "tiny.mtpart",
    ];
    assert_eq!(names_below(&dest.join("sample")), made);
    let metadata = fs::metadata(dest.join("sample/one.mtpart")).unwrap();
    assert_eq!(metadata.len(), 100_000);
    assert_eq!(prepared.runs, [], "small files have no windows");
}

#[test]
fn what_is_there_is_a_start() {
    let (sample, folder, root) = whole_at_destination();
    let mut bytes = sample.bytes_of("one").to_vec();
    bytes[PIECE_LEN_BYTES * 2] ^= 1;
    fs::write(root.join("one"), &bytes).unwrap();
    fs::remove_file(root.join("tiny")).unwrap();
    let have = get(&sample, folder.path(), false).unwrap().have;
    assert_eq!(missing(&have), [2, 10]);
    // Files that are to be written to are named so; the link comes at the end.
    let made = [
        "folder/empty",
        "folder/two.mtpart",
        "one.mtpart",
        "tiny.mtpart",
    ];
    assert_eq!(names_below(&root), made);
    assert_eq!(fs::read(root.join("one.mtpart")).unwrap(), bytes);
    // The second start finds what the first has left.
    let have = get(&sample, folder.path(), false).unwrap().have;
    assert_eq!(missing(&have), [2, 10]);
}

#[test]
fn what_is_whole_keeps_its_name_and_is_not_written_to() {
    let (sample, folder, root) = whole_at_destination();
    let prepared = get(&sample, folder.path(), false).unwrap();
    assert!(prepared.have.is_full());
    assert_eq!(
        names_below(&root),
        ["folder/empty", "folder/two", "links/two", "one", "tiny"]
    );
    let file = prepared.files.open(0).unwrap();
    assert!(
        rustix::io::write(&file, b"x").is_err(),
        "it is open for reading"
    );
    finish(&prepared.files, TORRENT, &Descriptors::new(4)).unwrap();
    sample.assert_whole(folder.path());
}

#[test]
fn an_unfinished_file_that_is_short_is_made_longer() {
    let folder = tempfile::tempdir().unwrap();
    let sample = sample();
    let root = folder.path().join("sample");
    fs::create_dir(&root).unwrap();
    fs::write(root.join("one.mtpart"), &sample.bytes_of("one")[..70_000]).unwrap();
    let have = get(&sample, folder.path(), false).unwrap().have;
    assert_eq!(missing(&have), [4, 5, 6, 7, 8, 9, 10]);
    assert_eq!(
        fs::metadata(root.join("one.mtpart")).unwrap().len(),
        100_000
    );
}

#[test]
fn what_was_never_written_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let sample = Sample::new(PIECE_LEN_BYTES, &[given("one", 100 * PIECE_LEN_BYTES)]);
    let prepared = get(&sample, folder.path(), false).unwrap();
    let file = prepared.files.open(0).unwrap();
    let piece = 50 * PIECE_LEN_BYTES..51 * PIECE_LEN_BYTES;
    std::os::unix::fs::FileExt::write_all_at(
        &file,
        &sample.content[piece.clone()],
        piece.start as u64,
    )
    .unwrap();
    let told = Mutex::new(0);
    let tell = |checked: Checked| *told.lock().unwrap() = checked.total_bytes;
    let options = GetOptions::default();
    let prepared = for_getting(&sample.metainfo, folder.path(), &options, &tell).unwrap();
    assert_eq!(prepared.have.count(), 1);
    // Not every file system tells what was never written to.
    if rustix::fs::seek(&file, rustix::fs::SeekFrom::Data(0)) != Ok(0) {
        assert_eq!(*told.lock().unwrap(), PIECE_LEN_BYTES as u64);
    }
}

#[test]
fn something_else_is_left_alone_without_force() {
    let others: [(&str, &[u8]); 4] = [
        ("one", b"mine"),
        ("one", &[7; 100_000]),
        ("folder/empty", b"mine"),
        ("one.mtpart", &[7; 100_001]),
    ];
    for (path, bytes) in others {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sample").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        let before = names_below(folder.path());
        let error = get(&sample(), folder.path(), false).unwrap_err();
        assert!(
            error.to_string().contains(path.to_str().unwrap()),
            "{error}"
        );
        assert_eq!(fs::read(&path).unwrap(), bytes);
        assert_eq!(names_below(folder.path()), before, "nothing else is made");
        let have = get(&sample(), folder.path(), true).unwrap().have;
        assert!(have.is_empty());
        assert_eq!(names_below(folder.path()).len(), 4);
    }
}

#[test]
fn a_directory_is_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sample/one/x");
    fs::create_dir_all(&path).unwrap();
    for force in [false, true] {
        let error = get(&sample(), folder.path(), force).unwrap_err();
        assert!(matches!(error, Error::IsDirectory(_)), "{error}");
    }
}

#[test]
fn twins_are_told_apart_by_a_person() {
    let (sample, folder, root) = whole_at_destination();
    fs::write(root.join("one.mtpart"), [7; 100_000]).unwrap();
    let error = get(&sample, folder.path(), false).unwrap_err();
    assert!(error.to_string().contains("twin"), "{error}");
    assert_eq!(fs::read(root.join("one")).unwrap(), sample.bytes_of("one"));
}

#[test]
fn links_lead_nowhere() {
    let elsewhere = tempfile::tempdir().unwrap();
    let victim = elsewhere.path().join("victim");
    fs::write(&victim, [7; 100_000]).unwrap();
    for link in [
        "sample",
        "sample/folder",
        "sample/one",
        "sample/one.mtpart",
        "sample/links",
    ] {
        for force in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(link);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let is_file = link.contains("one");
            let target = if is_file {
                victim.as_path()
            } else {
                elsewhere.path()
            };
            symlink(target, &path).unwrap();
            match get(&sample(), folder.path(), force) {
                Err(error) => assert!(error.to_string().contains("sample"), "{error}"),
                Ok(_) => assert!(force && link == "sample/one", "{link}"),
            }
            assert_eq!(names_below(elsewhere.path()), ["victim"], "{link}");
            assert_eq!(fs::read(&victim).unwrap(), [7; 100_000], "{link}");
        }
    }
}

#[test]
fn a_directory_that_becomes_a_link_is_not_followed() {
    let (sample, folder, root) = whole_at_destination();
    let prepared = get(&sample, folder.path(), false).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    fs::rename(root.join("folder"), elsewhere.path().join("folder")).unwrap();
    symlink(elsewhere.path().join("folder"), root.join("folder")).unwrap();
    let two = 3;
    // The directory that was reached last is still the one that it was.
    assert!(prepared.files.open(4).is_ok());
    let fault = prepared.files.open(two).unwrap_err();
    assert!(fault.reason.contains("links are not followed"), "{fault}");
}

#[test]
fn finished_files_have_their_names_and_attributes() {
    let folder = tempfile::tempdir().unwrap();
    let sample = sample();
    let prepared = get(&sample, folder.path(), false).unwrap();
    let root = folder.path().join("sample");
    for file in sample.stored().filter(|file| file.len_bytes > 0) {
        let part = root.join(format!("{}.mtpart", file.path));
        fs::write(part, sample.bytes_of(file.path)).unwrap();
    }
    finish(&prepared.files, TORRENT, &Descriptors::new(4)).unwrap();
    let made = ["folder/empty", "folder/two", "links/two", "one", "tiny"];
    assert_eq!(names_below(&root), made);
    sample.assert_whole(folder.path());
    let mode = |name: &str| fs::metadata(root.join(name)).unwrap().permissions().mode();
    assert_ne!(mode("folder/two") & 0o100, 0);
    assert_eq!(mode("one") & 0o111, 0);
    assert_eq!(
        fs::read_link(root.join("links/two")).unwrap(),
        Path::new("../folder/two")
    );
    // Once more changes nothing, and what is finished is found again.
    finish(&prepared.files, TORRENT, &Descriptors::new(4)).unwrap();
    assert!(get(&sample, folder.path(), false).unwrap().have.is_full());
    assert_eq!(names_below(&root), made);
}

#[test]
fn what_took_a_final_name_meanwhile_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let prepared = get(&sample(), folder.path(), false).unwrap();
    let path = folder.path().join("sample/one");
    fs::write(&path, b"mine").unwrap();
    let fault = finish(&prepared.files, TORRENT, &Descriptors::new(4)).unwrap_err();
    assert!(fault.path.contains("one"), "{fault}");
    assert_eq!(fs::read(&path).unwrap(), b"mine");
}

#[test]
fn names_without_room_for_the_suffix_and_names_that_have_it() {
    let long: &'static str = Box::leak("x".repeat(255).into_boxed_str());
    let files = [
        given("a", 20_000),
        given("a.mtpart", 20_000),
        given(long, 20_000),
    ];
    let sample = Sample::new(PIECE_LEN_BYTES, &files);
    let folder = tempfile::tempdir().unwrap();
    let prepared = get(&sample, folder.path(), false).unwrap();
    let root = folder.path().join("sample");
    let names = names_below(&root);
    assert_eq!(names.len(), 3);
    assert!(
        names
            .iter()
            .all(|name| name.ends_with(".mtpart") && name.len() <= 255)
    );
    for (index, given) in files.iter().enumerate() {
        use std::os::unix::fs::FileExt as _;
        let file = prepared.files.open(index).unwrap();
        file.write_all_at(sample.bytes_of(given.path), 0).unwrap();
    }
    finish(&prepared.files, TORRENT, &Descriptors::new(4)).unwrap();
    sample.assert_whole(folder.path());
    assert_eq!(names_below(&root), ["a", "a.mtpart", long]);
}

/// A file system of 1 MiB, where the machine lets us make one.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = std::process::Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
            .arg(folder.path());
        mount
            .output()
            .is_ok_and(|made| made.status.success())
            .then(|| Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let mut unmount = std::process::Command::new("umount");
        assert!(unmount.arg(self.0.path()).status().unwrap().success());
    }
}

#[test]
fn a_full_disk_is_told_at_the_start_and_nothing_is_left() {
    let Some(disk) = SmallDisk::mount() else {
        return eprintln!("skipped: no file system can be mounted here");
    };
    let sample = Sample::new(
        PIECE_LEN_BYTES,
        &[given("fits", 500_000), given("not", 600_000)],
    );
    let error = get(&sample, disk.0.path(), false).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("sample/not") && text.contains("No space left"),
        "{text}"
    );
    assert_eq!(names_below(disk.0.path()), [""; 0]);
}

#[test]
fn a_file_is_found_while_it_gets_its_final_name() {
    let folder = tempfile::tempdir().unwrap();
    let sample = sample();
    let prepared = get(&sample, folder.path(), false).unwrap();
    let path = folder.path().join("sample/one");
    let part = folder.path().join("sample/one.mtpart");
    // As it is between the renaming and the word of it.
    fs::rename(&part, &path).unwrap();
    prepared.files.open(0).unwrap();
    let elsewhere = folder.path().join("elsewhere");
    fs::rename(&path, &elsewhere).unwrap();
    let fault = prepared.files.open(0).unwrap_err();
    assert!(fault.path.ends_with("one.mtpart"), "{fault}");
    fs::write(&path, vec![0; 100_000]).unwrap();
    let fault = prepared.files.open(0).unwrap_err();
    assert!(fault.reason.contains("replaced"), "{fault}");
}
