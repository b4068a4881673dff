//! Hosts: what stands in a URL or a peer's address before the port.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU16;

use super::limits::{
    HOST_LABEL_LEN_BYTES_MAX as LABEL_LEN_BYTES_MAX, HOST_NAME_LEN_BYTES_MAX as NAME_LEN_BYTES_MAX,
};
use super::text::excerpt;

/// Names differ in more than case, or they are equal: they are kept in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    Name(HostName),
    Ipv4(Ipv4Addr),
    Ipv6(Ipv6Addr),
}

/// A name for the resolver: ASCII labels between dots, and nothing that a resolver might take for
/// an address in disguise, such as `127.1` or `0x7f000001`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostName(Box<str>);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    #[error("the host is empty")]
    Empty,
    #[error("`{host}` is no IPv4 address: {number} is over 255")]
    Ipv4Number { host: String, number: String },
    #[error("`{host}` is no IPv4 address: that is four decimal numbers without leading zeros")]
    Ipv4Shape { host: String },
    #[error("`{host}` is no IPv6 address in brackets")]
    Ipv6 { host: String },
    #[error("`{host}` holds several colons: an IPv6 address takes brackets")]
    NoBrackets { host: String },
    #[error("`{host}` is no host name: it is {len_bytes} bytes long, over {NAME_LEN_BYTES_MAX}")]
    NameLength { host: String, len_bytes: usize },
    #[error("`{host}` is no host name: between dots stand 1 to {LABEL_LEN_BYTES_MAX} characters")]
    LabelLength { host: String },
    #[error("`{host}` is no host name: it holds {character:?}")]
    Character { host: String, character: char },
    #[error("`{host}` is not ASCII: write an international name in its `xn--` form")]
    International { host: String },
}

impl Host {
    /// Reads a name, an IPv4 address or an IPv6 address in brackets.
    pub fn parse(text: &str) -> Result<Self, HostError> {
        if text.starts_with('[') {
            return bracketed_ipv6(text);
        }
        if text.contains(':') {
            return Err(HostError::NoBrackets {
                host: excerpt(text),
            });
        }
        if ends_in_a_number(text) {
            return text.parse().map(Self::Ipv4).map_err(|_| why_not_ipv4(text));
        }
        HostName::parse(text).map(Self::Name)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name.as_str()),
            Self::Ipv4(address) => address.fmt(f),
            Self::Ipv6(address) => write!(f, "[{address}]"),
        }
    }
}

impl HostName {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn parse(text: &str) -> Result<Self, HostError> {
        if text.is_empty() {
            return Err(HostError::Empty);
        }
        if !text.is_ascii() {
            return Err(HostError::International {
                host: excerpt(text),
            });
        }
        if let Some(character) = text
            .chars()
            .find(|&character| !is_name_character(character))
        {
            return Err(HostError::Character {
                host: excerpt(text),
                character,
            });
        }
        let without_root = text.strip_suffix('.').unwrap_or(text);
        if without_root.len() > NAME_LEN_BYTES_MAX {
            return Err(HostError::NameLength {
                host: excerpt(text),
                len_bytes: text.len(),
            });
        }
        let is_label = |label: &str| (1..=LABEL_LEN_BYTES_MAX).contains(&label.len());
        if !without_root.split('.').all(is_label) {
            return Err(HostError::LabelLength {
                host: excerpt(text),
            });
        }
        Ok(Self(text.to_ascii_lowercase().into()))
    }
}

/// Underscores are no part of official host names, and yet resolvers serve them.
fn is_name_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.')
}

fn bracketed_ipv6(text: &str) -> Result<Host, HostError> {
    text.strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .and_then(|address| address.parse().ok())
        .map(Host::Ipv6)
        .ok_or_else(|| HostError::Ipv6 {
            host: excerpt(text),
        })
}

/// No top-level domain is a number, so such a host was meant as an IPv4 address, in whatever
/// notation.
fn ends_in_a_number(host: &str) -> bool {
    let last = host
        .strip_suffix('.')
        .unwrap_or(host)
        .rsplit('.')
        .next()
        .unwrap_or_default();
    let hexadecimal = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    match hexadecimal {
        Some(digits) => digits.bytes().all(|digit| digit.is_ascii_hexdigit()),
        None => is_decimal(last),
    }
}

fn is_decimal(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit())
}

fn why_not_ipv4(host: &str) -> HostError {
    let is_over_255 = |number: &&str| number.parse::<u8>().is_err();
    let is_quad = host.split('.').count() == 4 && host.split('.').all(is_decimal);
    match host.split('.').find(is_over_255) {
        Some(number) if is_quad => HostError::Ipv4Number {
            host: excerpt(host),
            number: excerpt(number),
        },
        _ => HostError::Ipv4Shape {
            host: excerpt(host),
        },
    }
}

/// Parts `host:port` at the colon that is not inside brackets; there may be no port.
pub(super) fn split_port(text: &str) -> (&str, Option<&str>) {
    let brackets_len = text.rfind(']').map_or(0, |position| position + 1);
    match text[brackets_len..].rfind(':') {
        Some(colon) => {
            let (host, port) = text.split_at(brackets_len + colon);
            (host, Some(&port[1..]))
        }
        None => (text, None),
    }
}

/// Decimal digits only: a sign, which the standard library would take, is no part of a port.
pub(super) fn parse_port(text: &str) -> Option<NonZeroU16> {
    if is_decimal(text) {
        text.parse().ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_told_apart() {
        let name = Host::parse("Tracker.Example.ORG").unwrap();
        assert_eq!(name, Host::Name(HostName("tracker.example.org".into())));
        assert_eq!(
            Host::parse("10.42.0.39"),
            Ok(Host::Ipv4(Ipv4Addr::new(10, 42, 0, 39)))
        );
        assert_eq!(Host::parse("[::1]"), Ok(Host::Ipv6(Ipv6Addr::LOCALHOST)));
    }

    #[test]
    fn names_as_people_give_them() {
        for name in [
            "localhost",
            "a-b.c_d.x1",
            "1.2.3.4.example",
            "0xcafe.org",
            "root.org.",
            "x",
        ] {
            assert_eq!(Host::parse(name).unwrap().to_string(), name);
        }
        let longest = format!(
            "{}.{}.{}.{}",
            "a".repeat(63),
            "b".repeat(63),
            "c".repeat(63),
            "d".repeat(61)
        );
        assert!(Host::parse(&longest).is_ok());
        assert!(matches!(
            Host::parse(&(longest + "d")),
            Err(HostError::NameLength { .. })
        ));
    }

    #[test]
    fn a_wrong_ipv4_address_is_named() {
        let error = Host::parse("10.42.0.394").unwrap_err();
        assert_eq!(
            error.to_string(),
            "`10.42.0.394` is no IPv4 address: 394 is over 255"
        );
        let disguised = [
            "127.1",
            "1.2.3",
            "1.2.3.4.5",
            "2130706433",
            "0x7f000001",
            "1.2.3.4.",
            "01.2.3.4",
            "a.2.3.4",
            "1..2.3",
            "0x",
            "256.2.3",
            "999.2.x.4",
        ];
        for host in disguised {
            assert!(
                matches!(Host::parse(host), Err(HostError::Ipv4Shape { .. })),
                "{host}"
            );
        }
    }

    #[test]
    fn wrong_names_are_refused_with_the_reason() {
        assert_eq!(Host::parse(""), Err(HostError::Empty));
        for host in [".", "a..b", ".a", "a..", &"a".repeat(64)] {
            assert!(
                matches!(Host::parse(host), Err(HostError::LabelLength { .. })),
                "{host}"
            );
        }
        for host in ["a b", "a%20b", "a\\b", "a@b", "a\0", "a/b", "a]"] {
            assert!(
                matches!(Host::parse(host), Err(HostError::Character { .. })),
                "{host}"
            );
        }
        assert!(matches!(
            Host::parse("bücher.example"),
            Err(HostError::International { .. })
        ));
        assert!(matches!(
            Host::parse("::1"),
            Err(HostError::NoBrackets { .. })
        ));
        for host in [
            "[::1",
            "[]",
            "[::1]x",
            "[1.2.3.4]",
            "[fe80::1%25eth0]",
            "[:::]",
        ] {
            assert!(
                matches!(Host::parse(host), Err(HostError::Ipv6 { .. })),
                "{host}"
            );
        }
    }

    #[test]
    fn ports_are_split_off_outside_brackets() {
        assert_eq!(split_port("a:1"), ("a", Some("1")));
        assert_eq!(split_port("a"), ("a", None));
        assert_eq!(split_port("a:"), ("a", Some("")));
        assert_eq!(split_port("[::1]"), ("[::1]", None));
        assert_eq!(split_port("[::1]:8"), ("[::1]", Some("8")));
        assert_eq!(split_port("::1"), (":", Some("1")));
    }

    #[test]
    fn ports_are_plain_numbers() {
        assert_eq!(parse_port("6881"), NonZeroU16::new(6881));
        assert_eq!(parse_port("65535"), NonZeroU16::new(65535));
        for port in [
            "",
            "0",
            "65536",
            "+80",
            "-1",
            "8o",
            " 80",
            "99999999999999999999",
        ] {
            assert_eq!(parse_port(port), None, "{port}");
        }
    }
}
