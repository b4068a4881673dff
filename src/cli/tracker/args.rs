//! The words of `mt tracker`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args as ClapArgs;

use crate::cli::size::parse_duration;
use crate::tracker::addresses::Network;

/// Run a tracker: tell peers of each other, over HTTP and UDP
///
/// The four words are the short form of the options --http and --udp, --pair, --state and --log; the
/// last ones may be left out. Without any, it listens on 0.0.0.0:6969 for HTTP and UDP. SIGTERM and
/// Ctrl-C end it after everything is written down; SIGHUP reads the lists again and opens the log afresh.
#[derive(Clone, Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  mt tracker
  mt tracker 192.0.2.1:6969
  mt tracker 192.0.2.1:6969 192.0.2.2:6969 seeders.txt tracker.log    # and on 192.0.2.2:
  mt tracker 192.0.2.2:6969 192.0.2.1:6969 seeders.txt tracker.log
  mt tracker 0.0.0.0:6969 - seeders.txt                               # alone
  mt tracker --http 0.0.0.0:6969 --udp 0.0.0.0:6969 --pair 192.0.2.2:6969
  mt tracker --http 0.0.0.0:6969 --http '[::]:6969' --udp 0.0.0.0:6969 --udp '[::]:6969'
  mt tracker --state /var/lib/mt/swarms.txt --log /var/log/mt-tracker.log --admin 6970
  mt tracker --allow ours.txt --interval 10m --proxy 10.0.0.0/8")]
pub(in crate::cli) struct TrackerArgs {
    /// Take HTTP and UDP announces on this address and port
    #[arg(value_name = "SELF", value_parser = parse_address, conflicts_with_all = ["http", "udp"])]
    pub(super) own: Option<SocketAddr>,

    /// The other tracker of the pair; `-` for none
    #[arg(value_name = "OTHER", value_parser = parse_other, conflicts_with = "pair")]
    pub(super) other: Option<OtherWord>,

    /// Remember who has what in this file
    #[arg(value_name = "SEEDERS_FILE", conflicts_with = "state")]
    pub(super) seeders_file: Option<PathBuf>,

    /// Write log lines to this file
    #[arg(value_name = "LOG_FILE", conflicts_with = "log")]
    pub(super) log_file: Option<PathBuf>,

    /// Take HTTP announces on this address and port; may be given several times
    #[arg(long, value_name = "ADDR")]
    pub(super) http: Vec<SocketAddr>,

    /// Take UDP announces on this address and port; may be given several times
    #[arg(long, value_name = "ADDR")]
    pub(super) udp: Vec<SocketAddr>,

    /// Show a page for people, /stats (JSON) and /metrics (Prometheus) on this address and port;
    /// a port alone is one of this machine's loopback. Whoever reaches it may look
    #[arg(long, value_name = "[IP:]PORT", value_parser = parse_admin)]
    pub(super) admin: Vec<SocketAddr>,

    /// Tell the tracker at this address of all announces, and believe what it tells: so a client that
    /// reaches one of them is found through both. It has to be told this one's address likewise
    #[arg(long, value_name = "ADDR", value_parser = parse_address)]
    pub(super) pair: Option<SocketAddr>,

    /// Remember who has what in this file, so that a restart loses nothing
    #[arg(long, value_name = "FILE")]
    pub(super) state: Option<PathBuf>,

    /// Write log lines to this file instead of standard error
    #[arg(long, value_name = "FILE")]
    pub(super) log: Option<PathBuf>,

    /// How often clients are asked to announce
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = parse_duration)]
    pub(super) interval: Duration,

    /// How often clients may announce
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = parse_duration)]
    pub(super) min_interval: Duration,

    /// Remember this many peers; further newcomers are told of others, and others not of them
    #[arg(long, value_name = "COUNT", default_value_t = 10_000_000)]
    pub(super) max_peers: usize,

    /// Serve only the info-hashes in this file, one a line
    #[arg(long, value_name = "FILE", conflicts_with = "deny")]
    pub(super) allow: Option<PathBuf>,

    /// Serve all but the info-hashes in this file, one a line
    #[arg(long, value_name = "FILE")]
    pub(super) deny: Option<PathBuf>,

    /// What peers on this machine's own network are told to others as; one for IPv4, one for IPv6
    #[arg(long, value_name = "IP")]
    pub(super) external_ip: Vec<IpAddr>,

    /// Believe `ip=` and X-Forwarded-For from this address or network; may be given several times
    #[arg(long, value_name = "IP[/BITS]")]
    pub(super) proxy: Vec<Network>,

    /// Requests a second that one address may make in the long run; 0 for no limit
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    pub(super) max_rate: u32,

    /// HTTP connections that one address may hold at a time; a --proxy may hold any number
    #[arg(long, value_name = "COUNT", default_value_t = 64)]
    pub(super) max_connections_per_address: u32,

    /// Hold clients on this machine to the limits too
    #[arg(long)]
    pub(super) limit_loopback: bool,

    /// Print the reactor's figures at the end
    #[arg(long)]
    pub(super) stats: bool,
}

/// The second of the four words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OtherWord {
    Nobody,
    At(SocketAddr),
}

impl TrackerArgs {
    /// The other tracker, whichever way it was named and written.
    pub(super) fn other_tracker(&self) -> Option<SocketAddr> {
        let other = match self.other {
            Some(OtherWord::At(address)) => Some(address),
            Some(OtherWord::Nobody) | None => self.pair,
        };
        other.map(|other| match other.ip().to_canonical() {
            IpAddr::V4(ip) => (ip, other.port()).into(),
            IpAddr::V6(_) => other,
        })
    }

    pub(super) fn state_file(&self) -> Option<&Path> {
        self.state.as_deref().or(self.seeders_file.as_deref())
    }

    pub(super) fn log_path(&self) -> Option<&Path> {
        self.log.as_deref().or(self.log_file.as_deref())
    }
}

fn parse_address(text: &str) -> Result<SocketAddr, String> {
    let address = text.parse();
    address.map_err(|_| {
        format!("`{text}` is no IP address with a port: 192.0.2.1:6969, [2001:db8::1]:6969")
    })
}

fn parse_other(text: &str) -> Result<OtherWord, String> {
    match text {
        "-" => Ok(OtherWord::Nobody),
        _ => parse_address(text).map(OtherWord::At),
    }
}

fn parse_admin(text: &str) -> Result<SocketAddr, String> {
    let on_loopback = text
        .parse()
        .map(|port: u16| (Ipv4Addr::LOCALHOST, port).into());
    let address = on_loopback.or_else(|_| text.parse());
    address.map_err(|_| {
        format!("`{text}` is no port, and no address with a port: 6970, 10.0.0.1:6970")
    })
}
