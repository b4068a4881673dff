//! Signals, and children of this test to send them to.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};

use mt::reactor::{Ended, TcpPort};
use rustix::process::{Pid, Signal, kill_process};

use crate::harness::{PATIENCE, Wishes, connect, exchange, loopback, start};
use crate::server::{ECHO, Event};

/// Which part a child of this test plays.
pub(crate) const ROLE: &str = "MT_REACTOR_TEST_ROLE";

pub(crate) struct Process {
    child: Child,
    lines: Receiver<String>,
}

impl Process {
    /// Runs one test of this program as a child that plays a role.
    pub(crate) fn start(test: &str, role: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture", "--test-threads=1"])
            .env(ROLE, role)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (sender, receiver) = channel();
        std::thread::spawn(move || pass_on(lines, |line| sender.send(line).is_ok()));
        Self {
            child,
            lines: receiver,
        }
    }

    /// The rest of the next line that begins with this.
    pub(crate) fn said(&self, prefix: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(PATIENCE).expect(prefix);
            if let Some((_, rest)) = line.split_once(prefix) {
                return rest.trim().to_owned();
            }
        }
    }

    pub(crate) fn tell(&mut self, line: &str) {
        let stdin = self.child.stdin.as_mut().unwrap();
        stdin.write_all(line.as_bytes()).unwrap();
    }

    fn send(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    pub(crate) fn wait(mut self) -> ExitStatus {
        // Its output ends when it does; that wait has an end.
        while let Ok(_line) = self.lines.recv_timeout(PATIENCE) {}
        let _ = self.child.kill();
        self.child.wait().unwrap()
    }
}

fn pass_on(lines: Lines<BufReader<ChildStdout>>, mut pass: impl FnMut(String) -> bool) {
    for line in lines.map_while(Result::ok) {
        if !pass(line) {
            return;
        }
    }
}

/// Plays its role where it is a child, and has nothing to do otherwise.
#[test]
fn serves_until_a_signal_comes() {
    let Ok(role) = std::env::var(ROLE) else {
        return;
    };
    let port = TcpPort::bind(loopback()).unwrap();
    let address = port.local_address();
    let wishes = Wishes {
        takes_signals: true,
        stops_when_asked: role != "stubborn",
        ..Wishes::default()
    };
    let running = start(vec![(ECHO, port)], None, wishes);
    println!("\nlistens on {address}");
    loop {
        match running.events.recv().unwrap() {
            Event::Reload => println!("told: Reload"),
            Event::Shutdown => break println!("told: Shutdown"),
            _ => {}
        }
    }
    std::process::exit(match running.join().ended {
        Ended::Done => 0,
        Ended::OutOfTime => 3,
        Ended::AtOnce => 4,
    });
}

fn child(role: &str) -> (Process, std::net::SocketAddr) {
    let process = Process::start("signals::serves_until_a_signal_comes", role);
    let address = process.said("listens on ").parse().unwrap();
    (process, address)
}

#[test]
fn a_first_signal_drains_and_ends() {
    for signal in [Signal::TERM, Signal::INT] {
        let (process, address) = child("obedient");
        exchange(&mut connect(address), b"hi", b"hi");
        process.send(signal);
        assert_eq!(process.said("told: "), "Shutdown");
        assert_eq!(process.wait().code(), Some(0));
    }
}

#[test]
fn a_second_signal_ends_at_once() {
    let (process, address) = child("stubborn");
    let mut stream = connect(address);
    exchange(&mut stream, b"hi", b"hi");
    process.send(Signal::TERM);
    assert_eq!(process.said("told: "), "Shutdown");
    // Who is connected is served while the core takes its time.
    exchange(&mut stream, b"hi", b"hi");
    process.send(Signal::INT);
    assert_eq!(process.wait().code(), Some(4));
}

#[test]
fn a_hang_up_asks_to_reload() {
    let (process, address) = child("obedient");
    for _ in 0..2 {
        process.send(Signal::HUP);
        assert_eq!(process.said("told: "), "Reload");
    }
    exchange(&mut connect(address), b"hi", b"hi");
    process.send(Signal::TERM);
    assert_eq!(process.wait().code(), Some(0));
}
