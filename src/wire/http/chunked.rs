//! Bodies in chunks, each behind its length in hexadecimal; one without content is the last, and
//! fields that nobody asked for may follow it.

use crate::base::hex::digit_value;
use crate::base::limits::{HTTP_CHUNK_LINE_LEN_BYTES_MAX, HTTP_RESPONSE_HEAD_LEN_BYTES_MAX};

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChunksError {
    #[error("a chunk of the body does not begin with its length")]
    NoLength,
    #[error("a chunk of the body is longer than it says")]
    NoEnd,
    #[error(
        "a line between the chunks of the body is longer than {HTTP_CHUNK_LINE_LEN_BYTES_MAX} bytes"
    )]
    LineTooLong,
    #[error("what follows the chunks is longer than {HTTP_RESPONSE_HEAD_LEN_BYTES_MAX} bytes")]
    TrailerTooLong,
    #[error("the body of the response is longer than {len_bytes_max} bytes")]
    BodyTooLong { len_bytes_max: usize },
}

#[derive(Debug, Default)]
pub(super) struct Chunks {
    stage: Stage,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    Length(LengthLine),
    Content {
        left_bytes: usize,
    },
    /// The end of line behind the content.
    ContentEnd,
    Trailer {
        line_len_bytes: usize,
        len_bytes: usize,
    },
    Over,
}

#[derive(Clone, Copy, Debug, Default)]
struct LengthLine {
    chunk_len_bytes: usize,
    digits: usize,
    /// Past the digits stands what nobody asked for.
    is_extension: bool,
    len_bytes: usize,
}

impl Default for Stage {
    fn default() -> Self {
        Self::Length(LengthLine::default())
    }
}

impl Chunks {
    /// Appends what is content to `body`; whether the last chunk has ended.
    pub(super) fn feed(
        &mut self,
        mut bytes: &[u8],
        len_bytes_max: usize,
        body: &mut Vec<u8>,
    ) -> Result<bool, ChunksError> {
        while let Some((&byte, after)) = bytes.split_first() {
            self.stage = match self.stage {
                Stage::Content { left_bytes } => {
                    let (content, rest) = bytes.split_at(bytes.len().min(left_bytes));
                    if body.len() + content.len() > len_bytes_max {
                        return Err(ChunksError::BodyTooLong { len_bytes_max });
                    }
                    body.extend_from_slice(content);
                    bytes = rest;
                    match left_bytes - content.len() {
                        0 => Stage::ContentEnd,
                        left_bytes => Stage::Content { left_bytes },
                    }
                }
                Stage::Over => return Ok(true),
                Stage::Length(line) => {
                    bytes = after;
                    line.next(byte, len_bytes_max)?
                }
                Stage::ContentEnd => {
                    bytes = after;
                    match byte {
                        b'\r' => Stage::ContentEnd,
                        b'\n' => Stage::default(),
                        _ => return Err(ChunksError::NoEnd),
                    }
                }
                Stage::Trailer {
                    line_len_bytes,
                    len_bytes,
                } => {
                    bytes = after;
                    trailer(byte, line_len_bytes, len_bytes + 1)?
                }
            };
        }
        Ok(matches!(self.stage, Stage::Over))
    }
}

impl LengthLine {
    fn next(mut self, byte: u8, len_bytes_max: usize) -> Result<Stage, ChunksError> {
        self.len_bytes += 1;
        if self.len_bytes > HTTP_CHUNK_LINE_LEN_BYTES_MAX {
            return Err(ChunksError::LineTooLong);
        }
        match (byte, digit_value(byte)) {
            (b'\n', _) if self.digits == 0 => return Err(ChunksError::NoLength),
            (b'\n', _) if self.chunk_len_bytes == 0 => {
                return Ok(Stage::Trailer {
                    line_len_bytes: 0,
                    len_bytes: 0,
                });
            }
            (b'\n', _) => {
                return Ok(Stage::Content {
                    left_bytes: self.chunk_len_bytes,
                });
            }
            (_, Some(digit)) if !self.is_extension => {
                self.digits += 1;
                self.chunk_len_bytes = self.chunk_len_bytes << 4 | usize::from(digit);
                if self.chunk_len_bytes > len_bytes_max {
                    return Err(ChunksError::BodyTooLong { len_bytes_max });
                }
            }
            (b';' | b' ' | b'\t' | b'\r', _) if self.digits > 0 => self.is_extension = true,
            _ if self.is_extension => {}
            _ => return Err(ChunksError::NoLength),
        }
        Ok(Stage::Length(self))
    }
}

/// An empty line ends the trailer, and the body with it.
fn trailer(byte: u8, line_len_bytes: usize, len_bytes: usize) -> Result<Stage, ChunksError> {
    if len_bytes > HTTP_RESPONSE_HEAD_LEN_BYTES_MAX {
        return Err(ChunksError::TrailerTooLong);
    }
    let line_len_bytes = match byte {
        b'\n' if line_len_bytes == 0 => return Ok(Stage::Over),
        b'\n' => 0,
        b'\r' => line_len_bytes,
        _ => line_len_bytes + 1,
    };
    Ok(Stage::Trailer {
        line_len_bytes,
        len_bytes,
    })
}
