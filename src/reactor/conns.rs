//! The connections, and what the loop knows about each: little, because ten thousand of them may
//! have nothing to say.

use std::io;
use std::net::Shutdown;

use mio::net::TcpStream;
use mio::{Interest, Registry};
use slab::Slab;

use super::misplaced::Misplaced;
use super::ready::Watched;
use crate::base::{ConnId, DialToken, Ending, Instant};

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) stream: TcpStream,
    generation: u32,
    /// Which core it belongs to.
    pub(super) host: u16,
    pub(super) phase: Phase,
    pub(super) watch: Watch,
    /// There may be something to read.
    pub(super) is_readable: bool,
    /// There may be room to write.
    pub(super) is_writable: bool,
    /// The peer's end of stream may follow what there is to read: a short read is not the last.
    pub(super) is_ending: bool,
    /// The socket has an error to tell.
    pub(super) has_failed: bool,
    pub(super) is_read_to_end: bool,
    pub(super) is_write_shut: bool,
    /// On the ready list, or being served.
    pub(super) is_queued: bool,
    /// Received, and to be given out before the socket is read again. Most connections never have
    /// any.
    pub(super) misplaced: Option<Box<Misplaced>>,
}

/// What is to become of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Dialling {
        token: DialToken,
        give_up_at: Instant,
    },
    Open,
    /// Open, and to end in this way when all has been sent.
    Ending(Ending),
}

/// What the kernel was asked to report. It only grows, so that most connections ask once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Watch {
    Nothing,
    Reads,
    ReadsAndWrites,
}

impl Connection {
    /// Asks the kernel to report what the connection waits for. The kernel looks at the state of
    /// the socket as it takes the request, so nothing that came before is missed.
    pub(super) fn watch(&mut self, registry: &Registry, slot: usize) -> io::Result<()> {
        let wanted = if self.is_writable {
            Watch::Reads
        } else {
            Watch::ReadsAndWrites
        };
        if wanted <= self.watch {
            return Ok(());
        }
        let token = Watched::Conn(slot).token();
        let interest = match wanted {
            Watch::ReadsAndWrites => Interest::READABLE | Interest::WRITABLE,
            _ => Interest::READABLE,
        };
        if self.watch == Watch::Nothing {
            registry.register(&mut self.stream, token, interest)?;
        } else {
            registry.reregister(&mut self.stream, token, interest)?;
        }
        self.watch = wanted;
        Ok(())
    }

    pub(super) fn shut_write(&mut self) {
        // It fails only where the connection is gone, which the next read tells.
        let _ = self.stream.shutdown(Shutdown::Write);
        self.is_write_shut = true;
    }
}

#[derive(Debug, Default)]
pub(super) struct Conns {
    slots: Slab<Connection>,
    next_generation: u32,
}

impl Conns {
    /// A connection that is being served.
    pub(super) fn insert(&mut self, stream: TcpStream, host: u16, phase: Phase) -> ConnId {
        let generation = self.next_generation;
        self.next_generation = generation.wrapping_add(1);
        let slot = self.slots.insert(Connection {
            stream,
            generation,
            host,
            phase,
            watch: Watch::Nothing,
            is_readable: true,
            is_writable: true,
            is_ending: false,
            has_failed: false,
            is_read_to_end: false,
            is_write_shut: false,
            is_queued: true,
            misplaced: None,
        });
        let slot = u32::try_from(slot).unwrap_or(u32::MAX);
        assert!(slot < u32::MAX, "descriptors run out long before slots");
        ConnId::new(slot, generation)
    }

    pub(super) fn get(&mut self, id: ConnId) -> Option<&mut Connection> {
        let conn = self.slots.get_mut(id.slot())?;
        (id_of(id.slot(), conn) == id).then_some(conn)
    }

    pub(super) fn at(&mut self, slot: usize) -> Option<(ConnId, &mut Connection)> {
        let conn = self.slots.get_mut(slot)?;
        Some((id_of(slot, conn), conn))
    }

    /// Closes it.
    pub(super) fn remove(&mut self, id: ConnId) -> Option<Connection> {
        self.get(id)?;
        self.slots.try_remove(id.slot())
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }
}

fn id_of(slot: usize, conn: &Connection) -> ConnId {
    let slot = u32::try_from(slot).unwrap_or(u32::MAX);
    ConnId::new(slot, conn.generation)
}
