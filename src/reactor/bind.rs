//! Ports taken before anything runs, so that a port that cannot be had is told in words.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};

use super::socket_options::{await_first_bytes, send_uncut};
use crate::base::limits::ACCEPT_BACKLOG_MAX;

/// Room in the kernel for a burst of datagrams. It gives less where its own limit is lower.
const DATAGRAM_BUFFER_LEN_BYTES: usize = 4 << 20;

/// A TCP port that connections can be made to from now on.
#[derive(Debug)]
pub struct TcpPort {
    pub(super) listener: mio::net::TcpListener,
    local: SocketAddr,
}

/// A UDP port that receives from now on.
#[derive(Debug)]
pub struct UdpPort {
    pub(super) socket: mio::net::UdpSocket,
    local: SocketAddr,
}

/// Why a port could not be had.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    #[error(
        "cannot listen on {transport} `{address}`: another program has that port; stop it, or \
         choose another port (0 takes a free one)"
    )]
    InUse {
        address: SocketAddr,
        transport: Transport,
    },
    #[error(
        "cannot listen on {transport} `{address}`: ports below 1024 are for the administrator; \
         choose a higher one, or grant the right to bind it"
    )]
    NotAllowed {
        address: SocketAddr,
        transport: Transport,
    },
    #[error(
        "cannot listen on {transport} `{address}`: this machine has no such address; choose one \
         of its own, or `0.0.0.0` or `[::]` for all of them"
    )]
    NotOurs {
        address: SocketAddr,
        transport: Transport,
    },
    #[error("cannot listen on {transport} `{address}`: {source}")]
    Other {
        address: SocketAddr,
        transport: Transport,
        source: io::Error,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    Tcp,
    Udp,
}

impl std::fmt::Display for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
        })
    }
}

impl TcpPort {
    /// Port 0 takes a free one, which [`Self::local_address`] names.
    pub fn bind(address: SocketAddr) -> Result<Self, BindError> {
        Self::open(address).map_err(|error| explain(address, Transport::Tcp, error))
    }

    /// For protocols in which clients speak first: a connection opens when its first bytes are here,
    /// which saves a wait for them, or after a second or two of silence. Where the system cannot do
    /// so, it opens at once.
    #[must_use]
    pub fn where_clients_speak_first(self) -> Self {
        await_first_bytes(&self.listener);
        self
    }

    pub const fn local_address(&self) -> SocketAddr {
        self.local
    }

    fn open(address: SocketAddr) -> io::Result<Self> {
        let socket = socket(address, Type::STREAM, Protocol::TCP)?;
        // Connections of the last run that linger in TIME_WAIT are no reason to fail.
        #[cfg(unix)]
        socket.set_reuse_address(true)?;
        // Accepted connections inherit it, which spares each of them a system call.
        socket.set_tcp_nodelay(true)?;
        socket.bind(&address.into())?;
        socket.listen(ACCEPT_BACKLOG_MAX)?;
        let listener = std::net::TcpListener::from(socket);
        let local = listener.local_addr()?;
        let listener = mio::net::TcpListener::from_std(listener);
        Ok(Self { listener, local })
    }
}

impl UdpPort {
    /// Port 0 takes a free one, which [`Self::local_address`] names.
    pub fn bind(address: SocketAddr) -> Result<Self, BindError> {
        Self::open(address).map_err(|error| explain(address, Transport::Udp, error))
    }

    pub const fn local_address(&self) -> SocketAddr {
        self.local
    }

    fn open(address: SocketAddr) -> io::Result<Self> {
        let socket = socket(address, Type::DGRAM, Protocol::UDP)?;
        socket.set_recv_buffer_size(DATAGRAM_BUFFER_LEN_BYTES)?;
        socket.set_send_buffer_size(DATAGRAM_BUFFER_LEN_BYTES)?;
        if address.is_ipv4() {
            send_uncut(&socket);
        }
        socket.bind(&address.into())?;
        let socket = std::net::UdpSocket::from(socket);
        let local = socket.local_addr()?;
        let socket = mio::net::UdpSocket::from_std(socket);
        Ok(Self { socket, local })
    }
}

fn socket(address: SocketAddr, kind: Type, protocol: Protocol) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    if address.is_ipv6() {
        // So that `0.0.0.0` and `[::]` can both be had on one port, and no address is mapped.
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn explain(address: SocketAddr, transport: Transport, error: io::Error) -> BindError {
    match error.kind() {
        io::ErrorKind::AddrInUse => BindError::InUse { address, transport },
        io::ErrorKind::PermissionDenied => BindError::NotAllowed { address, transport },
        io::ErrorKind::AddrNotAvailable => BindError::NotOurs { address, transport },
        _ => BindError::Other {
            address,
            transport,
            source: error,
        },
    }
}
