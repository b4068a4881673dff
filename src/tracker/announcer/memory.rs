//! What is kept of one tracker from one announce to the next.

use std::net::SocketAddr;
use std::time::Duration;

use crate::base::Instant;

/// Names are asked for again after this long.
const ADDRESSES_LAST: Duration = Duration::from_secs(30 * 60);

/// A client may use a connection id for a minute (BEP 15).
const CONNECTION_LASTS: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub(super) struct Memory {
    addresses: Option<(Instant, Vec<SocketAddr>)>,
    /// The address that answered last.
    answered: Option<SocketAddr>,
    connection: Option<Connection>,
    tracker_id: Option<Vec<u8>>,
}

/// What a UDP tracker gave us to prove that we are where we say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Connection {
    pub(super) to: SocketAddr,
    pub(super) id: u64,
    pub(super) since: Instant,
}

impl Memory {
    pub(super) fn addresses(&self, now: Instant) -> Option<&[SocketAddr]> {
        self.addresses
            .as_ref()
            .filter(|(found_at, _)| now.saturating_since(*found_at) < ADDRESSES_LAST)
            .map(|(_, addresses)| &addresses[..])
    }

    /// Keeps what the resolver found, with the one that answered before in front.
    pub(super) fn keep_addresses(&mut self, now: Instant, addresses: &mut [SocketAddr]) {
        if let Some(answered) = self.answered {
            to_front(addresses, answered);
        }
        self.addresses = Some((now, addresses.to_vec()));
    }

    /// None of them answered: perhaps the tracker has moved.
    pub(super) fn forget_addresses(&mut self) {
        self.addresses = None;
        self.connection = None;
    }

    /// The address that answered is the first to be asked the next time.
    pub(super) fn prefer(&mut self, answered: SocketAddr) {
        self.answered = Some(answered);
        if let Some((_, addresses)) = &mut self.addresses {
            to_front(addresses, answered);
        }
    }

    pub(super) fn connection(&self, now: Instant) -> Option<Connection> {
        self.connection
            .filter(|connection| now.saturating_since(connection.since) < CONNECTION_LASTS)
    }

    pub(super) fn keep_connection(&mut self, connection: Connection) {
        self.connection = Some(connection);
    }

    pub(super) fn forget_connection(&mut self) {
        self.connection = None;
    }

    pub(super) fn tracker_id(&self) -> Option<&[u8]> {
        self.tracker_id.as_deref()
    }

    /// A tracker that does not say another one means the one before (BEP 3).
    pub(super) fn keep_tracker_id(&mut self, id: Option<Vec<u8>>) {
        self.tracker_id = id.or(self.tracker_id.take());
    }
}

fn to_front(addresses: &mut [SocketAddr], wanted: SocketAddr) {
    if let Some(at) = addresses.iter().position(|address| *address == wanted) {
        addresses[..=at].rotate_right(1);
    }
}
