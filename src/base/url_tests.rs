use proptest::prelude::*;

use super::*;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn error(text: &str) -> UrlError {
    Url::parse(text).expect_err(text)
}

#[test]
fn a_url_keeps_its_text() {
    let texts = [
        "http://tracker.example/announce",
        "HTTP://Tracker.EXAMPLE:080/Announce?a=%2f&b=+#frag",
        "udp://10.42.0.39:6969",
        "udp://[2001:db8::1]:6969/announce",
        "wss://tracker.example",
        "ftp://user:pass@host.example/pub/",
        "http://host/<\"odd\">|{}^`\\",
    ];
    for text in texts {
        assert_eq!(url(text).as_str(), text);
        assert_eq!(url(&format!(" \t{text}\r\n")).to_string(), text);
    }
}

#[test]
fn the_parts_of_a_url() {
    let full = url("https://user:p@ss:w@Host.Example:8443/a/b?c=d?e#f#g");
    assert_eq!(full.scheme(), Scheme::Https);
    assert_eq!(full.host().to_string(), "host.example");
    assert_eq!(full.port(), Some(8443));
    assert_eq!(full.port_or_default(), 8443);
    assert_eq!(full.path_and_query(), "/a/b?c=d?e");
}

#[test]
fn the_host_ends_where_the_path_query_or_fragment_begins() {
    for (text, path_and_query) in [
        ("http://host", "/"),
        ("http://host/", "/"),
        ("http://host?a@b:1/c", "/?a@b:1/c"),
        ("http://host#a@b/c", "/"),
        ("http://host/a@b:1", "/a@b:1"),
        ("http://host/?x#/y", "/?x"),
    ] {
        assert_eq!(url(text).host().to_string(), "host", "{text}");
        assert_eq!(url(text).port(), None, "{text}");
        assert_eq!(url(text).path_and_query(), path_and_query, "{text}");
    }
}

#[test]
fn default_ports() {
    for (text, port) in [
        ("http://h", 80),
        ("https://h", 443),
        ("ws://h", 80),
        ("wss://h", 443),
        ("ftp://h", 21),
        ("http://h:/a", 80),
        ("http://[::1]/a", 80),
    ] {
        assert_eq!(url(text).port(), None, "{text}");
        assert_eq!(url(text).port_or_default(), port, "{text}");
    }
}

#[test]
fn udp_needs_a_port() {
    for text in ["udp://tracker.example/announce", "udp://tracker.example:"] {
        let message = error(text).to_string();
        let expected = "`udp://tracker.example` names no port: UDP trackers have no default one";
        assert_eq!(message, expected);
    }
}

#[test]
fn which_urls_serve_what() {
    let kinds = ["http", "https", "udp", "ws", "wss", "ftp"].map(|scheme| {
        let url = url(&format!("{scheme}://h:1"));
        (url.scheme().as_str(), url.is_tracker(), url.is_web_seed())
    });
    assert_eq!(
        kinds,
        [
            ("http", true, true),
            ("https", true, true),
            ("udp", true, false),
            ("ws", true, false),
            ("wss", true, false),
            ("ftp", false, true),
        ]
    );
}

#[test]
fn spaces_and_characters_beyond_ascii_are_escaped_after_the_host() {
    let mended = url("http://host/a b/é?q=ü x#ß");
    assert_eq!(
        mended.as_str(),
        "http://host/a%20b/%C3%A9?q=%C3%BC%20x#%C3%9F"
    );
    assert_eq!(mended.path_and_query(), "/a%20b/%C3%A9?q=%C3%BC%20x");
    assert_eq!(url(mended.as_str()), mended);
}

#[test]
fn other_schemes_are_refused_by_name() {
    for (text, name) in [
        ("magnet://x", "magnet"),
        ("file:///etc/passwd", "file"),
        ("x+y://", "x+y"),
    ] {
        assert_eq!(
            error(text),
            UrlError::UnknownScheme {
                scheme: name.into()
            }
        );
    }
    for text in [
        "host:80",
        "http:/host",
        "http//host",
        "://host",
        "h:1/?x=http://y",
        "é://h",
    ] {
        assert_eq!(error(text), UrlError::NoScheme { url: text.into() });
    }
}

#[test]
fn wrong_hosts_are_refused() {
    assert_eq!(
        error("http://10.42.0.394:6969/announce").to_string(),
        "`10.42.0.394` is no IPv4 address: 394 is over 255"
    );
    for text in [
        "http://",
        "http:///a",
        "http://:80",
        "http://user@",
        "http://a b/",
        "http://bücher/",
        "http://::1/",
        "http://[::1",
        "http://[::1]80/",
        "http://h\\evil/",
        "http://a@[b]/",
    ] {
        assert!(
            matches!(error(text), UrlError::Host(_)),
            "{text}: {}",
            error(text)
        );
    }
}

#[test]
fn wrong_ports_are_refused() {
    for port in ["0", "65536", "+80", "http", "-1", "8 0"] {
        let expected = UrlError::Port { port: port.into() };
        assert_eq!(error(&format!("http://host:{port}/")), expected);
    }
}

#[test]
fn control_characters_are_refused() {
    for character in ['\0', '\n', '\r', '\t', '\u{7f}', '\u{85}'] {
        let text = format!("http://host/a{character}b");
        assert!(
            matches!(error(&text), UrlError::Control { character: found, .. } if found == character)
        );
    }
}

#[test]
fn user_info_is_checked_and_never_shown() {
    let message = error("http://user:se cret@host/").to_string();
    assert!(!message.contains("cret"), "{message}");
    assert_eq!(
        error("http://é@host/"),
        UrlError::UserInfo { character: 'é' }
    );
}

#[test]
fn the_length_is_bounded_before_and_after_escaping() {
    assert_eq!(error(""), UrlError::Empty);
    assert_eq!(error(" \n"), UrlError::Empty);
    let head = "http://host/";
    let longest = head.to_owned() + &"a".repeat(URL_LEN_BYTES_MAX - head.len());
    assert_eq!(url(&longest).as_str(), longest);
    let len_bytes = URL_LEN_BYTES_MAX + 1;
    assert_eq!(error(&(longest + "a")), UrlError::TooLong { len_bytes });
    let swelling = format!("{head}{}a", " ".repeat(URL_LEN_BYTES_MAX / 3));
    assert!(matches!(error(&swelling), UrlError::TooLong { .. }));
}

proptest! {
    #[test]
    fn any_text_is_a_url_that_reads_back_or_an_error(
        text in "(http|udp|WSS)?(://)?[ -~éß\\PC]{0,40}",
    ) {
        if let Ok(url) = Url::parse(&text) {
            prop_assert!(url.as_str().is_ascii());
            prop_assert!(url.path_and_query().starts_with('/'));
            prop_assert_eq!(Url::parse(url.as_str()), Ok(url));
        }
    }
}
