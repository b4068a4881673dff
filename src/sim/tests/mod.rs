//! Scenarios: what an engine among others must do, over many seeds.

mod contacts;
mod crowds;
mod dribblers;
mod endings;
mod fast;
mod floods;
mod hostile;
mod memory;
mod odd_seeder;
mod shapes;
mod shortages;
mod support;
mod swarms;
mod transfers;
mod waits;
mod wishes;
mod wrong_bytes;
