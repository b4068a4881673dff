//! The few URLs that a BitTorrent client meets: of trackers, of web seeds, of torrents to fetch.
//!
//! A URL keeps the text it was read from, so that writing a torrent again changes no byte of it.
//! Two things are mended on the way in, because torrents in the wild hold them and no server takes
//! them: after the host, spaces and characters beyond ASCII become percent-encoded.
//! International host names are refused unless they are in their `xn--` form.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::str::FromStr;

use super::host::{Host, HostError, parse_port, split_port};
use super::limits::URL_LEN_BYTES_MAX;
use super::text::excerpt;

/// A checked URL. Two are equal when their texts are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Url {
    text: Box<str>,
    scheme: Scheme,
    host: Host,
    port: u16,
    port_is_explicit: bool,
    /// Where path and query stand in `text`.
    path_start: usize,
    path_end: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    Http,
    Https,
    Udp,
    Ws,
    Wss,
    Ftp,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    #[error("the URL is empty")]
    Empty,
    #[error("the URL is {len_bytes} bytes long: at most {URL_LEN_BYTES_MAX} are taken")]
    TooLong { len_bytes: usize },
    #[error("`{url}` holds the control character {character:?}")]
    Control { url: String, character: char },
    #[error("`{url}` is no URL: it does not begin with a scheme and `://`")]
    NoScheme { url: String },
    #[error("`{scheme}` is no scheme that is spoken: expected http, https, udp, ws, wss or ftp")]
    UnknownScheme { scheme: String },
    // A message must not show what may be a password.
    #[error("user name and password of the URL hold {character:?}: percent-encode it")]
    UserInfo { character: char },
    #[error(transparent)]
    Host(#[from] HostError),
    #[error("`{port}` is no port: expected 1 to 65535")]
    Port { port: String },
    #[error("`udp://{host}` names no port: UDP trackers have no default one")]
    NoUdpPort { host: Host },
}

impl Url {
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let text = text.trim_ascii();
        check_text(text)?;
        let (scheme, after_scheme) = split_scheme(text)?;
        let authority_len = after_scheme
            .find(['/', '?', '#'])
            .unwrap_or(after_scheme.len());
        let (authority, tail) = after_scheme.split_at(authority_len);

        let (host, port) = split_port(without_user_info(authority)?);
        let host = Host::parse(host)?;
        let explicit_port = explicit_port(port)?;
        let port = explicit_port
            .or(scheme.default_port())
            .ok_or_else(|| UrlError::NoUdpPort { host: host.clone() })?;

        let path_start = text.len() - tail.len();
        let text = with_tail_escaped(text, path_start);
        check_len(&text)?;
        let path_end = text[path_start..]
            .find('#')
            .map_or(text.len(), |len| path_start + len);
        Ok(Self {
            text,
            scheme,
            host,
            port,
            port_is_explicit: explicit_port.is_some(),
            path_start,
            path_end,
        })
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port that the text names.
    pub fn port(&self) -> Option<u16> {
        self.port_is_explicit.then_some(self.port)
    }

    pub fn port_or_default(&self) -> u16 {
        self.port
    }

    /// What a request names to the host: begins with `/`, ends before the fragment.
    pub fn path_and_query(&self) -> Cow<'_, str> {
        let stated = &self.text[self.path_start..self.path_end];
        if stated.starts_with('/') {
            Cow::Borrowed(stated)
        } else {
            Cow::Owned(format!("/{stated}"))
        }
    }

    pub fn is_tracker(&self) -> bool {
        self.scheme != Scheme::Ftp
    }

    pub fn is_web_seed(&self) -> bool {
        matches!(self.scheme, Scheme::Http | Scheme::Https | Scheme::Ftp)
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Url {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        Self::parse(text)
    }
}

impl Scheme {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Udp => "udp",
            Self::Ws => "ws",
            Self::Wss => "wss",
            Self::Ftp => "ftp",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [
            Self::Http,
            Self::Https,
            Self::Udp,
            Self::Ws,
            Self::Wss,
            Self::Ftp,
        ]
        .into_iter()
        .find(|scheme| scheme.as_str().eq_ignore_ascii_case(name))
    }

    fn default_port(self) -> Option<u16> {
        match self {
            Self::Http | Self::Ws => Some(80),
            Self::Https | Self::Wss => Some(443),
            Self::Ftp => Some(21),
            Self::Udp => None,
        }
    }
}

fn check_text(text: &str) -> Result<(), UrlError> {
    if text.is_empty() {
        return Err(UrlError::Empty);
    }
    check_len(text)?;
    match text.chars().find(|character| character.is_control()) {
        Some(character) => Err(UrlError::Control {
            url: excerpt(text),
            character,
        }),
        None => Ok(()),
    }
}

fn check_len(text: &str) -> Result<(), UrlError> {
    if text.len() > URL_LEN_BYTES_MAX {
        return Err(UrlError::TooLong {
            len_bytes: text.len(),
        });
    }
    Ok(())
}

fn split_scheme(text: &str) -> Result<(Scheme, &str), UrlError> {
    let is_scheme_character =
        |character: char| character.is_ascii_alphanumeric() || matches!(character, '+' | '-' | '.');
    let (name, after) = text
        .split_once("://")
        .filter(|(name, _)| !name.is_empty() && name.chars().all(is_scheme_character))
        .ok_or_else(|| UrlError::NoScheme { url: excerpt(text) })?;
    let scheme = Scheme::from_name(name).ok_or_else(|| UrlError::UnknownScheme {
        scheme: excerpt(name),
    })?;
    Ok((scheme, after))
}

/// The last `@` ends the user information, whatever that holds: the host is what follows.
/// A backslash is refused, for browsers take it for a slash and see another host.
fn without_user_info(authority: &str) -> Result<&str, UrlError> {
    let Some((user_info, host_and_port)) = authority.rsplit_once('@') else {
        return Ok(authority);
    };
    let is_wrong = |&character: &char| !character.is_ascii_graphic() || character == '\\';
    match user_info.chars().find(is_wrong) {
        Some(character) => Err(UrlError::UserInfo { character }),
        None => Ok(host_and_port),
    }
}

/// A colon with nothing after it leaves the default port, as RFC 3986 has it.
fn explicit_port(port: Option<&str>) -> Result<Option<u16>, UrlError> {
    match port {
        None | Some("") => Ok(None),
        Some(port) => match parse_port(port) {
            Some(number) => Ok(Some(number.get())),
            None => Err(UrlError::Port {
                port: excerpt(port),
            }),
        },
    }
}

fn with_tail_escaped(text: &str, tail_start: usize) -> Box<str> {
    let is_bare = |byte: u8| byte.is_ascii() && byte != b' ';
    let (head, tail) = text.split_at(tail_start);
    if tail.bytes().all(is_bare) {
        return text.into();
    }
    let mut escaped = String::from(head);
    for byte in tail.bytes() {
        if is_bare(byte) {
            escaped.push(char::from(byte));
        } else {
            let written = write!(escaped, "%{byte:02X}");
            debug_assert!(written.is_ok(), "writing to a String does not fail");
        }
    }
    escaped.into()
}

#[cfg(test)]
#[path = "url_tests.rs"]
mod tests;
