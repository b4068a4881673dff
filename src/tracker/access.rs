//! Which swarms are served.

use crate::base::{Sha1Digest, Sha256Digest, excerpt};

/// Everybody's, unless the operator says otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Access {
    #[default]
    Open,
    Only(HashList),
    AllBut(HashList),
}

/// Info-hashes from a text file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HashList {
    sorted: Vec<Sha1Digest>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: `{text}` is no info-hash: expected 40 or 64 hexadecimal digits")]
pub struct HashListError {
    pub line: usize,
    pub text: String,
}

impl HashList {
    /// One info-hash in a line, of version 1 or 2. What follows a `#` is for people.
    pub fn parse(text: &str) -> Result<Self, HashListError> {
        let mut sorted = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let hash = line.split('#').next().unwrap_or_default().trim();
            if hash.is_empty() {
                continue;
            }
            let v1 = hash.parse::<Sha1Digest>();
            let any = v1.or_else(|_| hash.parse().map(|v2: Sha256Digest| v2.truncated()));
            sorted.push(any.map_err(|_| HashListError {
                line: at + 1,
                text: excerpt(hash),
            })?);
        }
        sorted.sort_unstable();
        sorted.dedup();
        Ok(Self { sorted })
    }

    pub fn contains(&self, info_hash: &Sha1Digest) -> bool {
        self.sorted.binary_search(info_hash).is_ok()
    }
}

impl Access {
    pub fn allows(&self, info_hash: &Sha1Digest) -> bool {
        match self {
            Self::Open => true,
            Self::Only(list) => list.contains(info_hash),
            Self::AllBut(list) => !list.contains(info_hash),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_and_asked() {
        let (one, two) = ("11".repeat(20), "22".repeat(32));
        let text = format!("# ours\n\n {one}  # the first\r\n{two}\n{one}\n");
        let list = HashList::parse(&text).unwrap();
        assert_eq!(
            list.sorted,
            [Sha1Digest([0x11; 20]), Sha1Digest([0x22; 20])]
        );
        let only = Access::Only(list.clone());
        let all_but = Access::AllBut(list);
        for (byte, is_listed) in [(0x11, true), (0x22, true), (0x33, false)] {
            let hash = Sha1Digest([byte; 20]);
            assert_eq!(only.allows(&hash), is_listed);
            assert_eq!(all_but.allows(&hash), !is_listed);
            assert!(Access::Open.allows(&hash));
        }
    }

    #[test]
    fn a_wrong_line_is_named() {
        let error = HashList::parse("# fine\nabc # not\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "line 2: `abc` is no info-hash: expected 40 or 64 hexadecimal digits"
        );
    }
}
