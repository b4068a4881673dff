//! A tracker in a process of its own.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Signal, getrlimit, kill_process, prlimit};
use serde_json::Value;

use crate::clients::Http;

/// No step of a test takes this long, on however slow a machine; one that does hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const HTTP: &str = "--http 127.0.0.1:0";
pub(crate) const UDP: &str = "--udp 127.0.0.1:0";
pub(crate) const ADMIN: &str = "--admin 0";

pub(crate) struct Tracker {
    child: Child,
    lines: Receiver<String>,
    pub(crate) http: Option<SocketAddr>,
    pub(crate) udp: Option<SocketAddr>,
    pub(crate) admin: Option<SocketAddr>,
}

/// How it ended, and what it said that nobody had read.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) err: String,
}

fn command(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mt"));
    command.arg("tracker").current_dir(folder);
    command.args(words.iter().flat_map(|words| words.split_whitespace()));
    command.stdin(Stdio::null()).stderr(Stdio::piped());
    command
}

/// One that is not ended by the signal that comes with a limit of its files' sizes: it then sees a disk
/// that is full.
fn command_on_a_small_disk(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new("sh");
    let script = "trap '' XFSZ; exec \"$0\" tracker \"$@\"";
    command.args(["-c", script, env!("CARGO_BIN_EXE_mt")]);
    command.args(words.iter().flat_map(|words| words.split_whitespace()));
    command.current_dir(folder);
    command.stdin(Stdio::null()).stderr(Stdio::piped());
    command
}

/// Runs one that does not get to serve.
pub(crate) fn fails(folder: &Path, words: &[&str]) -> String {
    ends_with(1, folder, words)
}

/// Runs one whose words make no sense.
pub(crate) fn is_bad_usage(folder: &Path, words: &[&str]) -> String {
    ends_with(2, folder, words)
}

fn ends_with(code: i32, folder: &Path, words: &[&str]) -> String {
    let output = command(folder, words).output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{err}");
    err
}

impl Tracker {
    /// Runs `mt tracker`, and learns its ports from what it says on standard error; each element may
    /// hold several words.
    pub(crate) fn start(folder: &Path, words: &[&str]) -> Self {
        let tracker = Self::start_silent(folder, words);
        tracker.with_ports(words)
    }

    /// The same, where [`Tracker::fill_disk`] can be called.
    pub(crate) fn start_on_a_small_disk(folder: &Path, words: &[&str]) -> Self {
        Self::of(command_on_a_small_disk(folder, words)).with_ports(words)
    }

    fn with_ports(mut self, words: &[&str]) -> Self {
        let tracker = &mut self;
        for word in words.iter().flat_map(|words| words.split_whitespace()) {
            match word {
                "--http" => tracker.http = Some(tracker.port("HTTP: http://", "/announce")),
                "--udp" => tracker.udp = Some(tracker.port("UDP: udp://", "")),
                "--admin" => {
                    tracker.admin = Some(tracker.port("operator's page: http://", "/"));
                }
                _ => {}
            }
        }
        self
    }

    /// From now on no file of its can grow, or they can again.
    pub(crate) fn fill_disk(&self, is_full: bool) {
        let id = Some(Pid::from_child(&self.child));
        let mut limit = getrlimit(Resource::Fsize);
        if is_full {
            limit.current = Some(0);
        }
        prlimit(id, Resource::Fsize, limit).unwrap();
    }

    /// Runs one by words in their places, which serves HTTP and UDP on one port.
    pub(crate) fn start_at(folder: &Path, own: SocketAddr, words: &[&str]) -> Self {
        let own_word = own.to_string();
        let mut tracker = Self::start_silent(folder, &[&[own_word.as_str()], words].concat());
        (tracker.http, tracker.udp) = (Some(own), Some(own));
        wait_until(|| TcpStream::connect(own).is_ok());
        tracker
    }

    pub(crate) fn start_silent(folder: &Path, words: &[&str]) -> Self {
        Self::of(command(folder, words))
    }

    fn of(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let errors = BufReader::new(child.stderr.take().unwrap()).lines();
        let (sender, lines) = channel();
        thread::spawn(move || {
            errors
                .map_while(Result::ok)
                .all(|line| sender.send(line).is_ok())
        });
        Self {
            child,
            lines,
            http: None,
            udp: None,
            admin: None,
        }
    }

    fn port(&self, before: &str, after: &str) -> SocketAddr {
        port_in(&self.said(before), before, after)
    }

    /// The next line that holds this.
    pub(crate) fn said(&self, part: &str) -> String {
        self.said_until(part).pop().unwrap()
    }

    /// All that nobody has read up to the next line that holds this.
    pub(crate) fn said_until(&self, part: &str) -> Vec<String> {
        let until = Instant::now() + PATIENCE;
        let mut lines = Vec::new();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left).expect(part);
            let is_last = line.contains(part);
            lines.push(line);
            if is_last {
                return lines;
            }
        }
    }

    pub(crate) fn client(&self) -> Http {
        Http::connect(self.http.unwrap())
    }

    /// What the operator's page shows.
    pub(crate) fn stats(&self) -> Value {
        let body = Http::connect(self.admin.unwrap()).get("/stats");
        serde_json::from_slice(&body).unwrap()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    pub(crate) fn wait(mut self) -> Ended {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait().unwrap() {
                let lines: Vec<String> = self.lines.iter().collect();
                return Ended {
                    status,
                    err: lines.join("\n"),
                };
            }
            thread::sleep(Duration::from_millis(5));
        }
        panic!("it does not end");
    }

    /// Asks it to come to an end, which it does in good order.
    pub(crate) fn stop(self) {
        self.signal(Signal::TERM);
        let ended = self.wait();
        assert!(ended.status.success(), "{ended:?}");
    }

    pub(crate) fn kill(self) {
        self.signal(Signal::KILL);
        assert_eq!(self.wait().status.code(), None);
    }

    pub(crate) fn resident_bytes(&self) -> u64 {
        let status = fs::read_to_string(self.proc("status")).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kib = line.unwrap().split_whitespace().nth(1).unwrap();
        kib.parse::<u64>().unwrap() << 10
    }

    pub(crate) fn descriptors(&self) -> usize {
        fs::read_dir(self.proc("fd")).unwrap().count()
    }

    fn proc(&self, name: &str) -> PathBuf {
        let folder = Path::new("/proc").join(self.child.id().to_string());
        folder.join(OsStr::new(name))
    }
}

impl Drop for Tracker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn port_in(line: &str, before: &str, after: &str) -> SocketAddr {
    let (_, address) = line.split_once(before).expect(before);
    address.strip_suffix(after).unwrap().parse().unwrap()
}

pub(crate) fn wait_until(mut is_so: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < until, "it does not happen");
        thread::sleep(Duration::from_millis(10));
    }
}
