//! The ports that are asked for, taken before anything else is done.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};

use anyhow::Result;

use super::TrackerArgs;
use crate::cli::bad_usage;
use crate::reactor::{TcpPort, UdpPort};

/// Where a tracker listens that was not told where.
const DEFAULT_PORT: &str = "0.0.0.0:6969";

pub(super) struct Ports {
    pub(super) http: Vec<TcpPort>,
    pub(super) udp: Vec<UdpPort>,
    pub(super) admin: Vec<TcpPort>,
}

impl Ports {
    pub(super) fn bind(args: &TrackerArgs) -> Result<Self> {
        let listens = [&args.http, &args.udp, &args.admin].into_iter().flatten();
        for address in listens.chain(&args.own) {
            if let Some(kind) = kind_of_many(address.ip()) {
                bad_usage!("`{address}` is a {kind} address: no tracker can listen there");
            }
        }
        if let Some(other) = args.other_tracker() {
            check_callable(other)?;
        }
        let is_told = !args.http.is_empty() || !args.udp.is_empty();
        let (http, udp) = if is_told {
            (tcp(&args.http)?, args.udp.clone())
        } else {
            let own = args.own.map_or_else(|| DEFAULT_PORT.parse(), Ok)?;
            let http = tcp(&[own])?;
            // Where any port will do, it is one for both.
            let taken = http.iter().map(TcpPort::local_address).collect();
            (http, taken)
        };
        let udp = udp.into_iter().map(UdpPort::bind);
        Ok(Self {
            http,
            udp: udp.collect::<Result<_, _>>()?,
            admin: tcp(&args.admin)?,
        })
    }

    /// The other tracker of the pair has to be another one, that can call back.
    pub(super) fn check_other(&self, other: SocketAddr) -> Result<()> {
        if self.http.is_empty() {
            bad_usage!("the other tracker asks by HTTP whether it is told by this one: add --http");
        }
        for own in self.http.iter().map(TcpPort::local_address) {
            let is_own_address = own.ip() == other.ip()
                || own.ip().is_unspecified()
                    && own.is_ipv4() == other.is_ipv4()
                    && is_local(other.ip());
            if own.port() == other.port() && is_own_address {
                bad_usage!(
                    "the other tracker cannot be this one: `{other}` is where this one listens"
                );
            }
        }
        Ok(())
    }

    /// The address by which the other tracker knows this one, as far as that can be told. Nobody is
    /// called on another machine from an address of loopback, nor the other way round.
    pub(super) fn known_to(&self, other: SocketAddr) -> Option<IpAddr> {
        let other = other.ip();
        let own = self.http.iter().map(|port| port.local_address().ip());
        let mut fitting = own.filter(|own| {
            !own.is_unspecified()
                && own.is_ipv4() == other.is_ipv4()
                && own.is_loopback() == other.is_loopback()
        });
        fitting.next()
    }
}

fn check_callable(other: SocketAddr) -> Result<()> {
    if other.port() == 0 || other.ip().is_unspecified() {
        bad_usage!("`{other}` is no address at which the other tracker could be called");
    }
    if let Some(kind) = kind_of_many(other.ip()) {
        bad_usage!("`{other}` is a {kind} address: the other tracker cannot be called there");
    }
    Ok(())
}

/// Of an address that is not one machine's.
fn kind_of_many(address: IpAddr) -> Option<&'static str> {
    if address.is_multicast() {
        Some("multicast")
    } else if address == Ipv4Addr::BROADCAST {
        Some("broadcast")
    } else {
        None
    }
}

fn tcp(addresses: &[SocketAddr]) -> Result<Vec<TcpPort>> {
    let ports = addresses.iter().copied().map(TcpPort::bind);
    let ports = ports.map(|port| port.map(TcpPort::where_clients_speak_first));
    Ok(ports.collect::<Result<_, _>>()?)
}

/// Whether an address is this machine's: no program can listen on another one's.
fn is_local(address: IpAddr) -> bool {
    TcpListener::bind((address, 0)).is_ok()
}
