//! One broken rule.

use std::borrow::Cow;
use std::fmt;

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Counted from 1.
    pub(crate) line: usize,
    what: String,
    remedy: Cow<'static, str>,
}

impl Finding {
    pub(crate) fn new(line: usize, what: String, remedy: impl Into<Cow<'static, str>>) -> Self {
        Self {
            line,
            what,
            remedy: remedy.into(),
        }
    }
}

/// The line comes first, so that a path and a colon put before it make a place that editors open.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.line, self.what, self.remedy)
    }
}
