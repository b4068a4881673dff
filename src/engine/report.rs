//! What the engine tells people, as plain data.

use std::time::Duration;

use super::job::{StorageFault, TorrentId};

/// How things stand, at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    pub torrents: Vec<TorrentReport>,
    pub has_stopped: bool,
    /// It stopped because nothing came for as long as the user wanted to wait.
    pub has_given_up: bool,
}

/// How one torrent stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TorrentReport {
    pub id: TorrentId,
    pub phase: Phase,
    /// Of what is wanted of the content, without padding.
    pub total_bytes: u64,
    pub have_bytes: u64,
    /// Of blocks, over this process's life; what was thrown away included.
    pub downloaded_bytes: u64,
    pub uploaded_bytes: u64,
    /// Downloaded and thrown away: pieces with a wrong hash, blocks that came twice.
    pub wasted_bytes: u64,
    /// How often a peer asked for what had to be read first.
    pub reads_waited_for: u64,
    pub down_bytes_per_second: u64,
    pub up_bytes_per_second: u64,
    pub connected_peers: usize,
    /// Connected peers that have everything.
    pub connected_seeds: usize,
    pub known_peers: usize,
    pub trackers: Vec<TrackerReport>,
    pub waits: Waits,
    /// From the first look at the torrent to its last piece.
    pub download_took: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    Downloading,
    /// All pieces are there; they are made durable and named as they should be.
    Finishing,
    Seeding,
    Failed(StorageFault),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackerReport {
    pub url: String,
    /// What it answered last, if anything.
    pub last: Option<Result<TrackerAnswer, String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrackerAnswer {
    pub peers: usize,
}

/// For how long a download waited for what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    pub peers: Duration,
    pub network: Duration,
    pub hash: Duration,
    pub disk: Duration,
    pub limit: Duration,
}

/// What limited a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Nobody had, or gave, what was missing.
    Peers,
    /// Blocks came as fast as the path and the senders let them.
    Network,
    Hash,
    Disk,
    /// A limit that the user set.
    Configured,
}

impl Limit {
    pub fn name(self) -> &'static str {
        match self {
            Self::Peers => "peers",
            Self::Network => "network",
            Self::Hash => "hash",
            Self::Disk => "disk",
            Self::Configured => "limit",
        }
    }
}

impl Waits {
    pub fn add(&mut self, limit: Limit, time: Duration) {
        *match limit {
            Limit::Peers => &mut self.peers,
            Limit::Network => &mut self.network,
            Limit::Hash => &mut self.hash,
            Limit::Disk => &mut self.disk,
            Limit::Configured => &mut self.limit,
        } += time;
    }

    /// What was waited for longest, if anything was.
    pub fn longest(&self) -> Option<Limit> {
        let all = [
            (self.peers, Limit::Peers),
            (self.network, Limit::Network),
            (self.hash, Limit::Hash),
            (self.disk, Limit::Disk),
            (self.limit, Limit::Configured),
        ];
        let longest = all.into_iter().max_by_key(|(time, _)| *time);
        longest
            .filter(|(time, _)| !time.is_zero())
            .map(|(_, limit)| limit)
    }
}

impl std::fmt::Display for TrackerAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} peers", self.peers)
    }
}

impl TorrentReport {
    pub fn left_bytes(&self) -> u64 {
        self.total_bytes - self.have_bytes
    }
}
