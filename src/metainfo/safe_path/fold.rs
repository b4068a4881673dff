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
pub(super) fn folded(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(fold_character)
}

fn fold_character(c: char) -> impl Iterator<Item = char> {
    c.to_lowercase().flat_map(char::to_uppercase)
}

/// The folded character where it is a single one, as it is for all but about a hundred.
fn fold_to_one(c: char) -> Option<char> {
    if c.is_ascii() {
        return Some(c.to_ascii_uppercase());
    }
    let lower = only(c.to_lowercase())?;
    only(lower.to_uppercase())
}

fn only(mut characters: impl ExactSizeIterator<Item = char>) -> Option<char> {
    characters.next().filter(|_| characters.len() == 0)
}

/// Orders texts by their folded characters; equal means one place on the disk.
///
/// This stands in the innermost loop for whoever sends a million names that differ by case alone,
/// so it walks the texts one character each as long as those fold to one.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let shared = shared_len_bytes(a, b);
    let (mut rest_a, mut rest_b) = (a[shared..].chars(), b[shared..].chars());
    loop {
        let (from_a, from_b) = (rest_a.as_str(), rest_b.as_str());
        let (Some(next_a), Some(next_b)) = (rest_a.next(), rest_b.next()) else {
            return from_a.len().cmp(&from_b.len());
        };
        match (fold_to_one(next_a), fold_to_one(next_b)) {
            (Some(one_a), Some(one_b)) if one_a == one_b => {}
            (Some(one_a), Some(one_b)) => return one_a.cmp(&one_b),
            _ => return folded(from_a).cmp(folded(from_b)),
        }
    }
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
            match fold_to_one(c) {
                Some(folded) => self.push_folded(folded),
                None => fold_character(c).for_each(|folded| self.push_folded(folded)),
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
        fn orders_by_folded_characters(shared in letters(), a in letters(), b in letters()) {
            let (a, b) = (shared.clone() + &a, shared + &b);
            prop_assert_eq!(compare(&a, &b), folded(&a).cmp(folded(&b)));
            prop_assert_eq!(is_same(&a, &b), folded(&a).eq(folded(&b)));
        }
    }

    /// Few letters, so that texts are often the same, and among them some that fold to several.
    fn letters() -> impl Strategy<Value = String> {
        let letter = prop::sample::select(vec!['a', 'A', 'ß', 'ẞ', 's', 'S', 'é', 'É', 'İ', 'ŉ']);
        prop::collection::vec(prop_oneof![9 => letter, 1 => any::<char>()], 0..5)
            .prop_map(String::from_iter)
    }
}
