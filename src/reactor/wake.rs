//! What reaches the loop from outside its sockets: other threads, and signals.

use std::io::{self, Read as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use mio::net::UnixStream;
use mio::{Interest, Registry, Token, Waker};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// Ends the loop's wait. Rung many times before the loop looks, it costs one system call.
#[derive(Debug)]
pub(super) struct Alarm {
    waker: Waker,
    is_rung: AtomicBool,
    shutdowns: AtomicU32,
    reload: AtomicBool,
}

impl Alarm {
    pub(super) fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        Ok(Self {
            waker: Waker::new(registry, token)?,
            is_rung: AtomicBool::new(false),
            shutdowns: AtomicU32::new(0),
            reload: AtomicBool::new(false),
        })
    }

    pub(super) fn ring(&self) {
        if !self.is_rung.swap(true, Ordering::AcqRel) {
            // An eventfd that was never read for 2^64 - 1 rings is all that could fail.
            let _ = self.waker.wake();
        }
    }

    /// To be called before looking at what it rang for: what comes later rings again.
    pub(super) fn silence(&self) {
        self.is_rung.store(false, Ordering::Release);
    }

    /// How often a shutdown was asked for, in all.
    pub(super) fn shutdowns(&self) -> u32 {
        self.shutdowns.load(Ordering::Acquire)
    }

    pub(super) fn take_reload(&self) -> bool {
        self.reload.swap(false, Ordering::AcqRel)
    }
}

/// Steers a running reactor from any thread, as signals do.
#[derive(Clone, Debug)]
pub struct Remote {
    pub(super) alarm: Arc<Alarm>,
}

impl Remote {
    /// Asks every core to come to an end; asked a second time, the reactor ends at once.
    pub fn shut_down(&self) {
        self.alarm.shutdowns.fetch_add(1, Ordering::AcqRel);
        self.alarm.ring();
    }

    pub fn reload(&self) {
        self.alarm.reload.store(true, Ordering::Release);
        self.alarm.ring();
    }
}

/// SIGTERM, SIGINT and SIGHUP of this process, each as a stream that gets a byte per signal.
#[derive(Debug)]
pub(super) struct Signals {
    shutdown: UnixStream,
    reload: UnixStream,
}

impl Signals {
    pub(super) fn install(registry: &Registry, token: Token) -> io::Result<Self> {
        let mut shutdown = stream_of(&[SIGTERM, SIGINT])?;
        let mut reload = stream_of(&[SIGHUP])?;
        registry.register(&mut shutdown, token, Interest::READABLE)?;
        registry.register(&mut reload, token, Interest::READABLE)?;
        Ok(Self { shutdown, reload })
    }

    /// Turns the signals that came since the last call into requests.
    pub(super) fn take(&mut self, remote: &Remote) {
        for _ in 0..drain(&mut self.shutdown) {
            remote.shut_down();
        }
        if drain(&mut self.reload) > 0 {
            remote.reload();
        }
    }
}

fn stream_of(signals: &[i32]) -> io::Result<UnixStream> {
    let (receiver, sender) = std::os::unix::net::UnixStream::pair()?;
    receiver.set_nonblocking(true)?;
    for signal in signals {
        signal_hook::low_level::pipe::register(*signal, sender.try_clone()?)?;
    }
    Ok(UnixStream::from_std(receiver))
}

fn drain(stream: &mut UnixStream) -> usize {
    let mut bytes = [0; 64];
    let mut count = 0;
    loop {
        match stream.read(&mut bytes) {
            Ok(0) => return count,
            Ok(more) => count += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return count,
        }
    }
}
