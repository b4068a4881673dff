//! Requests that a client writes, and where a response may send it instead.

use std::io::Write as _;

use crate::base::{Url, UrlError};

/// Appends a GET of a URL, whose query `query` is added to. Each of `fields` is a name and a value.
///
/// One request is all that a connection is used for, so the other side is asked to close it: then
/// every way to end a body works.
pub fn write_get(out: &mut Vec<u8>, url: &Url, query: &str, fields: &[(&str, &str)]) {
    let target = url.path_and_query();
    let joint = match (query.is_empty(), target.find('?')) {
        (true, _) => "",
        (false, None) => "?",
        (false, Some(_)) if target.ends_with(['?', '&']) => "",
        (false, Some(_)) => "&",
    };
    // Writing to memory does not fail.
    let _ = write!(
        out,
        "GET {target}{joint}{query} HTTP/1.1\r\nHost: {}",
        url.host()
    );
    if let Some(port) = url.port() {
        let _ = write!(out, ":{port}");
    }
    let _ = write!(
        out,
        "\r\nUser-Agent: mt/{}\r\nAccept-Encoding: identity\r\nConnection: close\r\n",
        env!("CARGO_PKG_VERSION")
    );
    for (name, value) in fields {
        let _ = write!(out, "{name}: {value}\r\n");
    }
    out.extend_from_slice(b"\r\n");
}

/// Whether a response of this status is a redirect that a GET follows.
pub fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// Where a `Location` leads that was received from `from` (RFC 3986, section 5): another URL, or a
/// reference relative to the one that was asked.
pub fn resolve_location(from: &Url, location: &str) -> Result<Url, UrlError> {
    if has_scheme(location) {
        return Url::parse(location);
    }
    let scheme = from.scheme().as_str();
    if location.starts_with("//") {
        return Url::parse(&format!("{scheme}:{location}"));
    }
    let asked = from.path_and_query();
    let path = asked.split('?').next().unwrap_or_default();
    let target = match location.chars().next() {
        Some('/') => without_dots(location),
        Some('?') => format!("{path}{location}"),
        None | Some('#') => asked.into_owned(),
        Some(_) => {
            let directory = path.rfind('/').map_or("/", |slash| &path[..=slash]);
            without_dots(&format!("{directory}{location}"))
        }
    };
    Url::parse(&format!("{scheme}://{}{target}", authority(from)))
}

fn authority(url: &Url) -> String {
    match url.port() {
        Some(port) => format!("{}:{port}", url.host()),
        None => url.host().to_string(),
    }
}

fn has_scheme(location: &str) -> bool {
    location.split_once("://").is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// Takes `.` and `..` out of a path, and leaves the query alone.
fn without_dots(target: &str) -> String {
    let path_len = target.find(['?', '#']).unwrap_or(target.len());
    let (path, tail) = target.split_at(path_len);
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                if is_last {
                    kept.push("");
                }
            }
            _ => kept.push(segment),
        }
    }
    format!("/{}{tail}", kept.join("/"))
}
