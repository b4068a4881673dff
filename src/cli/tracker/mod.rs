//! `mt tracker`: binds the ports, reads what is to be read, and runs the loop.

mod args;
mod ports;
mod settings;
mod state;
mod worker;

use std::io::Write as _;

use anyhow::{Context as _, Result, bail};

use crate::base::SocketId;
use crate::reactor::{Ended, Reactor};
use crate::tracker::Secret;
use crate::tracker::pair::Token;
use crate::tracker::server::Server;
use crate::tracker::service::{ADMIN, ConnectionLimits, HostFigures, PUBLIC, Service};

use super::{bad_usage, logging};
pub(super) use args::TrackerArgs;
use ports::Ports;
use settings::config;
use state::StateFile;
use worker::Worker;

pub(super) fn run(args: &TrackerArgs, verbose: u8) -> Result<()> {
    if let Some(path) = args.state_file().filter(|it| Some(*it) == args.log_path()) {
        let path = path.display();
        bad_usage!("`{path}` cannot hold both who has what and the log; name two files");
    }
    let log = logging::start_service(verbose, args.log_path())?;
    let ports = Ports::bind(args)?;
    let other = args.other_tracker();
    if let Some(other) = other {
        ports.check_other(other)?;
    }
    let known_as = other.and_then(|other| ports.known_to(other));
    let Secrets {
        secret,
        seed,
        token,
    } = Secrets::draw()?;
    let limits = ConnectionLimits {
        per_address_max: args.max_connections_per_address,
        loopback_is_bounded: args.limit_loopback,
    };
    let mut service = Service::new(Server::new(config(args)?, secret, seed), limits);
    if let Some(other) = other {
        service.pair_with(other, known_as, token);
    }
    let state = match args.state_file() {
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
    if args.stats && other.is_some() {
        writeln!(std::io::stderr(), "pair: {}", service.pair_json())?;
    }
    worker.finish();
    match ended {
        Ended::Done => Ok(()),
        Ended::OutOfTime => bail!("stopped before all was written down: it took too long"),
        Ended::AtOnce => bail!("stopped at once, as it was asked to twice"),
    }
}

/// From the kernel: what clients must not be able to guess.
struct Secrets {
    secret: Secret,
    seed: u64,
    token: Token,
}

impl Secrets {
    fn draw() -> Result<Self> {
        let mut bytes = [0; 56];
        getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no random bytes: {error}"))?;
        let (token, rest) = bytes.split_at(16);
        let (words, _) = rest.as_chunks::<8>();
        let word = |index: usize| u64::from_le_bytes(words[index]);
        Ok(Self {
            secret: Secret([word(0), word(1), word(2), word(3)]),
            seed: word(4),
            token: Token(token.try_into()?),
        })
    }
}
