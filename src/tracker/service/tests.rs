//! The service on virtual time, with connections that take and send as much as a test says.

mod host;
mod journal;
mod network;
mod operation;
mod other;
mod pair;
mod streams;
