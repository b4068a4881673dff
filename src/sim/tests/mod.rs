//! Scenarios: what an engine among others must do, over many seeds.

mod support;
mod transfers;
