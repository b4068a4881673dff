//! Exact topics: the value of `xt`, a hash by which the torrent is known.

use crate::base::hex::digit_value;
use crate::base::{Sha1Digest, Sha256Digest, excerpt};

use super::MagnetError;

/// How a multihash says that 32 bytes of SHA-256 follow.
const MULTIHASH_SHA256: &str = "1220";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    V1(Sha1Digest),
    V2(Sha256Digest),
    /// A hash of another network, such as `urn:sha1:` or `urn:ed2k:`.
    Foreign,
}

pub(super) fn parse(value: &str) -> Result<Topic, MagnetError> {
    let value = value.trim();
    if let Some(hash) = strip_prefix_ignoring_case(value, "urn:btih:") {
        parse_v1(hash).map(Topic::V1)
    } else if let Some(hash) = strip_prefix_ignoring_case(value, "urn:btmh:") {
        parse_v2(hash).map(Topic::V2)
    } else {
        Ok(Topic::Foreign)
    }
}

pub(super) fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (front, rest) = text.split_at_checked(prefix.len())?;
    front.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn parse_v1(hash: &str) -> Result<Sha1Digest, MagnetError> {
    match hash.chars().count() {
        40 => decode_hex(hash)
            .map(Sha1Digest)
            .map_err(|digit| MagnetError::V1HexDigit {
                hash: excerpt(hash),
                digit,
            }),
        32 => decode_base32(hash)
            .map(Sha1Digest)
            .map_err(|digit| MagnetError::V1Base32Digit {
                hash: excerpt(hash),
                digit,
            }),
        len_digits => Err(MagnetError::V1Length {
            hash: excerpt(hash),
            len_digits,
        }),
    }
}

fn parse_v2(hash: &str) -> Result<Sha256Digest, MagnetError> {
    let digits = hash
        .strip_prefix(MULTIHASH_SHA256)
        .ok_or_else(|| MagnetError::V2Prefix {
            hash: excerpt(hash),
        })?;
    match digits.chars().count() {
        64 => decode_hex(digits)
            .map(Sha256Digest)
            .map_err(|digit| MagnetError::V2Digit {
                hash: excerpt(hash),
                digit,
            }),
        len_digits => Err(MagnetError::V2Length {
            hash: excerpt(hash),
            len_digits,
        }),
    }
}

/// The error is the digit that is none. The caller has counted the digits.
fn decode_hex<const LEN: usize>(digits: &str) -> Result<[u8; LEN], char> {
    let mut bytes = [0; LEN];
    for (position, digit) in digits.chars().enumerate() {
        let value = u8::try_from(digit)
            .ok()
            .and_then(digit_value)
            .ok_or(digit)?;
        bytes[position / 2] = bytes[position / 2] << 4 | value;
    }
    Ok(bytes)
}

/// RFC 4648, in either case: 32 digits of 5 bits are 20 bytes, so there is no padding.
fn decode_base32(digits: &str) -> Result<[u8; 20], char> {
    let mut bytes = [0; 20];
    for (position, digit) in digits.chars().enumerate() {
        let value = base32_value(digit).ok_or(digit)?;
        for bit in 0..5 {
            let bit_position = position * 5 + bit;
            let is_set = value >> (4 - bit) & 1;
            bytes[bit_position / 8] |= is_set << (7 - bit_position % 8);
        }
    }
    Ok(bytes)
}

fn base32_value(digit: char) -> Option<u8> {
    match u8::try_from(digit).ok()?.to_ascii_uppercase() {
        letter @ b'A'..=b'Z' => Some(letter - b'A'),
        number @ b'2'..=b'7' => Some(number - b'2' + 26),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base32_by_value() {
        // RFC 4648, section 10: "fooba" is MZXW6YTB.
        let digits = "MZXW6YTB".repeat(4);
        assert_eq!(decode_base32(&digits).unwrap(), *b"foobafoobafoobafooba");
        assert_eq!(
            decode_base32(&digits.to_lowercase()).unwrap(),
            *b"foobafoobafoobafooba"
        );
        assert_eq!(decode_base32(&"7".repeat(32)), Ok([0xff; 20]));
        for digit in ['0', '1', '8', '9', '=', 'é', 'ı'] {
            assert_eq!(
                decode_base32(&("A".repeat(31) + &digit.to_string())),
                Err(digit)
            );
        }
    }

    #[test]
    fn prefixes_never_split_a_character() {
        assert_eq!(
            strip_prefix_ignoring_case("URN:btIH:x", "urn:btih:"),
            Some("x")
        );
        assert_eq!(strip_prefix_ignoring_case("urn:btihé", "urn:btih:"), None);
        assert_eq!(strip_prefix_ignoring_case("urn", "urn:btih:"), None);
    }
}
