//! One connection to a peer.
