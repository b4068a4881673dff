//! One torrent among its peers.
