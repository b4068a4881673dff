//! The one pass that decides whether bytes are bencode.

use super::value::Value;
use super::{Error, Fault};
use crate::base::limits;

/// How much of a document is borne.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub len_bytes: usize,
    pub depth: usize,
    /// Keys and closing brackets count as well: it bounds the steps of one pass.
    pub values: usize,
}

impl Limits {
    /// For metainfo files, which may describe millions of files.
    pub const METAINFO: Self = Self {
        len_bytes: limits::METAINFO_DOCUMENT_LEN_BYTES_MAX,
        depth: limits::BENCODE_DEPTH_MAX,
        values: limits::BENCODE_NODES_MAX,
    };
}

/// A checked value and what was noticed on the way.
#[derive(Clone, Copy, Debug)]
pub struct Parsed<'a> {
    pub value: Value<'a>,
    /// Where the first key stands that is smaller than the key before it.
    pub first_unsorted_key: Option<usize>,
}

/// Checks a document that is one value and nothing else.
pub fn parse(document: &[u8], limits: Limits) -> Result<Parsed<'_>, Error> {
    let (parsed, rest) = parse_prefix(document, limits)?;
    if rest.is_empty() {
        Ok(parsed)
    } else {
        let at = document.len() - rest.len();
        Err(Error {
            at,
            fault: Fault::Trailing(rest.len()),
        })
    }
}

/// Checks the value at the front of `document` and returns it with what follows.
pub fn parse_prefix(document: &[u8], limits: Limits) -> Result<(Parsed<'_>, &[u8]), Error> {
    let (end, first_unsorted_key) = check(document, limits)?;
    let (value, rest) = document.split_at(end);
    Ok((
        Parsed {
            value: Value::from_checked(value),
            first_unsorted_key,
        },
        rest,
    ))
}

/// An open list or dictionary.
struct Frame {
    expects: Expects,
    /// The span of the last key, for the comparison with the next one.
    last_key: (usize, usize),
    /// Where the keys of this dictionary begin in `Checker::key_starts`.
    keys_from: usize,
    unsorted: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Expects {
    ItemOrEnd,
    FirstKeyOrEnd,
    KeyOrEnd,
    DictValue,
}

struct Checker<'a> {
    document: &'a [u8],
    at: usize,
    frames: Vec<Frame>,
    /// Starts of the keys of all open dictionaries: what finds a duplicate among unsorted keys
    /// without a second walk. Four bytes a key, and no entry is shorter than that.
    key_starts: Vec<u32>,
    first_unsorted_key: Option<usize>,
}

/// Returns where the value ends and the first unsorted key.
fn check(document: &[u8], limits: Limits) -> Result<(usize, Option<usize>), Error> {
    let max_bytes = limits.len_bytes.min(u32::MAX as usize);
    if document.len() > max_bytes {
        let fault = Fault::TooLong {
            len_bytes: document.len(),
            max_bytes,
        };
        return Err(Error {
            at: max_bytes,
            fault,
        });
    }
    let mut checker = Checker {
        document,
        at: 0,
        frames: Vec::new(),
        key_starts: Vec::new(),
        first_unsorted_key: None,
    };
    let mut values = 0;
    loop {
        values += 1;
        if values > limits.values {
            return Err(checker.fault(Fault::TooManyValues(limits.values)));
        }
        checker.step(limits.depth)?;
        if checker.frames.is_empty() {
            return Ok((checker.at, checker.first_unsorted_key));
        }
    }
}

impl Checker<'_> {
    fn fault(&self, fault: Fault) -> Error {
        Error { at: self.at, fault }
    }

    fn peek(&self, inside: &'static str) -> Result<u8, Error> {
        self.document
            .get(self.at)
            .copied()
            .ok_or_else(|| self.fault(Fault::Truncated(inside)))
    }

    /// Consumes one key, one scalar, or one bracket.
    fn step(&mut self, depth_max: usize) -> Result<(), Error> {
        let expects = self.frames.last().map(|frame| frame.expects);
        match expects {
            Some(Expects::FirstKeyOrEnd | Expects::KeyOrEnd) => match self.peek("a dictionary")? {
                b'e' => self.close(),
                b'0'..=b'9' => self.key(),
                found => Err(self.fault(Fault::Unexpected {
                    expected: "a key (a string) or the end of the dictionary",
                    found,
                })),
            },
            Some(Expects::ItemOrEnd) if self.peek("a list")? == b'e' => self.close(),
            Some(Expects::DictValue) => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.expects = Expects::KeyOrEnd;
                }
                self.value(depth_max)
            }
            Some(Expects::ItemOrEnd) | None => self.value(depth_max),
        }
    }

    fn value(&mut self, depth_max: usize) -> Result<(), Error> {
        match self.peek("a value")? {
            b'i' => self.integer(),
            b'0'..=b'9' => self.string().map(|_| ()),
            b'l' => self.open(Expects::ItemOrEnd, depth_max),
            b'd' => self.open(Expects::FirstKeyOrEnd, depth_max),
            found => Err(self.fault(Fault::Unexpected {
                expected: "an integer, a string, a list or a dictionary",
                found,
            })),
        }
    }

    fn open(&mut self, expects: Expects, depth_max: usize) -> Result<(), Error> {
        if self.frames.len() >= depth_max {
            return Err(self.fault(Fault::TooDeep(depth_max)));
        }
        let keys_from = self.key_starts.len();
        self.frames.push(Frame {
            expects,
            last_key: (0, 0),
            keys_from,
            unsorted: false,
        });
        self.at += 1;
        Ok(())
    }

    fn close(&mut self) -> Result<(), Error> {
        if let Some(frame) = self.frames.pop() {
            if frame.unsorted {
                self.find_duplicate(frame.keys_from)?;
            }
            self.key_starts.truncate(frame.keys_from);
        }
        self.at += 1;
        Ok(())
    }

    fn integer(&mut self) -> Result<(), Error> {
        let start = self.at;
        let digits_from = start + 1 + usize::from(self.document.get(start + 1) == Some(&b'-'));
        let digits = &self.document[digits_from.min(self.document.len())..];
        let len = digits
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        match digits.get(len) {
            Some(b'e') if len > 0 => {}
            Some(&found) => {
                self.at = digits_from + len;
                let expected = if len > 0 { "a digit or `e`" } else { "a digit" };
                return Err(self.fault(Fault::Unexpected { expected, found }));
            }
            None => return Err(self.fault(Fault::Truncated("an integer"))),
        }
        if digits[0] == b'0' && len > 1 {
            return Err(self.fault(Fault::IntegerLeadingZero));
        }
        if digits[0] == b'0' && digits_from > start + 1 {
            return Err(self.fault(Fault::IntegerNegativeZero));
        }
        let end = digits_from + len;
        // Up to 18 digits always fit.
        if len > 18 && to_i64(&self.document[start + 1..end]).is_none() {
            return Err(self.fault(Fault::IntegerTooLarge));
        }
        self.at = end + 1;
        Ok(())
    }

    /// Consumes a string and returns where its content starts and ends.
    fn string(&mut self) -> Result<(usize, usize), Error> {
        let rest = &self.document[self.at..];
        let mut len_bytes: u64 = 0;
        let mut digits = 0;
        while let Some(digit) = rest.get(digits).filter(|byte| byte.is_ascii_digit()) {
            if digits == limits::BENCODE_LENGTH_DIGITS_MAX {
                let fault = Fault::LengthTooLarge(limits::BENCODE_LENGTH_DIGITS_MAX);
                return Err(self.fault(fault));
            }
            len_bytes = len_bytes * 10 + u64::from(digit - b'0');
            digits += 1;
        }
        match rest.get(digits) {
            Some(b':') => {}
            Some(&found) => {
                self.at += digits;
                return Err(self.fault(Fault::Unexpected {
                    expected: "a digit or `:`",
                    found,
                }));
            }
            None => return Err(self.fault(Fault::Truncated("a string"))),
        }
        if digits > 1 && rest[0] == b'0' {
            return Err(self.fault(Fault::LengthLeadingZero));
        }
        let start = self.at + digits + 1;
        let left_bytes = self.document.len() - start;
        match usize::try_from(len_bytes) {
            Ok(len) if len <= left_bytes => {
                self.at = start + len;
                Ok((start, start + len))
            }
            _ => Err(self.fault(Fault::StringBeyondEnd {
                len_bytes,
                left_bytes,
            })),
        }
    }

    fn key(&mut self) -> Result<(), Error> {
        let key_at = self.at;
        let (start, end) = self.string()?;
        // The document was found to be shorter than 4 GiB.
        #[expect(
            clippy::cast_possible_truncation,
            reason = "offsets fit 32 bits, see check()"
        )]
        self.key_starts.push(key_at as u32);
        let Some(frame) = self.frames.last_mut() else {
            return Ok(());
        };
        if frame.expects == Expects::KeyOrEnd {
            let last = &self.document[frame.last_key.0..frame.last_key.1];
            let key = &self.document[start..end];
            if key == last {
                return Err(Error {
                    at: key_at,
                    fault: Fault::DuplicateKey(key.to_vec()),
                });
            }
            if key < last {
                frame.unsorted = true;
                self.first_unsorted_key.get_or_insert(key_at);
            }
        }
        frame.last_key = (start, end);
        frame.expects = Expects::DictValue;
        Ok(())
    }

    fn find_duplicate(&mut self, keys_from: usize) -> Result<(), Error> {
        let document = self.document;
        let key_at = |start: u32| {
            Value::from_checked(&document[start as usize..])
                .leading_string()
                .unwrap_or_default()
        };
        let keys = &mut self.key_starts[keys_from..];
        keys.sort_unstable_by(|&a, &b| key_at(a).cmp(key_at(b)).then(a.cmp(&b)));
        match keys
            .windows(2)
            .find(|pair| key_at(pair[0]) == key_at(pair[1]))
        {
            Some(pair) => Err(Error {
                at: pair[1] as usize,
                fault: Fault::DuplicateKey(key_at(pair[1]).to_vec()),
            }),
            None => Ok(()),
        }
    }
}

pub(super) fn to_i64(digits: &[u8]) -> Option<i64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}
