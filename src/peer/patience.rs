//! How much is borne of a peer that says what is of no use, and sends what it was not asked for.
//!
//! Both are bounded by what honest peers never come near: they repeat little, and whatever else they
//! say without need, time forgives. Answers to nothing are bounded by how much of use came before:
//! a peer that sends a block twice now and then is a good one.

use super::event::Fault;
use crate::base::limits::{
    ANSWERS_UNASKED_BORNE, ANSWERS_UNASKED_MAX, WORDS_FORGIVEN_PER_S, WORDS_OF_NO_USE_BORNE,
};
use crate::base::{Allowance, Instant};

#[derive(Debug)]
pub(super) struct Patience {
    /// For messages of no use.
    words: Allowance,
    /// How many more answers to nothing are borne.
    answers: u32,
}

impl Patience {
    pub(super) const fn new() -> Self {
        Self {
            words: Allowance::new(WORDS_FORGIVEN_PER_S, WORDS_OF_NO_USE_BORNE),
            answers: ANSWERS_UNASKED_BORNE,
        }
    }

    /// Something was said; whether it is of use is not known yet.
    pub(super) fn heard(&mut self, now: Instant, words: u32) -> Result<(), Fault> {
        if self.words.take(now, words) {
            Ok(())
        } else {
            Err(Fault::Floods)
        }
    }

    /// One of the messages was of use.
    pub(super) fn was_of_use(&mut self) {
        self.words.give_back();
    }

    /// A block came that was asked for, or a request was taken back that may be answered already.
    pub(super) fn bears_one_answer_more(&mut self) {
        self.answers = (self.answers + 1).min(ANSWERS_UNASKED_MAX);
    }

    /// A block or a refusal came that answers nothing.
    pub(super) fn answered_nothing(&mut self) -> Result<(), Fault> {
        self.answers = self.answers.checked_sub(1).ok_or(Fault::SendsUnasked)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::base::Geometry;
    use crate::peer::{Connection, Event};
    use crate::wire::peer::Capabilities;

    /// How many messages of a kind that nobody reads are borne of a peer.
    fn borne_of_unread(len_bytes: u32) -> usize {
        let geometry = Geometry::new(1 << 20, 1 << 16).unwrap();
        let now = Instant::ZERO;
        let mut conn = Connection::new(now, geometry, Capabilities::FAST, &[]);
        let mut head = len_bytes.to_be_bytes().to_vec();
        head.push(200);
        let mut count = 0;
        loop {
            match conn.next_event(now, &mut &head[..]) {
                Ok(heard) => assert!(heard.is_none()),
                Err(fault) => {
                    assert_eq!(fault, Fault::Floods);
                    return count;
                }
            }
            let thrown_away = conn.discarded(now, len_bytes as usize - 1);
            assert!(
                !matches!(thrown_away, Some(Event::ThrownAway(_))),
                "it is no block"
            );
            count += 1;
        }
    }

    #[test]
    fn what_nobody_reads_counts_by_its_length() {
        assert_eq!(borne_of_unread(100), WORDS_OF_NO_USE_BORNE as usize);
        assert_eq!(
            borne_of_unread(1 << 20),
            WORDS_OF_NO_USE_BORNE as usize / 64
        );
    }

    #[test]
    fn time_forgives_what_was_said_without_need() {
        let mut now = Instant::ZERO;
        let mut patience = Patience::new();
        assert_eq!(patience.heard(now, WORDS_OF_NO_USE_BORNE), Ok(()));
        assert_eq!(patience.heard(now, 1), Err(Fault::Floods));
        now += Duration::from_secs(1);
        assert_eq!(patience.heard(now, WORDS_FORGIVEN_PER_S), Ok(()));
        assert_eq!(patience.heard(now, 1), Err(Fault::Floods));
        patience.was_of_use();
        assert_eq!(patience.heard(now, 1), Ok(()));
    }

    #[test]
    fn as_many_answers_to_nothing_are_borne_as_came_of_use_and_some() {
        let mut patience = Patience::new();
        (0..100).for_each(|_| patience.bears_one_answer_more());
        for _ in 0..ANSWERS_UNASKED_BORNE + 100 {
            assert_eq!(patience.answered_nothing(), Ok(()));
        }
        assert_eq!(patience.answered_nothing(), Err(Fault::SendsUnasked));
    }
}
