//! Bytes to values and back, without state: what stands in the packets and requests of the
//! protocols that mt speaks. Who may say what, and when, is decided above.

pub mod http;
pub mod peer;
mod tracker_event;
pub mod udp_tracker;

pub use tracker_event::Event;
