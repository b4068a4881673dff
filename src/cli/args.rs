//! The command line as people type it. Parsing it looks at nothing but the words.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};

/// Moves big files from a few machines to many.
#[derive(Debug, Parser)]
#[command(name = "mt", version, propagate_version = true, max_term_width = 100)]
pub(super) struct Args {
    /// Say more on standard error: once for progress, twice for details
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,

    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Work with torrents and the files that they describe
    #[command(subcommand)]
    Client(ClientCommand),
}

#[derive(Debug, Subcommand)]
pub(super) enum ClientCommand {
    Show(ShowArgs),
    Convert(ConvertArgs),
}

/// Show what a torrent or a magnet link says
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  mt client show model.torrent
  mt client show --json model.st | jq .total_size
  mt client show --magnet model.mtorrent
  mt client show 'magnet:?xt=urn:btih:...'
  curl -s https://host/model.torrent | mt client show -")]
pub(super) struct ShowArgs {
    /// A .torrent, .mtorrent, .st or .magnet file, `-` for standard input, or a magnet link
    #[arg(value_name = "FILE|MAGNET")]
    pub(super) input: PathBuf,

    /// Print one JSON object
    #[arg(long, conflicts_with = "magnet")]
    pub(super) json: bool,

    /// Print only the magnet link
    #[arg(long)]
    pub(super) magnet: bool,
}

/// Write a torrent in another format; the extension of OUT picks which
///
/// A conversion keeps the info-hash, so that it stays one swarm. Where the other format cannot
/// carry what this one has, the conversion is refused and says what is in the way.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  mt client convert model.mtorrent model.torrent
  mt client convert model-v2.torrent model.st
  mt client convert model.torrent model.magnet
  mt client convert --new-hash --data ./model.bin model.torrent model.st")]
pub(super) struct ConvertArgs {
    /// The torrent to read, in any format, or `-` for standard input
    #[arg(value_name = "IN")]
    pub(super) input: PathBuf,

    /// The file to write: .torrent, .mtorrent, .st or .magnet
    #[arg(value_name = "OUT")]
    pub(super) output: PathBuf,

    /// Where the content lies (or the directory that holds it), for hashes that only it can give
    #[arg(long, value_name = "PATH")]
    pub(super) data: Option<PathBuf>,

    /// Allow what gives another info-hash, and so another swarm
    #[arg(long)]
    pub(super) new_hash: bool,

    /// Replace OUT if it exists
    #[arg(long)]
    pub(super) force: bool,
}
