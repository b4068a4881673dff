//! The host that runs cores on real sockets: one thread, one loop, and the only room that touches a
//! socket.
//!
//! A turn of the loop asks the kernel what can be done, puts it on a list, and serves the list: a
//! connection, a listener or a datagram socket at a time, each for a bounded number of bytes and
//! calls. Who used that up goes to the end of the list; who waits for the kernel, or for its core,
//! is on no list and comes back by the kernel's report, or by
//! [`Replan`](crate::base::Action::Replan). Readiness is edge-triggered: what is known of a socket
//! holds until a short read or write says otherwise.
//!
//! Nothing here blocks, and nothing writes a log: whoever wants to know reads [`Stats`].

mod accept;
mod bind;
mod conns;
#[cfg(target_os = "linux")]
mod copy_linux;
mod copy_portable;
#[cfg(test)]
mod copy_tests;
mod deliver;
mod dial;
mod drive;
mod heap;
mod histogram;
mod hosted;
mod iovecs;
mod meter;
mod misplaced;
mod net;
mod ready;
mod receive;
mod send;
mod socket_options;
mod stats;
mod thread_usage;
mod turn;
mod udp;
#[cfg(target_os = "linux")]
mod udp_linux;
#[cfg(any(not(target_os = "linux"), test))]
mod udp_portable;
#[cfg(test)]
mod udp_tests;
mod wake;

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use mio::Events;

use crate::base::{Core, ListenerId, Memory, NoMemory, SocketId};

use hosted::Plugged;
use meter::Meter;
use net::{Net, Plug};
use ready::Watched;
use socket_options::keep_little_unsent;
use wake::{Alarm, Signals};

pub use bind::{BindError, TcpPort, Transport, UdpPort};
pub use hosted::Completions;
pub use stats::{Counters, Stats, StatsView};
pub use wake::Remote;

/// How long cores may take to come to an end.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);

/// How many reports the kernel gives at a time.
const EVENTS_MAX: usize = 1024;

/// A loop, the cores that are plugged into it, and their ports.
pub struct Reactor<'c> {
    net: Net,
    plugs: Vec<Plug<'c>>,
    remote: Remote,
    signals: Option<Signals>,
    meter: Meter,
    /// Other threads may have left something for a core.
    has_completions: bool,
    shutdown: turn::Shutdown,
    events: Events,
    grace: Duration,
}

/// A core that is plugged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plugin(u16);

/// How a run came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Every core said that it is done.
    Done,
    /// Cores were asked to come to an end, and not all did in time.
    OutOfTime,
    /// Asked a second time, and did not wait for any core.
    AtOnce,
}

impl<'c> Reactor<'c> {
    /// A loop without cores. Raises this process's limit of descriptors as far as it may.
    pub fn new() -> io::Result<Self> {
        raise_descriptor_limit();
        let net = Net::new()?;
        let alarm = Alarm::new(net.registry(), Watched::Alarm.token())?;
        Ok(Self {
            net,
            plugs: Vec::new(),
            remote: Remote {
                alarm: Arc::new(alarm),
            },
            signals: None,
            meter: Meter::new(),
            has_completions: false,
            shutdown: turn::Shutdown::NotAsked,
            events: Events::with_capacity(EVENTS_MAX),
            grace: SHUTDOWN_GRACE,
        })
    }

    /// Waits this long, instead of 5 s, for cores that were asked to come to an end.
    #[must_use]
    pub const fn with_grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// SIGTERM and SIGINT ask for an end, SIGHUP to look at lists and logs afresh, from now on and
    /// for the whole process.
    pub fn take_signals(&mut self) -> io::Result<()> {
        self.signals = Some(Signals::install(
            self.net.registry(),
            Watched::Signals.token(),
        )?);
        Ok(())
    }

    /// Plugs in a core without jobs.
    pub fn plug<C>(&mut self, core: &'c mut C) -> (Plugin, Completions<C::Done>)
    where
        C: Core<Job = Infallible>,
    {
        self.plug_with_pool(core, |job, _| match job {})
    }

    /// Plugs in a core whose jobs go to `submit`, on the reactor's thread: it passes them on and
    /// returns. What the pool makes of a job comes back by a clone of the completions.
    pub fn plug_with_pool<C, S>(
        &mut self,
        core: &'c mut C,
        submit: S,
    ) -> (Plugin, Completions<C::Done>)
    where
        C: Core,
        S: FnMut(C::Job, &Completions<C::Done>) + 'c,
    {
        self.plug_in(core, NoMemory, false, submit)
    }

    /// Plugs in a core that moves content, between its connections and the places that `memory`
    /// knows. A place is there when the job that makes it is done, and until `submit` gets the one
    /// that gives it up. The kernel holds back little of what such connections send. To be called on
    /// the thread that will run the loop, whose heap is made ready for that.
    pub fn plug_with_places<C, M, S>(
        &mut self,
        core: &'c mut C,
        memory: M,
        submit: S,
    ) -> (Plugin, Completions<C::Done>)
    where
        C: Core,
        M: Memory + 'c,
        S: FnMut(C::Job, &Completions<C::Done>) + 'c,
    {
        heap::grow_at_once();
        self.plug_in(core, memory, true, submit)
    }

    fn plug_in<C, M, S>(
        &mut self,
        core: &'c mut C,
        memory: M,
        moves_content: bool,
        submit: S,
    ) -> (Plugin, Completions<C::Done>)
    where
        C: Core,
        M: Memory + 'c,
        S: FnMut(C::Job, &Completions<C::Done>) + 'c,
    {
        let index = u16::try_from(self.plugs.len()).unwrap_or(u16::MAX);
        assert!(index < u16::MAX, "a process has few cores");
        let plugged = Plugged::new(core, submit, Arc::clone(&self.remote.alarm));
        let completions = plugged.completions();
        self.plugs.push(Plug {
            hosted: Box::new(plugged),
            memory: Box::new(memory),
            moves_content,
            index,
            has_stopped: false,
        });
        (Plugin(index), completions)
    }

    /// Connections to this port go to this core, which knows the port by `id`.
    pub fn listen(&mut self, core: Plugin, id: ListenerId, port: TcpPort) -> io::Result<()> {
        if self.plugs[usize::from(core.0)].moves_content {
            keep_little_unsent(&port.listener);
        }
        self.net.add_listener(core.0, id, port.listener)
    }

    /// Datagrams to this port go to this core, which knows the port by `id`, no other socket's.
    pub fn serve_datagrams(&mut self, core: Plugin, id: SocketId, port: UdpPort) -> io::Result<()> {
        self.net.add_udp(core.0, id, port.socket)
    }

    /// Steers the reactor from other threads.
    pub fn remote(&self) -> Remote {
        self.remote.clone()
    }

    /// Shows the figures of a running reactor to other threads.
    pub fn stats_view(&self) -> StatsView {
        self.meter.view.clone()
    }

    /// The figures so far, of the thread that asks.
    pub fn stats(&self) -> Stats {
        self.meter.stats(&self.net.counters, self.net.conns.len())
    }
}

impl std::fmt::Debug for Reactor<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reactor")
            .field("cores", &self.plugs.len())
            .finish_non_exhaustive()
    }
}

fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    // Where the system refuses, the limit stays as it is, and running into it is handled.
    let _ = setrlimit(Resource::Nofile, raised);
}
