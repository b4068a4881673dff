//! Percent-encoding (RFC 3986), both ways.

use std::borrow::Cow;
use std::fmt;

use super::hex::digit_value;

/// Shows bytes with everything escaped that is not unreserved: fit for any place in any URL.
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'a>(pub &'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|&byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                write!(f, "{}", char::from(byte))
            }
            _ => write!(f, "%{byte:02X}"),
        })
    }
}

/// Undoes the escapes. A `%` that two hexadecimal digits do not follow stands for itself.
pub fn unescape(text: &str) -> Cow<'_, [u8]> {
    if !text.contains('%') {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let (byte, remaining) = match escaped_byte(rest) {
            Some(byte) => (byte, &rest[3..]),
            None => (first, after),
        };
        bytes.push(byte);
        rest = remaining;
    }
    Cow::Owned(bytes)
}

fn escaped_byte(text: &[u8]) -> Option<u8> {
    match text {
        [b'%', high, low, ..] => Some(digit_value(*high)? << 4 | digit_value(*low)?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let bytes: Vec<u8> = (0..=255).collect();
        let escaped = Escaped(&bytes).to_string();
        assert!(escaped.is_ascii());
        assert_eq!(unescape(&escaped), bytes);
    }

    #[test]
    fn only_the_unreserved_stay_bare() {
        assert_eq!(
            Escaped(b"aZ9-._~ /?&=%+").to_string(),
            "aZ9-._~%20%2F%3F%26%3D%25%2B"
        );
    }

    #[test]
    fn broken_escapes_stand_for_themselves() {
        for text in ["%", "%4", "%zz", "100%", "%%", "%+1"] {
            assert_eq!(unescape(text), text.as_bytes(), "{text}");
        }
        assert_eq!(unescape("%%41%4a%4A"), &b"%AJJ"[..]);
    }
}
