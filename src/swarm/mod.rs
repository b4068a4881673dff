//! One torrent among its peers: what is still missing and who brings it ([`Blocks`]), what is begun
//! next ([`Picker`]), who is served ([`Choker`]), whom there is to know ([`Roster`]) and whom not to
//! trust ([`Suspects`]).
//!
//! Everything here is a value that its caller tells what happened and asks what to do. The time and
//! the random numbers are handed in.

mod blocks;
mod choker;
mod duplicates;
#[cfg(test)]
mod model_tests;
mod picker;
mod rate;
mod roster;
mod suspects;

pub use blocks::{Blocks, Claim, Contributor, Filled};
pub use choker::{Aim, ChokeChanges, Choker, PeerFacts, Slots};
pub use duplicates::{Dialled, newer_stays};
pub use picker::{Interest, Order, Picker, Priority};
pub use rate::Rate;
pub use roster::{Offence, Parting, Roster, Source};
pub use suspects::Suspects;
