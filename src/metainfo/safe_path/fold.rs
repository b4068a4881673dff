//! When two paths are one to a file system that does not tell cases apart.
//!
//! Each character is lowered, then raised. Lowering alone would leave apart what such file systems
//! join: final and medial sigma, the micro sign and mu, sharp s and a double s. Where this joins
//! more than some file system does, a file gets a number that it did not need; the other way round
//! it would be overwritten.
//!
//! Composed and decomposed letters (`é` as one character or as two) are told apart, although Apple's
//! file systems do not: that would take tables of Unicode for a case that torrents rarely show.

use std::cmp::Ordering;

/// The characters of a text as they are compared.
pub(super) fn folded(text: &str) -> impl Iterator<Item = char> + Clone {
    text.chars().flat_map(fold_character)
}

fn fold_character(c: char) -> impl Iterator<Item = char> + Clone {
    c.to_lowercase().flat_map(char::to_uppercase)
}

/// Orders texts by their folded characters; equal means one place on the disk.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let shared = shared_len_bytes(a, b);
    folded(&a[shared..]).cmp(folded(&b[shared..]))
}

/// How many bytes two texts have in common at their front, in whole characters.
pub(super) fn shared_len_bytes(a: &str, b: &str) -> usize {
    let pairs = a.bytes().zip(b.bytes());
    let shared = pairs.take_while(|(left, right)| left == right).count();
    a.floor_char_boundary(shared)
}

/// A hash of a folded text that is told piece by piece, so that a path yields the hash of each of
/// its directories on the way. The key is fixed because the paths must be the same everywhere: a
/// stranger may make texts collide, so equal hashes prove nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct FoldedHash(u64);

impl FoldedHash {
    const PRIME: u64 = 0x0000_0100_0000_01b3;

    pub(super) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    pub(super) fn of(text: &str) -> u32 {
        let mut hash = Self::new();
        hash.push(text);
        hash.finish()
    }

    pub(super) fn push(&mut self, text: &str) {
        for c in text.chars() {
            if c.is_ascii() {
                self.push_folded(c.to_ascii_uppercase());
            } else {
                fold_character(c).for_each(|folded| self.push_folded(folded));
            }
        }
    }

    fn push_folded(&mut self, c: char) {
        self.0 = (self.0 ^ u64::from(u32::from(c))).wrapping_mul(Self::PRIME);
    }

    /// The upper half, where the multiplications have mixed best, stirred once with the lower one.
    pub(super) fn finish(self) -> u32 {
        ((self.0 ^ self.0 >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_same(a: &str, b: &str) -> bool {
        compare(a, b) == Ordering::Equal
    }

    #[test]
    fn joins_the_cases() {
        for (a, b) in [
            ("readme.TXT", "README.txt"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
            ("µ", "μ"),
            ("Maße", "MASSE"),
            ("MAẞE", "maße"),
            ("\u{212a}", "k"),
            ("é", "É"),
        ] {
            assert!(is_same(a, b), "`{a}` and `{b}`");
            assert_eq!(FoldedHash::of(a), FoldedHash::of(b));
        }
        for (a, b) in [
            ("a", "b"),
            ("a", "a "),
            ("a/b", "a_b"),
            ("é", "e"),
            ("é", "e\u{301}"),
        ] {
            assert!(!is_same(a, b), "`{a}` and `{b}`");
        }
    }

    /// The numbering of names relies on this: see the sibling that makes paths distinct.
    #[test]
    fn no_letter_folds_into_a_mark() {
        for c in '\u{80}'..=char::MAX {
            let marks = fold_character(c).filter(|f| f.is_ascii() && !f.is_ascii_uppercase());
            assert_eq!(marks.count(), 0, "{c:?}");
        }
    }

    proptest! {
        #[test]
        fn a_prefix_has_the_hash_of_its_own(head: String, tail: String) {
            let mut hash = FoldedHash::new();
            hash.push(&head);
            prop_assert_eq!(hash.finish(), FoldedHash::of(&head));
            hash.push(&tail);
            prop_assert_eq!(hash.finish(), FoldedHash::of(&(head + &tail)));
        }

        #[test]
        fn skipping_what_is_shared_changes_no_answer(shared: String, a: String, b: String) {
            let (a, b) = (shared.clone() + &a, shared + &b);
            prop_assert_eq!(compare(&a, &b), folded(&a).cmp(folded(&b)));
        }
    }
}
