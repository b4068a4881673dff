//! The service on virtual time, with connections that take and send as much as a test says.

mod host;
mod journal;
mod operation;
mod streams;
