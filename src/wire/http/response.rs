//! Responses, read by a client as their bytes come in: head, then body by its stated length, in
//! chunks, or until the stream ends (RFC 9112).

use std::mem::MaybeUninit;

use super::chunked::{Chunks, ChunksError};
use crate::base::excerpt_bytes;
use crate::base::limits::{HTTP_HEADERS_MAX, HTTP_RESPONSE_HEAD_LEN_BYTES_MAX as HEAD_LEN_MAX};

/// A whole response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    /// Where else to ask, as it was written; see [`super::resolve_location`].
    pub location: Option<String>,
    pub body: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResponseError {
    #[error("the answer is no HTTP response")]
    Malformed,
    #[error("the header of the response is longer than {HEAD_LEN_MAX} bytes")]
    HeadTooLong,
    #[error("the response has more than {HTTP_HEADERS_MAX} header fields")]
    TooManyHeaders,
    #[error("`{value}` is no length of a body")]
    Length { value: String },
    #[error("the response states two lengths of its body")]
    TwoLengths,
    #[error("the response is coded as `{coding}`, which was not asked for")]
    Coding { coding: String },
    #[error("the response changes to another protocol")]
    Upgrade,
    #[error("the body of the response is longer than {len_bytes_max} bytes")]
    BodyTooLong { len_bytes_max: usize },
    #[error(transparent)]
    Chunks(#[from] ChunksError),
    #[error("the connection ended before the response")]
    CutShort,
}

/// Reads one response. What follows it is ignored: the connection is not used again.
#[derive(Debug)]
pub struct ResponseReader {
    body_len_bytes_max: usize,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Head { received: Vec<u8> },
    Body { response: Response, ends: BodyEnd },
    Over,
}

#[derive(Debug)]
enum BodyEnd {
    After { left_bytes: usize },
    Chunks(Chunks),
    Stream,
}

impl ResponseReader {
    pub fn new(body_len_bytes_max: usize) -> Self {
        Self {
            body_len_bytes_max,
            stage: Stage::Head {
                received: Vec::new(),
            },
        }
    }

    /// Takes the next bytes; gives the response once, when it is whole.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Option<Response>, ResponseError> {
        match &mut self.stage {
            Stage::Head { received } => {
                received.extend_from_slice(bytes);
                self.take_head()
            }
            Stage::Body { .. } => self.take_body(bytes),
            Stage::Over => Ok(None),
        }
    }

    /// The stream has ended, which ends a body of unknown length as well.
    pub fn end_of_stream(self) -> Result<Response, ResponseError> {
        match self.stage {
            Stage::Body {
                response,
                ends: BodyEnd::Stream,
            } => Ok(response),
            _ => Err(ResponseError::CutShort),
        }
    }

    fn take_head(&mut self) -> Result<Option<Response>, ResponseError> {
        let Stage::Head { received } = &mut self.stage else {
            return Ok(None);
        };
        while let Some(head) = parse_head(received)? {
            let behind = received.split_off(head.len_bytes);
            if head.status >= 200 {
                return self.begin_body(head, &behind);
            }
            if head.status == 101 {
                return Err(ResponseError::Upgrade);
            }
            // An interim response: the one that counts follows.
            *received = behind;
        }
        if received.len() > HEAD_LEN_MAX {
            return Err(ResponseError::HeadTooLong);
        }
        Ok(None)
    }

    fn begin_body(&mut self, head: Head, behind: &[u8]) -> Result<Option<Response>, ResponseError> {
        if let BodyEnd::After { left_bytes } = head.ends
            && left_bytes > self.body_len_bytes_max
        {
            return Err(self.too_long());
        }
        self.stage = Stage::Body {
            response: Response {
                status: head.status,
                location: head.location,
                body: Vec::new(),
            },
            ends: head.ends,
        };
        self.take_body(behind)
    }

    fn take_body(&mut self, bytes: &[u8]) -> Result<Option<Response>, ResponseError> {
        let Stage::Body { response, ends } = &mut self.stage else {
            return Ok(None);
        };
        let is_over = match ends {
            BodyEnd::After { left_bytes } => {
                let taken = bytes.len().min(*left_bytes);
                response.body.extend_from_slice(&bytes[..taken]);
                *left_bytes -= taken;
                *left_bytes == 0
            }
            BodyEnd::Chunks(chunks) => {
                chunks.feed(bytes, self.body_len_bytes_max, &mut response.body)?
            }
            BodyEnd::Stream => {
                let len_bytes = response.body.len() + bytes.len();
                if len_bytes > self.body_len_bytes_max {
                    return Err(self.too_long());
                }
                response.body.extend_from_slice(bytes);
                false
            }
        };
        if !is_over {
            return Ok(None);
        }
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Body { response, .. } => Ok(Some(response)),
            Stage::Head { .. } | Stage::Over => Ok(None),
        }
    }

    fn too_long(&self) -> ResponseError {
        ResponseError::BodyTooLong {
            len_bytes_max: self.body_len_bytes_max,
        }
    }
}

struct Head {
    status: u16,
    location: Option<String>,
    ends: BodyEnd,
    len_bytes: usize,
}

/// `None` while the head is not complete.
fn parse_head(received: &[u8]) -> Result<Option<Head>, ResponseError> {
    let mut headers = [const { MaybeUninit::uninit() }; HTTP_HEADERS_MAX];
    let mut response = httparse::Response::new(&mut []);
    let parsed = httparse::ParserConfig::default().parse_response_with_uninit_headers(
        &mut response,
        received,
        &mut headers,
    );
    let len_bytes = match parsed {
        Ok(httparse::Status::Complete(len_bytes)) => len_bytes,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(ResponseError::TooManyHeaders),
        Err(_) => return Err(ResponseError::Malformed),
    };
    if len_bytes > HEAD_LEN_MAX {
        return Err(ResponseError::HeadTooLong);
    }
    let status = response.code.unwrap_or(0);
    if !(100..600).contains(&status) {
        return Err(ResponseError::Malformed);
    }
    let fields = Fields::of(response.headers)?;
    Ok(Some(Head {
        status,
        location: fields.location,
        ends: match status {
            204 | 304 | ..200 => BodyEnd::After { left_bytes: 0 },
            _ if fields.is_chunked => BodyEnd::Chunks(Chunks::default()),
            _ => match fields.body_len_bytes {
                Some(left_bytes) => BodyEnd::After { left_bytes },
                None => BodyEnd::Stream,
            },
        },
        len_bytes,
    }))
}

#[derive(Default)]
struct Fields {
    location: Option<String>,
    is_chunked: bool,
    body_len_bytes: Option<usize>,
}

impl Fields {
    fn of(headers: &[httparse::Header<'_>]) -> Result<Self, ResponseError> {
        let mut fields = Self::default();
        for header in headers {
            let value = header.value.trim_ascii();
            let name_is = |name: &str| header.name.eq_ignore_ascii_case(name);
            if name_is("Location") {
                fields.location = str::from_utf8(value).ok().map(str::to_owned);
            } else if name_is("Content-Length") {
                fields.content_length(value)?;
            } else if name_is("Transfer-Encoding") {
                fields.is_chunked |= codings(value, b"chunked")?;
            } else if name_is("Content-Encoding") {
                codings(value, b"identity")?;
            }
        }
        Ok(fields)
    }

    fn content_length(&mut self, value: &[u8]) -> Result<(), ResponseError> {
        let len_bytes = super::query::decimal(value)
            .and_then(|len_bytes| usize::try_from(len_bytes).ok())
            .ok_or_else(|| ResponseError::Length {
                value: excerpt_bytes(value),
            })?;
        match self.body_len_bytes.replace(len_bytes) {
            Some(other) if other != len_bytes => Err(ResponseError::TwoLengths),
            _ => Ok(()),
        }
    }
}

/// Whether the one coding that is understood is named; any other is an error. `identity` is none.
fn codings(value: &[u8], understood: &[u8]) -> Result<bool, ResponseError> {
    let mut is_named = false;
    for coding in value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
        if coding.eq_ignore_ascii_case(understood) {
            is_named = true;
        } else if !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity") {
            return Err(ResponseError::Coding {
                coding: excerpt_bytes(coding),
            });
        }
    }
    Ok(is_named)
}
