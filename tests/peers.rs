//! mt beside the programs that others use: each reads what the other writes, and finds the same; they
//! announce to its tracker, find each other, and move content in both directions.
//!
//! libtorrent is asked through its Python module. It is the judge as well: what a third program
//! wrote must look to mt as it looks to libtorrent.

#[path = "peers/content.rs"]
mod content;
#[path = "peers/made_by_mt.rs"]
mod made_by_mt;
#[path = "peers/made_by_others.rs"]
mod made_by_others;
#[path = "peers/programs.rs"]
mod programs;
#[path = "peers/tracked.rs"]
mod tracked;
#[path = "peers/transfers.rs"]
mod transfers;
#[path = "peers/transmission.rs"]
mod transmission;
#[path = "peers/verified.rs"]
mod verified;

// These two belong to the tests of the tracker, which use all of them.
#[allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on ends"
)]
#[path = "tracker/clients.rs"]
mod clients;
#[allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on ends"
)]
#[path = "tracker/process.rs"]
mod process;

/// All that one file or directory can be made.
const VERSIONS: [&str; 3] = ["v1", "v2", "hybrid"];
