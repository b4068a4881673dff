//! A connection before the handshakes are exchanged.

use crate::base::{Instant, RecvPlan, SendPlan, Sha1Digest};
use crate::wire::peer::{Capabilities, Handshake, HandshakeHead, NotAHandshake, PeerId};

/// What both sides say first. The side that was dialled waits for the other, to know which torrent
/// is meant.
#[derive(Debug)]
pub struct Greeting {
    since: Instant,
    received: Vec<u8>,
    ours: Option<[u8; Handshake::LEN_BYTES]>,
    sent_bytes: usize,
}

/// What came of the bytes so far.
#[derive(Debug, PartialEq, Eq)]
pub enum Greeted {
    /// More is to come.
    Waits,
    /// The peer wants this torrent, and [`Greeting::answer`] has not been called yet.
    Wants(Sha1Digest),
    /// All has come. Our own handshake may still have to be sent; whoever goes on with the
    /// connection begins with what [`Greeting::unsent`] gives.
    Done(Handshake),
}

impl Greeting {
    /// A connection that a peer made.
    pub fn of_incoming(now: Instant) -> Self {
        Self {
            since: now,
            received: Vec::new(),
            ours: None,
            sent_bytes: 0,
        }
    }

    /// A connection that we made for this torrent.
    pub fn of_dialled(now: Instant, info_hash: Sha1Digest, peer_id: PeerId) -> Self {
        let mut greeting = Self::of_incoming(now);
        greeting.answer(info_hash, peer_id);
        greeting
    }

    pub fn since(&self) -> Instant {
        self.since
    }

    /// What mt can do.
    pub const fn capabilities() -> Capabilities {
        Capabilities::FAST.with(Capabilities::EXTENSIONS)
    }

    pub fn answer(&mut self, info_hash: Sha1Digest, peer_id: PeerId) {
        let handshake = Handshake {
            capabilities: Self::capabilities(),
            info_hash,
            peer_id,
        };
        self.ours = Some(handshake.to_bytes());
    }

    /// Never more than belongs to the handshake.
    pub fn recv_plan(&self, plan: &mut RecvPlan) {
        plan.scratch(Handshake::LEN_BYTES - self.received.len());
    }

    pub fn received(&mut self, bytes: &[u8]) -> Result<Greeted, NotAHandshake> {
        self.received.extend_from_slice(bytes);
        if let Some(handshake) = Handshake::parse(&self.received)? {
            return Ok(Greeted::Done(handshake));
        }
        match HandshakeHead::parse(&self.received)? {
            Some(head) if self.ours.is_none() => Ok(Greeted::Wants(head.info_hash)),
            _ => Ok(Greeted::Waits),
        }
    }

    pub fn send_plan<'a>(&'a self, plan: &mut SendPlan<'a>) {
        plan.bytes(self.unsent());
    }

    pub fn sent(&mut self, len_bytes: usize) {
        self.sent_bytes += len_bytes;
    }

    /// What is left of our own handshake.
    pub fn unsent(&self) -> &[u8] {
        self.ours
            .as_ref()
            .map_or(&[], |ours| &ours[self.sent_bytes..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: Sha1Digest = Sha1Digest([7; 20]);

    #[test]
    fn the_dialled_side_waits_to_know_the_torrent() {
        let dialled = Greeting::of_dialled(Instant::ZERO, HASH, PeerId(*b"-MT0001-aaaaaaaaaaaa"));
        let hello = dialled.unsent().to_vec();
        let mut incoming = Greeting::of_incoming(Instant::ZERO);
        for byte in &hello[..47] {
            assert_eq!(incoming.received(&[*byte]), Ok(Greeted::Waits));
        }
        assert!(incoming.unsent().is_empty());
        assert_eq!(incoming.received(&hello[47..48]), Ok(Greeted::Wants(HASH)));
        incoming.answer(HASH, PeerId(*b"-MT0001-bbbbbbbbbbbb"));
        assert_eq!(incoming.unsent().len(), 68);
        assert_eq!(incoming.received(&hello[48..67]), Ok(Greeted::Waits));
        let mut plan = RecvPlan::default();
        incoming.recv_plan(&mut plan);
        assert_eq!(plan.len_bytes(), 1);
        let Ok(Greeted::Done(handshake)) = incoming.received(&hello[67..]) else {
            panic!("all is there");
        };
        assert_eq!(handshake.peer_id, PeerId(*b"-MT0001-aaaaaaaaaaaa"));
        assert!(handshake.capabilities.has(Capabilities::FAST));
    }

    #[test]
    fn what_is_no_handshake_is_refused_at_its_first_wrong_byte() {
        let mut incoming = Greeting::of_incoming(Instant::ZERO);
        let NotAHandshake { at, .. } = incoming.received(b"\x13BitTornado").unwrap_err();
        assert_eq!(at, 7);
    }
}
