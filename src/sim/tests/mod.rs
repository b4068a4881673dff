//! Scenarios: what an engine among others must do, over many seeds.

mod contacts;
mod endings;
mod hostile;
mod memory;
mod odd_seeder;
mod shapes;
mod shortages;
mod support;
mod swarms;
mod transfers;
mod waits;
mod wrong_bytes;
