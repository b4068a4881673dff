//! Whose an address is, as far as it can be told.

use std::net::IpAddr;

/// The part of an address that belongs to one customer: an address of IPv4, or a /64 of IPv6, since
/// whoever has one address of that has them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Customer(pub [u8; 8]);

impl Customer {
    pub fn of(address: IpAddr) -> Self {
        let mut front = [0; 8];
        match address.to_canonical() {
            // No /64 begins with eight bits of ones: those addresses are multicast.
            IpAddr::V4(address) => {
                front[0] = 0xff;
                front[4..].copy_from_slice(&address.octets());
            }
            IpAddr::V6(address) => front.copy_from_slice(&address.octets()[..8]),
        }
        Self(front)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let of = |text: &str| Customer::of(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
