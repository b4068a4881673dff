//! The commands as people run them: the real binary, real files, real signals.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on ends"
)]

#[path = "cli/changing.rs"]
mod changing;
#[path = "cli/convert.rs"]
mod convert;
#[path = "cli/create.rs"]
mod create;
#[path = "cli/hashes.rs"]
mod hashes;
#[path = "cli/resident.rs"]
mod resident;
#[path = "cli/scanning.rs"]
mod scanning;
#[path = "cli/show.rs"]
mod show;
#[path = "cli/support.rs"]
mod support;
#[path = "cli/verify.rs"]
mod verify;
#[path = "cli/verify_model.rs"]
mod verify_model;
