//! What the torrents of these tests are made of.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use anyhow::Result;
use tempfile::TempDir;

/// Names that some program, or some system, has a hard time with. The first stands after the folder
/// in a v2 file tree, and before it where paths are ordered as texts.
const ODD_NAMES: [&str; 6] = [
    "nested.txt",
    "odd/ leading space",
    "odd/100 % & more?.txt",
    "odd/\u{fc}n\u{ef}c\u{f6}de \u{1f980}",
    "odd/-dash",
    "odd/'quotes' \"both\"",
];

pub(crate) const EXECUTABLE: &str = "bin/run.sh";
pub(crate) const LINK: &str = "link";
/// Where the link leads, from the directory that is made a torrent.
pub(crate) const LINKED: &str = "nested/deep/exact.bin";

/// A folder with content, and with room for torrents beside it.
pub(crate) struct Scratch {
    folder: TempDir,
}

impl Scratch {
    pub(crate) fn new() -> Result<Self> {
        let scratch = Self {
            folder: tempfile::tempdir()?,
        };
        fs::create_dir(scratch.data())?;
        Ok(scratch)
    }

    /// The folder that holds the content.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A place for a file that is not content.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file of a few pieces and a part of one.
    pub(crate) fn make_file(&self) -> Result<PathBuf> {
        let path = self.data().join("one file.bin");
        fs::write(&path, noise(1_234_567, 1))?;
        Ok(path)
    }

    /// A file that takes a while where somebody gives it slowly.
    pub(crate) fn make_long_file(&self) -> Result<PathBuf> {
        let path = self.data().join("long.bin");
        fs::write(&path, noise(6_000_000, 2))?;
        Ok(path)
    }

    /// A directory with what directories have: empty files, folders in folders, a program.
    pub(crate) fn make_plain_directory(&self) -> Result<PathBuf> {
        let root = self.data().join("a directory");
        write(&root, "a.bin", 300_000)?;
        write(&root, "empty", 0)?;
        write(&root, EXECUTABLE, 70_000)?;
        write(&root, LINKED, 1 << 16)?;
        write(&root, "nested/deep/empty too", 0)?;
        let path = root.join(EXECUTABLE);
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
        Ok(root)
    }

    /// The directory with odd names as well.
    pub(crate) fn make_directory(&self) -> Result<PathBuf> {
        let root = self.make_plain_directory()?;
        for name in ODD_NAMES {
            write(&root, name, 17_000)?;
        }
        Ok(root)
    }

    /// The directory with a link from one of its files to another.
    pub(crate) fn make_directory_with_link(&self) -> Result<PathBuf> {
        let root = self.make_directory()?;
        symlink(LINKED, root.join(LINK))?;
        Ok(root)
    }
}

fn write(root: &Path, name: &str, len_bytes: usize) -> Result<()> {
    let path = root.join(name);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let seed = name.bytes().map(u64::from).sum();
    Ok(fs::write(path, noise(len_bytes, seed))?)
}

/// The paths of the files in a directory with their sizes, in order of the paths' components.
/// Links are left out.
pub(crate) fn files_in(root: &Path) -> Result<Vec<(String, u64)>> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else if entry.file_type()?.is_file() {
                let below = entry.path().strip_prefix(root)?.to_owned();
                files.push((below, entry.metadata()?.len()));
            }
        }
    }
    files.sort();
    let text = |(path, len): (PathBuf, u64)| (path.to_string_lossy().into_owned(), len);
    Ok(files.into_iter().map(text).collect())
}

/// Turns one bit of a file over and leaves its length.
pub(crate) fn damage(path: &Path) -> Result<()> {
    let mut bytes = fs::read(path)?;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    Ok(fs::write(path, bytes)?)
}

/// Bytes that look like any others; the same for the same seed.
fn noise(len_bytes: usize, seed: u64) -> Vec<u8> {
    let mut state = seed;
    let step = || {
        // Knuth's MMIX constants; the high byte is the one without a short period.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(step).take(len_bytes).collect()
}
