use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::base::Sha1Digest;
use crate::base::limits::{HTTP_HEAD_LEN_BYTES_MAX, HTTP_TARGET_LEN_BYTES_MAX, SCRAPE_HASHES_MAX};
use crate::bencode;
use crate::wire::Event;
use crate::wire::udp_tracker::Scraped;

const HASH_QUERY: &str = "info_hash=%D2GN%86%C9%5B%19%B8%BC%FD%B9%2B%C1%2C%9DDfw%CF%A6";
const HASH: &str = "d2474e86c95b19b8bcfdb92bc12c9d446677cfa6";

fn head(text: &str) -> RequestHead<'_> {
    parse_head(text.as_bytes()).unwrap().expect("a whole head")
}

fn announce(query: &str) -> Result<AnnounceQuery<'_>, QueryError> {
    parse_announce(query.as_bytes())
}

fn hash() -> Sha1Digest {
    HASH.parse().unwrap()
}

#[test]
fn transmission_announces() {
    let text = format!(
        "GET /announce?{HASH_QUERY}&peer_id=-TR3000-p3cgb6fl7v0k&port=51413&uploaded=0\
         &downloaded=0&left=16384&numwant=80&key=3d4a6d8e&compact=1&supportcrypto=1&event=started \
         HTTP/1.1\r\nHost: 127.0.0.1:6969\r\nUser-Agent: Transmission/3.00\r\nAccept: */*\r\n\
         Accept-Encoding: deflate, gzip\r\n\r\n"
    );
    let head = head(&text);
    assert_eq!(head.method, Method::Get);
    assert_eq!(head.path, b"/announce");
    assert!(head.keep_alive);
    assert_eq!(head.len_bytes, text.len());
    let query = parse_announce(head.query).unwrap();
    let expected = AnnounceQuery {
        info_hash: hash(),
        peer_id: *b"-TR3000-p3cgb6fl7v0k",
        port: 51413,
        left_bytes: Some(16384),
        uploaded_bytes: 0,
        downloaded_bytes: 0,
        event: Event::Started,
        wanted: Some(80),
        compact: true,
        no_peer_id: false,
        key: Some(b"3d4a6d8e"),
        ip: None,
        mark: MarkWords::default(),
    };
    assert_eq!(query, expected);
}

#[test]
fn aria2_announces() {
    let text = format!(
        "GET /announce?{HASH_QUERY}&peer_id=A2-1-36-0-%C3%A5%08%F0%9A%7D%00%FF%10z&uploaded=0\
         &downloaded=0&left=1073741824&compact=1&key=A2-1-36-&numwant=50&no_peer_id=1&port=6881\
         &event=started&supportcrypto=1 HTTP/1.1\r\nUser-Agent: aria2/1.36.0\r\nAccept: */*\r\n\
         Host: tracker.example\r\nPragma: no-cache\r\nCache-Control: no-cache\r\n\
         Connection: close\r\n\r\n"
    );
    let head = head(&text);
    assert!(!head.keep_alive);
    let query = parse_announce(head.query).unwrap();
    assert!(query.no_peer_id && query.compact);
    assert_eq!(query.wanted, Some(50));
    assert_eq!(
        &query.peer_id,
        b"A2-1-36-0-\xc3\xa5\x08\xf0\x9a\x7d\x00\xff\x10z"
    );
}

#[test]
fn libtorrent_announces_the_other_family_too() {
    let query = format!(
        "{HASH_QUERY}&peer_id=-LT2110-abcdefghijkl&port=6881&uploaded=0&downloaded=0&left=0\
         &corrupt=0&key=01234567&event=completed&numwant=200&compact=1&no_peer_id=1\
         &supportcrypto=1&redundant=0&ipv6=%3A%3A1"
    );
    let query = announce(&query).unwrap();
    assert_eq!(query.ip, Some(IpAddr::V6(Ipv6Addr::LOCALHOST)));
    assert_eq!(query.left_bytes, Some(0));
    assert_eq!(query.event, Event::Completed);
}

#[test]
fn old_clients_of_http_1_0_close_unless_they_say() {
    assert!(!head("GET /scrape HTTP/1.0\r\n\r\n").keep_alive);
    assert!(head("GET / HTTP/1.0\r\nconnection: Keep-Alive, x\r\n\r\n").keep_alive);
    assert!(!head("GET / HTTP/1.1\r\nConnection: x ,CLOSE\r\n\r\n").keep_alive);
    // Bare newlines are read, too.
    assert_eq!(head("HEAD /x?y HTTP/1.1\nA: b\n\n").query, b"y");
}

#[test]
fn the_target_is_parted() {
    let parts = |target: &str| {
        let text = format!("GET {target} HTTP/1.1\r\n\r\n");
        let head = head(&text);
        (
            String::from_utf8(head.path.to_vec()).unwrap(),
            String::from_utf8(head.query.to_vec()).unwrap(),
        )
    };
    assert_eq!(parts("/a"), ("/a".into(), String::new()));
    assert_eq!(parts("/a?b=c?d"), ("/a".into(), "b=c?d".into()));
    assert_eq!(parts("http://host:1/a?b"), ("/a".into(), "b".into()));
    assert_eq!(parts("http://host"), (String::new(), String::new()));
}

#[test]
fn a_head_may_come_byte_by_byte_and_others_may_follow() {
    let text = b"GET /announce?a=b HTTP/1.1\r\nX-Forwarded-For: 192.0.2.7\r\n\r\nGET /";
    let whole = text.len() - 5;
    for len_bytes in 0..whole {
        assert_eq!(parse_head(&text[..len_bytes]), Ok(None), "{len_bytes}");
    }
    let head = parse_head(text).unwrap().unwrap();
    assert_eq!(head.len_bytes, whole);
    assert_eq!(head.forwarded_for, Some(&b"192.0.2.7"[..]));
}

#[test]
fn what_is_too_long_or_wrong_has_a_status() {
    let status = |text: &[u8]| parse_head(text).unwrap_err().status();
    let long = "x".repeat(HTTP_TARGET_LEN_BYTES_MAX + 1);
    assert_eq!(
        status(format!("GET /{long}").as_bytes()),
        Status::UriTooLong
    );
    let whole = format!("GET /{long} HTTP/1.1\r\n\r\n");
    assert_eq!(status(whole.as_bytes()), Status::UriTooLong);
    let long = "x".repeat(HTTP_HEAD_LEN_BYTES_MAX);
    let fields = format!("GET / HTTP/1.1\r\nA: {long}");
    assert_eq!(status(fields.as_bytes()), Status::HeaderFieldsTooLarge);
    let many = "A: b\r\n".repeat(65);
    let fields = format!("GET / HTTP/1.1\r\n{many}\r\n");
    assert_eq!(status(fields.as_bytes()), Status::HeaderFieldsTooLarge);
    assert_eq!(status(b"\x16\x03\x01\x02\x00\x01"), Status::BadRequest);
    assert_eq!(status(b"\x13BitTorrent protocol"), Status::BadRequest);
    assert_eq!(status(b"GET / HTTP/2.0\r\n\r\n"), Status::BadRequest);
    let body = b"POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\n";
    assert_eq!(status(body), Status::MethodNotAllowed);
    let body = b"GET / HTTP/1.1\r\nContent-Length: 1\r\n\r\n";
    assert_eq!(status(body), Status::ContentTooLarge);
    let body = b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(status(body), Status::ContentTooLarge);
    assert!(parse_head(b"GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n").is_ok());
}

#[test]
fn what_an_announce_lacks_is_named() {
    let failure = |query: &str| announce(query).unwrap_err().to_string();
    assert_eq!(failure(""), "`info_hash` is missing");
    assert_eq!(failure(HASH_QUERY), "`peer_id` is missing");
    let with = |more: &str| failure(&format!("{HASH_QUERY}&peer_id=aaaaaaaaaaaaaaaaaaaa{more}"));
    assert_eq!(with(""), "`port` is missing");
    for port in ["", "65536", "-1", "+1", "x", "1%30"] {
        assert_eq!(
            with(&format!("&port={port}")),
            "`port` is no number in its range"
        );
    }
    assert_eq!(with("&port=1&left=x"), "`left` is no number in its range");
    assert_eq!(
        with("&port=1&port=2"),
        "`port` is given twice, with different values"
    );
    assert_eq!(
        with("&info_hash=x"),
        "`info_hash` is no percent-encoded string of 20 bytes"
    );
    for hash in [
        "info_hash=",
        "info_hash=%",
        "info_hash=%zz",
        "info_hash=aaaaaaaaaaaaaaaaaaaaa",
    ] {
        assert_eq!(
            failure(hash),
            "`info_hash` is no percent-encoded string of 20 bytes"
        );
    }
}

#[test]
fn an_announce_may_be_bare_or_odd() {
    let with = |more: &str| {
        let query = format!("{HASH_QUERY}&peer_id=aaaaaaaaaaaaaaaaaaaa&port=0{more}");
        let query = announce(&query).unwrap();
        (
            query.left_bytes,
            query.wanted,
            query.compact,
            query.event,
            query.ip,
        )
    };
    assert_eq!(with(""), (None, None, true, Event::None, None));
    assert_eq!(with("&port=0&&=&x"), with(""));
    let v4 = Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)));
    let odd = with("&left=-1&numwant=-1&compact=0&event=paused&ip=192.0.2.1");
    assert_eq!(odd, (Some(u64::MAX), None, false, Event::None, v4));
    assert_eq!(with("&ipv4=192.0.2.1:6881").4, v4);
    assert_eq!(with("&ip=tracker.example").4, None);
    let v6 = Some(IpAddr::V6("2001:db8::1".parse().unwrap()));
    assert_eq!(with("&ipv6=%5B2001%3Adb8%3A%3A1%5D%3A6881").4, v6);
}

#[test]
fn a_scrape_names_its_swarms() {
    let query = format!("{HASH_QUERY}&x=y&info_hash=aaaaaaaaaaaaaaaaaaaa");
    let scrape = parse_scrape(query.as_bytes()).unwrap();
    let hashes: Vec<_> = scrape.info_hashes().collect();
    assert_eq!(hashes, [hash(), Sha1Digest([b'a'; 20])]);
    assert_eq!(
        parse_scrape(b"x=y"),
        Err(QueryError::Missing { key: "info_hash" })
    );
    assert!(parse_scrape(b"info_hash=aaaaaaaaaaaaaaaaaaaa&info_hash=b").is_err());
    let many = "&info_hash=aaaaaaaaaaaaaaaaaaaa".repeat(SCRAPE_HASHES_MAX + 1);
    assert_eq!(
        parse_scrape(many.as_bytes()),
        Err(QueryError::TooManyHashes)
    );
}

fn reply(peers: Peers<'_>, compact: bool, warning: Option<&str>) -> String {
    let mut out = Vec::new();
    let reply = AnnounceReply {
        seeders: 1,
        leechers: 20,
        downloads: 300,
        interval_s: 1800,
        min_interval_s: 60,
        peers,
        compact,
        warning,
    };
    write_announce(&mut out, &reply);
    assert!(
        bencode::parse(&out, bencode::Limits::METAINFO)
            .is_ok_and(|parsed| parsed.first_unsorted_key.is_none())
    );
    String::from_utf8_lossy(&out).into_owned()
}

const FRONT: &str =
    "d8:completei1e10:downloadedi300e10:incompletei20e8:intervali1800e12:min intervali60e";

#[test]
fn announce_replies_by_value() {
    let mut v6 = [0; 18];
    v6[15] = 1;
    v6[17] = 80;
    let peers = Peers {
        v4: &[10, 0, 0, 1, 0, 80, 10, 0, 0, 2, 26, 98],
        v6: &v6,
    };
    assert_eq!(
        reply(Peers::default(), true, None),
        format!("{FRONT}5:peers0:e")
    );
    let compact = format!(
        "{FRONT}5:peers12:\n\0\0\x01\0P\n\0\0\x02\x1ab6:peers618:{}\x01\0Pe",
        "\0".repeat(15)
    );
    assert_eq!(reply(peers, true, None), compact);
    let list = format!(
        "{FRONT}5:peersld2:ip8:10.0.0.14:porti80eed2:ip8:10.0.0.24:porti6754ee\
         d2:ip3:::14:porti80eee15:warning message4:slowe"
    );
    assert_eq!(reply(peers, false, Some("slow")), list);
}

#[test]
fn scrape_replies_rise_and_name_each_swarm_once() {
    let scraped = |seeders| Scraped {
        seeders,
        downloads: 2,
        leechers: 3,
    };
    let mut entries = [
        (Sha1Digest([b'b'; 20]), scraped(4)),
        (Sha1Digest([b'a'; 20]), scraped(1)),
        (Sha1Digest([b'b'; 20]), scraped(4)),
    ];
    let mut out = Vec::new();
    write_scrape(&mut out, &mut entries);
    let expected = "d5:filesd20:aaaaaaaaaaaaaaaaaaaad8:completei1e10:downloadedi2e10:incompletei3ee\
        20:bbbbbbbbbbbbbbbbbbbbd8:completei4e10:downloadedi2e10:incompletei3eeee";
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[test]
fn a_response_says_how_long_it_is() {
    let mut out = b"before".to_vec();
    write_response(&mut out, Status::Ok, Content::Bencode, true, |out| {
        write_failure(out, "no");
    });
    let expected = "beforeHTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\
        Connection: keep-alive\r\nContent-Length:      23\r\n\r\nd14:failure reason2:noe";
    assert_eq!(String::from_utf8(out).unwrap(), expected);
    let mut out = Vec::new();
    write_response(&mut out, Status::NotFound, Content::Text, false, |_| {});
    let text = String::from_utf8(out).unwrap();
    assert!(
        text.contains("404 Not Found") && text.contains("close\r\nContent-Length:       0\r\n")
    );
}

proptest! {
    #[test]
    fn anything_is_read_without_a_panic(bytes in vec(any::<u8>(), 0..300)) {
        let _ = parse_head(&bytes);
        let _ = parse_announce(&bytes);
        let _ = parse_scrape(&bytes);
    }

    #[test]
    fn info_hashes_survive_their_escapes(hash in any::<[u8; 20]>()) {
        let query = format!("info_hash={}", crate::base::percent::Escaped(&hash));
        let scrape = parse_scrape(query.as_bytes()).unwrap();
        prop_assert_eq!(scrape.info_hashes().collect::<Vec<_>>(), [Sha1Digest(hash)]);
    }
}
