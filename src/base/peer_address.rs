//! Where a peer listens, as people and magnets write it.

use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;

use super::host::{Host, HostError, parse_port, split_port};
use super::text::excerpt;

/// `name:port`, `ipv4:port` or `[ipv6]:port`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerAddress {
    pub host: Host,
    pub port: NonZeroU16,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeerAddressError {
    #[error(transparent)]
    Host(#[from] HostError),
    #[error("`{address}` names no port: expected `host:port`")]
    NoPort { address: String },
    #[error("`{port}` is no port: expected 1 to 65535")]
    Port { port: String },
}

impl FromStr for PeerAddress {
    type Err = PeerAddressError;

    fn from_str(text: &str) -> Result<Self, PeerAddressError> {
        let text = text.trim_ascii();
        let (host, port) = split_port(text);
        let host = Host::parse(host)?;
        let port = port.ok_or_else(|| PeerAddressError::NoPort {
            address: excerpt(text),
        })?;
        let port = parse_port(port).ok_or_else(|| PeerAddressError::Port {
            port: excerpt(port),
        })?;
        Ok(Self { host, port })
    }
}

impl fmt::Display for PeerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        for text in ["peer.example:6881", "10.0.0.7:1", "[2001:db8::1]:65535"] {
            let address: PeerAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), text);
        }
        assert_eq!(
            " A.b:07\n".parse::<PeerAddress>().unwrap().to_string(),
            "a.b:7"
        );
    }

    #[test]
    fn a_port_is_needed() {
        for text in ["peer.example", "10.0.0.7", "[::1]"] {
            let error = text.parse::<PeerAddress>().unwrap_err();
            assert_eq!(
                error,
                PeerAddressError::NoPort {
                    address: text.into()
                }
            );
        }
        for text in ["a:0", "a:", "a:65536", "a:-1", "[::1]:+6"] {
            let error = text.parse::<PeerAddress>().unwrap_err();
            assert!(
                matches!(error, PeerAddressError::Port { .. }),
                "{text}: {error}"
            );
        }
    }

    #[test]
    fn the_host_is_checked() {
        for text in [
            "",
            ":1",
            "::1:6881",
            "10.42.0.394:6881",
            "a b:1",
            "[::1:1",
            "user@host:1",
        ] {
            let error = text.parse::<PeerAddress>().unwrap_err();
            assert!(
                matches!(error, PeerAddressError::Host(_)),
                "{text}: {error}"
            );
        }
    }
}
