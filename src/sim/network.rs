//! The network between machines: streams that arrive in pieces of any length, late and at a bounded
//! rate; datagrams that may not arrive; cables that are pulled.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use super::tap::Tap;
use crate::base::{ConnId, DialError, DialToken, Instant, Rng};

/// Names a machine of a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MachineId(pub(super) usize);

/// Names one end of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct EndId(usize);

/// How a machine is connected to all others.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// Half of what a byte takes from one of two like machines to the other.
    pub delay: Duration,
    pub up_bytes_per_second: u64,
    /// How much a stream holds on its way, between one side's write and the other's read.
    pub buffer_bytes: usize,
    pub datagrams_lost_per_mille: u32,
}

impl Default for Line {
    fn default() -> Self {
        Self {
            delay: Duration::from_millis(2),
            up_bytes_per_second: 20_000_000,
            buffer_bytes: 128 << 10,
            datagrams_lost_per_mille: 0,
        }
    }
}

/// Something that happens at a moment.
#[derive(Debug)]
pub(super) enum Event {
    Wake(MachineId),
    /// Something in flight may have arrived.
    Arrive(EndId),
    /// The other side read so many bytes.
    Acknowledged(EndId, usize),
    /// A write that was cut short may go on.
    Room(EndId),
    Dialled {
        from: MachineId,
        token: DialToken,
        to: SocketAddr,
    },
    Established {
        machine: MachineId,
        token: DialToken,
        end: EndId,
    },
    DialFailed {
        machine: MachineId,
        token: DialToken,
        why: DialError,
    },
    Datagram {
        from: SocketAddr,
        to: SocketAddr,
        bytes: Vec<u8>,
    },
}

#[derive(Debug)]
enum Segment {
    Bytes(Vec<u8>),
    End,
    Reset,
}

#[derive(Debug)]
struct End {
    machine: MachineId,
    conn: Option<ConnId>,
    twin: EndId,
    remote: SocketAddr,
    in_flight: VecDeque<(Instant, Segment)>,
    last_arrival: Instant,
    received: VecDeque<u8>,
    has_ended: bool,
    is_reset: bool,
    /// Of what this end wrote.
    unread_bytes: usize,
    is_closed: bool,
    tap: Option<Tap>,
}

/// What a read found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Read {
    Bytes(Vec<u8>),
    Nothing,
    EndOfStream,
    Reset,
}

#[derive(Debug)]
pub(super) struct Network {
    pub(super) now: Instant,
    pub(super) rng: Rng,
    events: BTreeMap<(Instant, u64), Event>,
    last_event: u64,
    ends: Vec<End>,
    pub(super) lines: Vec<Line>,
    busy_until: Vec<Instant>,
    /// Machines whose cable is pulled.
    unplugged: BTreeSet<MachineId>,
    /// Whether streams are cut into pieces of any length.
    pub(super) is_choppy: bool,
    /// What plans guessed wrong about.
    pub(super) misplaced_bytes: u64,
}

impl Network {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            now: Instant::ZERO,
            rng: Rng::new(seed),
            events: BTreeMap::new(),
            last_event: 0,
            ends: Vec::new(),
            lines: Vec::new(),
            busy_until: Vec::new(),
            unplugged: BTreeSet::new(),
            is_choppy: true,
            misplaced_bytes: 0,
        }
    }

    pub(super) fn add_machine(&mut self, line: Line) -> MachineId {
        self.lines.push(line);
        self.busy_until.push(Instant::ZERO);
        MachineId(self.lines.len() - 1)
    }

    pub(super) fn unplug(&mut self, machine: MachineId) {
        self.unplugged.insert(machine);
    }

    pub(super) fn schedule(&mut self, at: Instant, event: Event) {
        self.last_event += 1;
        let at = at.max(self.now);
        self.events.insert((at, self.last_event), event);
    }

    pub(super) fn event_count(&self) -> u64 {
        self.last_event
    }

    /// The next thing that happens until then; the time is when it does.
    pub(super) fn next_event(&mut self, until: Instant) -> Option<Event> {
        let entry = self.events.first_entry()?;
        let (at, _) = *entry.key();
        if at > until {
            return None;
        }
        self.now = at;
        Some(entry.remove())
    }

    pub(super) fn delay(&self, a: MachineId, b: MachineId) -> Duration {
        self.lines[a.0].delay + self.lines[b.0].delay
    }

    pub(super) fn is_cut(&self, a: MachineId, b: MachineId) -> bool {
        self.unplugged.contains(&a) || self.unplugged.contains(&b)
    }

    /// A stream between two machines: the ends of the first and of the second.
    pub(super) fn connect(
        &mut self,
        (a, a_address): (MachineId, SocketAddr),
        (b, b_address): (MachineId, SocketAddr),
        taps: [Option<Tap>; 2],
    ) -> (EndId, EndId) {
        let (first, second) = (EndId(self.ends.len()), EndId(self.ends.len() + 1));
        let [first_tap, second_tap] = taps;
        for (machine, twin, remote, tap) in [
            (a, second, b_address, first_tap),
            (b, first, a_address, second_tap),
        ] {
            self.ends.push(End {
                machine,
                conn: None,
                twin,
                remote,
                in_flight: VecDeque::new(),
                last_arrival: self.now,
                received: VecDeque::new(),
                has_ended: false,
                is_reset: false,
                unread_bytes: 0,
                is_closed: false,
                tap,
            });
        }
        (first, second)
    }

    pub(super) fn bind(&mut self, end: EndId, conn: ConnId) {
        self.ends[end.0].conn = Some(conn);
    }

    pub(super) fn owner(&self, end: EndId) -> (MachineId, Option<ConnId>) {
        let end = &self.ends[end.0];
        (end.machine, end.conn)
    }

    pub(super) fn remote(&self, end: EndId) -> SocketAddr {
        self.ends[end.0].remote
    }

    /// How much a write takes now: any number of bytes up to the room there is.
    pub(super) fn room_bytes(&mut self, end: EndId) -> usize {
        let known = &self.ends[end.0];
        let buffer_bytes = self.lines[known.machine.0].buffer_bytes;
        let room_bytes = buffer_bytes.saturating_sub(known.unread_bytes);
        self.some_of(room_bytes)
    }

    /// Where streams are choppy, often less.
    fn some_of(&mut self, len_bytes: usize) -> usize {
        let limit = match self.rng.below(8) {
            _ if !self.is_choppy => return len_bytes,
            0 => 1 + self.rng.below(20),
            1 => 1 + self.rng.below(1 << 10),
            2 => 1 + self.rng.below(40 << 10),
            _ => return len_bytes,
        };
        len_bytes.min(limit as usize)
    }

    /// Sends what there is room for.
    pub(super) fn write(&mut self, end: EndId, bytes: &[u8]) {
        let known = &mut self.ends[end.0];
        known.unread_bytes += bytes.len();
        if let Some(tap) = &mut known.tap {
            tap.listen(bytes);
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            let len_bytes = self.some_of(rest.len());
            let (segment, behind) = rest.split_at(len_bytes);
            self.send(end, Segment::Bytes(segment.to_vec()));
            rest = behind;
        }
    }

    /// A write that was cut short, for whatever reason, may go on soon if there is room.
    pub(super) fn make_room_later(&mut self, end: EndId) {
        let soon = Duration::from_micros(1 + u64::from(self.rng.below(200)));
        self.schedule(self.now + soon, Event::Room(end));
    }

    pub(super) fn has_room(&self, end: EndId) -> bool {
        let known = &self.ends[end.0];
        known.unread_bytes < self.lines[known.machine.0].buffer_bytes
    }

    /// What has arrived is not wanted.
    pub(super) fn throw_away(&mut self, end: EndId) {
        self.ends[end.0].received.clear();
    }

    pub(super) fn end_stream(&mut self, end: EndId) {
        self.send(end, Segment::End);
    }

    fn send(&mut self, end: EndId, segment: Segment) {
        let (machine, twin) = (self.ends[end.0].machine, self.ends[end.0].twin);
        let other = self.ends[twin.0].machine;
        if self.is_cut(machine, other) {
            return;
        }
        let len_bytes = match &segment {
            Segment::Bytes(bytes) => bytes.len() as u64,
            Segment::End | Segment::Reset => 0,
        };
        let rate = self.lines[machine.0].up_bytes_per_second.max(1);
        let takes = Duration::from_nanos(len_bytes.saturating_mul(1_000_000_000) / rate);
        let busy_until = &mut self.busy_until[machine.0];
        *busy_until = (*busy_until).max(self.now) + takes;
        let leaves_at = *busy_until;
        let jitter = Duration::from_micros(u64::from(self.rng.below(50)));
        let at = leaves_at + self.delay(machine, other) + jitter;
        let receiver = &mut self.ends[twin.0];
        // Bytes of one stream do not overtake each other.
        let at = at.max(receiver.last_arrival);
        receiver.last_arrival = at;
        receiver.in_flight.push_back((at, segment));
        self.schedule(at, Event::Arrive(twin));
    }

    /// Takes what has arrived; true where the end has something new to tell.
    pub(super) fn arrive(&mut self, end: EndId) -> bool {
        let mut is_news = false;
        let mut is_unwelcome = false;
        let now = self.now;
        let known = &mut self.ends[end.0];
        while let Some((at, _)) = known.in_flight.front()
            && *at <= now
            && let Some((_, segment)) = known.in_flight.pop_front()
        {
            match segment {
                Segment::Bytes(_) if known.is_closed => is_unwelcome = true,
                Segment::Bytes(bytes) => known.received.extend(bytes),
                Segment::End => known.has_ended = true,
                Segment::Reset => known.is_reset = true,
            }
            is_news = true;
        }
        let (is_closed, twin) = (known.is_closed, known.twin);
        if is_unwelcome && !self.ends[twin.0].is_closed {
            self.send(end, Segment::Reset);
        }
        is_news && !is_closed
    }

    pub(super) fn acknowledge(&mut self, end: EndId, len_bytes: usize) {
        self.ends[end.0].unread_bytes -= len_bytes;
    }

    pub(super) fn read(&mut self, end: EndId, max_bytes: usize) -> Read {
        let known = &mut self.ends[end.0];
        if known.is_reset {
            return Read::Reset;
        }
        if known.received.is_empty() {
            return match known.has_ended {
                true => Read::EndOfStream,
                false => Read::Nothing,
            };
        }
        let len_bytes = known.received.len().min(max_bytes);
        let bytes: Vec<u8> = known.received.drain(..len_bytes).collect();
        let (machine, twin) = (known.machine, known.twin);
        let other = self.ends[twin.0].machine;
        if !self.is_cut(machine, other) {
            let at = self.now + self.delay(machine, other);
            self.schedule(at, Event::Acknowledged(twin, len_bytes));
        }
        Read::Bytes(bytes)
    }

    pub(super) fn is_reset(&self, end: EndId) -> bool {
        self.ends[end.0].is_reset
    }

    /// Lets go of an end. Where bytes were left unread the other side loses what is on its way.
    pub(super) fn close(&mut self, end: EndId, is_abrupt: bool) {
        let known = &mut self.ends[end.0];
        if std::mem::replace(&mut known.is_closed, true) || known.is_reset {
            return;
        }
        let has_unread = !known.received.is_empty();
        known.received.clear();
        let last = if is_abrupt || has_unread {
            Segment::Reset
        } else {
            Segment::End
        };
        self.send(end, last);
    }
}
