//! Both ends of a tracker. So far the server's: who takes part in which swarm, and what they are
//! told. Sockets, clocks, files and secrets are handed in by whoever hosts it.
//!
//! [`server::Server`] takes requests and gives replies, over the [`table`]; [`state_file`] writes down
//! what changes, and reads it again after a restart; two that know each other share what they are told
//! ([`pair`]).

pub mod access;
pub mod addresses;
pub mod connection_id;
pub mod limiter;
pub mod pair;
pub mod server;
pub mod service;
pub mod state_file;
pub mod table;

mod keyed;
mod peer;

pub use keyed::Secret;
pub use peer::{Family, Peer};
