//! What an announcer is told, and what it wants.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::base::{HostName, Instant, Sha1Digest, Url};

/// What does not change while a torrent runs.
#[derive(Clone, Debug)]
pub struct Setup {
    pub info_hash: Sha1Digest,
    pub peer_id: [u8; 20],
    /// Where this client takes connections.
    pub port: u16,
    /// As the torrent names its trackers, best tier first.
    pub tiers: Vec<Vec<Url>>,
    pub reach: Reach,
    pub seed: u64,
}

/// Who is told, of the trackers of one torrent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The first that answers, through all tiers (BEP 12 to the letter).
    FirstOfAll,
    /// The first that answers of each tier, so that the swarms of separate tiers meet.
    EachTier,
    /// Each one: for trackers that were named to be told both.
    EachTracker,
}

/// What the trackers are told of the torrent, and what decides when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    pub uploaded_bytes: u64,
    pub downloaded_bytes: u64,
    pub left_bytes: u64,
    /// Connected, or still worth a dial. With none, trackers are asked as often as they allow.
    pub peers_known: usize,
    /// How many more would be of use.
    pub peers_wanted: u32,
}

/// Names a question of one announcer until it is answered. Answers to questions that do not stand
/// any more are ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExchangeId(pub u64);

/// What an announcer wants done, or known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Find the addresses of a name; [`super::Announcer::resolved`] answers.
    Resolve {
        id: ExchangeId,
        name: HostName,
    },
    /// Connect, send the request, and read the response; [`super::Announcer::http_done`] or
    /// [`super::Announcer::http_failed`] answers. No answer by then is one, too: the announcer
    /// says [`Output::Abandon`] by itself.
    Http {
        id: ExchangeId,
        to: SocketAddr,
        request: Vec<u8>,
        give_up_at: Instant,
    },
    /// The response is of no use any more: close the connection.
    Abandon {
        id: ExchangeId,
    },
    Udp {
        to: SocketAddr,
        bytes: Vec<u8>,
    },
    Report(Report),
}

/// What came of announces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// None twice in one report, and no more than a limit.
    Peers(Vec<SocketAddr>),
    Told {
        tracker: Url,
        /// How many peers it named.
        peers: usize,
        seeders: Option<u32>,
        leechers: Option<u32>,
        interval: Duration,
        external_ip: Option<IpAddr>,
    },
    /// Nothing came of an announce; `None` where this tracker is not asked again.
    Failed {
        tracker: Url,
        why: String,
        retry_at: Option<Instant>,
    },
    /// What a tracker wants people to read.
    Warning { tracker: Url, text: String },
}
