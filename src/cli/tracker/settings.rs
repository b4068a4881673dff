//! From the words of the command line, and the files that they name, to the server's settings.

use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::TrackerArgs;
use crate::cli::bad_usage;
use crate::tracker::access::{Access, HashList};
use crate::tracker::addresses::Addresses;
use crate::tracker::limiter::Rate;
use crate::tracker::server::Config;

/// How many requests an address may save up, as a multiple of its rate.
const BURST_S: u32 = 10;

/// The table measures lifetimes of a day and a half; with a longer interval, peers would be forgotten
/// before they announce again.
const INTERVAL_S_MAX: u32 = 24 * 60 * 60;

pub(super) fn config(args: &TrackerArgs) -> Result<Config> {
    let (interval_s, min_interval_s) = (seconds(args.interval), seconds(args.min_interval));
    if !(1..=INTERVAL_S_MAX).contains(&interval_s) || min_interval_s > interval_s {
        bad_usage!("--interval must be from a second to a day, and no shorter than --min-interval");
    }
    let rate = Rate {
        requests_per_s: args.max_rate,
        burst: args.max_rate.saturating_mul(BURST_S),
    };
    Ok(Config {
        interval_s,
        min_interval_s,
        peers_max: args.max_peers,
        access: access(args)?,
        addresses: addresses(args)?,
        rate: (args.max_rate > 0).then_some(rate),
        loopback_is_limited: args.limit_loopback,
        ..Config::default()
    })
}

fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}

fn access(args: &TrackerArgs) -> Result<Access> {
    Ok(match (&args.allow, &args.deny) {
        (Some(path), _) => Access::Only(hash_list(path)?),
        (None, Some(path)) => Access::AllBut(hash_list(path)?),
        (None, None) => Access::Open,
    })
}

fn hash_list(path: &Path) -> Result<HashList> {
    let named = || format!("`{}`", path.display());
    let text = fs::read_to_string(path).with_context(named)?;
    HashList::parse(&text).with_context(named)
}

fn addresses(args: &TrackerArgs) -> Result<Addresses> {
    let mut addresses = Addresses {
        proxies: args.proxy.clone(),
        ..Addresses::default()
    };
    for external in &args.external_ip {
        let known = match external {
            IpAddr::V4(address) => addresses.external_v4.replace(*address).is_some(),
            IpAddr::V6(address) => addresses.external_v6.replace(*address).is_some(),
        };
        if known {
            bad_usage!("--external-ip: one address of each family, and `{external}` is the second");
        }
    }
    Ok(addresses)
}
