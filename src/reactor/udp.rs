//! Datagram sockets: a batch in, the core's answers out, and again.

use std::io;
use std::net::SocketAddr;

use mio::Interest;
use mio::net::UdpSocket;

use super::conns::Watch;
use super::net::{Net, Plug};
use super::ready::{Source, Watched};
#[cfg(target_os = "linux")]
use super::udp_linux::BatchIo;
#[cfg(not(target_os = "linux"))]
use super::udp_portable::BatchIo;
use crate::base::limits::{
    DATAGRAM_BATCH_LEN_MAX, DATAGRAM_LEN_BYTES_MAX, DATAGRAM_TURN_BATCHES_MAX,
    DATAGRAMS_WAITING_MAX,
};
use crate::base::{DatagramBatch, SocketId};

/// From this many datagrams at a time on, a socket is served better without the kernel's reports.
const BUSY_BATCH_LEN_MIN: usize = 8;

#[derive(Debug)]
pub(super) struct Udp {
    socket: UdpSocket,
    pub(super) host: u16,
    id: SocketId,
    watch: Watch,
    is_readable: bool,
    is_writable: bool,
    is_queued: bool,
    outgoing: DatagramBatch,
    /// How many of the outgoing have left.
    sent: usize,
}

/// What all datagram sockets share.
#[derive(Debug)]
pub(super) struct UdpScratch {
    io: BatchIo,
    received: DatagramBatch,
}

/// What one call received. Datagrams that were too long count, but are not in the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Received {
    pub(super) datagrams: usize,
    pub(super) too_long: usize,
}

impl UdpScratch {
    pub(super) fn new() -> Self {
        Self {
            io: BatchIo::new(),
            received: batch(),
        }
    }
}

fn batch() -> DatagramBatch {
    DatagramBatch::with_capacity(
        DATAGRAM_BATCH_LEN_MAX,
        DATAGRAM_BATCH_LEN_MAX * DATAGRAM_LEN_BYTES_MAX,
    )
}

impl Net {
    pub(super) fn add_udp(
        &mut self,
        host: u16,
        id: SocketId,
        mut socket: UdpSocket,
    ) -> io::Result<()> {
        let is_new = !self.udps.iter().any(|it| it.host == host && it.id == id);
        assert!(is_new, "a core knows each of its sockets by another id");
        let token = Watched::Udp(self.udps.len()).token();
        self.registry()
            .register(&mut socket, token, Interest::READABLE)?;
        self.udps.push(Udp {
            socket,
            host,
            id,
            watch: Watch::Reads,
            is_readable: false,
            is_writable: true,
            is_queued: false,
            outgoing: batch(),
            sent: 0,
        });
        Ok(())
    }

    pub(super) fn take_udp_event(&mut self, index: usize, event: &mio::event::Event) {
        if let Some(udp) = self.udps.get_mut(index) {
            udp.is_readable |= event.is_readable();
            udp.is_writable |= event.is_writable();
            self.queue_udp(index);
        }
    }

    fn queue_udp(&mut self, index: usize) {
        let udp = &mut self.udps[index];
        if !udp.is_queued {
            udp.is_queued = true;
            self.ready.push_back(Source::Udp(index));
        }
    }

    /// Serves a socket. While it takes no more answers, nothing more is received on it.
    pub(super) fn drive_udp(&mut self, plug: &mut Plug<'_>, index: usize) {
        self.udps[index].is_queued = false;
        for _ in 0..DATAGRAM_TURN_BATCHES_MAX {
            self.flush_udp(index);
            let udp = &self.udps[index];
            if !udp.is_writable || !udp.is_readable {
                self.watch_udp(index);
                return;
            }
            self.exchange_batch(plug, index);
        }
        self.queue_udp(index);
    }

    fn exchange_batch(&mut self, plug: &mut Plug<'_>, index: usize) {
        let udp = &mut self.udps[index];
        let scratch = &mut self.udp_scratch;
        scratch.received.clear();
        let received = scratch.io.receive(&udp.socket, &mut scratch.received);
        let received = received.unwrap_or(Received {
            datagrams: 0,
            too_long: 0,
        });
        // A batch that is not full emptied the socket; what comes later is reported.
        udp.is_readable = received.datagrams == DATAGRAM_BATCH_LEN_MAX;
        self.counters.datagrams_received += received.datagrams as u64;
        self.counters.datagrams_dropped += received.too_long as u64;
        if !scratch.received.is_empty() {
            let hosted = &mut plug.hosted;
            hosted.datagrams(self.now, udp.id, &scratch.received, &mut udp.outgoing);
            if received.datagrams >= BUSY_BATCH_LEN_MIN {
                self.unwatch_udp(index);
            }
            self.flush_udp(index);
            self.settle(plug);
        }
    }

    /// Has the kernel report what the socket waits for, and what is there already.
    fn watch_udp(&mut self, index: usize) {
        let udp = &mut self.udps[index];
        let wanted = if udp.is_writable {
            Watch::Reads
        } else {
            Watch::ReadsAndWrites
        };
        if wanted <= udp.watch {
            return;
        }
        let interest = match wanted {
            Watch::ReadsAndWrites => Interest::READABLE | Interest::WRITABLE,
            Watch::Reads | Watch::Nothing => Interest::READABLE,
        };
        let token = Watched::Udp(index).token();
        let registry = self.poll.registry();
        let watched = if udp.watch == Watch::Nothing {
            registry.register(&mut udp.socket, token, interest)
        } else {
            registry.reregister(&mut udp.socket, token, interest)
        };
        match watched {
            Ok(()) => udp.watch = wanted,
            // The kernel lacks memory for now: look again, and try again.
            Err(_) => {
                udp.is_readable = true;
                udp.is_writable = true;
                self.queue_udp(index);
            }
        }
    }

    /// Spares the kernel its reports about a busy socket: for each answer that arrives it would
    /// tell of room that nobody waits for, which costs a tenth of all that an answer costs.
    fn unwatch_udp(&mut self, index: usize) {
        let udp = &mut self.udps[index];
        if udp.watch != Watch::Nothing {
            let unwatched = self.poll.registry().deregister(&mut udp.socket);
            if unwatched.is_ok() {
                udp.watch = Watch::Nothing;
            }
        }
    }

    pub(super) fn send_datagram(
        &mut self,
        plug: &Plug<'_>,
        socket: SocketId,
        to: SocketAddr,
        bytes: &[u8],
    ) {
        let mut udps = self.udps.iter_mut();
        let Some(index) = udps.position(|it| it.host == plug.index && it.id == socket) else {
            return;
        };
        let udp = &mut self.udps[index];
        if udp.outgoing.len() - udp.sent >= DATAGRAMS_WAITING_MAX {
            self.counters.datagrams_dropped += 1;
            return;
        }
        udp.outgoing.push(to, bytes);
        if udp.outgoing.len() - udp.sent >= DATAGRAM_BATCH_LEN_MAX {
            self.flush_udp(index);
        } else {
            self.queue_udp(index);
        }
    }

    fn flush_udp(&mut self, index: usize) {
        let udp = &mut self.udps[index];
        while udp.is_writable && udp.sent < udp.outgoing.len() {
            match self
                .udp_scratch
                .io
                .send(&udp.socket, &udp.outgoing, udp.sent)
            {
                Ok(count) => {
                    udp.sent += count;
                    self.counters.datagrams_sent += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    udp.is_writable = false;
                }
                // No way leads there, a firewall, a port that is none: the others may go.
                Err(_) => {
                    udp.sent += 1;
                    self.counters.datagrams_dropped += 1;
                }
            }
        }
        if udp.sent == udp.outgoing.len() {
            udp.outgoing.clear();
            udp.sent = 0;
        }
    }
}
