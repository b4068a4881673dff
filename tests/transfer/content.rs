//! What is transferred, and how copies are held to it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use crate::support::{Place, noise};

/// What stands in a directory, by its path below it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    File {
        content: Content,
        is_executable: bool,
    },
    Link(PathBuf),
}

/// Bytes that are not printed where two of them differ.
#[derive(PartialEq, Eq)]
pub(crate) struct Content(Vec<u8>);

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// All files and links below a directory.
pub(crate) fn tree(root: &Path) -> BTreeMap<PathBuf, Entry> {
    let mut entries = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            if metadata.is_dir() {
                folders.push(path);
                continue;
            }
            let entry = if metadata.is_symlink() {
                Entry::Link(fs::read_link(&path).unwrap())
            } else {
                Entry::File {
                    content: Content(fs::read(&path).unwrap()),
                    is_executable: metadata.permissions().mode() & 0o100 != 0,
                }
            };
            entries.insert(path.strip_prefix(root).unwrap().to_owned(), entry);
        }
    }
    entries
}

/// A directory `data` with what directories have: files that share pieces, files of whole pieces,
/// empty ones, a program, folders in folders.
pub(crate) fn make_directory(place: &Place) {
    let files = [
        ("data/alpha.bin", 3_000_001),
        ("data/empty", 0),
        ("data/exact.bin", 1 << 20),
        ("data/nested/deep/small", 17),
        ("data/nested/deep/empty", 0),
        ("data/nested/odd \u{fc}n\u{ef} name", 70_000),
        ("data/run.sh", 20_000),
        ("data/zeta.bin", 2_500_000),
    ];
    for (seed, (name, len_bytes)) in (1..).zip(files) {
        place.file(name, noise(seed, len_bytes));
    }
    let program = fs::Permissions::from_mode(0o755);
    fs::set_permissions(place.path("data/run.sh"), program).unwrap();
}

pub(crate) fn make_link(place: &Place) {
    symlink("../run.sh", place.path("data/nested/link")).unwrap();
}

/// A file `one.bin` and its torrent `one.torrent`, in pieces of 64 KiB.
pub(crate) fn make_file(place: &Place, len_bytes: usize, words: &str) {
    place.file("one.bin", noise(99, len_bytes));
    let create = "create one.bin -o one.torrent --piece-length 64KiB";
    place.line(&format!("{create} {words}")).ok();
}

/// Whether a copy of `one.bin` below a directory is right, and alone there.
#[track_caller]
pub(crate) fn is_copied(place: &Place, folder: &str) {
    assert_eq!(place.names(folder), ["one.bin"]);
    let copy = place.read(Path::new(folder).join("one.bin"));
    assert!(copy == place.read("one.bin"), "the copy differs");
}
