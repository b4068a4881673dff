//! Listeners, and what to do when there is no descriptor left for a newcomer.

use std::io;
use std::time::Duration;

use mio::Interest;
use mio::net::TcpListener;
use socket2::{Domain, Socket, Type};

use super::conns::Phase;
use super::net::{Net, Plug};
use super::ready::{Source, Watched};
use crate::base::limits::ACCEPT_TURN_MAX;
use crate::base::{Input, Instant, ListenerId, Origin};

/// How long a listener rests that can neither accept nor turn away.
const REST: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) struct Listener {
    socket: TcpListener,
    pub(super) host: u16,
    id: ListenerId,
    is_queued: bool,
    resting_until: Option<Instant>,
    /// Holds a descriptor, to be given up for a newcomer that must be turned away. Left in the
    /// queue it would wait for an answer that never comes, and nothing would tell us to try again.
    reserve: Option<Socket>,
}

enum Accepted {
    Newcomer,
    Nobody,
    /// Someone came and went, or was turned away.
    Lost,
    /// Nothing can be done for now.
    Stuck,
}

impl Net {
    pub(super) fn add_listener(
        &mut self,
        host: u16,
        id: ListenerId,
        mut socket: TcpListener,
    ) -> io::Result<()> {
        let index = self.listeners.len();
        let token = Watched::Listener(index).token();
        self.registry()
            .register(&mut socket, token, Interest::READABLE)?;
        self.listeners.push(Listener {
            socket,
            host,
            id,
            is_queued: false,
            resting_until: None,
            reserve: Some(reserve()?),
        });
        Ok(())
    }

    pub(super) fn queue_listener(&mut self, index: usize) {
        if let Some(listener) = self.listeners.get_mut(index)
            && !listener.is_queued
            && listener.resting_until.is_none()
        {
            listener.is_queued = true;
            self.ready.push_back(Source::Listener(index));
        }
    }

    pub(super) fn drive_listener(&mut self, plug: &mut Plug<'_>, index: usize) {
        self.listeners[index].is_queued = false;
        for _ in 0..ACCEPT_TURN_MAX {
            match self.accept(plug, index) {
                Accepted::Newcomer | Accepted::Lost => {}
                Accepted::Nobody => return,
                Accepted::Stuck => {
                    self.counters.accept_rests += 1;
                    self.listeners[index].resting_until = Some(self.now + REST);
                    return;
                }
            }
        }
        self.queue_listener(index);
    }

    fn accept(&mut self, plug: &mut Plug<'_>, index: usize) -> Accepted {
        let listener = &mut self.listeners[index];
        match listener.socket.accept() {
            Ok((stream, remote)) => {
                self.counters.accepted += 1;
                let origin = Origin::Listener(listener.id);
                let conn = self.conns.insert(stream, plug.index, Phase::Open);
                self.tell(
                    plug,
                    Input::Opened {
                        conn,
                        origin,
                        remote,
                    },
                );
                // Its first bytes may be here already; then it may be done before the kernel is
                // ever asked to watch it.
                self.drive_conn(plug, conn);
                Accepted::Newcomer
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Accepted::Nobody,
            Err(error) if is_out_of_descriptors(&error) => self.turn_away(index),
            Err(error) if is_out_of_memory(&error) => Accepted::Stuck,
            // The newcomer was gone before we came, or an interrupt.
            Err(_) => Accepted::Lost,
        }
    }

    fn turn_away(&mut self, index: usize) -> Accepted {
        let listener = &mut self.listeners[index];
        if listener.reserve.take().is_none() {
            listener.reserve = reserve().ok();
            return Accepted::Stuck;
        }
        let accepted = match listener.socket.accept() {
            Ok(_) => {
                self.counters.turned_away += 1;
                Accepted::Lost
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Accepted::Nobody,
            Err(_) => Accepted::Stuck,
        };
        listener.reserve = reserve().ok();
        accepted
    }

    /// Who still knocks is told at once that nobody listens.
    pub(super) fn stop_listening(&mut self) {
        self.listeners.clear();
    }

    /// How long the loop may wait for the first listener that rests.
    pub(super) fn until_next_listener_wakes(&self) -> Option<Duration> {
        let resting = self.listeners.iter().filter_map(|it| it.resting_until);
        Some(resting.min()?.saturating_since(self.now))
    }

    pub(super) fn wake_listeners(&mut self) {
        for index in 0..self.listeners.len() {
            let listener = &mut self.listeners[index];
            if listener.resting_until.is_some_and(|at| at <= self.now) {
                listener.resting_until = None;
                self.queue_listener(index);
            }
        }
    }
}

/// A descriptor; opening a file for it would be file work.
fn reserve() -> io::Result<Socket> {
    Socket::new(Domain::IPV4, Type::DGRAM, None)
}

pub(super) fn is_out_of_descriptors(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE))
}

fn is_out_of_memory(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOBUFS | libc::ENOMEM))
}
