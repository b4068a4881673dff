//! The other host: cores on a network, a clock and disks that exist only in memory.
//!
//! A [`World`] holds machines, each of which hosts one core (a client, a tracker, a scripted peer)
//! by the same contract as the reactor, and passes time from one event to the next. Delays, the
//! lengths of reads and writes, what is lost and what fails: all of it follows from one seed, so a
//! run that failed can be seen again.
//!
//! While it runs it checks what must never be: that a byte is written by a connection that has no
//! lease of it, or after it was verified, or while a job reads it; that more memory is taken than
//! there may be; that a client tells of a piece that it has not verified, or sends a byte that is
//! not the content's.

mod client;
mod content;
mod disk;
mod hosted;
mod machine;
mod network;
mod receive;
mod script;
mod storage;
mod tap;
#[cfg(test)]
mod tests;
mod world;

pub use client::{CLIENT_PORT, Client};
pub use content::Content;
pub use disk::{Disk, DiskFaults};
pub use network::{Line, MachineId};
pub use script::{Heard, Reply, Script, ScriptedPeer};
pub use storage::JobTimes;
pub use world::{TRACKER_PORT, World};
