//! What a client process is told before it runs.

use std::time::Duration;

use super::places::PlaceBudget;
use crate::swarm::Slots;

#[derive(Clone, Debug)]
pub struct Config {
    /// Where this client takes connections; told to trackers and peers.
    pub listen_port: u16,
    /// All random choices follow from it.
    pub seed: u64,
    pub budget: PlaceBudget,
    /// Of each torrent.
    pub slots: Slots,
    /// Of all torrents together, those that are being made included.
    pub connections_max: usize,
    /// Of one torrent.
    pub torrent_connections_max: usize,
    /// Connections being made at a time, of all torrents together.
    pub dials_max: usize,
    /// Jobs of hashing under way at a time.
    pub hash_jobs_max: usize,
    /// A peer that owes blocks and sends none for this long does not hold others up any more.
    pub stall_patience: Duration,
    pub down_bytes_per_second_max: Option<u64>,
    pub up_bytes_per_second_max: Option<u64>,
    /// Leave when everything that was to be got is there.
    pub ends_when_complete: bool,
    /// Leave when nothing has come for this long.
    pub gives_up_after: Option<Duration>,
}

impl Config {
    pub fn new(listen_port: u16, seed: u64) -> Self {
        Self {
            listen_port,
            seed,
            budget: PlaceBudget {
                receive_bytes: 64 << 20,
                send_bytes: 64 << 20,
            },
            slots: Slots::default(),
            connections_max: 500,
            torrent_connections_max: 200,
            dials_max: 32,
            hash_jobs_max: 1,
            stall_patience: Duration::from_secs(15),
            down_bytes_per_second_max: None,
            up_bytes_per_second_max: None,
            ends_when_complete: false,
            gives_up_after: None,
        }
    }
}
