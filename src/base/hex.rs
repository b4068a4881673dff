//! Hexadecimal, both ways.

use std::fmt;

/// Shows bytes as lower-case hexadecimal.
#[derive(Clone, Copy, Debug)]
pub struct Hex<'a>(pub &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The value of one hexadecimal digit, in either case.
pub fn digit_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Fills `out` from exactly twice as many digits; `None` for another length or a wrong digit.
pub fn decode_into(digits: &[u8], out: &mut [u8]) -> Option<()> {
    if digits.len() != out.len() * 2 {
        return None;
    }
    for (pair, byte) in digits.chunks_exact(2).zip(out) {
        *byte = digit_value(pair[0])? << 4 | digit_value(pair[1])?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways() {
        let mut out = [0; 3];
        assert_eq!(decode_into(b"00fFa7", &mut out), Some(()));
        assert_eq!(out, [0x00, 0xff, 0xa7]);
        assert_eq!(Hex(&out).to_string(), "00ffa7");
    }

    #[test]
    fn refuses_other_lengths_and_digits() {
        let mut out = [0; 2];
        for wrong in [&b"00f"[..], b"00ff0", b"00fg", b"+0ff", b""] {
            assert_eq!(decode_into(wrong, &mut out), None, "{wrong:?}");
        }
    }
}
