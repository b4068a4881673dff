//! `mt tracker` as people run it: the real binary on loopback, real files, real signals.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on ends"
)]

#[path = "tracker/addresses.rs"]
mod addresses;
#[path = "tracker/clients.rs"]
mod clients;
#[path = "tracker/connections.rs"]
mod connections;
#[path = "tracker/floods.rs"]
mod floods;
#[path = "tracker/operating.rs"]
mod operating;
#[path = "tracker/pair.rs"]
mod pair;
#[path = "tracker/process.rs"]
mod process;
#[path = "tracker/restarts.rs"]
mod restarts;
#[path = "tracker/serving.rs"]
mod serving;
