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
#[path = "reactor/giver.rs"]
mod giver;
#[path = "reactor/harness.rs"]
mod harness;
#[path = "reactor/holes.rs"]
mod holes;
#[path = "reactor/landing.rs"]
mod landing;
#[path = "reactor/outside.rs"]
mod outside;
#[path = "reactor/places.rs"]
mod places;
#[path = "reactor/ports.rs"]
mod ports;
#[path = "reactor/regions.rs"]
mod regions;
#[path = "reactor/server.rs"]
mod server;
#[path = "reactor/signals.rs"]
mod signals;
#[path = "reactor/streams.rs"]
mod streams;
#[path = "reactor/taker.rs"]
mod taker;
