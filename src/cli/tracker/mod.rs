//! `mt tracker`: binds the ports, reads what is to be read, and runs the loop.

mod args;
mod settings;
mod state;
mod worker;

use std::io::Write as _;
use std::net::SocketAddr;

use anyhow::{Context as _, Result, bail};

use crate::base::SocketId;
use crate::reactor::{Ended, Reactor, TcpPort, UdpPort};
use crate::tracker::Secret;
use crate::tracker::server::Server;
use crate::tracker::service::{ADMIN, ConnectionLimits, HostFigures, PUBLIC, Service};

use super::logging;
pub(super) use args::TrackerArgs;
use settings::config;
use state::StateFile;
use worker::Worker;

/// Where a tracker listens that was not told where.
const DEFAULT_PORT: &str = "0.0.0.0:6969";

pub(super) fn run(args: &TrackerArgs, verbose: u8) -> Result<()> {
    let log = logging::start_service(verbose, args.log.as_deref())?;
    let ports = Ports::bind(args)?;
    let (secret, seed) = secrets()?;
    let limits = ConnectionLimits {
        per_address_max: args.max_connections_per_address,
        loopback_is_bounded: args.limit_loopback,
    };
    let mut service = Service::new(Server::new(config(args)?, secret, seed), limits);
    let state = match &args.state {
        Some(path) => Some(StateFile::restore(path, &mut service)?),
        None => None,
    };
    let worker = Worker::start(args.clone(), state, log);
    let mut reactor = Reactor::new().context("cannot set up the loop")?;
    reactor.take_signals().context("cannot take signals")?;
    let figures = reactor.stats_view();
    service.show_figures(HostFigures(Box::new(move || {
        serde_json::to_string(&figures.latest()).unwrap_or_default()
    })));
    let (plugin, _) = reactor.plug_with_pool(&mut service, |job, completions| {
        worker.submit(job, completions);
    });
    for port in ports.http {
        log::info!("HTTP: http://{}/announce", port.local_address());
        reactor.listen(plugin, PUBLIC, port)?;
    }
    for (id, port) in (0..).zip(ports.udp) {
        log::info!("UDP: udp://{}", port.local_address());
        reactor.serve_datagrams(plugin, SocketId(id), port)?;
    }
    for port in ports.admin {
        log::info!("operator's page: http://{}/", port.local_address());
        reactor.listen(plugin, ADMIN, port)?;
    }
    let ended = reactor.run().context("the loop")?;
    if args.stats {
        writeln!(std::io::stderr(), "{}", reactor.stats())?;
    }
    drop(reactor);
    worker.finish();
    match ended {
        Ended::Done => Ok(()),
        Ended::OutOfTime => bail!("stopped before all was written down: it took too long"),
        Ended::AtOnce => bail!("stopped at once, as it was asked to twice"),
    }
}

/// The ports that are asked for, taken before anything else is done.
struct Ports {
    http: Vec<TcpPort>,
    udp: Vec<UdpPort>,
    admin: Vec<TcpPort>,
}

impl Ports {
    fn bind(args: &TrackerArgs) -> Result<Self> {
        let default: [SocketAddr; 1] = [DEFAULT_PORT.parse()?];
        let is_told = !args.http.is_empty() || !args.udp.is_empty();
        let (http, udp): (&[SocketAddr], &[SocketAddr]) = if is_told {
            (&args.http, &args.udp)
        } else {
            (&default, &default)
        };
        let tcp = |addresses: &[SocketAddr]| -> Result<Vec<TcpPort>> {
            Ok(addresses
                .iter()
                .copied()
                .map(|address| TcpPort::bind(address).map(TcpPort::where_clients_speak_first))
                .collect::<Result<_, _>>()?)
        };
        Ok(Self {
            http: tcp(http)?,
            udp: udp
                .iter()
                .copied()
                .map(UdpPort::bind)
                .collect::<Result<_, _>>()?,
            admin: tcp(&args.admin)?,
        })
    }
}

/// From the kernel: what clients must not be able to guess.
fn secrets() -> Result<(Secret, u64)> {
    let mut bytes = [0; 40];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no random bytes: {error}"))?;
    let (words, _) = bytes.as_chunks::<8>();
    let word = |index: usize| u64::from_le_bytes(words[index]);
    Ok((Secret([word(0), word(1), word(2), word(3)]), word(4)))
}
