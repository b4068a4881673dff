//! Which of two connections between the same two peers stays.

use std::cmp::Ordering;

/// Whether a connection replaces an older one with the same peer, so that both sides come to the
/// same answer without a word: of two that were dialled from either side, the one stays that the
/// smaller peer id dialled; of two that one side dialled, the older.
///
/// Equal ids are one peer, connected to itself.
pub fn newer_stays(ours: &[u8; 20], theirs: &[u8; 20], dialled_here: Dialled) -> bool {
    match ours.cmp(theirs) {
        Ordering::Less => dialled_here.newer && !dialled_here.older,
        Ordering::Greater => dialled_here.older && !dialled_here.newer,
        Ordering::Equal => false,
    }
}

/// Which of two connections were dialled from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialled {
    pub older: bool,
    pub newer: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which connection is left on each side, of one that `a` dialled and one that `b` dialled,
    /// whatever order the two sides see them come up in.
    #[test]
    fn both_sides_keep_the_same_connection() {
        let (low, high) = ([1; 20], [2; 20]);
        for (a, b) in [(low, high), (high, low)] {
            for (a_sees_own_first, b_sees_own_first) in
                [(true, true), (true, false), (false, true), (false, false)]
            {
                let left = |ours, theirs, own_first: bool| {
                    let dialled = Dialled {
                        older: own_first,
                        newer: !own_first,
                    };
                    // Whether the one that is left is the side's own.
                    newer_stays(ours, theirs, dialled) != own_first
                };
                let a_keeps_own = left(&a, &b, a_sees_own_first);
                let b_keeps_own = left(&b, &a, b_sees_own_first);
                assert_ne!(a_keeps_own, b_keeps_own);
                assert_eq!(a_keeps_own, a < b);
            }
        }
    }

    #[test]
    fn a_second_dial_gives_way() {
        for one_side in [true, false] {
            let dialled = Dialled {
                older: one_side,
                newer: one_side,
            };
            assert!(!newer_stays(&[1; 20], &[2; 20], dialled));
            assert!(!newer_stays(&[2; 20], &[1; 20], dialled));
        }
    }
}
