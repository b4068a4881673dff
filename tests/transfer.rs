//! `seed` and `get` as people run them: the real binary, real sockets on loopback, real files, real
//! signals.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on ends"
)]

#[path = "transfer/choice.rs"]
mod choice;
#[path = "transfer/client.rs"]
mod client;
#[path = "transfer/content.rs"]
mod content;
#[path = "transfer/destinations.rs"]
mod destinations;
#[path = "transfer/endings.rs"]
mod endings;
#[path = "transfer/faults.rs"]
mod faults;
#[path = "transfer/laws.rs"]
mod laws;
#[path = "transfer/resume.rs"]
mod resume;
#[path = "transfer/together.rs"]
mod together;
#[path = "transfer/told.rs"]
mod told;
#[path = "transfer/whole.rs"]
mod whole;

// These belong to other tests, which use all of them.
#[allow(dead_code, reason = "the tests of the tracker use the rest")]
#[path = "tracker/clients.rs"]
mod clients;
#[allow(dead_code, reason = "the tests of the tracker use the rest")]
#[path = "tracker/process.rs"]
mod process;
#[allow(dead_code, reason = "the tests of the commands use the rest")]
#[path = "cli/support.rs"]
mod support;
