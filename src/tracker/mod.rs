//! Both ends of a tracker. So far the server's: who takes part in which swarm, and what they are
//! told. Sockets, clocks and secrets are handed in by whoever hosts it.

pub mod table;

mod keyed;
mod peer;

pub use keyed::Secret;
pub use peer::{Family, Peer};
