//! Sizes and counts as people read them.

use std::fmt;
use std::time::Duration;

/// Bytes in binary units, with three digits that matter: `4.69 GiB`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size(pub(super) u64);

const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 1024 {
            return f.pad(&format!("{} B", self.0));
        }
        let exponent = (self.0.ilog2() / 10) as usize;
        #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
        let value = self.0 as f64 / (1_u64 << (10 * exponent)) as f64;
        // What would show as 1000 is shown with a point in the next unit up to 1023.
        let text = match (self.0.is_multiple_of(1 << (10 * exponent)), value) {
            (true, _) => format!("{value:.0}"),
            (_, value) if value < 9.995 => format!("{value:.2}"),
            (_, value) if value < 99.95 => format!("{value:.1}"),
            _ => format!("{value:.0}"),
        };
        f.pad(&format!("{text} {}", UNITS[exponent - 1]))
    }
}

/// A count with its thousands apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Count(pub(super) u64);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

/// A number with its noun: `1 file`, `2,000 files`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted(pub(super) u64, pub(super) &'static str);

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}{}",
            Count(self.0),
            self.1,
            if self.0 == 1 { "" } else { "s" }
        )
    }
}

/// Reads `262144`, `256KiB`, `1MiB`, `10MB`: binary units with an i, decimal ones without.
pub(super) fn parse_size(text: &str) -> Result<u64, String> {
    const SUFFIXES: [(&str, u64); 9] = [
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("TiB", 1 << 40),
        ("kB", 1_000),
        ("KB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("TB", 1_000_000_000_000),
    ];
    let expected = || {
        format!(
            "`{text}` is no size: expected a number of bytes such as `262144`, `256KiB` or `10MB`"
        )
    };
    let with_suffix = SUFFIXES
        .iter()
        .find_map(|(suffix, unit)| Some((text.strip_suffix(suffix)?, *unit)));
    let (digits, unit) = with_suffix.unwrap_or((text.strip_suffix('B').unwrap_or(text), 1));
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(expected());
    }
    let value: Option<u64> = digits.parse().ok();
    value
        .and_then(|value| value.checked_mul(unit))
        .ok_or_else(|| format!("`{text}` is more than 64 bits hold"))
}

/// Reads `90s`, `30m`, `2h`, `1d`, or a number of seconds.
pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    let units = [('s', 1), ('m', 60), ('h', 3600), ('d', 86_400)];
    let with_unit = units
        .iter()
        .find_map(|(unit, seconds)| Some((text.strip_suffix(*unit)?, *seconds)));
    let (digits, unit_s) = with_unit.unwrap_or((text, 1));
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let value: Option<u64> = digits.parse().ok().filter(|_| is_number);
    let seconds = value.and_then(|value| value.checked_mul(unit_s));
    seconds.map(Duration::from_secs).ok_or_else(|| {
        format!(
            "`{text}` is no duration: expected a number of seconds such as `90`, or `30m`, `2h`"
        )
    })
}

/// Reads a number of bytes a second: `10MB/s`, or `10MB`.
pub(super) fn parse_rate(text: &str) -> Result<u64, String> {
    let rate = parse_size(text.strip_suffix("/s").unwrap_or(text)).unwrap_or(0);
    if rate == 0 {
        return Err(format!(
            "`{text}` is no rate: expected bytes a second, such as `10MB/s` or `512KiB/s`"
        ));
    }
    Ok(rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        let cases = [
            ("0", 0),
            ("262144", 262_144),
            ("16B", 16),
            ("256KiB", 262_144),
            ("1MiB", 1 << 20),
            ("10MB", 10_000_000),
            ("3TB", 3_000_000_000_000),
        ];
        for (text, bytes) in cases {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for text in [
            "",
            "B",
            "KiB",
            "-1",
            "+1",
            "1.5MiB",
            "1 MiB",
            "1mib",
            "99999999999GiB",
        ] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_have_three_digits() {
        let cases = [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1 KiB"),
            (1536, "1.50 KiB"),
            (10_239, "10.0 KiB"),
            (524_288, "512 KiB"),
            (1_048_575, "1024 KiB"),
            (5_037_662_208, "4.69 GiB"),
            (u64::MAX, "16.0 EiB"),
        ];
        for (bytes, text) in cases {
            assert_eq!(Size(bytes).to_string(), text, "{bytes}");
        }
    }

    #[test]
    fn counts_have_their_thousands_apart() {
        let cases = [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ];
        for (count, text) in cases {
            assert_eq!(Count(count).to_string(), text);
        }
        assert_eq!(Counted(1, "file").to_string(), "1 file");
        assert_eq!(Counted(0, "file").to_string(), "0 files");
    }
}
