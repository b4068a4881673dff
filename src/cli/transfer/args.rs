//! The command lines of `seed` and `get`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::cli::size::{parse_duration, parse_rate, parse_size};
use crate::storage::IoChoice;

/// Give content to whoever asks for it
///
/// All of it is checked first; what is not whole is not given.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mt client seed model.torrent --data /models
  mt client seed model.torrent --data ./model.bin --listen 10.0.0.1:6881 --limit-up 100MB/s")]
pub(crate) struct SeedArgs {
    /// The torrent, in any format
    pub(super) file: PathBuf,

    /// The content, or the directory that holds it
    #[arg(long, value_name = "PATH")]
    pub(super) data: PathBuf,

    #[command(flatten)]
    pub(super) common: CommonArgs,
}

/// Get content from whoever has it
///
/// What is at the destination already is checked and kept where it is right. While files are not
/// whole their names end in `.mtpart`. When everything is there, it is given to others until Ctrl-C,
/// or not at all with --exit.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mt client get model.torrent /models
  mt client get model.torrent /models --exit
  mt client get model.torrent . --peer 10.0.0.1:6881 --give-up 60s --exit --json")]
pub(crate) struct GetArgs {
    /// The torrent, in any format
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,

    /// The directory that the content is put into
    #[arg(value_name = "DEST_DIR")]
    pub(super) destination: PathBuf,

    /// A peer to ask, besides those that trackers name; may be given several times
    #[arg(long = "peer", value_name = "ADDR")]
    pub(super) peers: Vec<SocketAddr>,

    /// End when everything is there
    #[arg(long)]
    pub(super) exit: bool,

    /// End with status 1 when nothing came for this long
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(super) give_up: Option<Duration>,

    /// Replace what is at the destination and is something else
    #[arg(long)]
    pub(super) force: bool,

    /// Fetch pieces in order, not the rarest first
    #[arg(long)]
    pub(super) sequential: bool,

    #[command(flatten)]
    pub(super) common: CommonArgs,
}

/// What both have.
#[derive(Debug, Args)]
pub(super) struct CommonArgs {
    /// Where to take connections; port 6881 of all addresses, or any free port, if not given
    #[arg(long, value_name = "ADDR")]
    pub(super) listen: Option<SocketAddr>,

    /// Send no more than this, such as 10MB/s
    #[arg(long, value_name = "RATE", value_parser = parse_rate)]
    pub(super) limit_up: Option<u64>,

    /// Receive no more than this, such as 10MB/s
    #[arg(long, value_name = "RATE", value_parser = parse_rate)]
    pub(super) limit_down: Option<u64>,

    /// How many peers are served at a time
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub(super) upload_slots: usize,

    /// How many connections there are at most
    #[arg(long, value_name = "N", default_value_t = 500)]
    pub(super) max_connections: usize,

    /// How much memory content is received into at a time
    #[arg(long, value_name = "SIZE", value_parser = parse_size, default_value = "64MiB")]
    pub(super) window_memory: u64,

    /// How files are read and written
    #[arg(long, value_enum, default_value_t = TransferIo::Auto)]
    pub(super) io: TransferIo,

    /// Print one JSON object a second, and one at the end
    #[arg(long)]
    pub(super) json: bool,

    /// Print what the loop measured of itself, at the end
    #[arg(long)]
    pub(super) stats: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum TransferIo {
    /// Mapped on file systems that map well
    Auto,
    /// Mapped, always
    Mmap,
    /// Through buffers, always
    Positional,
}

impl From<TransferIo> for IoChoice {
    fn from(io: TransferIo) -> Self {
        match io {
            TransferIo::Auto => Self::Auto,
            TransferIo::Mmap => Self::Mapped,
            TransferIo::Positional => Self::Positional,
        }
    }
}
