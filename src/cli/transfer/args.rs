//! The command lines of `seed` and `get`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::choice::ChoiceArgs;
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
/// What is at the destination already is always checked, and kept where it is right. While files
/// are not whole their names end in `.mtpart`. When everything is there, it is given to others until
/// Ctrl-C, or not at all with --exit.
///
/// --only, --skip, --first and --last take files and directories by the paths that `show` prints, by
/// their names alone, or by patterns of either, in which only `**` goes past a slash.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mt client get model.torrent /models
  mt client get model.torrent /models --exit
  mt client get dataset.torrent /data --only 'train/*.bin' --skip old --first labels.txt
  mt client get model.torrent . --peer 10.0.0.1:6881 --give-up 60s --exit --json")]
pub(crate) struct GetArgs {
    /// The torrent, in any format
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,

    /// The directory that the content is put into
    #[arg(value_name = "DEST_DIR")]
    pub(super) destination: PathBuf,

    /// A peer to ask, besides those that trackers name; may be given several times
    #[arg(long = "peer", value_name = "ADDR", value_parser = parse_peer)]
    pub(super) peers: Vec<SocketAddr>,

    /// End when everything is there
    #[arg(long)]
    pub(super) exit: bool,

    /// End with status 1 when nothing came for this long
    #[arg(long, value_name = "TIME", value_parser = parse_patience)]
    pub(super) give_up: Option<Duration>,

    /// Replace what is at the destination and is something else
    #[arg(long)]
    pub(super) force: bool,

    /// Fetch pieces in order, not the rarest first
    #[arg(long)]
    pub(super) sequential: bool,

    #[command(flatten)]
    pub(super) choice: ChoiceArgs,

    #[command(flatten)]
    pub(super) common: CommonArgs,
}

/// What both have.
#[derive(Debug, Args)]
pub(super) struct CommonArgs {
    /// Where to take connections; port 6881 of all addresses, or any free port, if not given
    #[arg(long, value_name = "ADDR", value_parser = parse_listen)]
    pub(super) listen: Option<SocketAddr>,

    /// Send no more than this, such as 10MB/s
    #[arg(long, value_name = "RATE", value_parser = parse_rate)]
    pub(super) limit_up: Option<u64>,

    /// Receive no more than this, such as 10MB/s
    #[arg(long, value_name = "RATE", value_parser = parse_rate)]
    pub(super) limit_down: Option<u64>,

    /// How many peers are served at a time
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = parse_some)]
    pub(super) upload_slots: usize,

    /// How many connections there are at most
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = parse_some)]
    pub(super) max_connections: usize,

    /// How much memory content is received into at a time
    #[arg(long, value_name = "SIZE", value_parser = parse_memory, default_value = "64MiB")]
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

/// A count of which there has to be one.
fn parse_some(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|count| *count > 0);
    count.ok_or_else(|| format!("`{text}` is no count: expected 1 or more"))
}

/// Before a peer was asked, nothing can have come.
fn parse_patience(text: &str) -> Result<Duration, String> {
    let patience = parse_duration(text)?;
    if patience.is_zero() {
        return Err(format!(
            "`{text}` is no time to wait for anything: expected 1s or more"
        ));
    }
    Ok(patience)
}

/// Enough for the shortest window that is worth it.
fn parse_memory(text: &str) -> Result<u64, String> {
    const MIN_BYTES: u64 = 1 << 20;
    let bytes = parse_size(text)?;
    if bytes < MIN_BYTES {
        return Err(format!("`{text}` is too little: expected 1MiB or more"));
    }
    Ok(bytes)
}

fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!(
            "`{text}` is no address to listen at: expected one with its port, such as \
             `0.0.0.0:6881` or `[::]:0`"
        )
    })
}

fn parse_peer(text: &str) -> Result<SocketAddr, String> {
    let address: Option<SocketAddr> = text.parse().ok();
    address
        .filter(|address| address.port() != 0)
        .ok_or_else(|| {
            format!(
                "`{text}` is no peer: expected an address and its port, such as `10.0.0.1:6881`"
            )
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_never_work_is_bad_usage() {
        for text in ["0", "-1", "x", ""] {
            assert!(parse_some(text).is_err(), "{text}");
        }
        assert_eq!(parse_some("3"), Ok(3));
        assert!(parse_memory("1000").is_err() && parse_memory("1MiB") == Ok(1 << 20));
        for text in ["10.0.0.1", "10.0.0.1:0", "host:1", ":1"] {
            assert!(parse_peer(text).is_err(), "{text}");
        }
        assert!(parse_peer("[::1]:6881").is_ok());
        for text in ["6881", ":6881", "localhost:1", "::1:6881"] {
            assert!(parse_listen(text).is_err(), "{text}");
        }
        assert!(parse_listen("[::1]:0").is_ok());
        assert!(parse_patience("0").is_err() && parse_patience("0h").is_err());
        assert_eq!(parse_patience("1m"), Ok(Duration::from_secs(60)));
    }
}
