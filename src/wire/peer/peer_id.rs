//! The 20 bytes by which peers tell each other apart, and the habit of naming one's program in them
//! (BEP 20).

use std::fmt;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId(pub [u8; 20]);

/// As many bytes as are shown of an id that names no program: what comes behind is random.
const SHOWN_LEN_BYTES: usize = 8;

/// Two letters between dashes. Those that are not here show as they stand.
const DASHED: [(&[u8; 2], &str); 22] = [
    (b"AZ", "Vuze"),
    (b"BC", "BitComet"),
    (b"BI", "BiglyBT"),
    (b"BT", "BitTorrent"),
    (b"DE", "Deluge"),
    (b"FD", "Free Download Manager"),
    (b"KT", "KTorrent"),
    (b"LT", "libtorrent"),
    (b"MO", "MonoTorrent"),
    (b"PI", "PicoTorrent"),
    (b"SZ", "Shareaza"),
    (b"TR", "Transmission"),
    (b"TX", "Tixati"),
    (b"UM", "µTorrent Mac"),
    (b"UT", "µTorrent"),
    (b"UW", "µTorrent Web"),
    (b"WD", "WebTorrent Desktop"),
    (b"WW", "WebTorrent"),
    (b"XL", "Xunlei"),
    (b"lt", "rTorrent"),
    (b"qB", "qBittorrent"),
    (b"rQ", "rqbit"),
];

/// One letter, then up to five of the version.
const SHADOW: [(u8, &str); 7] = [
    (b'A', "ABC"),
    (b'O', "Osprey Permaseed"),
    (b'Q', "BTQueue"),
    (b'R', "Tribler"),
    (b'S', "Shadow"),
    (b'T', "BitTornado"),
    (b'U', "UPnP NAT BitTorrent"),
];

/// Letters, then numbers with a dash behind each.
const NUMBERED: [(&[u8], &str); 3] = [(b"A2-", "aria2"), (b"M", "BitTorrent"), (b"Q", "Queen Bee")];

impl PeerId {
    /// `prefix` names the program (`-XX1234-`), the rest tells its peers apart.
    pub fn new(prefix: [u8; 8], random: [u8; 12]) -> Self {
        let mut bytes = [0; 20];
        let (front, back) = bytes.split_at_mut(prefix.len());
        front.copy_from_slice(&prefix);
        back.copy_from_slice(&random);
        Self(bytes)
    }

    /// Program and version for people to read; whatever the bytes are, only printable ASCII of them
    /// is shown.
    pub fn client_name(&self) -> String {
        self.dashed()
            .or_else(|| self.shadow())
            .or_else(|| self.numbered())
            .unwrap_or_else(|| self.0[..SHOWN_LEN_BYTES].escape_ascii().to_string())
    }

    fn dashed(&self) -> Option<String> {
        let [b'-', a, b, version @ .., b'-'] = self.0.first_chunk::<8>()? else {
            return None;
        };
        let code = [*a, *b];
        let is_plain = |byte: &u8| byte.is_ascii_alphanumeric();
        if !code.iter().all(|byte| is_plain(byte) || *byte == b'~') || !version.iter().all(is_plain)
        {
            return None;
        }
        // The fourth place is mostly unused.
        let version = version.strip_suffix(b"0").unwrap_or(version);
        let known = DASHED.iter().find(|(known, _)| **known == code);
        let name = known.map_or_else(
            || code.escape_ascii().to_string(),
            |(_, name)| (*name).into(),
        );
        Some(format!("{name} {}", Version(version)))
    }

    fn shadow(&self) -> Option<String> {
        let [letter, version @ .., b'-', b'-', b'-'] = self.0.first_chunk::<9>()? else {
            return None;
        };
        let (_, name) = SHADOW.iter().find(|(known, _)| known == letter)?;
        let last = version.iter().rposition(|byte| *byte != b'-')?;
        let version = &version[..=last];
        let is_plain = version.iter().all(u8::is_ascii_alphanumeric);
        is_plain.then(|| format!("{name} {}", Version(version)))
    }

    fn numbered(&self) -> Option<String> {
        let (prefix, name) = NUMBERED
            .iter()
            .find(|(prefix, _)| self.0.starts_with(prefix))?;
        let mut numbers = self.0[prefix.len()..].split(|byte| *byte == b'-');
        let mut number = || {
            let digits = numbers
                .next()
                .filter(|digits| (1..=3).contains(&digits.len()))?;
            digits
                .iter()
                .all(u8::is_ascii_digit)
                .then(|| digits.escape_ascii())
        };
        let version = [number()?, number()?, number()?];
        // Behind the last dash there is always something.
        numbers.next()?;
        let [major, minor, patch] = version;
        Some(format!("{name} {major}.{minor}.{patch}"))
    }
}

impl fmt::Debug for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0.escape_ascii())
    }
}

/// A version with one letter for each number: digits stand for themselves, the letters that follow
/// them for 10 and up. Small letters mark unfinished versions.
struct Version<'a>(&'a [u8]);

impl fmt::Display for Version<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, letter) in self.0.iter().enumerate() {
            if position > 0 && !letter.is_ascii_lowercase() {
                f.write_str(".")?;
            }
            match letter {
                b'A'..=b'Z' => write!(f, "{}", letter - b'A' + 10)?,
                _ => write!(f, "{}", letter.escape_ascii())?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(front: &[u8]) -> String {
        let mut bytes = *b"xxxxxxxxxxxxxxxxxxxx";
        bytes[..front.len()].copy_from_slice(front);
        PeerId(bytes).client_name()
    }

    #[test]
    fn programs_are_known_by_their_habits() {
        for (front, expected) in [
            (&b"-TR4050-"[..], "Transmission 4.0.5"),
            (b"-LT20B0-", "libtorrent 2.0.11"),
            (b"-qB4650-", "qBittorrent 4.6.5"),
            (b"-lt0D80-", "rTorrent 0.13.8"),
            (b"-UT3553-", "µTorrent 3.5.5.3"),
            (b"-DE211s-", "Deluge 2.1.1s"),
            (b"-mt0100-", "mt 0.1.0"),
            (b"-S~1234-", "S~ 1.2.3.4"),
            (b"A2-1-37-0-", "aria2 1.37.0"),
            (b"M4-20-8-", "BitTorrent 4.20.8"),
            (b"Q1-0-0--", "Queen Bee 1.0.0"),
            (b"S58B-----", "Shadow 5.8.11"),
            (b"T03I----", "T03I----"),
            (b"T03I-----", "BitTornado 0.3.18"),
        ] {
            assert_eq!(name(front), expected);
        }
    }

    #[test]
    fn other_ids_show_their_front_and_nothing_that_drives_a_terminal() {
        assert_eq!(name(b"\x1b[2J\n\xff\0`"), r"\x1b[2J\n\xff\x00`");
        assert_eq!(name(b"-\x1b[1234-"), r"-\x1b[1234-");
        assert_eq!(name(b"-TR1.34-"), "-TR1.34-");
        assert_eq!(name(b"M4-2-"), "M4-2-xxx");
        assert_eq!(name(b"M4-1234-8-"), "M4-1234-");
        assert_eq!(name(b"S--------"), "S-------");
        assert_eq!(name(b"S5 8-----"), "S5 8----");
        for byte in 0..=u8::MAX {
            let shown = PeerId([byte; 20]).client_name();
            assert!(shown.bytes().all(|c| c == b' ' || c.is_ascii_graphic()));
        }
    }

    #[test]
    fn a_new_id_is_prefix_and_rest() {
        let id = PeerId::new(*b"-mt0100-", *b"abcdefghijkl");
        assert_eq!(&id.0, b"-mt0100-abcdefghijkl");
        assert_eq!(format!("{id:?}"), "`-mt0100-abcdefghijkl`");
    }
}
