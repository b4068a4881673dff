//! The commands, and the only room that speaks to people.
//!
//! A command line is parsed without looking at the world ([`args`]); then each command does its
//! work and returns an error with its whole story, which is told once, here, as a sentence on
//! standard error. Results go to standard output and nothing else does.

mod args;
mod convert;
mod create;
mod date;
mod input;
mod logging;
mod output;
mod progress;
mod show;
mod size;
mod terminal;
mod tracker;
mod transfer;
mod verify;

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Result;
use clap::Parser as _;

use args::{Args, ClientCommand, Command};

use crate::base::printable;

/// Exit status 0: done; 1: failed; 2: bad usage.
pub fn main() -> ExitCode {
    let args = Args::parse();
    take_full_files_as_errors();
    match run(args.command, args.verbose) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read our output has seen enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // It may name what somebody else named, and nobody may be there to read it.
            let story = format!("{error:#}");
            let _ = writeln!(io::stderr(), "mt: {}", printable(&story));
            match error.downcast_ref::<BadUsage>() {
                Some(_) => ExitCode::from(2),
                None => ExitCode::FAILURE,
            }
        }
    }
}

/// A write beyond the size that files may have is an error that names the file, and no end of the
/// process.
fn take_full_files_as_errors() {
    let nobody_looks = Arc::new(AtomicBool::new(false));
    if let Err(error) = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, nobody_looks) {
        log::debug!("SIGXFSZ stays as it is: {error}");
    }
}

/// What no state of the world could make right: the words of the command line contradict each other
/// or the formats that they name.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct BadUsage(String);

/// Ends a function with [`BadUsage`].
macro_rules! bad_usage {
    ($($sentence:tt)*) => {
        return Err($crate::cli::BadUsage(format!($($sentence)*)).into())
    };
}
use bad_usage;

fn run(command: Command, verbose: u8) -> Result<()> {
    let _log = match &command {
        Command::Tracker(_) => None,
        Command::Client(ClientCommand::Seed(_) | ClientCommand::Get(_)) => {
            Some(logging::start_queued(verbose))
        }
        Command::Client(_) => {
            logging::start(verbose);
            None
        }
    };
    match command {
        Command::Tracker(args) => tracker::run(&args, verbose),
        Command::Client(ClientCommand::Show(args)) => show::run(&args),
        Command::Client(ClientCommand::Convert(args)) => convert::run(&args),
        Command::Client(ClientCommand::Create(args)) => create::run(&args),
        Command::Client(ClientCommand::Verify(args)) => verify::run(&args),
        Command::Client(ClientCommand::Seed(args)) => transfer::seed(&args),
        Command::Client(ClientCommand::Get(args)) => transfer::get(&args),
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
