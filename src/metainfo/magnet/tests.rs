use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::base::limits::OUTER_LIST_LEN_MAX;

const V1: &str = "d2474e86c95b19b8bcfdb92bc12c9d44667cfa36";
const V1_BASE32: &str = "2JDU5BWJLMM3RPH5XEV4CLE5IRTHZ6RW";
const V2: &str = "caf1e1c30e81cb361b9ee167c4aa64228a7fa4fa9f6105232b28ad099f3a302e";

fn magnet(text: &str) -> Magnet {
    Magnet::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// A link to a v1 torrent, with more parameters.
fn with(parameters: &str) -> Magnet {
    magnet(&format!("magnet:?xt=urn:btih:{V1}&{parameters}"))
}

fn error(text: &str) -> MagnetError {
    Magnet::parse(text).expect_err(text)
}

fn texts<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

#[test]
fn the_form_of_bep_9_by_value() {
    let magnet = magnet(&format!(
        "magnet:?xt=urn:btih:{V1}&dn=Big+file%20%C3%A9%2B\
         &tr=http%3A%2F%2Ftracker.example%2Fannounce&tr=udp://10.42.0.39:6969\
         &ws=https://seed.example/pub/&x.pe=peer.example:6881&x.pe=10.0.0.7:1&x.pe=[::1]:2"
    ));
    assert_eq!(
        magnet.hashes(),
        InfoHashes {
            v1: V1.parse().ok(),
            v2: None
        }
    );
    assert_eq!(magnet.name.as_deref(), Some("Big file é+"));
    assert_eq!(
        texts(&magnet.trackers),
        ["http://tracker.example/announce", "udp://10.42.0.39:6969"]
    );
    assert_eq!(texts(&magnet.web_seeds), ["https://seed.example/pub/"]);
    assert_eq!(
        texts(&magnet.peers),
        ["peer.example:6881", "10.0.0.7:1", "[::1]:2"]
    );
    assert!(magnet.selected.is_everything());
    assert_eq!(magnet.oddities.count(), 0);
}

#[test]
fn the_form_of_bep_53_by_value() {
    assert_eq!(
        with("so=0,2,4,6-8").selected.ranges(),
        [0..=0, 2..=2, 4..=4, 6..=8]
    );
    assert_eq!(with("so=0%2C2&so=1").selected.ranges(), [0..=2]);
    assert_eq!(with("so=0-4294967295").selected.ranges(), [0..=u32::MAX]);
}

#[test]
fn every_spelling_of_the_hashes() {
    let v1 = InfoHashes {
        v1: V1.parse().ok(),
        v2: None,
    };
    let v2 = InfoHashes {
        v1: None,
        v2: V2.parse().ok(),
    };
    for (text, hashes) in [
        (format!("magnet:?xt=urn:btih:{V1_BASE32}"), v1),
        (
            format!("magnet:?xt=urn:btih:{}", V1_BASE32.to_lowercase()),
            v1,
        ),
        (format!("MAGNET:?XT=URN:BTIH:{}", V1.to_uppercase()), v1),
        (format!(" \n magnet:?xt=urn%3Abtih%3a{V1}\r\n"), v1),
        (format!("magnet:?x%74.1=urn:btih:%64{}", &V1[1..]), v1),
        (format!("magnet:?xt=urn:btmh:1220{V2}"), v2),
        (
            format!("magnet:?xt.1=urn:btmh:1220{}", V2.to_uppercase()),
            v2,
        ),
        (
            format!("magnet:?xt.1=urn:btih:{V1}&xt.2=urn:btih:{V1_BASE32}"),
            v1,
        ),
        (
            format!("magnet:?xt=urn:btmh:1220{V2}&xt=urn:btih:{V1}"),
            InfoHashes {
                v1: v1.v1,
                v2: v2.v2,
            },
        ),
    ] {
        assert_eq!(magnet(&text).hashes(), hashes, "{text}");
    }
}

#[test]
fn hashes_of_other_networks_are_passed_over() {
    let foreign = "xt=urn:sha1:ABC&xt=urn:tree:tiger:XYZ&xt=urn:ed2k:31D6&xt=junk";
    assert_eq!(with(foreign), with(""));
    for text in [
        "magnet:?",
        "magnet:?dn=x",
        "magnet:?xt=",
        "magnet:?xt",
        &format!("magnet:?{foreign}"),
    ] {
        assert_eq!(error(text), MagnetError::NoHash, "{text}");
    }
}

#[test]
fn separators_as_web_pages_leave_them() {
    let expected = with("dn=a&tr=ws://b");
    for pasted in [
        "&amp;dn=a&amp;tr=ws://b",
        "&#38;dn=a&#038;tr=ws://b",
        "&&dn=a&AMP;tr=ws://b&",
    ] {
        assert_eq!(
            magnet(&format!("magnet:?xt=urn:btih:{V1}{pasted}")),
            expected,
            "{pasted}"
        );
    }
}

#[test]
fn parameters_that_say_nothing_are_passed_over() {
    let parameters = "dn&tr=&ws&x.pe=&so=&=&==&xl=12&foo=bar&x.y=z&tr.a=http://a&.1=&dn=";
    assert_eq!(with(parameters), with(""));
}

#[test]
fn names_are_made_fit_to_show() {
    for (value, name) in [
        ("a+b%20c", Some("a b c")),
        ("%ff%00x%1b[2J", Some("\u{fffd}\u{fffd}x\u{fffd}[2J")),
        ("a\0b", Some("a\u{fffd}b")),
        ("100%25+%zz", Some("100% %zz")),
        ("++%09", None),
        ("a&dn=b", Some("a")),
        ("+&dn.1=b", Some("b")),
    ] {
        assert_eq!(
            with(&format!("dn={value}")).name.as_deref(),
            name,
            "{value}"
        );
    }
}

#[test]
fn what_cannot_be_used_is_dropped_and_told() {
    for (parameter, oddity) in [
        (
            "tr=http://10.42.0.394/",
            "tracker dropped: `10.42.0.394` is no IPv4 address: 394 is over 255",
        ),
        (
            "tr=ftp://host/",
            "tracker dropped: `ftp://host/` is of no kind that trackers answer",
        ),
        (
            "tr=http://host/%00",
            r"tracker dropped: `http://host/\u{0}` holds the control character '\0'",
        ),
        (
            "tr=http://host/%ff",
            "`http://host/%ff` dropped: it is not UTF-8",
        ),
        (
            "ws=udp://host:1",
            "web seed dropped: `udp://host:1` is of no kind that files are fetched from",
        ),
        (
            "ws=host",
            "web seed dropped: `host` is no URL: it does not begin with a scheme and `://`",
        ),
        (
            "x.pe=host",
            "peer dropped: `host` names no port: expected `host:port`",
        ),
        (
            "x.pe=host:0",
            "peer dropped: `0` is no port: expected 1 to 65535",
        ),
        (
            "so=8-6",
            "selected files `8-6` dropped: they are no range of positions such as `6-8`",
        ),
    ] {
        let magnet = with(&format!("{parameter}&tr=ws://good"));
        assert_eq!(texts(magnet.oddities.first()), [oddity], "{parameter}");
        assert_eq!(texts(&magnet.trackers), ["ws://good"]);
        assert!(magnet.web_seeds.is_empty() && magnet.peers.is_empty());
        assert!(magnet.selected.is_everything());
    }
}

#[test]
fn wrong_hashes_are_errors_that_say_why() {
    let message = |xt: &str| error(&format!("magnet:?xt=urn:{xt}&xt=urn:sha1:x")).to_string();
    let short = &V1[..39];
    assert_eq!(
        message(&format!("btih:{short}")),
        format!(
            "`{short}` is no v1 info-hash: it has 39 digits, \
             expected 40 hexadecimal or 32 base32 ones"
        )
    );
    for xt in [format!("btih:{V1}0"), "btih:".into(), format!("btih:{V2}")] {
        assert!(
            message(&xt).contains("expected 40 hexadecimal or 32 base32"),
            "{xt}"
        );
    }
    assert!(message(&format!("btih:{short}g")).ends_with("'g' is no hexadecimal digit"));
    assert!(message(&format!("btih:{short}é")).ends_with("'é' is no hexadecimal digit"));
    assert!(message(&format!("btih:{short}%00")).ends_with(r"'\0' is no hexadecimal digit"));
    assert!(message(&format!("btih:{}1", &V1_BASE32[1..])).ends_with("'1' is no base32 digit"));
    assert!(message(&format!("btmh:{V2}")).contains("expected `1220`, which says SHA-256"));
    assert!(message(&format!("btmh:1114{V1}")).contains("expected `1220`, which says SHA-256"));
    assert!(message(&format!("btmh:1220{V1}")).contains("it has 40 digits, expected 64"));
    assert!(message(&format!("btmh:1220{V2}0")).contains("it has 65 digits, expected 64"));
    assert!(message(&format!("btmh:1220{}x", &V2[1..])).ends_with("'x' is no hexadecimal digit"));
}

#[test]
fn a_wrong_hash_beside_a_right_one_is_still_an_error() {
    let text = format!("magnet:?xt=urn:btih:{V1}&xt=urn:btmh:1220");
    assert!(matches!(
        error(&text),
        MagnetError::V2Length { len_digits: 0, .. }
    ));
}

#[test]
fn a_link_names_one_torrent() {
    let (first, second) = (V1.parse().unwrap(), "0".repeat(40).parse().unwrap());
    let text = format!("magnet:?xt=urn:btih:{first}&xt=urn:btih:{second}");
    assert_eq!(error(&text), MagnetError::TwoV1 { first, second });

    let (first, second) = (V2.parse().unwrap(), "0".repeat(64).parse().unwrap());
    let text = format!("magnet:?xt=urn:btmh:1220{first}&xt.1=urn:btmh:1220{second}");
    assert_eq!(error(&text), MagnetError::TwoV2 { first, second });
}

#[test]
fn other_text_is_no_magnet() {
    for text in [
        "",
        "magnet",
        "magnet:",
        "magnet:xt=1",
        "http://x/?magnet:?",
        V1,
        "mägnet:?",
        "\0",
    ] {
        assert!(
            matches!(error(text), MagnetError::NotAMagnet { .. }),
            "{text}"
        );
    }
}

#[test]
fn the_length_is_bounded() {
    let link = format!("magnet:?xt=urn:btih:{V1}");
    let longest = " ".repeat(MAGNET_LEN_BYTES_MAX - link.len()) + &link;
    assert_eq!(magnet(&longest), with(""));
    let len_bytes = MAGNET_LEN_BYTES_MAX + 1;
    assert_eq!(error(&(longest + "\n")), MagnetError::TooLong { len_bytes });
}

#[test]
fn lists_hold_nothing_twice_and_so_much_at_most() {
    let mut parameters = String::new();
    for number in 0..OUTER_LIST_LEN_MAX + 7 {
        parameters += &format!("&tr=ws://h/{number}&tr=ws://h/0");
    }
    let magnet = with(&parameters);
    assert_eq!(magnet.trackers.len(), OUTER_LIST_LEN_MAX);
    assert_eq!(magnet.trackers[1].as_str(), "ws://h/1");
    assert_eq!(magnet.oddities.count(), 7);
    assert!(matches!(magnet.oddities.first()[0], Oddity::TooMany { .. }));
}

#[test]
fn the_written_form_is_canonical() {
    let text = format!(
        "magnet:?so=3,1,2&x.pe=[0:0::1]:06881&ws=http://h/a b&tr=udp://H:1/?x=%26y&dn=a/b+~é\
         &xt=urn:btmh:1220{V2}&xt=urn:btih:{V1_BASE32}&tr=junk"
    );
    let written = format!(
        "magnet:?xt=urn:btih:{V1}&xt=urn:btmh:1220{V2}&dn=a%2Fb%20~%C3%A9\
         &tr=udp%3A%2F%2FH%3A1%2F%3Fx%3D%26y&ws=http%3A%2F%2Fh%2Fa%2520b&x.pe=[::1]:6881&so=1-3"
    );
    assert_eq!(magnet(&text).to_string(), written);
}

#[test]
fn the_longest_junk_leaves_bounded_lists() {
    let shapes: [fn(usize) -> String; 7] = [
        |_| "&".into(),
        |_| "&tr=x".into(),
        |number| format!("&tr=ws://h/{number}"),
        |number| format!("&x.pe=h:{}", number % 65_536),
        |number| format!("&so={}", number.wrapping_mul(7_919) % 1_000_003),
        |_| "%25".into(),
        |_| "&xt=urn:sha1:x&dn=%00&ws=%".into(),
    ];
    for shape in shapes {
        let text = junk(shape, MAGNET_LEN_BYTES_MAX);
        let magnet = magnet(&text);
        assert!(magnet.trackers.len() <= OUTER_LIST_LEN_MAX, "{}", shape(1));
        assert!(magnet.peers.len() <= OUTER_LIST_LEN_MAX, "{}", shape(1));
        assert!(magnet.oddities.first().len() <= 32, "{}", shape(1));
    }
}

fn junk(shape: fn(usize) -> String, len_bytes: usize) -> String {
    let mut text = format!("magnet:?xt=urn:btih:{V1}&junk=");
    for part in (0..).map(shape) {
        if text.len() + part.len() > len_bytes {
            break;
        }
        text += &part;
    }
    text
}

fn hashes() -> impl Strategy<Value = InfoHashes> {
    let v1 = || any::<[u8; 20]>().prop_map(Sha1Digest);
    let v2 = || any::<[u8; 32]>().prop_map(Sha256Digest);
    prop_oneof![
        v1().prop_map(|v1| InfoHashes {
            v1: Some(v1),
            v2: None
        }),
        v2().prop_map(|v2| InfoHashes {
            v1: None,
            v2: Some(v2)
        }),
        (v1(), v2()).prop_map(|(v1, v2)| InfoHashes {
            v1: Some(v1),
            v2: Some(v2)
        }),
    ]
}

fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z][a-z0-9_-]{0,9}(\\.[a-z]{1,9}){0,3}",
        any::<std::net::Ipv4Addr>().prop_map(|address| address.to_string()),
        any::<std::net::Ipv6Addr>().prop_map(|address| format!("[{address}]")),
    ]
}

/// Distinct ones, in an order of their own.
fn urls(schemes: &'static str) -> impl Strategy<Value = Vec<Url>> {
    let url = (schemes, host(), 1..=u16::MAX, "(/[!-~é ]{0,20}[!-~])?").prop_map(
        |(scheme, host, port, tail)| {
            Url::parse(&format!("{scheme}://{host}:{port}{tail}")).expect("made to be right")
        },
    );
    vec(url, 0..6).prop_map(distinct)
}

fn peers() -> impl Strategy<Value = Vec<PeerAddress>> {
    let peer = (host(), 1..=u16::MAX)
        .prop_map(|(host, port)| format!("{host}:{port}").parse().expect("made to be right"));
    vec(peer, 0..6).prop_map(distinct)
}

fn distinct<T: PartialEq>(values: Vec<T>) -> Vec<T> {
    let mut kept = Vec::new();
    for value in values {
        if !kept.contains(&value) {
            kept.push(value);
        }
    }
    kept
}

fn name() -> impl Strategy<Value = String> {
    "\\PC{1,40}"
        .prop_map(|text| text.trim().to_owned())
        .prop_filter("nothing", |text| {
            !text.is_empty() && !text.chars().any(char::is_control)
        })
}

fn selection() -> impl Strategy<Value = FileSelection> {
    vec((any::<u32>(), 0..5_u32), 0..6).prop_map(|ranges| {
        ranges
            .into_iter()
            .map(|(first, more)| first..=first.saturating_add(more))
            .collect()
    })
}

prop_compose! {
    fn magnets()(
        hashes in hashes(),
        name in option::of(name()),
        trackers in urls("https?|udp|wss?"),
        web_seeds in urls("https?|ftp"),
        peers in peers(),
        selected in selection(),
    ) -> Magnet {
        let bare = Magnet::new(hashes).expect("there is a hash");
        Magnet { name, trackers, web_seeds, peers, selected, ..bare }
    }
}

proptest! {
    #[test]
    fn every_magnet_is_read_as_it_was_written(magnet in magnets()) {
        prop_assert_eq!(Magnet::parse(&magnet.to_string()), Ok(magnet));
    }

    #[test]
    fn whatever_is_read_can_be_written(
        parameters in "((&|&amp;)(dn|tr|ws|x\\.pe|so|xt|tr\\.1)=[ -~é\\PC]{0,30}){0,6}",
    ) {
        if let Ok(mut magnet) = Magnet::parse(&format!("magnet:?xt=urn:btih:{V1}{parameters}")) {
            magnet.oddities = Oddities::default();
            prop_assert_eq!(Magnet::parse(&magnet.to_string()), Ok(magnet));
        }
    }

    #[test]
    fn no_text_makes_parsing_panic(text in "(magnet:\\?)?\\PC{0,60}") {
        let _ = Magnet::parse(&text);
    }
}
