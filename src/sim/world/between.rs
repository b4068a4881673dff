//! What passes between machines: calls, and datagrams.

use std::net::{IpAddr, SocketAddr};

use super::World;
use crate::base::{DatagramBatch, DialError, DialToken, Origin};
use crate::sim::machine::{Asked, Dial, Life};
use crate::sim::network::{EndId, Event, MachineId};
use crate::sim::tap::Tap;

impl World {
    pub(super) fn carry_out(&mut self, from: MachineId, asked: Asked) {
        match asked {
            Asked::Dial(token, Dial { to, give_up_at }) => {
                let why = DialError::TimedOut;
                let failed = Event::DialFailed {
                    machine: from,
                    token,
                    why,
                };
                self.net.schedule(give_up_at, failed);
                if let Some(other) = self.find(to.ip()).filter(|to| !self.net.is_cut(from, *to)) {
                    let at = self.net.now + self.net.delay(from, other);
                    self.net.schedule(at, Event::Dialled { from, token, to });
                }
            }
            Asked::Datagram { socket, to, bytes } => {
                let machine = &self.machines[from.0];
                let port = machine.sockets.iter().find(|(_, id)| **id == socket);
                let port = port.map_or(0, |(port, _)| *port);
                let source = SocketAddr::new(machine.ip, port);
                self.send_datagram(from, source, to, bytes);
            }
        }
    }

    fn send_datagram(
        &mut self,
        from: MachineId,
        source: SocketAddr,
        to: SocketAddr,
        bytes: Vec<u8>,
    ) {
        let Some(other) = self.find(to.ip()).filter(|to| !self.net.is_cut(from, *to)) else {
            return;
        };
        let lost_per_mille = self.net.lines[from.0].datagrams_lost_per_mille;
        if self.net.rng.below(1000) >= lost_per_mille {
            let at = self.net.now + self.net.delay(from, other);
            let from = source;
            self.net.schedule(at, Event::Datagram { from, to, bytes });
        }
    }

    fn find(&self, ip: IpAddr) -> Option<MachineId> {
        let machine = self.machines.iter().find(|machine| machine.ip == ip)?;
        Some(machine.id)
    }

    /// A dial has reached whom it is for.
    pub(super) fn answer_dial(&mut self, from: MachineId, token: DialToken, to: SocketAddr) {
        let Some(other) = self.find(to.ip()).filter(|to| !self.net.is_cut(from, *to)) else {
            return;
        };
        let back_at = self.net.now + self.net.delay(from, other);
        let listener = self.machines[other.0].listeners.get(&to.port()).copied();
        let life = self.machines[other.0].life;
        // A process that stands still takes no connection, but its system would: nobody answers.
        let (Some(listener), Life::Runs) = (listener, life) else {
            let why = DialError::Refused;
            if life != Life::Frozen {
                let failed = Event::DialFailed {
                    machine: from,
                    token,
                    why,
                };
                self.net.schedule(back_at, failed);
            }
            return;
        };
        self.next_port = self.next_port.checked_add(1).unwrap_or(40_000);
        let source = SocketAddr::new(self.machines[from.0].ip, self.next_port);
        let taps = [self.tap(from), self.tap(other)];
        let (ours, theirs) = self.net.connect((from, source), (other, to), taps);
        let established = Event::Established {
            machine: from,
            token,
            end: ours,
        };
        self.net.schedule(back_at, established);
        let origin = Origin::Listener(listener);
        self.machines[other.0].open(&mut self.net, theirs, origin);
        self.look_after(other);
    }

    fn tap(&self, machine: MachineId) -> Option<Tap> {
        let (disks, _) = self.clients[machine.0].as_ref()?;
        Some(Tap::new(disks.clone()))
    }

    pub(super) fn establish(&mut self, id: MachineId, token: DialToken, end: EndId) {
        let machine = &mut self.machines[id.0];
        if machine.life == Life::Runs && machine.take_dial(token) {
            machine.open(&mut self.net, end, Origin::Dial(token));
            self.look_after(id);
        } else {
            self.net.close(end, true);
        }
    }

    pub(super) fn hand_over(&mut self, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        let Some(id) = self.find(to.ip()) else {
            return;
        };
        let machine = &mut self.machines[id.0];
        let socket = machine.sockets.get(&to.port()).copied();
        let (Some(socket), Life::Runs) = (socket, machine.life) else {
            return;
        };
        let (mut received, mut replies) = (DatagramBatch::default(), DatagramBatch::default());
        received.push(from, bytes);
        let now = self.net.now;
        machine
            .hosted
            .datagrams(now, socket, &received, &mut replies);
        machine.settle(&mut self.net);
        let replies: Vec<_> = replies
            .iter()
            .map(|(to, bytes)| (to, bytes.to_vec()))
            .collect();
        self.look_after(id);
        for (back_to, bytes) in replies {
            self.send_datagram(id, to, back_to, bytes);
        }
    }
}
