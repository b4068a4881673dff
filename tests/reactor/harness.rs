//! A reactor on a thread of its own, and the other ends of its sockets. Every wait has an end.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use mt::base::{Action, ListenerId};
use mt::reactor::{Completions, Ended, Reactor, Remote, Stats, StatsView, TcpPort, UdpPort};

use crate::server::{Command, DATAGRAM_ECHO, Event, Job, Server};

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Running {
    pub(crate) events: Receiver<Event>,
    pub(crate) remote: Remote,
    pub(crate) commands: Completions<Command>,
    pub(crate) stats: StatsView,
    thread: JoinHandle<Finished>,
}

pub(crate) struct Finished {
    pub(crate) ended: Ended,
    pub(crate) stats: Stats,
    pub(crate) server: Server,
}

/// What a test wants other than usual.
#[derive(Clone, Copy)]
pub(crate) struct Wishes {
    pub(crate) grace: Duration,
    pub(crate) takes_signals: bool,
    pub(crate) stops_when_asked: bool,
}

impl Default for Wishes {
    fn default() -> Self {
        Self {
            grace: PATIENCE,
            takes_signals: false,
            stops_when_asked: true,
        }
    }
}

/// Runs a reactor with one server on these ports.
pub(crate) fn start(
    listeners: Vec<(ListenerId, TcpPort)>,
    udp: Option<UdpPort>,
    wishes: Wishes,
) -> Running {
    let (tell, events) = channel();
    let (hand_over, handed_over) = channel();
    let thread = std::thread::spawn(move || {
        let mut server = Server::new(tell);
        server.stops_when_asked = wishes.stops_when_asked;
        let mut reactor = Reactor::new().unwrap().with_grace(wishes.grace);
        let (plugin, commands) = reactor.plug_with_pool(&mut server, |job, completions| {
            let completions = completions.clone();
            std::thread::spawn(move || completions.send(*job));
        });
        for (id, port) in listeners {
            reactor.listen(plugin, id, port).unwrap();
        }
        if let Some(port) = udp {
            let served = reactor.serve_datagrams(plugin, DATAGRAM_ECHO, port);
            served.unwrap();
        }
        if wishes.takes_signals {
            reactor.take_signals().unwrap();
        }
        let view = reactor.stats_view();
        hand_over.send((reactor.remote(), commands, view)).unwrap();
        let ended = reactor.run().unwrap();
        let stats = reactor.stats();
        drop(reactor);
        Finished {
            ended,
            stats,
            server,
        }
    });
    let (remote, commands, stats) = handed_over.recv_timeout(PATIENCE).unwrap();
    Running {
        events,
        remote,
        commands,
        stats,
        thread,
    }
}

/// A server of one kind on a free port of the loopback address.
pub(crate) fn serve(kind: ListenerId) -> (Running, SocketAddr) {
    let port = TcpPort::bind(loopback()).unwrap();
    let address = port.local_address();
    (start(vec![(kind, port)], None, Wishes::default()), address)
}

impl Running {
    pub(crate) fn event(&self) -> Event {
        self.events
            .recv_timeout(PATIENCE)
            .expect("an event in time")
    }

    /// The next connection that opens, with nothing before it.
    pub(crate) fn opened(&self) -> mt::base::ConnId {
        match self.event() {
            Event::Opened(conn, _) => conn,
            event => panic!("{event:?} instead of a connection"),
        }
    }

    pub(crate) fn act(&self, action: Action<Job>) {
        self.say(Command::Do(action));
    }

    pub(crate) fn say(&self, command: Command) {
        self.commands.send(command).expect("a running reactor");
    }

    /// Stops the server and waits for it.
    pub(crate) fn finish(self) -> Finished {
        self.remote.shut_down();
        self.join()
    }

    pub(crate) fn join(self) -> Finished {
        self.thread.join().unwrap()
    }
}

pub(crate) fn loopback() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&address, PATIENCE).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

pub(crate) fn exchange(stream: &mut TcpStream, question: &[u8], answer: &[u8]) {
    stream.write_all(question).unwrap();
    expect(stream, answer);
}

pub(crate) fn expect(stream: &mut TcpStream, answer: &[u8]) {
    let mut bytes = vec![0; answer.len()];
    stream.read_exact(&mut bytes).unwrap();
    assert_eq!(bytes, answer);
}

pub(crate) fn expect_end(stream: &mut TcpStream) {
    assert_eq!(stream.read(&mut [0; 16]).unwrap(), 0);
}
