use std::net::SocketAddr;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::base::limits::{
    TRACKER_ID_LEN_BYTES_MAX, TRACKER_REPLY_PEERS_MAX, TRACKER_TEXT_LEN_BYTES_MAX,
};

fn told(body: impl AsRef<[u8]>) -> Told {
    match parse_tracker_reply(body.as_ref()).unwrap() {
        TrackerReply::Told(told) => told,
        TrackerReply::Refused(refused) => panic!("{refused:?}"),
    }
}

fn refused(body: &str) -> Refused {
    match parse_tracker_reply(body.as_bytes()).unwrap() {
        TrackerReply::Refused(refused) => refused,
        TrackerReply::Told(told) => panic!("{told:?}"),
    }
}

fn addresses<const N: usize>(texts: [&str; N]) -> Vec<SocketAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[test]
fn a_reply_by_value() {
    let reply = told(
        b"d8:completei2e10:downloadedi9e11:external ip4:\xc0\x00\x02\x0910:incompletei3e\
          8:intervali1800e12:min intervali60e5:peers6:\x0a\x00\x00\x01\x1a\xe1\
          6:peers618:\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x1a\xe2\
          10:tracker id3:a\xffb15:warning message4:slowe\n",
    );
    assert_eq!(
        reply,
        Told {
            interval_s: Some(1800),
            min_interval_s: Some(60),
            seeders: Some(2),
            leechers: Some(3),
            peers: addresses(["10.0.0.1:6881", "[2001:db8::1]:6882"]),
            tracker_id: Some(b"a\xffb".to_vec()),
            external_ip: Some([192, 0, 2, 9].into()),
            warning: Some("slow".into()),
        }
    );
}

#[test]
fn reads_what_our_tracker_writes() {
    let v6 = [&[0x20, 0x01][..], &[0; 13], &[7, 0, 80]].concat();
    for compact in [true, false] {
        let mut body = Vec::new();
        let reply = AnnounceReply {
            seeders: 1,
            leechers: 2,
            downloads: 3,
            interval_s: 1800,
            min_interval_s: 60,
            peers: Peers {
                v4: &[10, 0, 0, 1, 0x1a, 0xe1],
                v6: &v6,
            },
            compact,
            warning: Some("old client"),
        };
        write_announce(&mut body, &reply);
        let reply = told(body);
        assert_eq!(
            reply.peers,
            addresses(["10.0.0.1:6881", "[2001::7]:80"]),
            "{compact}"
        );
        assert_eq!((reply.seeders, reply.leechers), (Some(1), Some(2)));
        assert_eq!(reply.warning.as_deref(), Some("old client"));
    }
    let mut body = Vec::new();
    write_failure(&mut body, "unknown torrent");
    let TrackerReply::Refused(refused) = parse_tracker_reply(&body).unwrap() else {
        panic!("a failure");
    };
    assert_eq!(refused.reason, "unknown torrent");
}

#[test]
fn a_list_of_peers_is_read_as_far_as_it_goes() {
    let reply = told(
        "d5:peersld2:ip8:10.0.0.17:peer id20:aaaaaaaaaaaaaaaaaaaa4:porti80eed2:ip3:::14:porti81ee\
         d2:ip12:peer.example4:porti80eed2:ip8:10.0.0.24:porti0eed2:ip8:10.0.0.24:porti65536ee\
         d4:porti80eed2:ip8:10.0.0.2ei7e3:abcd2:ip15:::ffff:10.0.0.34:porti82eeee",
    );
    assert_eq!(
        reply.peers,
        addresses(["10.0.0.1:80", "[::1]:81", "10.0.0.3:82"])
    );
}

#[test]
fn nobody_listens_nowhere() {
    let nowhere: [[u8; 6]; 5] = [
        [10, 0, 0, 1, 0, 0],
        [0, 0, 0, 0, 0, 80],
        [0, 1, 2, 3, 0, 80],
        [255, 255, 255, 255, 0, 80],
        [224, 0, 0, 1, 0, 80],
    ];
    assert_eq!(unpack_peers(nowhere.as_flattened(), false), []);
    for text in ["::", "ff02::1", "fe80::1"] {
        let address: std::net::Ipv6Addr = text.parse().unwrap();
        let packed = [&address.octets()[..], &[0, 80]].concat();
        assert_eq!(unpack_peers(&packed, true), [], "{text}");
    }
}

#[test]
fn peers_are_bounded_and_none_comes_twice() {
    let packed: Vec<u8> = (0..2 * TRACKER_REPLY_PEERS_MAX)
        .flat_map(|number| {
            let [.., high, low] = number.to_be_bytes();
            [10, 0, high, low, 0, 80]
        })
        .collect();
    assert_eq!(unpack_peers(&packed, false).len(), TRACKER_REPLY_PEERS_MAX);
    let twice = [10, 0, 0, 1, 0, 80, 10, 0, 0, 1, 0, 80, 10, 0, 0, 1];
    assert_eq!(unpack_peers(&twice, false), addresses(["10.0.0.1:80"]));
}

#[test]
fn what_makes_no_sense_is_left_out() {
    let odd = told("d8:completei-1e8:interval4:soon12:min intervali99999999999e5:peersi1ee");
    assert_eq!(
        odd,
        Told {
            min_interval_s: Some(u32::MAX),
            ..Told::default()
        }
    );
    let long_id = "x".repeat(TRACKER_ID_LEN_BYTES_MAX + 1);
    let id = told(format!("d10:tracker id{}:{long_id}e", long_id.len())).tracker_id;
    assert_eq!(id, None);
    let long_text = "x".repeat(TRACKER_TEXT_LEN_BYTES_MAX + 1);
    let text = told(format!(
        "d15:warning message{}:{long_text}e",
        long_text.len()
    ));
    assert_eq!(
        text.warning.map(|text| text.len()),
        Some(TRACKER_TEXT_LEN_BYTES_MAX)
    );
    assert_eq!(told("de"), Told::default());
}

#[test]
fn a_refusal_may_say_when_to_come_again() {
    for (retry, wanted) in [
        ("8:retry ini5e", Some(RetryIn::Minutes(5))),
        ("8:retry in2:15", Some(RetryIn::Minutes(15))),
        ("8:retry in5:never", Some(RetryIn::Never)),
        ("8:retry in4:soon", None),
        ("8:retry ini-5e", None),
        ("", None),
    ] {
        let refused = refused(&format!("d14:failure reason2:no{retry}e"));
        assert_eq!((&*refused.reason, refused.retry), ("no", wanted), "{retry}");
    }
    assert_eq!(refused("d14:failure reasoni5ee").reason, "");
}

#[test]
fn what_is_no_reply_is_refused() {
    for body in [
        "<html>",
        "",
        "d8:interval",
        "d1:ad1:bd1:cd1:dd1:ed1:fd1:gd1:hd1:i0:eeeeeeeeee",
    ] {
        let error = parse_tracker_reply(body.as_bytes()).unwrap_err();
        assert!(
            matches!(error, TrackerReplyError::Bencode { .. }),
            "{body}: {error}"
        );
    }
    assert_eq!(
        parse_tracker_reply(b"le").unwrap_err().to_string(),
        "the reply is a list: expected a dictionary"
    );
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..200)) {
        let _ = parse_tracker_reply(&bytes);
        for is_ipv6 in [false, true] {
            prop_assert!(unpack_peers(&bytes, is_ipv6).iter().all(|peer| peer.port() != 0));
        }
    }
}
