//! Connections that we ask for.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use mio::net::TcpStream;
use mio::{Interest, Token};
use socket2::{Domain, Protocol, Socket, Type};

use super::accept::is_out_of_descriptors;
use super::conns::{Phase, Watch};
use super::net::{Net, Note, Plug};
use super::ready::Watched;
use super::socket_options::keep_little_unsent;
use crate::base::{ConnId, DialError, DialToken, Input, Instant, Origin};

/// Whom to call, and as whom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Route {
    pub(super) from: Option<IpAddr>,
    pub(super) to: SocketAddr,
}

impl Net {
    pub(super) fn dial(
        &mut self,
        plug: &Plug<'_>,
        token: DialToken,
        route: Route,
        give_up_at: Instant,
    ) {
        if let Err(error) = self.start_dial(plug, token, route, give_up_at) {
            let why = dial_error(&error);
            self.notes.push_back(Note::DialFailed { token, why });
        }
    }

    fn start_dial(
        &mut self,
        plug: &Plug<'_>,
        token: DialToken,
        route: Route,
        give_up_at: Instant,
    ) -> io::Result<()> {
        let stream = route.connect()?;
        stream.set_nodelay(true)?;
        if plug.moves_content {
            keep_little_unsent(&stream);
        }
        let phase = Phase::Dialling { token, give_up_at };
        let id = self.conns.insert(stream, plug.index, phase);
        let registry = self.poll.registry();
        let registered = self.conns.get(id).map_or(Ok(()), |conn| {
            let watched: Token = Watched::Conn(id.slot()).token();
            conn.is_queued = false;
            conn.is_writable = false;
            conn.watch = Watch::ReadsAndWrites;
            let interest = Interest::READABLE | Interest::WRITABLE;
            registry.register(&mut conn.stream, watched, interest)
        });
        if registered.is_err() {
            self.conns.remove(id);
        } else {
            self.dials.insert((give_up_at, id));
        }
        registered
    }

    /// Something happened on a connection that is not open yet. True where it is open now.
    pub(super) fn finish_dial(&mut self, plug: &mut Plug<'_>, id: ConnId) -> bool {
        let Some(conn) = self.conns.get(id) else {
            return false;
        };
        let Phase::Dialling { token, give_up_at } = conn.phase else {
            return true;
        };
        match connected_to(&conn.stream) {
            Ok(None) => {
                conn.is_queued = false;
                false
            }
            Ok(Some(remote)) => {
                conn.phase = Phase::Open;
                conn.is_writable = true;
                self.dials.remove(&(give_up_at, id));
                let origin = Origin::Dial(token);
                self.tell(
                    plug,
                    Input::Opened {
                        conn: id,
                        origin,
                        remote,
                    },
                );
                true
            }
            Err(error) => {
                self.fail_dial(plug, id, token, give_up_at, dial_error(&error));
                false
            }
        }
    }

    /// How long the loop may wait for the next dial to fail.
    pub(super) fn until_next_dial_fails(&self) -> Option<Duration> {
        let (give_up_at, _) = self.dials.first()?;
        Some(give_up_at.saturating_since(self.now))
    }

    pub(super) fn expire_dials(&mut self, plugs: &mut [Plug<'_>]) {
        while let Some(&(give_up_at, id)) = self.dials.first()
            && give_up_at <= self.now
        {
            let dialling = self.conns.get(id).map(|conn| (conn.host, conn.phase));
            if let Some((host, Phase::Dialling { token, .. })) = dialling {
                let plug = &mut plugs[usize::from(host)];
                self.fail_dial(plug, id, token, give_up_at, DialError::TimedOut);
            } else {
                self.dials.remove(&(give_up_at, id));
            }
        }
    }

    fn fail_dial(
        &mut self,
        plug: &mut Plug<'_>,
        id: ConnId,
        token: DialToken,
        give_up_at: Instant,
        why: DialError,
    ) {
        self.dials.remove(&(give_up_at, id));
        self.conns.remove(id);
        self.tell(plug, Input::DialFailed { token, why });
    }
}

impl Route {
    /// Does not wait for the other side.
    fn connect(self) -> io::Result<TcpStream> {
        let Some(ip) = self.from else {
            return TcpStream::connect(self.to);
        };
        let mut from = SocketAddr::new(ip, 0);
        if let (SocketAddr::V6(from), SocketAddr::V6(to)) = (&mut from, &self.to) {
            // An address of one link is one only together with its link, and both are on the same.
            from.set_scope_id(to.scope_id());
        }
        let domain = Domain::for_address(self.to);
        let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        socket.bind(&from.into())?;
        match socket.connect(&self.to.into()) {
            Err(error) if !is_under_way(&error) => Err(error),
            _ => Ok(TcpStream::from_std(socket.into())),
        }
    }
}

fn is_under_way(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock || error.raw_os_error() == Some(libc::EINPROGRESS)
}

/// Who is at the other end; nobody as long as the kernel still tries.
fn connected_to(stream: &TcpStream) -> io::Result<Option<SocketAddr>> {
    if let Some(error) = stream.take_error()? {
        return Err(error);
    }
    match stream.peer_addr() {
        Ok(remote) => Ok(Some(remote)),
        Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(None),
        Err(error) => Err(error),
    }
}

fn dial_error(error: &io::Error) -> DialError {
    match error.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => DialError::Refused,
        io::ErrorKind::TimedOut => DialError::TimedOut,
        _ if is_out_of_descriptors(error) => DialError::NoDescriptor,
        _ => DialError::Unreachable,
    }
}
