//! What the parts of an announcer share while one input is handled.

use std::collections::VecDeque;

use super::words::{ExchangeId, Facts, Output};
use crate::base::limits::ANNOUNCE_PEERS_MAX;
use crate::base::{Instant, Rng, Sha1Digest};
use crate::wire::Event;

/// Who announces: the same to every tracker, all the time.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) info_hash: Sha1Digest,
    pub(super) peer_id: [u8; 20],
    pub(super) port: u16,
    /// By which a tracker knows this client again behind another address.
    pub(super) key: u32,
}

#[derive(Debug)]
pub(super) struct Context<'a> {
    pub(super) now: Instant,
    pub(super) identity: &'a Identity,
    pub(super) facts: &'a Facts,
    pub(super) rng: &'a mut Rng,
    pub(super) last_id: &'a mut u64,
    pub(super) out: &'a mut VecDeque<Output>,
}

impl Context<'_> {
    pub(super) fn next_id(&mut self) -> ExchangeId {
        *self.last_id += 1;
        ExchangeId(*self.last_id)
    }

    pub(super) fn random_u32(&mut self) -> u32 {
        let [.., a, b, c, d] = self.rng.next_u64().to_be_bytes();
        u32::from_be_bytes([a, b, c, d])
    }

    /// Who leaves needs nobody any more.
    pub(super) fn peers_wanted(&self, event: Event) -> u32 {
        match event {
            Event::Stopped => 0,
            _ => self.facts.peers_wanted.min(ANNOUNCE_PEERS_MAX),
        }
    }
}
