//! The engine on the reactor, with a pool behind it and somebody who watches.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::args::CommonArgs;
use super::show::Watcher;
use super::summary::{Figures, Outcome};
use crate::base::{self, ListenerId};
use crate::engine::{self, Config, Done, Engine, Job, Report, TorrentId, TorrentSetup};
use crate::reactor::{Completions, Ended, Plugin, Reactor, TcpPort, UdpPort};
use crate::storage::{Pool, PoolOptions, TorrentFiles};
use crate::swarm::Slots;

/// The port that people expect a client at.
const USUAL_PORT: u16 = 6881;

/// What is to be transferred, and how.
pub(super) struct Transfer<'a> {
    pub(super) setup: Option<TorrentSetup>,
    pub(super) files: Arc<TorrentFiles>,
    pub(super) ports: Ports,
    pub(super) common: &'a CommonArgs,
    pub(super) ends_when_complete: bool,
    pub(super) gives_up_after: Option<Duration>,
    /// Nothing is to be fetched.
    pub(super) is_seed: bool,
}

pub(super) fn run(transfer: Transfer<'_>) -> Result<Outcome> {
    let started = Instant::now();
    let common = transfer.common;
    let ports = transfer.ports;
    let Some(setup) = transfer.setup else {
        return Ok(of_nothing(started));
    };
    let config = config(
        common,
        ports.number,
        transfer.ends_when_complete,
        transfer.gives_up_after,
    )?;
    let geometry = transfer.files.geometry();
    let piece_len_bytes = geometry.map_or(0, |geometry| geometry.piece_len_bytes());
    let options = PoolOptions::for_engine(config.budget, piece_len_bytes);
    let pool = Pool::start(options).context("cannot start threads")?;
    pool.add(TorrentId(0), Arc::clone(&transfer.files));
    let mut engine = Engine::new(config);
    let name = setup.name.clone();
    let is_seed = transfer.is_seed;
    engine.add(base::Instant::ZERO, setup);

    let mut reactor = Reactor::new().context("cannot set up the loop")?;
    reactor.take_signals().context("cannot take signals")?;
    let (reports, watched) = sync_channel(WAITING_REPORTS_MAX);
    let jobs = &pool;
    let submit = move |job, completions: &Completions<Done>| match job {
        Job::Report(report) => tell(&reports, report),
        job => {
            let completions = completions.clone();
            jobs.submit(job, move |done: Done| drop(completions.send(done)));
        }
    };
    let (plugin, _) = reactor.plug_with_places(&mut engine, pool.memory(), submit);
    log::info!("`{name}`: taking connections at port {}", ports.number);
    if common.listen.is_none() && ports.number != USUAL_PORT {
        log::warn!(
            "port {USUAL_PORT} is taken; taking connections at port {}",
            ports.number
        );
    }
    ports.open(&mut reactor, plugin)?;
    let watcher = Watcher::new(&name, common.json, is_seed);
    let watching = thread::spawn(move || watcher.watch(&watched));
    let ended = reactor.run().context("the loop")?;
    let stats = reactor.stats();
    drop(reactor);
    let last = watching.join().ok().flatten();
    drop(pool);
    let has_given_up = last.as_ref().is_some_and(|report| report.has_given_up);
    Ok(Outcome {
        last: last.and_then(|report| report.torrents.into_iter().next()),
        gave_up_after: transfer.gives_up_after.filter(|_| has_given_up),
        figures: Figures::now(started.elapsed(), stats),
        shows_stats: common.stats,
        ended,
        is_seed,
    })
}

/// More than a watcher ever lets wait.
const WAITING_REPORTS_MAX: usize = 16;

fn tell(reports: &SyncSender<Box<Report>>, report: Box<Report>) {
    if report.has_stopped {
        // Nobody waits for the loop any more: what is left of it is to end.
        drop(reports.send(report));
    } else {
        // Who watches may be slow; the next report says more.
        drop(reports.try_send(report));
    }
}

/// Without a byte to transfer there is nothing more to do.
fn of_nothing(started: Instant) -> Outcome {
    Outcome {
        last: None,
        gave_up_after: None,
        figures: Figures::now(started.elapsed(), crate::reactor::Stats::default()),
        shows_stats: false,
        ended: Ended::Done,
        is_seed: true,
    }
}

fn config(
    common: &CommonArgs,
    listen_port: u16,
    ends_when_complete: bool,
    gives_up_after: Option<Duration>,
) -> Result<Config> {
    let mut seed = [0; 8];
    getrandom::fill(&mut seed).map_err(|error| anyhow::anyhow!("no random bytes: {error}"))?;
    let mut config = Config::new(listen_port, u64::from_le_bytes(seed));
    config.budget.receive_bytes = common.window_memory;
    config.connections_max = common.max_connections;
    config.torrent_connections_max = common.max_connections;
    config.slots = Slots {
        total: common.upload_slots,
        ..Slots::default()
    };
    config.down_bytes_per_second_max = common.limit_down;
    config.up_bytes_per_second_max = common.limit_up;
    config.ends_when_complete = ends_when_complete;
    config.gives_up_after = gives_up_after;
    Ok(config)
}

/// The ports that are asked for, taken before content is checked or made room for.
pub(super) struct Ports {
    tcp: Vec<TcpPort>,
    udp: Vec<(base::SocketId, UdpPort)>,
    number: u16,
}

impl Ports {
    pub(super) fn bind(listen: Option<SocketAddr>) -> Result<Self> {
        let tcp = match listen {
            Some(address) => vec![TcpPort::bind(address)?],
            None => bind_usual()?,
        };
        let number = tcp.first().map_or(0, |port| port.local_address().port());
        let any: [(base::SocketId, SocketAddr); 2] = [
            (engine::UDP_IPV4, (Ipv4Addr::UNSPECIFIED, 0).into()),
            (engine::UDP_IPV6, (Ipv6Addr::UNSPECIFIED, 0).into()),
        ];
        // A system may lack one of the two; trackers of that kind are out of reach then anyway.
        let udp = any
            .into_iter()
            .filter_map(|(id, address)| Some((id, UdpPort::bind(address).ok()?)));
        Ok(Self {
            tcp,
            udp: udp.collect(),
            number,
        })
    }

    /// Lets peers and trackers in.
    fn open(self, reactor: &mut Reactor<'_>, plugin: Plugin) -> Result<()> {
        for (id, port) in (0..).zip(self.tcp) {
            reactor.listen(plugin, ListenerId(id), port)?;
        }
        for (id, port) in self.udp {
            reactor.serve_datagrams(plugin, id, port)?;
        }
        Ok(())
    }
}

/// The usual port of IPv4 and IPv6, or the same free one of both.
fn bind_usual() -> Result<Vec<TcpPort>> {
    let at = |port| TcpPort::bind((Ipv4Addr::UNSPECIFIED, port).into());
    let first = at(USUAL_PORT).or_else(|_| at(0))?;
    let number = first.local_address().port();
    let second = TcpPort::bind((Ipv6Addr::UNSPECIFIED, number).into());
    Ok([Some(first), second.ok()].into_iter().flatten().collect())
}
