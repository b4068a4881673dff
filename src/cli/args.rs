//! The command line as people type it. Parsing it looks at nothing but the words.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

use super::size::parse_size;
use super::tracker::TrackerArgs;
use super::transfer::{GetArgs, SeedArgs};
use crate::base::Url;

/// Moves big files from a few machines to many.
#[derive(Debug, Parser)]
#[command(name = "mt", version, propagate_version = true, max_term_width = 100)]
pub(super) struct Args {
    /// Say more on standard error, such as how content is read and hashed; twice for everything
    #[arg(short, long, global = true, display_order = 900, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,

    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Tracker(Box<TrackerArgs>),

    /// Work with torrents and the files that they describe
    #[command(subcommand)]
    Client(ClientCommand),
}

#[derive(Debug, Subcommand)]
pub(super) enum ClientCommand {
    Show(ShowArgs),
    Convert(ConvertArgs),
    Create(CreateArgs),
    Verify(VerifyArgs),
    Seed(SeedArgs),
    Get(Box<GetArgs>),
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

/// Make a torrent of a file or a directory
///
/// All files are read once, on every core. Nothing is written before everything was read, and a
/// file that changes meanwhile is an error.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  mt client create model.bin -o model.torrent --tracker http://10.0.0.1:4444/announce
  mt client create dataset/ -o dataset.torrent --meta hybrid --exclude '*.tmp' --exclude .git
  mt client create model.bin -o model.torrent -o model.mtorrent -o model.st
  mt client create site/ -o site.torrent --tracker udp://a:80,udp://b:80 --tracker http://c/announce

A link is followed, and what it leads to becomes part of the torrent (see --links). Devices, sockets
and pipes are an error. An exclude without a slash is held against names, one with a slash against
paths below PATH.")]
pub(super) struct CreateArgs {
    /// The file or directory to make a torrent of
    pub(super) path: PathBuf,

    /// What to write: .torrent, .mtorrent, .st or .magnet; may be given several times
    #[arg(short, long = "output", value_name = "OUT", required = true)]
    pub(super) outputs: Vec<PathBuf>,

    /// A tracker, or several of one tier with commas between them; each use is the next tier
    #[arg(long = "tracker", value_name = "URL[,URL...]")]
    pub(super) trackers: Vec<Tier>,

    /// A web server that has the content; may be given several times
    #[arg(long = "web-seed", value_name = "URL")]
    pub(super) web_seeds: Vec<WebSeed>,

    /// Bytes per piece, such as 1MiB; picked by the size of the content if not given
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub(super) piece_length: Option<u64>,

    /// Which hashes a .torrent gets
    #[arg(long, value_enum, default_value_t = Meta::V1)]
    pub(super) meta: Meta,

    /// Let peers come from the trackers only
    #[arg(long)]
    pub(super) private: bool,

    /// A label in the info dictionary, which makes the swarm a separate one
    #[arg(long, value_name = "TEXT")]
    pub(super) source: Option<String>,

    /// A comment for people
    #[arg(long, value_name = "TEXT")]
    pub(super) comment: Option<String>,

    /// Leave the date out, so that the same content always gives the same file
    #[arg(long)]
    pub(super) no_date: bool,

    /// Leave out what matches, such as '*.tmp' or 'logs/**'; may be given several times
    #[arg(long = "exclude", value_name = "GLOB")]
    pub(super) excludes: Vec<String>,

    /// Whether links become what they lead to, or stay links within the directory
    #[arg(long, value_enum, default_value_t = LinkRule::Follow)]
    pub(super) links: LinkRule,

    /// How files are read
    #[arg(long, value_enum, default_value_t = Io::Auto)]
    pub(super) io: Io,

    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,

    /// Replace OUT if it exists
    #[arg(long)]
    pub(super) force: bool,
}

/// Trackers that are as good as each other.
#[derive(Clone, Debug)]
pub(super) struct Tier(pub(super) Vec<Url>);

impl std::str::FromStr for Tier {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parse = |part: &str| {
            let url = Url::parse(part).map_err(|error| error.to_string())?;
            if url.is_tracker() {
                Ok(url)
            } else {
                Err(format!("`{url}` is no tracker"))
            }
        };
        text.split(',')
            .map(parse)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// A server that files are fetched from.
#[derive(Clone, Debug)]
pub(super) struct WebSeed(pub(super) Url);

impl std::str::FromStr for WebSeed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|error| error.to_string())?;
        if url.is_web_seed() {
            Ok(Self(url))
        } else {
            Err(format!(
                "`{url}` is no web seed: expected http, https or ftp"
            ))
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Meta {
    V1,
    V2,
    Hybrid,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum LinkRule {
    Follow,
    Keep,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Io {
    /// Mapped where that pays
    Auto,
    /// Copied, always
    Positional,
}

/// Hold files on a disk to the hashes of their torrent
///
/// Exit status 1 where anything is not whole.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  mt client verify model.torrent model.bin
  mt client verify dataset.torrent /data          # /data/dataset, or /data itself
  mt client verify --json dataset.st /data | jq '.files[] | select(.state != \"whole\")'")]
pub(super) struct VerifyArgs {
    /// The torrent, in any format
    pub(super) file: PathBuf,

    /// The content, or the directory that holds it
    pub(super) data: PathBuf,

    /// How files are read
    #[arg(long, value_enum, default_value_t = Io::Auto)]
    pub(super) io: Io,

    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}
