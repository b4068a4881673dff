//! Questions to the other tracker and its answers, in their order, on one connection.

use std::collections::VecDeque;

use super::Trouble;
use crate::base::limits::{HTTP_HEAD_LEN_BYTES_MAX, PAIR_RESPONSE_BODY_LEN_BYTES_MAX};
use crate::tracker::pair::{Token, Welcome, write_hello, write_question};
use crate::tracker::server::NOT_CONFIRMED;
use crate::wire::http::{PipelinedResponse, parse_pipelined, write_failure};

const RESPONSE_LEN_BYTES_MAX: usize = HTTP_HEAD_LEN_BYTES_MAX + PAIR_RESPONSE_BODY_LEN_BYTES_MAX;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Question {
    Hello,
    Confirm(Token),
    Announce,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Welcome(Welcome),
    Confirmed {
        token: Token,
        is_its_own: bool,
    },
    Taken,
    Refused,
    /// Refused because our token is not known there.
    NotKnown,
}

#[derive(Debug, Default)]
pub(super) struct Exchange {
    asked: VecDeque<Question>,
    /// The front of an answer.
    received: Vec<u8>,
    sending: Vec<u8>,
    sent_bytes: usize,
}

impl Exchange {
    pub(super) fn greet(&mut self, own_token: Token) {
        write_hello(&mut self.sending, own_token);
        self.asked.push_back(Question::Hello);
    }

    pub(super) fn ask_for(&mut self, token: Token) {
        write_question(&mut self.sending, token);
        self.asked.push_back(Question::Confirm(token));
    }

    /// `write` gives the number of announces that it has written.
    pub(super) fn tell(&mut self, write: impl FnOnce(&mut Vec<u8>) -> usize) {
        let count = write(&mut self.sending);
        let announces = std::iter::repeat_n(Question::Announce, count);
        self.asked.extend(announces);
    }

    pub(super) fn is_waiting(&self) -> bool {
        !self.asked.is_empty()
    }

    pub(super) fn unsent(&self) -> &[u8] {
        &self.sending[self.sent_bytes..]
    }

    pub(super) fn sent(&mut self, len_bytes: usize) {
        self.sent_bytes += len_bytes;
        assert!(
            self.sent_bytes <= self.sending.len(),
            "only what was there left"
        );
        if self.sent_bytes == self.sending.len() {
            self.sending.clear();
            self.sent_bytes = 0;
        }
    }

    pub(super) fn room_bytes(&self) -> usize {
        // One more than a response may have, so that a longer one is seen to be longer.
        (RESPONSE_LEN_BYTES_MAX + 1).saturating_sub(self.received.len())
    }

    /// Takes what came apart. After an error, nothing more is to be made of this connection.
    pub(super) fn received(
        &mut self,
        bytes: &[u8],
        mut take: impl FnMut(Answer),
    ) -> Result<(), Trouble> {
        self.received.extend_from_slice(bytes);
        let mut at = 0;
        while let Some(response) =
            parse_pipelined(&self.received[at..], PAIR_RESPONSE_BODY_LEN_BYTES_MAX)?
        {
            let question = self.asked.pop_front().ok_or(Trouble::Stranger)?;
            take(answer(question, &response)?);
            if !response.keep_alive {
                return Err(Trouble::Ended);
            }
            at += response.len_bytes;
        }
        self.received.drain(..at);
        Ok(())
    }
}

fn answer(question: Question, response: &PipelinedResponse<'_>) -> Result<Answer, Trouble> {
    let PipelinedResponse { status, body, .. } = *response;
    match question {
        _ if status != 200 => Err(Trouble::Stranger),
        Question::Hello => {
            let welcome = Welcome::parse(body).ok_or(Trouble::Stranger)?;
            Ok(Answer::Welcome(welcome))
        }
        Question::Confirm(token) => match body {
            b"yes" | b"no" => Ok(Answer::Confirmed {
                token,
                is_its_own: body == b"yes",
            }),
            _ => Err(Trouble::Stranger),
        },
        Question::Announce if body == b"de" => Ok(Answer::Taken),
        Question::Announce => {
            let mut not_known = Vec::new();
            write_failure(&mut not_known, NOT_CONFIRMED);
            Ok(if body == not_known {
                Answer::NotKnown
            } else {
                Answer::Refused
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: Token = Token([7; 16]);

    fn response(body: &str) -> String {
        format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    /// One that was asked a question of each kind.
    fn asked() -> Exchange {
        let mut exchange = Exchange::default();
        exchange.greet(TOKEN);
        exchange.ask_for(TOKEN);
        exchange.tell(|_| 3);
        exchange
    }

    #[test]
    fn answers_come_in_their_order_and_in_any_pieces() {
        let mut not_known = Vec::new();
        write_failure(&mut not_known, NOT_CONFIRMED);
        let not_known = String::from_utf8(not_known).unwrap();
        let bodies = ["known", "yes", "de", "d14:failure reason2:noe", &not_known];
        let text = bodies.map(response).concat();
        for piece_len_bytes in [1, 7, text.len()] {
            let mut exchange = asked();
            let mut answers = Vec::new();
            for piece in text.as_bytes().chunks(piece_len_bytes) {
                exchange
                    .received(piece, |answer| answers.push(answer))
                    .unwrap();
            }
            let confirmed = Answer::Confirmed {
                token: TOKEN,
                is_its_own: true,
            };
            assert_eq!(
                answers,
                [
                    Answer::Welcome(Welcome::Known),
                    confirmed,
                    Answer::Taken,
                    Answer::Refused,
                    Answer::NotKnown
                ]
            );
            assert!(!exchange.is_waiting());
            let more = exchange.received(response("de").as_bytes(), |_| {});
            assert_eq!(more, Err(Trouble::Stranger), "nobody asked");
        }
    }

    #[test]
    fn strangers_are_seen_to_be_strangers() {
        for text in [
            "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nknown",
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nd8e",
            "HTTP/1.1 200 OK\r\n\r\nknown",
            "SSH-2.0\r\n",
        ] {
            let result = asked().received(text.as_bytes(), |_| panic!("{text}"));
            assert!(result.is_err(), "{text}");
        }
        let mut exchange = asked();
        let head = b"HTTP/1.1 200 OK\r\nA: ";
        exchange.received(head, |_| {}).unwrap();
        let long = vec![b'a'; exchange.room_bytes()];
        assert!(exchange.received(&long, |_| {}).is_err());
    }
}
