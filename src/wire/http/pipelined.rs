//! Responses, as far as one tracker needs those of another: whole, and of a length that was told.

use std::mem::MaybeUninit;

use super::query::decimal;
use crate::base::limits::{HTTP_HEAD_LEN_BYTES_MAX, HTTP_HEADERS_MAX};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PipelinedResponse<'a> {
    pub status: u16,
    pub body: &'a [u8],
    /// More responses may follow on this connection.
    pub keep_alive: bool,
    /// Where the next response begins.
    pub len_bytes: usize,
}

/// After one of these, nobody knows where the next response begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PipelinedError {
    #[error("what it sends is no HTTP response")]
    Malformed,
    #[error("the header of its response is too long")]
    HeadTooLong,
    #[error("it does not say how long its response is")]
    NoLength,
    #[error("its response is too long")]
    BodyTooLong,
}

/// `None` while the response is not complete. No more than a head and `body_len_bytes_max` has to be
/// kept until it is, or is known to be none.
pub fn parse_pipelined(
    received: &[u8],
    body_len_bytes_max: usize,
) -> Result<Option<PipelinedResponse<'_>>, PipelinedError> {
    let within = &received[..received.len().min(HTTP_HEAD_LEN_BYTES_MAX)];
    let mut headers = [const { MaybeUninit::uninit() }; HTTP_HEADERS_MAX];
    let mut response = httparse::Response::new(&mut []);
    let parsed = httparse::ParserConfig::default().parse_response_with_uninit_headers(
        &mut response,
        within,
        &mut headers,
    );
    let head_len_bytes = match parsed {
        Ok(httparse::Status::Complete(len_bytes)) => len_bytes,
        Ok(httparse::Status::Partial) if within.len() < HTTP_HEAD_LEN_BYTES_MAX => return Ok(None),
        Ok(httparse::Status::Partial) | Err(httparse::Error::TooManyHeaders) => {
            return Err(PipelinedError::HeadTooLong);
        }
        Err(_) => return Err(PipelinedError::Malformed),
    };
    let fields = Fields::of(response.headers, response.version == Some(1))?;
    let body_len_bytes = fields.body_len_bytes.ok_or(PipelinedError::NoLength)?;
    if body_len_bytes > body_len_bytes_max {
        return Err(PipelinedError::BodyTooLong);
    }
    let len_bytes = head_len_bytes + body_len_bytes;
    let whole = received.get(head_len_bytes..len_bytes);
    Ok(whole.map(|body| PipelinedResponse {
        status: response.code.unwrap_or_default(),
        body,
        keep_alive: fields.keep_alive,
        len_bytes,
    }))
}

struct Fields {
    body_len_bytes: Option<usize>,
    keep_alive: bool,
}

impl Fields {
    fn of(headers: &[httparse::Header<'_>], is_http_1_1: bool) -> Result<Self, PipelinedError> {
        let mut fields = Self {
            body_len_bytes: None,
            keep_alive: is_http_1_1,
        };
        for header in headers {
            let value = header.value.trim_ascii();
            let name_is = |name: &str| header.name.eq_ignore_ascii_case(name);
            if name_is("Content-Length") {
                let told = decimal(value).and_then(|length| usize::try_from(length).ok());
                let told = told.ok_or(PipelinedError::Malformed)?;
                if fields.body_len_bytes.is_some_and(|first| first != told) {
                    return Err(PipelinedError::Malformed);
                }
                fields.body_len_bytes = Some(told);
            } else if name_is("Transfer-Encoding") {
                return Err(PipelinedError::NoLength);
            } else if name_is("Connection") {
                fields.keep_alive = value.eq_ignore_ascii_case(b"keep-alive")
                    || is_http_1_1 && !value.eq_ignore_ascii_case(b"close");
            }
        }
        Ok(fields)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BODY_MAX: usize = 16;

    fn parse(text: &str) -> Result<Option<PipelinedResponse<'_>>, PipelinedError> {
        parse_pipelined(text.as_bytes(), BODY_MAX)
    }

    #[test]
    fn responses_in_a_row() {
        let text = "HTTP/1.1 200 OK\r\nContent-Length:       2\r\n\r\ndeHTTP/1.1 4";
        let response = parse(text).unwrap().unwrap();
        assert_eq!((response.status, response.body), (200, &b"de"[..]));
        assert!(response.keep_alive);
        assert_eq!(&text[response.len_bytes..], "HTTP/1.1 4");
        for end in 0..response.len_bytes {
            assert_eq!(parse(&text[..end]), Ok(None), "{end}");
        }
    }

    #[test]
    fn whether_more_follow() {
        let keeps = |version: &str, field: &str| {
            let text = format!("HTTP/{version} 200 OK\r\nContent-Length: 0\r\n{field}\r\n");
            parse(&text).unwrap().unwrap().keep_alive
        };
        assert!(keeps("1.1", "") && keeps("1.0", "connection: Keep-Alive\r\n"));
        assert!(!keeps("1.0", "") && !keeps("1.1", "Connection: close\r\n"));
    }

    #[test]
    fn what_is_no_response_of_a_known_length() {
        for (fields, error) in [
            ("", PipelinedError::NoLength),
            ("Transfer-Encoding: chunked\r\n", PipelinedError::NoLength),
            ("Content-Length: 17\r\n", PipelinedError::BodyTooLong),
            ("Content-Length: -1\r\n", PipelinedError::Malformed),
            (
                "Content-Length: 99999999999999999999\r\n",
                PipelinedError::Malformed,
            ),
            (
                "Content-Length: 1\r\nContent-Length: 2\r\n",
                PipelinedError::Malformed,
            ),
        ] {
            assert_eq!(
                parse(&format!("HTTP/1.1 200 OK\r\n{fields}\r\n")),
                Err(error),
                "{fields}"
            );
        }
        assert_eq!(
            parse("SSH-2.0-OpenSSH_9\r\n"),
            Err(PipelinedError::Malformed)
        );
        let long = format!(
            "HTTP/1.1 200 OK\r\nA: {}",
            "a".repeat(HTTP_HEAD_LEN_BYTES_MAX)
        );
        assert_eq!(parse(&long), Err(PipelinedError::HeadTooLong));
        let many = format!(
            "HTTP/1.1 200 OK\r\n{}\r\n",
            "A: b\r\n".repeat(HTTP_HEADERS_MAX + 1)
        );
        assert_eq!(parse(&many), Err(PipelinedError::HeadTooLong));
    }

    proptest! {
        #[test]
        fn whatever_comes_is_a_response_or_none(
            start in "(HTTP/1\\.[01] [0-9]{3} ?)?",
            rest in "([ -~]{0,9}\r\n|Content-Length: [0-9]{0,3}\r\n|\r\n){0,5}[ -~]{0,20}",
        ) {
            let text = start + &rest;
            if let Ok(Some(response)) = parse(&text) {
                prop_assert!(response.body.len() <= BODY_MAX);
                prop_assert!((1..=text.len()).contains(&response.len_bytes));
            }
        }
    }
}
