//! Writing files that appear whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, access, linkat};

use super::error::Error;

/// Refuses to replace what is there, before any work is done for it.
pub fn check_writable(path: &Path, force: bool) -> Result<(), Error> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => Err(Error::IsDirectory(path.to_owned())),
        Ok(_) if !force => Err(Error::Exists(path.to_owned())),
        _ => match fs::metadata(directory_of(path)) {
            Ok(directory) if directory.is_dir() => {
                let may_write = access(directory_of(path), Access::WRITE_OK | Access::EXEC_OK);
                may_write.map_err(|error| Error::write(path, error.into()))
            }
            Ok(_) => Err(Error::write(path, io::ErrorKind::NotADirectory.into())),
            Err(error) => Err(Error::write(path, error)),
        },
    }
}

/// Writes `content`, makes it durable and gives it its name: readers see the old file or the new
/// one, and whatever ends the program, no half one.
pub fn write_whole(path: &Path, content: &[u8], force: bool) -> Result<(), Error> {
    let written = Draft::create(path).and_then(|draft| {
        (&draft.file).write_all(content)?;
        draft.file.sync_all()?;
        draft.publish(path, force)
    });
    written.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => Error::Exists(path.to_owned()),
        _ => Error::write(path, error),
    })
}

/// Where `path` stands.
pub fn directory_of(path: &Path) -> &Path {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// A file without its final name yet.
struct Draft {
    file: File,
    /// Where the file system cannot do without a name, or a name is there already.
    name: Option<PathBuf>,
}

impl Draft {
    fn create(target: &Path) -> io::Result<Self> {
        let nameless = OpenOptions::new()
            .write(true)
            .custom_flags(libc::O_TMPFILE)
            .mode(0o666)
            .open(directory_of(target));
        match nameless {
            Ok(file) => Ok(Self { file, name: None }),
            // Network file systems and old kernels.
            Err(_) => {
                let name = draft_name(target);
                let file = OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .open(&name)?;
                Ok(Self {
                    file,
                    name: Some(name),
                })
            }
        }
    }

    fn publish(mut self, target: &Path, force: bool) -> io::Result<()> {
        if !force {
            // A link, unlike a rename, never replaces what came to be there meanwhile.
            self.link_to(target)?;
        } else {
            if self.name.is_none() {
                let name = draft_name(target);
                self.link_to(&name)?;
                self.name = Some(name);
            }
            if let Some(name) = self.name.take() {
                fs::rename(&name, target).inspect_err(|_| self.name = Some(name))?;
            }
        }
        File::open(directory_of(target))?.sync_all()
    }

    fn link_to(&self, path: &Path) -> io::Result<()> {
        match &self.name {
            Some(name) => fs::hard_link(name, path),
            None => {
                let descriptor = format!("/proc/self/fd/{}", self.file.as_raw_fd());
                linkat(CWD, descriptor, CWD, path, AtFlags::SYMLINK_FOLLOW)?;
                Ok(())
            }
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            // There is nobody left to tell that a draft could not be removed.
            let _ = fs::remove_file(name);
        }
    }
}

/// A name beside the target that no other process takes.
fn draft_name(target: &Path) -> PathBuf {
    target.with_file_name(format!(".mt-draft-{}", std::process::id()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_only_by_force_and_leaves_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        write_whole(&path, b"one", false).unwrap();
        assert!(matches!(
            write_whole(&path, b"two", false),
            Err(Error::Exists(_))
        ));
        assert_eq!(fs::read(&path).unwrap(), b"one");
        write_whole(&path, b"three", true).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"three");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn is_told_early_what_would_fail() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        assert!(check_writable(&path, false).is_ok());
        fs::write(&path, b"").unwrap();
        assert!(matches!(
            check_writable(&path, false),
            Err(Error::Exists(_))
        ));
        assert!(check_writable(&path, true).is_ok());
        assert!(matches!(
            check_writable(dir.path(), true),
            Err(Error::IsDirectory(_))
        ));
        assert!(matches!(
            check_writable(&dir.path().join("x/y"), true),
            Err(Error::Write { .. })
        ));
        assert!(matches!(
            check_writable(&path.join("y"), true),
            Err(Error::Write { .. })
        ));
    }
}
