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
    /// Of all torrents together, those that are being made included. Where it is reached, the
    /// connection of the least use goes for a newcomer.
    pub connections_max: usize,
    /// Of one torrent, likewise.
    pub torrent_connections_max: usize,
    /// With one address, or network of IPv6 of 64 bits; of this machine there may be any number.
    pub connections_per_address_max: usize,
    /// Connections that peers made and that have not said who they are: besides the others, and of
    /// one address. The oldest of them goes for one more.
    pub silent_max: usize,
    pub silent_per_address_max: usize,
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
            connections_per_address_max: 32,
            silent_max: 64,
            silent_per_address_max: 8,
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
