//! Running the binary in a directory of its own.

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// No command of a test takes this long, on however slow a machine; one that does hangs.
const HANG: Duration = Duration::from_secs(60);

/// What a command left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: ExitStatus,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.status.code(), Some(0), "{self:?}");
        self.out
    }

    #[track_caller]
    pub(crate) fn json(self) -> Value {
        serde_json::from_str(&self.ok()).unwrap()
    }

    /// Failed with this sentence, and with nothing beside it.
    #[track_caller]
    pub(crate) fn fails(&self, sentence: &str) {
        assert_eq!(self.status.code(), Some(1), "{self:?}");
        assert_eq!(self.err, format!("mt: {sentence}\n"));
    }

    /// Failed with a sentence that has all of these in it.
    #[track_caller]
    pub(crate) fn fails_naming(&self, parts: &[&str]) {
        assert_eq!(self.status.code(), Some(1), "{self:?}");
        self.names(parts);
    }

    /// As [`Self::fails_naming`], for words of the command line that cannot go together.
    pub(crate) fn is_bad_usage_naming(&self, parts: &[&str]) {
        assert_eq!(self.status.code(), Some(2), "{self:?}");
        self.names(parts);
    }

    fn names(&self, parts: &[&str]) {
        assert!(self.err.starts_with("mt: "), "{}", self.err);
        assert_eq!(self.err.lines().count(), 1, "{}", self.err);
        for part in parts {
            assert!(self.err.contains(part), "`{part}` in: {}", self.err);
        }
    }
}

/// A directory that a test has to itself, where commands are run.
pub(crate) struct Place(tempfile::TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, below: impl AsRef<Path>) -> PathBuf {
        self.0.path().join(below)
    }

    /// Writes a file, with the directories that it lies in.
    pub(crate) fn file(&self, below: impl AsRef<Path>, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn sparse(&self, below: impl AsRef<Path>, len_bytes: u64) -> PathBuf {
        let path = self.file(below, "");
        set_len(&path, len_bytes);
        path
    }

    pub(crate) fn directory(&self, below: impl AsRef<Path>) -> PathBuf {
        let path = self.path(below);
        fs::create_dir_all(&path).unwrap();
        path
    }

    /// `mt client` with these words.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mt"));
        command.arg("client").args(words).current_dir(self.0.path());
        command.stdin(Stdio::null());
        command
    }

    pub(crate) fn mt<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Ran {
        run(&mut self.command(words))
    }

    /// `mt client` with a line of words that have no space in them.
    pub(crate) fn line(&self, line: &str) -> Ran {
        self.mt(line.split_whitespace())
    }

    /// The same, reading `input`.
    pub(crate) fn line_reading(&self, line: &str, input: &[u8]) -> Ran {
        let mut command = self.command(line.split_whitespace());
        let mut child = spawn(command.stdin(Stdio::piped()));
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        // Whoever refuses early does not read to the end.
        let writer = thread::spawn(move || drop(stdin.write_all(&input)));
        let ran = wait(child);
        writer.join().unwrap();
        ran
    }

    /// The names in a directory.
    pub(crate) fn names(&self, below: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(below)).unwrap();
        let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
        let mut names: Vec<String> = entries.map(|entry| name(entry.unwrap())).collect();
        names.sort();
        names
    }

    pub(crate) fn read(&self, below: impl AsRef<Path>) -> Vec<u8> {
        fs::read(self.path(below)).unwrap()
    }
}

pub(crate) fn set_len(path: &Path, len_bytes: u64) {
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.set_len(len_bytes).unwrap();
}

pub(crate) fn run(command: &mut Command) -> Ran {
    wait(spawn(command))
}

pub(crate) fn spawn(command: &mut Command) -> Child {
    let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Waits for the end, and ends what hangs.
pub(crate) fn wait(mut child: Child) -> Ran {
    let (mut out, mut err) = (child.stdout.take(), child.stderr.take());
    let id = rustix::process::Pid::from_child(&child);
    let (done, is_done) = mpsc::channel::<()>();
    let watchdog = thread::spawn(move || {
        if is_done.recv_timeout(HANG) == Err(mpsc::RecvTimeoutError::Timeout) {
            let _ = rustix::process::kill_process(id, rustix::process::Signal::KILL);
        }
    });
    let errors = thread::spawn(move || read_all(err.as_mut()));
    let out = read_all(out.as_mut());
    let err = errors.join().unwrap();
    let status = child.wait().unwrap();
    drop(done);
    watchdog.join().unwrap();
    Ran { status, out, err }
}

fn read_all(source: Option<&mut impl std::io::Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(source) = source {
        source.read_to_end(&mut bytes).unwrap();
    }
    String::from_utf8(bytes).unwrap()
}

/// Bytes that look random and are the same for the same seed.
pub(crate) fn noise(seed: u64, len_bytes: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(len_bytes + 8);
    while bytes.len() < len_bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(len_bytes);
    bytes
}
