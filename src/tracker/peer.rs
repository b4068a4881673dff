//! Where a peer listens, packed as it goes over the wire.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    V4,
    V6,
}

/// Address and port, in network order. Two peers behind one address differ in their ports.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Peer {
    V4([u8; 6]),
    V6([u8; 18]),
}

impl Peer {
    /// An IPv4 address in the clothes of an IPv6 one counts as what it is.
    pub fn new(address: IpAddr, port: u16) -> Self {
        let [high, low] = port.to_be_bytes();
        match address.to_canonical() {
            IpAddr::V4(address) => {
                let [a, b, c, d] = address.octets();
                Self::V4([a, b, c, d, high, low])
            }
            IpAddr::V6(address) => {
                let mut packed = [0; 18];
                packed[..16].copy_from_slice(&address.octets());
                packed[16..].copy_from_slice(&[high, low]);
                Self::V6(packed)
            }
        }
    }

    pub fn family(&self) -> Family {
        match self {
            Self::V4(_) => Family::V4,
            Self::V6(_) => Family::V6,
        }
    }

    pub fn address(&self) -> SocketAddr {
        match *self {
            Self::V4([a, b, c, d, high, low]) => {
                let port = u16::from_be_bytes([high, low]);
                SocketAddr::from((Ipv4Addr::new(a, b, c, d), port))
            }
            Self::V6(packed) => {
                let mut octets = [0; 16];
                octets.copy_from_slice(&packed[..16]);
                let port = u16::from_be_bytes([packed[16], packed[17]]);
                SocketAddr::from((Ipv6Addr::from(octets), port))
            }
        }
    }
}

impl From<SocketAddr> for Peer {
    fn from(address: SocketAddr) -> Self {
        Self::new(address.ip(), address.port())
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address().fmt(f)
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packs_what_it_unpacks() {
        for text in ["192.0.2.1:6881", "[2001:db8::1]:65535"] {
            let address: SocketAddr = text.parse().unwrap();
            assert_eq!(Peer::from(address).address(), address);
        }
        let mapped: SocketAddr = "[::ffff:192.0.2.1]:80".parse().unwrap();
        assert_eq!(Peer::from(mapped), Peer::V4([192, 0, 2, 1, 0, 80]));
    }
}
