//! Who sent the wrong block of a piece that did not match its hash.
//!
//! The digests of its blocks are kept with whoever brought each. When the piece comes whole, the
//! blocks that differ are the wrong ones, and nobody is accused of anything but sending those.

use std::collections::{BTreeMap, BTreeSet};

use super::Contributor;
use crate::base::limits::SUSPECT_DIGESTS_MAX;
use crate::base::{PieceIndex, Sha1Digest};

/// One wrong piece, block by block. Padding was brought by nobody.
type Attempt = Vec<(Sha1Digest, Option<Contributor>)>;

#[derive(Debug, Default)]
pub struct Suspects {
    attempts: BTreeMap<PieceIndex, Vec<Attempt>>,
    digest_count: usize,
}

impl Suspects {
    pub fn new() -> Self {
        Self::default()
    }

    /// The one that brought all of a piece, and so is to blame without further evidence.
    pub fn sole(contributors: &[Option<Contributor>]) -> Option<Contributor> {
        let mut known = contributors.iter().flatten();
        let first = *known.next()?;
        known.all(|other| *other == first).then_some(first)
    }

    /// A piece was wrong. The evidence of other pieces gives way where there is too much, that of
    /// the lowest index first; false where there is too much in this piece alone.
    pub fn wrong(
        &mut self,
        piece: PieceIndex,
        contributors: &[Option<Contributor>],
        digests: &[Sha1Digest],
    ) -> bool {
        assert_eq!(contributors.len(), digests.len(), "one for each block");
        let before = self.attempts.get(&piece).map_or(0, |a| a.len());
        if (before + 1) * digests.len() > SUSPECT_DIGESTS_MAX {
            return false;
        }
        let blocks = digests.iter().copied().zip(contributors.iter().copied());
        let attempts = self.attempts.entry(piece).or_default();
        attempts.push(blocks.collect());
        self.digest_count += digests.len();
        while self.digest_count > SUSPECT_DIGESTS_MAX {
            let other = self.attempts.keys().find(|other| **other != piece).copied();
            match other {
                Some(other) => self.forget(other),
                None => break,
            };
        }
        true
    }

    /// Whether the digests of a piece that is now whole are wanted.
    pub fn is_open(&self, piece: PieceIndex) -> bool {
        self.attempts.contains_key(&piece)
    }

    /// Whether somebody had a hand in a piece that was wrong. The next attempt tells more when
    /// others bring it.
    pub fn is_suspect(&self, piece: PieceIndex, contributor: Contributor) -> bool {
        let attempts = self.attempts.get(&piece).into_iter().flatten();
        let mut blocks = attempts.flatten();
        blocks.any(|(_, by)| *by == Some(contributor))
    }

    /// A piece has come whole: says who sent something else for it before. Closes the case.
    pub fn whole(&mut self, piece: PieceIndex, digests: &[Sha1Digest]) -> BTreeSet<Contributor> {
        let attempts = self.forget(piece);
        let blocks = attempts
            .iter()
            .flat_map(|attempt| attempt.iter().zip(digests));
        blocks
            .filter(|((sent, _), right)| sent != *right)
            .filter_map(|((_, by), _)| *by)
            .collect()
    }

    /// Drops what is known of a piece.
    fn forget(&mut self, piece: PieceIndex) -> Vec<Attempt> {
        let attempts = self.attempts.remove(&piece).unwrap_or_default();
        self.digest_count -= attempts.iter().map(Vec::len).sum::<usize>();
        attempts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Geometry;

    fn piece(index: u32) -> PieceIndex {
        Geometry::new(1 << 30, 1 << 14)
            .unwrap()
            .piece(index)
            .unwrap()
    }

    fn by(contributors: &[u32]) -> Vec<Option<Contributor>> {
        contributors.iter().map(|c| Some(Contributor(*c))).collect()
    }

    fn digests(of: &[u8]) -> Vec<Sha1Digest> {
        of.iter().map(|byte| Sha1Digest([*byte; 20])).collect()
    }

    #[test]
    fn who_sent_what_differs_is_found_over_attempts() {
        let mut suspects = Suspects::new();
        assert!(suspects.wrong(piece(1), &by(&[1, 2, 1]), &digests(&[1, 9, 3])));
        assert!(suspects.wrong(piece(1), &by(&[3, 4, 3]), &digests(&[8, 2, 3])));
        assert!(suspects.is_suspect(piece(1), Contributor(4)));
        assert!(!suspects.is_suspect(piece(2), Contributor(4)));
        assert!(suspects.is_open(piece(1)));
        let guilty = suspects.whole(piece(1), &digests(&[1, 2, 3]));
        assert_eq!(guilty, BTreeSet::from([Contributor(2), Contributor(3)]));
        assert!(!suspects.is_open(piece(1)));
        assert_eq!(suspects.whole(piece(1), &digests(&[0, 0, 0])).len(), 0);
        assert_eq!(suspects.digest_count, 0);
    }

    #[test]
    fn padding_accuses_nobody() {
        let mut suspects = Suspects::new();
        let contributors = [Some(Contributor(7)), None];
        assert_eq!(Suspects::sole(&contributors), Some(Contributor(7)));
        assert_eq!(Suspects::sole(&by(&[7, 7, 8])), None);
        assert_eq!(Suspects::sole(&[None]), None);
        assert!(suspects.wrong(piece(0), &contributors, &digests(&[1, 2])));
        assert_eq!(suspects.whole(piece(0), &digests(&[1, 3])).len(), 0);
    }

    #[test]
    fn evidence_is_bounded() {
        let mut suspects = Suspects::new();
        let blocks = SUSPECT_DIGESTS_MAX / 4;
        let contributors = vec![Some(Contributor(1)); blocks];
        let wrong = digests(&vec![1; blocks]);
        for index in 0..6 {
            assert!(suspects.wrong(piece(index), &contributors, &wrong));
            assert!(suspects.digest_count <= SUSPECT_DIGESTS_MAX);
        }
        assert!(!suspects.is_open(piece(1)) && suspects.is_open(piece(2)));
        for _ in 0..3 {
            assert!(suspects.wrong(piece(5), &contributors, &wrong));
        }
        assert!(!suspects.wrong(piece(5), &contributors, &wrong));
        assert!(suspects.is_open(piece(5)) && !suspects.is_open(piece(4)));
    }
}
