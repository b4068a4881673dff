//! One connection to a peer: what was said on it, what is received, asked for and sent next.
//!
//! A [`Connection`] is driven by whoever owns it. Bytes go in by [`Connection::next_event`], one
//! message at a time, and what the peer said comes out; mutators queue what is to be said;
//! [`Connection::recv_plan`] and [`Connection::send_plan`] say where bytes go to and come from. It
//! knows nothing of other connections: which block is asked of whom, and who is choked, is decided
//! above.

mod connection;
mod event;
mod grants;
mod greeting;
mod patience;
mod pipeline;
mod receiving;
mod uploads;

pub use connection::Connection;
pub use event::{Event, Extensions, Fault};
pub use greeting::{Greeted, Greeting};
pub use pipeline::{Asked, Landing};
