use std::net::Ipv4Addr;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::base::Sha1Digest;
use crate::base::limits::{SCRAPE_HASHES_MAX, UDP_URL_DATA_LEN_BYTES_MAX};
use crate::wire::Event;

fn unhex(digits: &str) -> Vec<u8> {
    let digits: String = digits.split_whitespace().collect();
    let mut bytes = vec![0; digits.len() / 2];
    crate::base::hex::decode_into(digits.as_bytes(), &mut bytes).unwrap();
    bytes
}

fn announce_by_value() -> AnnounceRequest<'static> {
    AnnounceRequest {
        header: Header {
            connection_id: 0x0102_0304_0506_0708,
            transaction_id: 0xdead_beef,
        },
        info_hash: Sha1Digest([0xaa; 20]),
        peer_id: *b"-TR3000-abcdefghijkl",
        downloaded_bytes: 1,
        left_bytes: 2,
        uploaded_bytes: 3,
        event: Event::Started,
        ip: None,
        key: 0x1122_3344,
        wanted: Some(80),
        port: 51413,
        url_data: UrlData::default(),
    }
}

const ANNOUNCE_HEX: &str = "0102030405060708 00000001 deadbeef \
    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 2d5452333030302d6162636465666768696a6b6c \
    0000000000000001 0000000000000002 0000000000000003 \
    00000002 00000000 11223344 00000050 c8d5";

#[test]
fn a_connect_by_value() {
    let packet = unhex("0000041727101980 00000000 12345678");
    let connect = ConnectRequest {
        transaction_id: 0x1234_5678,
    };
    assert_eq!(parse_request(&packet), Ok(Request::Connect(connect)));
    let mut written = Vec::new();
    connect.write(&mut written);
    assert_eq!(written, packet);

    let mut reply = Vec::new();
    write_connect(&mut reply, 0x1234_5678, 0x0102_0304_0506_0708);
    assert_eq!(reply, unhex("00000000 12345678 0102030405060708"));
    let connected = Reply::Connect {
        connection_id: 0x0102_0304_0506_0708,
    };
    assert_eq!(parse_reply(&reply), Ok((0x1234_5678, connected)));
}

#[test]
fn an_announce_by_value() {
    let packet = unhex(ANNOUNCE_HEX);
    assert_eq!(packet.len(), 98);
    assert_eq!(
        parse_request(&packet),
        Ok(Request::Announce(announce_by_value()))
    );
    let mut written = Vec::new();
    announce_by_value().write(&mut written);
    assert_eq!(written, packet);
}

#[test]
fn an_announce_leaves_the_number_to_the_tracker() {
    let mut packet = unhex(ANNOUNCE_HEX);
    packet[92..96].copy_from_slice(&(-1_i32).to_be_bytes());
    packet[84..88].copy_from_slice(&[10, 0, 0, 7]);
    packet[80..84].copy_from_slice(&77_u32.to_be_bytes());
    let expected = AnnounceRequest {
        wanted: None,
        ip: Some(Ipv4Addr::new(10, 0, 0, 7)),
        event: Event::None,
        ..announce_by_value()
    };
    assert_eq!(parse_request(&packet), Ok(Request::Announce(expected)));
    let mut written = Vec::new();
    expected.write(&mut written);
    packet[80..84].fill(0);
    assert_eq!(written, packet);
}

#[test]
fn an_announce_reply_by_value() {
    let mut reply = Vec::new();
    write_announce_head(&mut reply, 7, 1800, 3, 2);
    reply.extend_from_slice(&[10, 0, 0, 1, 0x1a, 0xe1]);
    assert_eq!(
        reply,
        unhex("00000001 00000007 00000708 00000003 00000002 0a0000011ae1")
    );
    let announced = Reply::Announce {
        interval_s: 1800,
        leechers: 3,
        seeders: 2,
        peers: &[10, 0, 0, 1, 0x1a, 0xe1],
    };
    assert_eq!(parse_reply(&reply), Ok((7, announced)));
}

#[test]
fn a_scrape_by_value() {
    let hashes = [Sha1Digest([1; 20]), Sha1Digest([2; 20])];
    let header = Header {
        connection_id: 5,
        transaction_id: 6,
    };
    let mut packet = Vec::new();
    header.write_scrape(&hashes, &mut packet);
    assert_eq!(packet[..16], unhex("0000000000000005 00000002 00000006"));
    let Ok(Request::Scrape(scrape)) = parse_request(&packet) else {
        panic!("no scrape");
    };
    assert_eq!(scrape.header, header);
    assert_eq!(scrape.info_hashes().collect::<Vec<_>>(), hashes);

    let entries = [
        Scraped {
            seeders: 1,
            downloads: 2,
            leechers: 3,
        },
        Scraped {
            seeders: 4,
            downloads: 5,
            leechers: 6,
        },
    ];
    let mut reply = Vec::new();
    write_scrape_head(&mut reply, 6);
    for entry in entries {
        write_scrape_entry(&mut reply, entry);
    }
    assert_eq!(
        reply[..20],
        unhex("00000002 00000006 00000001 00000002 00000003")
    );
    let (transaction_id, parsed) = parse_reply(&reply).unwrap();
    assert_eq!(transaction_id, 6);
    assert_eq!(parsed.scraped().collect::<Vec<_>>(), entries);
}

#[test]
fn a_scrape_of_too_many_is_answered_in_part() {
    let hashes = vec![0; 16 + 20 * (SCRAPE_HASHES_MAX + 1)];
    let mut packet = hashes;
    packet[8..12].copy_from_slice(&SCRAPE.to_be_bytes());
    let Ok(Request::Scrape(scrape)) = parse_request(&packet) else {
        panic!("no scrape");
    };
    assert_eq!(scrape.info_hashes().count(), SCRAPE_HASHES_MAX);
}

#[test]
fn what_is_no_request_says_so() {
    let header = Header {
        connection_id: 1,
        transaction_id: 2,
    };
    let front = |action: u32| {
        let mut packet = Vec::new();
        packet.extend_from_slice(&1_u64.to_be_bytes());
        packet.extend_from_slice(&action.to_be_bytes());
        packet.extend_from_slice(&2_u32.to_be_bytes());
        packet
    };
    assert_eq!(parse_request(&front(1)[..15]), Err(Malformed::TooShort));
    assert_eq!(parse_request(&front(0)), Err(Malformed::NotAConnect));
    assert_eq!(
        parse_request(&front(1)),
        Err(Malformed::ShortAnnounce { header })
    );
    assert_eq!(
        parse_request(&front(2)),
        Err(Malformed::EmptyScrape { header })
    );
    let unknown = Malformed::UnknownAction { header, action: 3 };
    assert_eq!(parse_request(&front(3)), Err(unknown));
    assert_eq!(unknown.header(), Some(header));
    let announce = unhex(ANNOUNCE_HEX);
    assert!(parse_request(&announce[..97]).is_err());
}

#[test]
fn an_error_by_value() {
    let mut reply = Vec::new();
    write_error(&mut reply, 9, "no");
    assert_eq!(reply, unhex("00000003 00000009 6e6f"));
    assert_eq!(
        parse_reply(&reply),
        Ok((9, Reply::Error { message: b"no" }))
    );
    assert_eq!(
        parse_reply(&reply[..7]),
        Err(ReplyError::TooShort { len_bytes: 7 })
    );
    assert_eq!(
        parse_reply(&[0, 0, 0, 4, 0, 0, 0, 0]),
        Err(ReplyError::UnknownAction { action: 4 })
    );
}

/// The URL data of an announce with these options.
fn url_of(options: &[u8]) -> Option<Vec<u8>> {
    let mut packet = unhex(ANNOUNCE_HEX);
    packet.extend_from_slice(options);
    let Ok(Request::Announce(announce)) = parse_request(&packet) else {
        panic!("no announce");
    };
    announce
        .url_data
        .joined(&mut [0; UDP_URL_DATA_LEN_BYTES_MAX])
        .map(<[u8]>::to_vec)
}

#[test]
fn url_data_as_the_proposal_shows_it() {
    let plain = b"\x02\x0c/dir?a=b&c=d";
    let padded = b"\x02\x0c/dir?a=b&c=d\x01\x01\x00\x02\x01x";
    let unknown_between = b"\x02\x04/dir\x09\x03abc\x02\x08?a=b&c=d";
    for options in [&plain[..], padded, unknown_between] {
        assert_eq!(url_of(options).as_deref(), Some(&b"/dir?a=b&c=d"[..]));
    }
    assert_eq!(url_of(b"\x02\x00"), None);
    assert_eq!(url_of(b""), None);
    assert_eq!(url_of(b"\x02\x05/dir"), None);
    assert_eq!(url_of(b"\x02"), None);
    let mut long = Vec::new();
    write_url_data(&mut long, &[b'x'; UDP_URL_DATA_LEN_BYTES_MAX]);
    assert_eq!(
        url_of(&long).map(|url| url.len()),
        Some(UDP_URL_DATA_LEN_BYTES_MAX)
    );
    write_url_data(&mut long, b"y");
    assert_eq!(url_of(&long), None);
}

proptest! {
    #[test]
    fn any_packet_is_read_without_a_panic(packet in vec(any::<u8>(), 0..200), action in 0_u8..4) {
        let _ = parse_reply(&packet);
        let _ = parse_request(&packet);
        let mut packet = packet;
        if let Some(front) = packet.get_mut(8..12) {
            front.copy_from_slice(&[0, 0, 0, action]);
        }
        if let Ok(Request::Announce(announce)) = parse_request(&packet) {
            let _ = announce.url_data.joined(&mut [0; UDP_URL_DATA_LEN_BYTES_MAX]);
            let mut written = Vec::new();
            announce.write(&mut written);
            let Ok(Request::Announce(again)) = parse_request(&written) else {
                panic!("not read again");
            };
            let without_options = AnnounceRequest { url_data: UrlData::default(), ..announce };
            prop_assert_eq!(again, without_options);
        }
    }
}
