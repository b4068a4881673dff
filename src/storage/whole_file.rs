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
    let mut drafts = Drafts::new(force);
    drafts.add(path, &[content])?;
    drafts.publish()
}

/// Several files that get their names together. What any of them lacks (a right, space on its disk)
/// is met before the first has its name.
#[derive(Debug)]
pub struct Drafts {
    drafts: Vec<(PathBuf, Draft)>,
    force: bool,
}

impl Drafts {
    pub fn new(force: bool) -> Self {
        Self {
            drafts: Vec::new(),
            force,
        }
    }

    /// Writes all parts of a file, one after the other, and makes it durable.
    pub fn add(&mut self, path: &Path, parts: &[impl AsRef<[u8]>]) -> Result<(), Error> {
        check_writable(path, self.force)?;
        let draft = Draft::write(path, parts).map_err(|error| Error::write(path, error))?;
        self.drafts.push((path.to_owned(), draft));
        Ok(())
    }

    pub fn publish(self) -> Result<(), Error> {
        for (path, draft) in self.drafts {
            draft.publish(&path, self.force)?;
        }
        Ok(())
    }
}

/// Where `path` stands.
pub fn directory_of(path: &Path) -> &Path {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// More drafts than anybody leaves behind.
const DRAFT_ATTEMPTS_MAX: u32 = 10_000;

/// A file without its final name yet.
#[derive(Debug)]
struct Draft {
    file: File,
    /// Where the file system cannot do without a name, or a name is there already.
    name: Option<PathBuf>,
}

impl Draft {
    fn write(target: &Path, parts: &[impl AsRef<[u8]>]) -> io::Result<Self> {
        let draft = Self::nameless(target).or_else(|_| Self::named(target))?;
        for part in parts {
            (&draft.file).write_all(part.as_ref())?;
        }
        draft.file.sync_all()?;
        Ok(draft)
    }

    /// Network file systems and old kernels do not have these.
    fn nameless(target: &Path) -> io::Result<Self> {
        let file = OpenOptions::new()
            .write(true)
            .custom_flags(libc::O_TMPFILE)
            .mode(0o666)
            .open(directory_of(target))?;
        Ok(Self { file, name: None })
    }

    fn named(target: &Path) -> io::Result<Self> {
        let create = |name: &Path| OpenOptions::new().write(true).create_new(true).open(name);
        let (file, name) = with_draft_name(target, create)?;
        Ok(Self {
            file,
            name: Some(name),
        })
    }

    fn publish(mut self, target: &Path, force: bool) -> Result<(), Error> {
        let write = |error| Error::write(target, error);
        if force {
            self.replace(target).map_err(write)?;
        } else {
            // A link, unlike a rename, never replaces what came to be there meanwhile.
            self.link_to(target).map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => Error::Exists(target.to_owned()),
                _ => write(error),
            })?;
        }
        let directory = File::open(directory_of(target)).map_err(write)?;
        directory.sync_all().map_err(write)
    }

    fn replace(&mut self, target: &Path) -> io::Result<()> {
        let name = match self.name.take() {
            Some(name) => name,
            None => with_draft_name(target, |name| self.link_to(name))?.1,
        };
        fs::rename(&name, target).inspect_err(|_| self.name = Some(name))
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

/// Makes something by a name beside the target that nothing has yet. What was killed may have left
/// its drafts behind, and in another container another program has the same id.
fn with_draft_name<T>(
    target: &Path,
    make: impl Fn(&Path) -> io::Result<T>,
) -> io::Result<(T, PathBuf)> {
    let id = std::process::id();
    let mut attempt = 0;
    loop {
        let name = target.with_file_name(format!(".mt-draft-{id}-{attempt}"));
        match make(&name) {
            Err(error)
                if error.kind() == io::ErrorKind::AlreadyExists && attempt < DRAFT_ATTEMPTS_MAX =>
            {
                attempt += 1;
            }
            made => return Ok((made?, name)),
        }
    }
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

    fn draft_names(directory: &Path) -> usize {
        let entries = fs::read_dir(directory).unwrap();
        let is_draft = |entry: &io::Result<fs::DirEntry>| {
            let name = entry.as_ref().unwrap().file_name();
            name.to_string_lossy().starts_with(".mt-draft")
        };
        entries.filter(is_draft).count()
    }

    #[test]
    fn drafts_that_were_left_behind_are_in_nobodys_way() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        fs::write(&path, b"one").unwrap();
        for attempt in 0..3 {
            let id = std::process::id();
            let left = dir.path().join(format!(".mt-draft-{id}-{attempt}"));
            fs::write(left, b"left").unwrap();
        }
        write_whole(&path, b"two", true).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        // As on file systems that have no files without names.
        let draft = || {
            let draft = Draft::named(&path).unwrap();
            (&draft.file).write_all(b"three").unwrap();
            draft
        };
        assert!(matches!(
            draft().publish(&path, false),
            Err(Error::Exists(_))
        ));
        draft().publish(&path, true).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"three");
        fs::remove_file(&path).unwrap();
        draft().publish(&path, false).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"three");
        assert_eq!(draft_names(dir.path()), 3);
    }

    #[test]
    fn of_several_none_is_written_where_one_cannot_be() {
        let dir = tempfile::tempdir().unwrap();
        let [first, taken, last] = ["a", "b", "c"].map(|name| dir.path().join(name));
        fs::write(&taken, b"mine").unwrap();
        let files: [(&Path, [&[u8]; 2]); 3] = [
            (&first, [b"1", b"one"]),
            (&taken, [b"2", b""]),
            (&last, [b"3", b"three"]),
        ];
        let write_all = |force| {
            let mut drafts = Drafts::new(force);
            for (path, parts) in &files {
                drafts.add(path, parts)?;
            }
            drafts.publish()
        };
        assert!(matches!(
            write_all(false),
            Err(Error::Exists(path)) if path == taken
        ));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        write_all(true).unwrap();
        for (path, parts) in files {
            assert_eq!(fs::read(path).unwrap(), parts.concat());
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3);
    }
}
