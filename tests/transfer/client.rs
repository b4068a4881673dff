//! A `seed` or a `get` that runs in a process of its own.

use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::{Place, spawn};

/// No step of a test takes this long, on however slow a machine; one that does hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

const POLL: Duration = Duration::from_millis(5);

pub(crate) struct Client {
    child: Child,
    out: Lines,
    err: Lines,
}

/// How one ended, and all that it said.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) out: Vec<String>,
    pub(crate) err: String,
}

/// What comes out of a pipe, as it comes.
struct Lines {
    lines: Arc<Mutex<Vec<String>>>,
    reader: Option<JoinHandle<()>>,
}

impl Lines {
    fn of(pipe: impl Read + Send + 'static) -> Self {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        let reader = thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                kept.lock().unwrap().push(line);
            }
        });
        Self {
            lines,
            reader: Some(reader),
        }
    }

    fn find<T>(&self, wanted: impl FnMut(&String) -> Option<T>) -> Option<T> {
        self.lines.lock().unwrap().iter().find_map(wanted)
    }

    fn finish(&mut self) -> Vec<String> {
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        self.lines.lock().unwrap().clone()
    }
}

impl Client {
    /// Runs `mt client` with a line of words that have no space in them, at a free port.
    pub(crate) fn start(place: &Place, line: &str) -> Self {
        let words = line.split_whitespace();
        let usual = ["--listen", "127.0.0.1:0", "--json", "-v"];
        let mut child = spawn(&mut place.command(words.chain(usual)));
        Self {
            out: Lines::of(child.stdout.take().unwrap()),
            err: Lines::of(child.stderr.take().unwrap()),
            child,
        }
    }

    /// A seeder that takes connections.
    pub(crate) fn seed(place: &Place, line: &str) -> Self {
        let seeder = Self::start(place, &format!("seed {line}"));
        seeder.address();
        seeder
    }

    /// A getter that asks these peers.
    pub(crate) fn get(place: &Place, line: &str, peers: &[&Self]) -> Self {
        let mut line = format!("get {line}");
        for peer in peers {
            line += &format!(" --peer {}", peer.address());
        }
        Self::start(place, &line)
    }

    /// Where it takes connections, once it does.
    pub(crate) fn address(&self) -> SocketAddr {
        const BEFORE: &str = "taking connections at port ";
        let port = |line: &String| line.split_once(BEFORE)?.1.parse().ok();
        let port: u16 = self.await_some("a port", || self.err.find(port));
        ([127, 0, 0, 1], port).into()
    }

    /// Waits for a line of progress of which this is so.
    pub(crate) fn shows(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let wanted = |line: &String| Some(json(line)).filter(&is_so);
        self.await_some(what, || self.out.find(wanted))
    }

    /// Waits until some of the content is there, and not all of it.
    pub(crate) fn is_under_way(&self) {
        self.shows("some of the content", |line| {
            let have = line["have_bytes"].as_u64().unwrap();
            assert_eq!(line["event"], "progress", "it is there already: {line}");
            have > 0
        });
    }

    fn await_some<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(Instant::now() < until, "no {what}: {}", self.state());
            thread::sleep(POLL);
        }
    }

    /// For whoever wonders why it hangs.
    fn state(&self) -> String {
        let shown = self.out.lines.lock().unwrap().last().cloned();
        let said = self.err.lines.lock().unwrap().join("\n");
        format!("{}\n{said}", shown.unwrap_or_default())
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> Ended {
        let until = Instant::now() + PATIENCE;
        while self.is_running() {
            assert!(Instant::now() < until, "no end: {}", self.state());
            thread::sleep(POLL);
        }
        Ended {
            status: self.child.wait().unwrap(),
            out: self.out.finish(),
            err: self.err.finish().join("\n"),
        }
    }

    /// Ends it as Ctrl-C does.
    pub(crate) fn stop(self) -> Ended {
        self.signal(Signal::INT);
        self.wait()
    }

    pub(crate) fn kill(self) {
        self.signal(Signal::KILL);
        assert_eq!(self.wait().status.code(), None);
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status.code(), Some(0), "{self:?}");
        self.summary()
    }

    /// Ended with status 1, and with a last sentence that has all of these in it.
    #[track_caller]
    pub(crate) fn failed_naming(self, parts: &[&str]) -> Self {
        assert_eq!(self.status.code(), Some(1), "{self:?}");
        let sentence = self.err.lines().last().unwrap_or_default();
        assert!(sentence.starts_with("mt: "), "{self:?}");
        for part in parts {
            assert!(sentence.contains(part), "`{part}` in: {sentence}");
        }
        self
    }

    /// The line of JSON at the end.
    #[track_caller]
    pub(crate) fn summary(&self) -> Value {
        let summary = json(self.out.last().expect("a summary"));
        assert_eq!(summary["event"], "done", "{self:?}");
        summary
    }
}

#[track_caller]
fn json(line: &str) -> Value {
    serde_json::from_str(line).unwrap()
}
