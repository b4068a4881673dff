//! Both ends of a tracker: the server's, which knows who takes part in which swarm and what they are
//! told, and the client's. Sockets, clocks, files and secrets are handed in by whoever hosts it.
//!
//! [`announcer::Announcer`] is the client's end, for one torrent.
//!
//! [`server::Server`] takes requests and gives replies, over the [`table`]; [`state_file`] writes down
//! what changes, and reads it again after a restart; two that know each other share what they are told
//! ([`pair`]).

pub mod access;
pub mod addresses;
pub mod announcer;
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
