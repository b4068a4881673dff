//! Many machines on one clock.

mod between;

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use super::client::{CLIENT_PORT, Client};
use super::disk::{Disk, Disks};
use super::hosted::{Hosted, NoPool, Plugged};
use super::machine::{Conn, Life, Machine};
use super::network::{EndId, Event, Line, MachineId, Network};
use super::script::ScriptedPeer;
use super::storage::{LastReport, Storage};
use crate::base::{Input, Instant, ListenerId, SocketId, Url};
use crate::engine::{self, Engine, TorrentReport, Wishes};
use crate::tracker::Secret;
use crate::tracker::server::Server;
use crate::tracker::service::{self, ConnectionLimits, Service};

/// Where trackers do, and take datagrams.
pub const TRACKER_PORT: u16 = 6969;

/// From where clients send datagrams.
const DATAGRAM_PORT: u16 = 6882;

/// How many things may happen in a second of virtual time before something must be wrong.
const EVENTS_PER_SECOND_MAX: u64 = 4_000_000;

#[derive(Debug)]
pub struct World {
    seed: u64,
    net: Network,
    machines: Vec<Machine>,
    /// Of the machines that are clients: a disk for each torrent.
    clients: Vec<Option<(Disks, LastReport)>>,
    next_port: u16,
    events_this_second: (u64, u64),
}

impl World {
    /// Everything that happens follows from the seed.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            net: Network::new(seed),
            machines: Vec::new(),
            clients: Vec::new(),
            next_port: 40_000,
            events_this_second: (0, 0),
        }
    }

    pub fn now(&self) -> Instant {
        self.net.now
    }

    /// How much has happened: the same for the same seed and machines.
    pub fn event_count(&self) -> u64 {
        self.net.event_count()
    }

    /// How many bytes receive plans guessed wrong about.
    pub fn misplaced_bytes(&self) -> u64 {
        self.net.misplaced_bytes
    }

    /// Whether streams are cut into pieces of any length.
    pub fn set_choppy(&mut self, is_choppy: bool) {
        self.net.is_choppy = is_choppy;
    }

    /// A client. Its random choices follow from the world's.
    pub fn add_client(&mut self, mut client: Client) -> MachineId {
        let seed = self.net.rng.next_u64();
        client.disk.is_wanted_in_part = client.wishes != Wishes::Everything;
        let scheme = if client.announces_by_udp {
            "udp"
        } else {
            "http"
        };
        let trackers = client.trackers.iter().filter_map(|tracker| {
            let address = SocketAddr::new(self.machines[tracker.0].ip, TRACKER_PORT);
            Url::parse(&format!("{scheme}://{address}/announce")).ok()
        });
        let trackers: Vec<_> = trackers.map(|url| vec![url]).collect();
        let disks = std::iter::once(&client.disk).chain(&client.further);
        let setups: Vec<_> = disks.map(|disk| client.setup(disk, &trackers)).collect();
        let disks = std::iter::once(client.disk).chain(client.further);
        let disks: Disks = disks.map(|disk| Rc::new(RefCell::new(disk))).collect();
        let mut config = client.config;
        config.seed = seed;
        let report = LastReport::default();
        let pool = Storage::new(
            disks.clone(),
            Rc::clone(&report),
            config.budget,
            client.times,
            self.net.rng.next_u64(),
        );
        let mut core = Engine::new(config);
        for setup in setups {
            let added = core.add(self.net.now, setup);
            assert!(added.is_some(), "each torrent is another");
        }
        let id = self.add(client.line, Box::new(Plugged { core, pool }));
        self.clients[id.0] = Some((disks, report));
        let machine = &mut self.machines[id.0];
        machine.listeners.insert(CLIENT_PORT, ListenerId(0));
        machine.sockets.insert(DATAGRAM_PORT, engine::UDP_IPV4);
        id
    }

    /// A tracker that asks clients to come back so often.
    pub fn add_tracker(&mut self, interval: Duration) -> MachineId {
        let interval_s = u32::try_from(interval.as_secs()).unwrap_or(u32::MAX);
        let config = crate::tracker::server::Config {
            interval_s,
            min_interval_s: interval_s / 2,
            ..crate::tracker::server::Config::default()
        };
        let limits = ConnectionLimits {
            per_address_max: 100,
            loopback_is_bounded: false,
        };
        let seed = self.net.rng.next_u64();
        let server = Server::new(config, Secret([1, 2, 3, 4]), seed);
        let core = Service::new(server, limits);
        let id = self.add(Line::default(), Box::new(Plugged { core, pool: NoPool }));
        let machine = &mut self.machines[id.0];
        machine.listeners.insert(TRACKER_PORT, service::PUBLIC);
        machine.sockets.insert(TRACKER_PORT, SocketId(0));
        id
    }

    /// A peer that follows no protocol but a script.
    pub fn add_scripted(&mut self, line: Line, core: ScriptedPeer) -> MachineId {
        let id = self.add(line, Box::new(Plugged { core, pool: NoPool }));
        let machine = &mut self.machines[id.0];
        machine.listeners.insert(CLIENT_PORT, ListenerId(0));
        id
    }

    fn add(&mut self, line: Line, hosted: Box<dyn Hosted>) -> MachineId {
        let id = self.net.add_machine(line);
        let number = u32::try_from(id.0 + 1).unwrap_or(u32::MAX);
        let ip = IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + (number << 8) + 1));
        self.machines.push(Machine::new(id, ip, hosted));
        self.clients.push(None);
        self.net.schedule(self.net.now, Event::Wake(id));
        id
    }

    /// Where a client listens.
    pub fn address(&self, machine: MachineId) -> SocketAddr {
        SocketAddr::new(self.machines[machine.0].ip, CLIENT_PORT)
    }

    /// What a client told of its torrent last.
    pub fn report(&self, client: MachineId) -> Option<TorrentReport> {
        self.report_of(client, 0)
    }

    /// What it told of one of its torrents.
    pub fn report_of(&self, client: MachineId, torrent: usize) -> Option<TorrentReport> {
        let (_, report) = self.clients[client.0].as_ref()?;
        report.borrow().as_ref()?.torrents.get(torrent).cloned()
    }

    /// Looks at the disk of a client, or changes it.
    pub fn with_disk<T>(&self, client: MachineId, look: impl FnOnce(&mut Disk) -> T) -> Option<T> {
        self.with_disk_of(client, 0, look)
    }

    /// Or at that of one of its torrents.
    pub fn with_disk_of<T>(
        &self,
        client: MachineId,
        torrent: usize,
        look: impl FnOnce(&mut Disk) -> T,
    ) -> Option<T> {
        let (disks, _) = self.clients[client.0].as_ref()?;
        Some(look(&mut disks.get(torrent)?.borrow_mut()))
    }

    /// Whether all of the content is there, verified and finished.
    pub fn is_complete(&self, client: MachineId) -> bool {
        self.is_complete_of(client, 0)
    }

    /// Whether one of its torrents is.
    pub fn is_complete_of(&self, client: MachineId, torrent: usize) -> bool {
        let is_complete = |disk: &mut Disk| disk.is_finished && disk.is_whole();
        self.with_disk_of(client, torrent, is_complete)
            .unwrap_or(false)
    }

    /// How many places a client's pool holds for one of its torrents.
    pub fn places_of(&self, client: MachineId, torrent: usize) -> Option<usize> {
        let count = |disk: &mut Disk| disk.receiving_places + disk.sending_places;
        self.with_disk_of(client, torrent, count)
    }

    /// How many places to receive into a client's pool holds.
    pub fn receiving_places(&self, client: MachineId) -> Option<usize> {
        self.with_disk(client, |disk| disk.receiving_places)
    }

    pub fn has_stopped(&self, machine: MachineId) -> bool {
        self.machines[machine.0].life == Life::Stopped
    }

    pub fn connection_count(&self, machine: MachineId) -> usize {
        self.machines[machine.0].conn_ids().len()
    }

    /// Asks a process to end.
    pub fn shut_down(&mut self, id: MachineId) {
        let machine = &mut self.machines[id.0];
        machine.listeners.clear();
        machine.tell(&mut self.net, Input::Shutdown);
        self.look_after(id);
    }

    /// Ends a process without a word.
    pub fn kill(&mut self, machine: MachineId) {
        self.machines[machine.0].die(&mut self.net);
    }

    /// A process stands still; its system goes on taking what is sent to it.
    pub fn freeze(&mut self, machine: MachineId) {
        self.machines[machine.0].life = Life::Frozen;
    }

    pub fn thaw(&mut self, machine: MachineId) {
        self.machines[machine.0].life = Life::Runs;
        self.look_after(machine);
    }

    /// Pulls a cable: nothing comes from a machine or reaches it any more, and nobody is told.
    pub fn unplug(&mut self, machine: MachineId) {
        self.net.unplug(machine);
    }

    /// Lets so much time pass.
    pub fn run_for(&mut self, time: Duration) {
        let until = self.net.now + time;
        self.run(until, |_| false);
    }

    /// Lets time pass until something is so; false where it is not so in time.
    pub fn run_until(&mut self, limit: Duration, is_so: impl Fn(&Self) -> bool) -> bool {
        let until = self.net.now + limit;
        self.run(until, is_so)
    }

    fn run(&mut self, until: Instant, is_so: impl Fn(&Self) -> bool) -> bool {
        let mut checked_at = self.net.now;
        while let Some(event) = self.net.next_event(until) {
            self.happen(event);
            self.count_event();
            if self.net.now > checked_at {
                checked_at = self.net.now;
                if is_so(self) {
                    return true;
                }
            }
        }
        self.net.now = until;
        is_so(self)
    }

    fn count_event(&mut self) {
        let second = self.net.now.as_nanos() / 1_000_000_000;
        let (counted_second, count) = &mut self.events_this_second;
        if *counted_second != second {
            (*counted_second, *count) = (second, 0);
        }
        *count += 1;
        assert!(
            *count <= EVENTS_PER_SECOND_MAX,
            "too much happens in second {second}"
        );
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Wake(machine) => {
                if self.machines[machine.0].wakes_at == Some(self.net.now) {
                    self.machines[machine.0].wakes_at = None;
                }
                self.look_after(machine);
            }
            Event::Arrive(end) => {
                if self.net.arrive(end) {
                    self.notify(end, |conn| conn.is_readable = true);
                }
            }
            Event::Acknowledged(end, len_bytes) => {
                self.net.acknowledge(end, len_bytes);
                self.notify_room(end);
            }
            Event::Room(end) => self.notify_room(end),
            Event::Dialled { from, token, to } => self.answer_dial(from, token, to),
            Event::Established {
                machine,
                token,
                end,
            } => self.establish(machine, token, end),
            Event::DialFailed {
                machine,
                token,
                why,
            } => {
                let dialler = &mut self.machines[machine.0];
                dialler.note_dial_failed(&mut self.net, token, why);
                self.look_after(machine);
            }
            Event::Datagram { from, to, bytes } => self.hand_over(from, to, &bytes),
        }
    }

    fn notify_room(&mut self, end: EndId) {
        if self.net.has_room(end) {
            self.notify(end, |conn| conn.is_writable = true);
        }
    }

    /// The kernel has news of a connection.
    fn notify(&mut self, end: EndId, note: impl FnOnce(&mut Conn)) {
        let (machine, Some(id)) = self.net.owner(end) else {
            return;
        };
        let owner = &mut self.machines[machine.0];
        if let Some(conn) = owner.conn(id) {
            note(conn);
            owner.queue(id);
            self.look_after(machine);
        }
    }

    /// Lets a machine do what there is to do now, and sees to it that it wakes for what comes.
    fn look_after(&mut self, id: MachineId) {
        let machine = &mut self.machines[id.0];
        if machine.life != Life::Runs {
            return;
        }
        machine.run(&mut self.net);
        let asked = std::mem::take(&mut machine.asked);
        let deadlines = [machine.hosted.deadline(), machine.hosted.next_done_at()];
        let soon = self.net.now + Duration::from_micros(1);
        let next = deadlines.into_iter().flatten().min();
        let next = next.map(|at| {
            if machine.is_busy() {
                soon
            } else {
                at.max(soon)
            }
        });
        if let Some(at) = next
            && machine.wakes_at.is_none_or(|known| at < known)
        {
            machine.wakes_at = Some(at);
            self.net.schedule(at, Event::Wake(id));
        }
        for asked in asked {
            self.carry_out(id, asked);
        }
    }
}

impl Drop for World {
    /// Whoever sees a test fail needs the seed to see it again.
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("seed {}, at {:?}", self.seed, self.net.now - Instant::ZERO);
        }
    }
}
