//! Going through a checked value once, token by token.

use super::value::{Kind, Value};

/// A cursor in a checked value. It reads forward only and keeps no stack, so the depth of a tree
/// costs nothing; whoever walks keeps track of where it is.
#[derive(Clone, Debug)]
pub struct Walk<'a> {
    raw: &'a [u8],
    at: usize,
}

/// What stands at a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// A value (or a key, which is a string) of this kind starts here.
    Starts(Kind),
    /// The list or dictionary that the cursor is in ends here.
    Ends,
}

impl<'a> Walk<'a> {
    pub(super) fn over(raw: &'a [u8]) -> Self {
        Self { raw, at: 0 }
    }

    /// Past the opening bracket of a list or dictionary.
    pub(super) fn into(raw: &'a [u8]) -> Self {
        Self { raw, at: 1 }
    }

    pub(super) fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// A cursor at the first item of a list or the first key of a dictionary.
    pub fn inside(value: Value<'a>) -> Option<Self> {
        matches!(value.kind(), Kind::List | Kind::Dict).then(|| Self::into(value.raw()))
    }

    /// A cursor in the same value at an offset that [`Self::offset`] once gave.
    pub fn resume(value: Value<'a>, offset: usize) -> Self {
        Self {
            raw: value.raw(),
            at: offset,
        }
    }

    /// Offset from the start of the value that is walked.
    pub fn offset(&self) -> usize {
        self.at
    }

    /// What comes next; `None` past the end.
    pub fn peek(&self) -> Option<Token> {
        Some(match self.raw.get(self.at)? {
            b'e' => Token::Ends,
            b'i' => Token::Starts(Kind::Integer),
            b'l' => Token::Starts(Kind::List),
            b'd' => Token::Starts(Kind::Dict),
            _ => Token::Starts(Kind::Bytes),
        })
    }

    /// Steps over one opening or closing bracket.
    pub fn step_over_bracket(&mut self) {
        debug_assert!(matches!(self.raw.get(self.at), Some(b'l' | b'd' | b'e')));
        self.at += 1;
    }

    /// Takes the string (or key) that stands here; `None` leaves the cursor where it was.
    pub fn string(&mut self) -> Option<&'a [u8]> {
        let mut len = 0_usize;
        let mut at = self.at;
        loop {
            match self.raw.get(at)? {
                // Only unchecked bytes have lengths that do not fit.
                digit @ b'0'..=b'9' => {
                    len = len
                        .checked_mul(10)?
                        .checked_add(usize::from(digit - b'0'))?;
                }
                b':' if at > self.at => break,
                _ => return None,
            }
            at += 1;
        }
        let start = at + 1;
        let end = start.checked_add(len)?;
        let content = self.raw.get(start..end)?;
        self.at = end;
        Some(content)
    }

    /// Takes the whole value that stands here; `None` at the end of the surrounding one.
    pub fn value(&mut self) -> Option<Value<'a>> {
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                Token::Starts(Kind::List | Kind::Dict) => {
                    depth += 1;
                    self.at += 1;
                }
                Token::Starts(Kind::Integer) => {
                    self.at += self.raw[self.at..].iter().position(|byte| *byte == b'e')? + 1;
                }
                Token::Starts(Kind::Bytes) => {
                    self.string()?;
                }
                Token::Ends => {
                    depth = depth.checked_sub(1)?;
                    self.at += 1;
                }
            }
            if depth == 0 {
                return Some(Value::from_checked(&self.raw[start..self.at]));
            }
        }
    }
}
