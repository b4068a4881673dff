//! The reactor over real sockets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "here too, what goes wrong fails a test"
)]

#[path = "reactor/datagrams.rs"]
mod datagrams;
#[path = "reactor/descriptors.rs"]
mod descriptors;
#[path = "reactor/dials.rs"]
mod dials;
#[path = "reactor/fairness.rs"]
mod fairness;
#[path = "reactor/harness.rs"]
mod harness;
#[path = "reactor/outside.rs"]
mod outside;
#[path = "reactor/ports.rs"]
mod ports;
#[path = "reactor/server.rs"]
mod server;
#[path = "reactor/signals.rs"]
mod signals;
#[path = "reactor/streams.rs"]
mod streams;
