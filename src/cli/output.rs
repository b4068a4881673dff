//! Writing files that appear whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};

/// Refuses to replace what is there, before any work is done for it.
pub(super) fn check_writable(path: &Path, force: bool) -> Result<()> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => bail!("`{}` is a directory", path.display()),
        Ok(_) if !force => Err(exists(path)),
        _ => Ok(()),
    }
}

fn exists(path: &Path) -> anyhow::Error {
    anyhow!("`{}` exists; use --force to replace it", path.display())
}

/// Writes `content` beside `path`, makes it durable and gives it its name: readers see the old
/// file or the new one, and a crash leaves no half one under that name.
pub(super) fn write_whole(path: &Path, content: &[u8], force: bool) -> Result<()> {
    let draft =
        Draft::create(path).with_context(|| format!("cannot write `{}`", path.display()))?;
    let written = draft
        .fill(content)
        .and_then(|()| draft.publish(path, force));
    match written {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(exists(path)),
        other => other.with_context(|| format!("cannot write `{}`", path.display())),
    }
}

/// A file that is taken away again unless it was given its name.
struct Draft {
    path: PathBuf,
    file: File,
}

impl Draft {
    fn create(target: &Path) -> io::Result<Self> {
        let name = target.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        for attempt in 0..100_u32 {
            let draft = format!(".mt-{}-{attempt}.tmp", std::process::id());
            // A name at the limit of the file system leaves no room to add to it.
            let path = target.with_file_name(&draft);
            debug_assert_ne!(path.file_name(), Some(name));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                other => return Ok(Self { file: other?, path }),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    fn fill(&self, content: &[u8]) -> io::Result<()> {
        (&self.file).write_all(content)?;
        self.file.sync_all()
    }

    fn publish(&self, target: &Path, force: bool) -> io::Result<()> {
        if force {
            fs::rename(&self.path, target)?;
        } else {
            // A link, unlike a rename, never replaces what came to be there meanwhile.
            fs::hard_link(&self.path, target)?;
        }
        let directory = target
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After a rename there is nothing left to remove.
        let _ = fs::remove_file(&self.path);
    }
}
