//! The head of a request, from the front of what a connection has received.

use std::mem::MaybeUninit;

use super::Status;
use crate::base::limits::{HTTP_HEAD_LEN_BYTES_MAX, HTTP_HEADERS_MAX, HTTP_TARGET_LEN_BYTES_MAX};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    Head,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestHead<'a> {
    pub method: Method,
    pub path: &'a [u8],
    /// What follows the `?`; empty where there is none.
    pub query: &'a [u8],
    /// The client wishes to send more requests, and speaks a version in which it may.
    pub keep_alive: bool,
    /// The last `X-Forwarded-For`, as it was sent: only a known proxy is to be believed.
    pub forwarded_for: Option<&'a [u8]>,
    /// Where the next request begins.
    pub len_bytes: usize,
}

/// Whoever is wrong about a head is wrong about where it ends: answer, and close.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    #[error("this is no HTTP request")]
    Malformed,
    #[error("the request line is longer than {HTTP_TARGET_LEN_BYTES_MAX} bytes")]
    TargetTooLong,
    #[error("the header is longer than {HTTP_HEAD_LEN_BYTES_MAX} bytes")]
    HeadTooLong,
    #[error("there are more than {HTTP_HEADERS_MAX} header fields")]
    TooManyHeaders,
    #[error("expected GET")]
    Method,
    #[error("a tracker takes no request bodies")]
    Body,
}

impl HeadError {
    pub fn status(self) -> Status {
        match self {
            Self::Malformed => Status::BadRequest,
            Self::TargetTooLong => Status::UriTooLong,
            Self::HeadTooLong | Self::TooManyHeaders => Status::HeaderFieldsTooLarge,
            Self::Method => Status::MethodNotAllowed,
            Self::Body => Status::ContentTooLarge,
        }
    }
}

/// `None` while the head is not complete.
pub fn parse_head(received: &[u8]) -> Result<Option<RequestHead<'_>>, HeadError> {
    let within = &received[..received.len().min(HTTP_HEAD_LEN_BYTES_MAX)];
    let mut headers = [const { MaybeUninit::uninit() }; HTTP_HEADERS_MAX];
    let mut request = httparse::Request::new(&mut []);
    let status = request.parse_with_uninit_headers(within, &mut headers);
    let len_bytes = match status {
        Ok(httparse::Status::Complete(len_bytes)) => len_bytes,
        Ok(httparse::Status::Partial) if within.len() < HTTP_HEAD_LEN_BYTES_MAX => {
            return if line_len_bytes(within) > HTTP_TARGET_LEN_BYTES_MAX {
                Err(HeadError::TargetTooLong)
            } else {
                Ok(None)
            };
        }
        Ok(httparse::Status::Partial) => {
            return Err(match line_len_bytes(within) {
                ..=HTTP_TARGET_LEN_BYTES_MAX => HeadError::HeadTooLong,
                _ => HeadError::TargetTooLong,
            });
        }
        Err(httparse::Error::TooManyHeaders) => return Err(HeadError::TooManyHeaders),
        Err(_) => return Err(HeadError::Malformed),
    };
    // Whether another method comes with a body, and how long that is, is not worth knowing.
    let method = match request.method {
        Some("GET") => Method::Get,
        Some("HEAD") => Method::Head,
        _ => return Err(HeadError::Method),
    };
    let target = request.path.unwrap_or_default().as_bytes();
    if target.len() > HTTP_TARGET_LEN_BYTES_MAX {
        return Err(HeadError::TargetTooLong);
    }
    let (path, query) = split_target(target);
    let fields = Fields::of(request.headers, request.version == Some(1))?;
    Ok(Some(RequestHead {
        method,
        path,
        query,
        keep_alive: fields.keep_alive,
        forwarded_for: fields.forwarded_for,
        len_bytes,
    }))
}

fn line_len_bytes(received: &[u8]) -> usize {
    received
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(received.len())
}

/// Path and query; of the absolute form, too, which proxies are sent.
fn split_target(target: &[u8]) -> (&[u8], &[u8]) {
    let target = match target.strip_prefix(b"http://") {
        Some(rest) => {
            let path = rest.iter().position(|byte| matches!(byte, b'/' | b'?'));
            &rest[path.unwrap_or(rest.len())..]
        }
        None => target,
    };
    match target.iter().position(|byte| *byte == b'?') {
        Some(mark) => (&target[..mark], &target[mark + 1..]),
        None => (target, b""),
    }
}

struct Fields<'a> {
    keep_alive: bool,
    forwarded_for: Option<&'a [u8]>,
}

impl<'a> Fields<'a> {
    fn of(headers: &[httparse::Header<'a>], is_http_1_1: bool) -> Result<Self, HeadError> {
        let mut fields = Self {
            keep_alive: is_http_1_1,
            forwarded_for: None,
        };
        for header in headers {
            let name_is = |name: &str| header.name.eq_ignore_ascii_case(name);
            match header.name.len() {
                10 if name_is("Connection") => fields.connection(header.value),
                14 if name_is("Content-Length") && header.value.trim_ascii() != b"0" => {
                    return Err(HeadError::Body);
                }
                15 if name_is("X-Forwarded-For") => fields.forwarded_for = Some(header.value),
                17 if name_is("Transfer-Encoding") => return Err(HeadError::Body),
                _ => {}
            }
        }
        Ok(fields)
    }

    fn connection(&mut self, value: &[u8]) {
        for option in value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
            if option.eq_ignore_ascii_case(b"close") {
                self.keep_alive = false;
            } else if option.eq_ignore_ascii_case(b"keep-alive") {
                self.keep_alive = true;
            }
        }
    }
}
