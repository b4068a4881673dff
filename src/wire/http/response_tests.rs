use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::base::limits::{HTTP_CHUNK_LINE_LEN_BYTES_MAX, HTTP_RESPONSE_HEAD_LEN_BYTES_MAX};

const BODY_MAX: usize = 100;

/// What comes of bytes that arrive in pieces of this length, and of the end behind them.
fn read_in_pieces(bytes: &[u8], piece_len: usize) -> Result<Response, ResponseError> {
    let mut reader = ResponseReader::new(BODY_MAX);
    for piece in bytes.chunks(piece_len) {
        if let Some(response) = reader.feed(piece)? {
            return Ok(response);
        }
    }
    reader.end_of_stream()
}

/// The same however the bytes are cut.
fn read(text: impl AsRef<[u8]>) -> Result<Response, ResponseError> {
    let bytes = text.as_ref();
    let whole = read_in_pieces(bytes, bytes.len().max(1));
    for piece_len in [1, 2, 3, 7] {
        assert_eq!(read_in_pieces(bytes, piece_len), whole, "{piece_len}");
    }
    whole
}

fn ok(body: &str) -> Result<Response, ResponseError> {
    Ok(Response {
        status: 200,
        location: None,
        body: body.into(),
    })
}

#[test]
fn a_body_ends_by_its_length() {
    let text = "HTTP/1.1 200 OK\r\ncontent-length:  5 \r\n\r\nhello, and more";
    assert_eq!(read(text), ok("hello"));
    assert_eq!(read("HTTP/1.0 200\nContent-Length: 0\n\n"), ok(""));
    assert_eq!(
        read("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello"),
        Err(ResponseError::CutShort)
    );
}

#[test]
fn a_body_of_no_length_ends_with_the_stream() {
    assert_eq!(read("HTTP/1.0 200 OK\r\n\r\nhello"), ok("hello"));
    assert_eq!(read("HTTP/1.0 200 OK\r\n\r\n"), ok(""));
    assert_eq!(read("HTTP/1.0 200 OK\r\n"), Err(ResponseError::CutShort));
    assert_eq!(read(""), Err(ResponseError::CutShort));
}

#[test]
fn a_body_ends_with_its_last_chunk() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let read_chunks = |chunks: &str| read(format!("{head}{chunks}"));
    assert_eq!(
        read_chunks("5\r\nhello\r\n00A ;x=\"1\"\r\n, chunked \r\n0\r\n\r\nmore"),
        ok("hello, chunked ")
    );
    assert_eq!(read_chunks("2\nhi\n0\nTrailer: 1\n\n"), ok("hi"));
    for (wrong, error) in [
        ("5\r\nhello\r\n0\r\n", ResponseError::CutShort),
        ("5\r\nhello, \r\n", ChunksError::NoEnd.into()),
        ("\r\nhello\r\n", ChunksError::NoLength.into()),
        ("-5\r\nhello\r\n", ChunksError::NoLength.into()),
        ("5g\r\nhello\r\n", ChunksError::NoLength.into()),
    ] {
        assert_eq!(read_chunks(wrong), Err(error), "{wrong}");
    }
}

#[test]
fn chunks_are_bounded() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let read_chunks = |chunks: String| read(format!("{head}{chunks}")).unwrap_err();
    let too_long = ChunksError::BodyTooLong {
        len_bytes_max: BODY_MAX,
    };
    assert_eq!(
        read_chunks("ffffffffffffffffffffffff\r\n".into()),
        too_long.into()
    );
    let tens = "a\r\n0123456789\r\n".repeat(BODY_MAX / 10 + 1);
    assert_eq!(read_chunks(tens), too_long.into());
    let extension = "x".repeat(HTTP_CHUNK_LINE_LEN_BYTES_MAX);
    assert_eq!(
        read_chunks(format!("1;{extension}")),
        ChunksError::LineTooLong.into()
    );
    let trailer = "a: b\r\n".repeat(HTTP_RESPONSE_HEAD_LEN_BYTES_MAX / 6 + 1);
    assert_eq!(
        read_chunks(format!("0\r\n{trailer}")),
        ChunksError::TrailerTooLong.into()
    );
}

#[test]
fn bodies_are_bounded_before_they_are_there() {
    let too_long = ResponseError::BodyTooLong {
        len_bytes_max: BODY_MAX,
    };
    assert_eq!(
        read("HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n"),
        Err(too_long.clone())
    );
    let endless = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(BODY_MAX + 1));
    assert_eq!(read(endless), Err(too_long));
}

#[test]
fn heads_are_bounded() {
    let long = format!(
        "HTTP/1.1 200 OK\r\nx: {}",
        "x".repeat(HTTP_RESPONSE_HEAD_LEN_BYTES_MAX)
    );
    let read_long = |text: &str| read_in_pieces(text.as_bytes(), 1000);
    assert_eq!(read_long(&long), Err(ResponseError::HeadTooLong));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(65));
    assert_eq!(read(many), Err(ResponseError::TooManyHeaders));
}

#[test]
fn lengths_that_lie_are_refused() {
    let read_length = |fields: &str| read(format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\nab"));
    assert_eq!(
        read_length("Content-Length: 1\r\nContent-Length: 2"),
        Err(ResponseError::TwoLengths)
    );
    assert_eq!(
        read_length("Content-Length: 2\r\nContent-Length: 2"),
        ok("ab")
    );
    for value in ["-1", "+1", "1x", "", "99999999999999999999"] {
        let error = read_length(&format!("Content-Length: {value}")).unwrap_err();
        assert!(matches!(error, ResponseError::Length { .. }), "{value}");
    }
}

#[test]
fn codings_that_were_not_asked_for_are_named() {
    for field in ["Content-Encoding: gzip", "Transfer-Encoding: gzip, chunked"] {
        assert_eq!(
            read(format!("HTTP/1.1 200 OK\r\n{field}\r\n\r\n")),
            Err(ResponseError::Coding {
                coding: "gzip".into()
            })
        );
    }
    let identity = "HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\n\r\nhi";
    assert_eq!(read(identity), ok("hi"));
}

#[test]
fn interim_responses_are_passed_over() {
    let text = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n\
                HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    assert_eq!(read(text), ok("hi"));
    assert_eq!(
        read("HTTP/1.1 101 Switching Protocols\r\n\r\n"),
        Err(ResponseError::Upgrade)
    );
}

#[test]
fn what_is_no_response_is_refused() {
    for text in [
        "SSH-2.0-OpenSSH_9.9\r\n",
        "d8:intervali1800ee",
        "HTTP/1.1 099 Low\r\n\r\n",
        "HTTP/1.1 700 High\r\n\r\n",
    ] {
        assert_eq!(read(text), Err(ResponseError::Malformed), "{text}");
    }
}

#[test]
fn a_status_without_a_body_has_none() {
    for status in [204, 304] {
        let response = read(format!("HTTP/1.1 {status} x\r\n\r\nhi")).unwrap();
        assert_eq!((response.status, response.body), (status, Vec::new()));
    }
}

fn url(text: &str) -> crate::base::Url {
    text.parse().unwrap()
}

#[test]
fn locations_are_relative_to_what_was_asked() {
    let from = url("http://Tracker.example:81/a/b/announce?x=1");
    for (location, wanted) in [
        ("http://other.example/y", "http://other.example/y"),
        ("https://other.example/", "https://other.example/"),
        ("//other.example:82/y", "http://other.example:82/y"),
        ("/y?z=2", "http://tracker.example:81/y?z=2"),
        ("y", "http://tracker.example:81/a/b/y"),
        ("../y", "http://tracker.example:81/a/y"),
        ("../../../../y/./z/..", "http://tracker.example:81/y/"),
        (
            "?u=http://x/../y",
            "http://tracker.example:81/a/b/announce?u=http://x/../y",
        ),
        ("", "http://tracker.example:81/a/b/announce?x=1"),
    ] {
        let resolved = resolve_location(&from, location).unwrap();
        assert_eq!(resolved.as_str(), wanted, "{location}");
    }
    assert_eq!(
        resolve_location(&url("http://[::1]:1/a"), "/b")
            .unwrap()
            .as_str(),
        "http://[::1]:1/b"
    );
    assert!(resolve_location(&from, "gopher://x/").is_err());
    assert!(resolve_location(&from, "//").is_err());
}

#[test]
fn a_request_by_value() {
    let mut request = Vec::new();
    let fields = [("Range", "bytes=0-")];
    write_get(&mut request, &url("http://a.example/x#y"), "", &fields);
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        String::from_utf8(request).unwrap(),
        format!(
            "GET /x HTTP/1.1\r\nHost: a.example\r\nUser-Agent: mt/{version}\r\n\
             Accept-Encoding: identity\r\nConnection: close\r\nRange: bytes=0-\r\n\r\n"
        )
    );
}

#[test]
fn a_query_joins_the_one_that_is_there() {
    for (text, target, host) in [
        ("http://a/x", "/x?k=v", "a"),
        ("http://a:80?p=1", "/?p=1&k=v", "a:80"),
        ("http://[::1]:8/x?", "/x?k=v", "[::1]:8"),
        ("http://user:word@a/x?p=1&", "/x?p=1&k=v", "a"),
    ] {
        let mut request = Vec::new();
        write_get(&mut request, &url(text), "k=v", &[]);
        let request = String::from_utf8(request).unwrap();
        let start = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n");
        assert!(request.starts_with(&start), "{request}");
        assert_eq!(
            parse_head(request.as_bytes()).unwrap().unwrap().len_bytes,
            request.len()
        );
    }
}

proptest! {
    #[test]
    fn any_cut_gives_the_same(body in vec(any::<u8>(), 0..80), cuts in vec(1_usize..20, 1..40)) {
        let mut bytes = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        for chunk in body.chunks(7) {
            bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            bytes.extend_from_slice(chunk);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"0\r\n\r\n");
        let mut reader = ResponseReader::new(BODY_MAX);
        let mut rest = &bytes[..];
        let mut response = None;
        for cut in cuts.iter().cycle() {
            let (piece, after) = rest.split_at(rest.len().min(*cut));
            rest = after;
            prop_assert!(response.is_none());
            response = reader.feed(piece).unwrap();
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(response.map(|response| response.body), Some(body));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..200)) {
        let mut text = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        text.extend_from_slice(&bytes);
        prop_assert_eq!(read_in_pieces(&text, 1), read_in_pieces(&text, 1000));
        prop_assert_eq!(read_in_pieces(&bytes, 1), read_in_pieces(&bytes, 1000));
    }
}
