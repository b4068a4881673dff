//! Under which address a peer is told to others.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::base::excerpt;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    /// What a peer on the tracker's own network is reached by from elsewhere.
    pub external_v4: Option<Ipv4Addr>,
    pub external_v6: Option<Ipv6Addr>,
    /// Who is believed about the address of somebody else.
    pub proxies: Vec<Network>,
}

/// An address, or all those that share its first bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix_len_bits: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no address or network, such as 192.0.2.1 or 2001:db8::/32")]
pub struct NetworkError {
    text: String,
}

impl std::str::FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let error = || NetworkError {
            text: excerpt(text),
        };
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| error())?;
        let len_bits_max = if address.is_ipv4() { 32 } else { 128 };
        let prefix_len_bits = match prefix {
            None => len_bits_max,
            Some(prefix) => prefix.parse().map_err(|_| error())?,
        };
        if prefix_len_bits > len_bits_max {
            return Err(error());
        }
        Ok(Self {
            address,
            prefix_len_bits,
        })
    }
}

impl Network {
    pub fn contains(&self, address: IpAddr) -> bool {
        let bits = u32::from(self.prefix_len_bits);
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let differing = own.to_bits() ^ other.to_bits();
                differing.checked_shr(32 - bits).unwrap_or(0) == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let differing = own.to_bits() ^ other.to_bits();
                differing.checked_shr(128 - bits).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl Addresses {
    pub fn is_proxy(&self, address: IpAddr) -> bool {
        self.proxies.iter().any(|network| network.contains(address))
    }

    /// Who is at the other end: the source of the request, unless that is a proxy, which names its
    /// client. Each proxy appends whom it heard; the last that is no proxy of ours is the client.
    pub fn client(&self, source: IpAddr, forwarded_for: Option<&[u8]>) -> IpAddr {
        let source = source.to_canonical();
        let Some(chain) = forwarded_for.filter(|_| self.is_proxy(source)) else {
            return source;
        };
        let chain = chain.rsplit(|byte| *byte == b',').map(forwarded_address);
        for address in chain {
            match address {
                Some(address) if self.is_proxy(address) => {}
                Some(address) => return address,
                None => break,
            }
        }
        source
    }

    /// Where others find the client that asked from `source`, and claims to be at `claimed`.
    pub fn of_peer(&self, source: IpAddr, client: IpAddr, claimed: Option<IpAddr>) -> IpAddr {
        let believed = claimed.filter(|_| self.is_proxy(source.to_canonical()));
        let address = believed.map_or(client, |claimed| claimed.to_canonical());
        match address {
            IpAddr::V4(inner) if is_local_v4(inner) => self.external_v4.map_or(address, IpAddr::V4),
            IpAddr::V6(inner) if is_local_v6(inner) => self.external_v6.map_or(address, IpAddr::V6),
            _ => address,
        }
    }
}

/// One entry of `X-Forwarded-For`; some proxies add a port.
fn forwarded_address(entry: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(entry.trim_ascii()).ok()?;
    let address = text.parse().ok();
    let with_port = || {
        text.parse()
            .ok()
            .map(|both: std::net::SocketAddr| both.ip())
    };
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    address
        .or_else(with_port)
        .or_else(bracketed)
        .map(|address: IpAddr| address.to_canonical())
}

fn is_local_v4(address: Ipv4Addr) -> bool {
    address.is_private() || address.is_loopback() || address.is_link_local()
}

fn is_local_v6(address: Ipv6Addr) -> bool {
    address.is_unique_local() || address.is_loopback() || address.is_unicast_link_local()
}

/// Whether anybody could be reached there. Private addresses can, by their neighbours.
pub fn is_usable(address: IpAddr, port: u16) -> bool {
    port != 0
        && match address {
            IpAddr::V4(address) => {
                address.octets()[0] != 0 && !address.is_multicast() && !address.is_broadcast()
            }
            IpAddr::V6(address) => !address.is_unspecified() && !address.is_multicast(),
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn unusable_addresses() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "ff02::1",
        ] {
            assert!(!is_usable(ip(text), 1), "{text}");
        }
        for text in [
            "127.0.0.1",
            "10.0.0.1",
            "192.0.2.1",
            "::1",
            "fd00::1",
            "2001:db8::1",
        ] {
            assert!(is_usable(ip(text), 1), "{text}");
            assert!(!is_usable(ip(text), 0), "{text}");
        }
    }

    #[test]
    fn networks_hold_their_addresses() {
        let holds = |network: &str, address: &str| {
            network.parse::<Network>().unwrap().contains(ip(address))
        };
        assert!(holds("10.0.0.0/8", "10.255.0.1") && !holds("10.0.0.0/8", "11.0.0.0"));
        assert!(holds("10.0.0.1", "10.0.0.1") && !holds("10.0.0.1", "10.0.0.2"));
        assert!(holds("0.0.0.0/0", "1.2.3.4") && !holds("0.0.0.0/0", "::1"));
        assert!(holds("::/0", "2001:db8::1") && holds("10.0.0.1", "::ffff:10.0.0.1"));
        assert!(holds("2001:db8::/32", "2001:db8:1::") && !holds("2001:db8::/32", "2001:db9::"));
        for wrong in [
            "",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/",
            "10.0.0/8",
            "a/8",
            "1.2.3.4/-1",
        ] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_proxies_are_believed() {
        let addresses = Addresses {
            proxies: vec!["10.0.0.0/24".parse().unwrap()],
            ..Addresses::default()
        };
        let client = |source: &str, chain: &str| {
            addresses
                .client(ip(source), Some(chain.as_bytes()))
                .to_string()
        };
        assert_eq!(client("192.0.2.9", "192.0.2.1"), "192.0.2.9");
        assert_eq!(client("10.0.0.1", "192.0.2.1"), "192.0.2.1");
        assert_eq!(client("::ffff:10.0.0.1", "192.0.2.1:99"), "192.0.2.1");
        // What stands before the last stranger may be invented by that stranger.
        assert_eq!(
            client("10.0.0.1", "6.6.6.6, 192.0.2.1 ,10.0.0.2"),
            "192.0.2.1"
        );
        assert_eq!(client("10.0.0.1", "[2001:db8::1]"), "2001:db8::1");
        assert_eq!(client("10.0.0.1", "unknown"), "10.0.0.1");
        assert_eq!(client("10.0.0.1", "6.6.6.6, junk"), "10.0.0.1");

        let claimed = Some(ip("198.51.100.1"));
        let stranger = ip("192.0.2.9");
        assert_eq!(addresses.of_peer(stranger, stranger, claimed), stranger);
        let proxy = ip("10.0.0.1");
        assert_eq!(
            addresses.of_peer(proxy, stranger, claimed),
            ip("198.51.100.1")
        );
        assert_eq!(addresses.of_peer(proxy, stranger, None), stranger);
    }

    #[test]
    fn neighbours_are_told_by_the_external_address() {
        let addresses = Addresses {
            external_v4: Some(Ipv4Addr::new(192, 0, 2, 1)),
            ..Addresses::default()
        };
        let told = |text: &str| addresses.of_peer(ip(text), ip(text), None).to_string();
        assert_eq!(told("10.0.0.7"), "192.0.2.1");
        assert_eq!(told("127.0.0.1"), "192.0.2.1");
        assert_eq!(told("198.51.100.1"), "198.51.100.1");
        assert_eq!(told("fd00::1"), "fd00::1");
    }
}
