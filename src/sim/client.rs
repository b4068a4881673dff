//! A client process before it runs.

use std::net::SocketAddr;

use super::disk::Disk;
use super::network::{Line, MachineId};
use super::storage::JobTimes;
use crate::base::Url;
use crate::engine::{Config, TorrentSetup, Wishes};

/// Where clients take connections.
pub const CLIENT_PORT: u16 = 6881;

/// What a client is told besides its content.
#[derive(Debug)]
pub struct Client {
    pub disk: Disk,
    /// Of further torrents of the same process, with the same peers and wishes.
    pub further: Vec<Disk>,
    pub config: Config,
    pub line: Line,
    pub times: JobTimes,
    pub trackers: Vec<MachineId>,
    pub peers: Vec<SocketAddr>,
    pub wishes: Wishes,
    pub is_private: bool,
    pub is_sequential: bool,
    /// Trackers are told by datagrams.
    pub announces_by_udp: bool,
}

impl Client {
    pub fn new(disk: Disk) -> Self {
        Self {
            disk,
            further: Vec::new(),
            config: Config::new(CLIENT_PORT, 0),
            line: Line::default(),
            times: JobTimes::default(),
            trackers: Vec::new(),
            peers: Vec::new(),
            wishes: Wishes::Everything,
            is_private: false,
            is_sequential: false,
            announces_by_udp: false,
        }
    }

    pub(super) fn setup(&self, disk: &Disk, trackers: &[Vec<Url>]) -> TorrentSetup {
        let content = disk.content();
        TorrentSetup {
            name: "content".to_owned(),
            info_hash: content.info_hash,
            geometry: content.geometry,
            wishes: self.wishes.clone(),
            padding: content.padding.clone(),
            have: disk.have(),
            runs: content.runs.clone(),
            is_private: self.is_private,
            trackers: trackers.to_vec(),
            tells_every_tracker: false,
            peers: self.peers.clone(),
            is_sequential: self.is_sequential,
        }
    }
}
