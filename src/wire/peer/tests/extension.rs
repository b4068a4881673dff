use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use super::super::{
    EXTENSION_HANDSHAKE_ID, ExtensionHandshake, ExtensionHandshakeError, Frame, LongKind, frame,
};
use crate::base::limits::{
    EXTENSION_CLIENT_LEN_BYTES_MAX, EXTENSION_HANDSHAKE_LEN_BYTES_MAX, EXTENSION_NAMES_MAX,
    METAINFO_LEN_BYTES_MAX,
};

fn parse(body: &str) -> ExtensionHandshake<'_> {
    ExtensionHandshake::parse(body.as_bytes()).unwrap()
}

/// The body of the whole message that the handshake is written as.
fn written(handshake: &ExtensionHandshake<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    handshake.write(&mut bytes);
    let Ok(Frame::Long(long)) = frame(&bytes, None) else {
        panic!("a long message");
    };
    let extended_id = EXTENSION_HANDSHAKE_ID;
    assert_eq!(long.kind, LongKind::Extended { extended_id });
    assert_eq!(long.len_bytes(), bytes.len());
    long.body_of(&bytes).unwrap().to_vec()
}

#[test]
fn what_programs_say_is_understood() {
    let body = b"d1:md11:ut_metadatai3e6:ut_pexi1ee13:metadata_sizei31235e1:pi51413e4:reqqi512e\
                 11:upload_onlyi1e1:v18:Transmission 4.0.56:yourip4:\xcb\x00\x71\x05e";
    let expected = ExtensionHandshake {
        ids: vec![(b"ut_metadata", 3), (b"ut_pex", 1)],
        client: Some(b"Transmission 4.0.5"),
        requests_max: Some(512),
        listen_port: Some(51413),
        your_ip: Some(Ipv4Addr::new(203, 0, 113, 5).into()),
        is_upload_only: Some(true),
        metadata_len_bytes: Some(31235),
    };
    let handshake = ExtensionHandshake::parse(body).unwrap();
    assert_eq!(handshake, expected);
    assert_eq!(handshake.id_of(b"ut_metadata"), Some(3));
    assert_eq!(handshake.id_of(b"ut_holepunch"), None);
    assert_eq!(written(&expected), body);
}

#[test]
fn everything_is_optional() {
    assert_eq!(parse("de"), ExtensionHandshake::default());
    assert_eq!(written(&ExtensionHandshake::default()), b"de");
}

#[test]
fn an_extension_can_be_turned_off() {
    assert_eq!(parse("d1:md6:ut_pexi0eee").id_of(b"ut_pex"), Some(0));
}

#[test]
fn junk_counts_as_not_said() {
    let nothing = ExtensionHandshake::default();
    for body in [
        "d1:mi1ee",
        "d1:mle1:p3:abc4:reqq2:no11:upload_only3:yes1:vi4e6:yourip5:abcdee",
        "d1:md6:ut_pexi256e11:ut_metadatai-1e5:otherlee1:pi0e4:reqqi0e1:v0:6:yourip0:e",
        "d13:metadata_sizei0e1:pi65536e4:reqqi-5ee",
        "d13:metadata_sizei9223372036854775807e1:pi-1e4:reqqi4294967296ee",
        "d1:ai1e2:zzld1:xleeee and more that nobody asked for",
    ] {
        assert_eq!(parse(body), nothing, "{body}");
    }
    let long = "x".repeat(EXTENSION_CLIENT_LEN_BYTES_MAX + 1);
    assert_eq!(parse(&format!("d1:v{}:{long}e", long.len())), nothing);
    assert_eq!(parse(&format!("d1:md{}:{long}i1eee", long.len())), nothing);
}

#[test]
fn keys_in_any_order_are_read() {
    let handshake = parse("d4:reqqi9e1:pi7ee");
    assert_eq!(handshake.requests_max, Some(9));
    assert_eq!(handshake.listen_port, Some(7));
}

#[test]
fn what_is_no_dictionary_is_refused() {
    assert_eq!(
        ExtensionHandshake::parse(b"li1ee"),
        Err(ExtensionHandshakeError::NotADictionary("a list"))
    );
    let too_long = format!("d1:x{n}:{}e", "x".repeat(1 << 20), n = 1 << 20);
    assert!(too_long.len() > EXTENSION_HANDSHAKE_LEN_BYTES_MAX);
    let too_deep = format!("d1:x{}{}e", "l".repeat(100), "e".repeat(100));
    let too_many = format!("d1:xl{}ee", "i1e".repeat(10_000));
    for body in ["", "d", "d1:p", "hello", &too_long, &too_deep, &too_many] {
        let refused = ExtensionHandshake::parse(body.as_bytes());
        assert!(
            matches!(refused, Err(ExtensionHandshakeError::Bencode(_))),
            "{refused:?}"
        );
    }
}

#[test]
fn many_names_are_cut_short() {
    let names: String = (0..200).map(|n| format!("3:{n:03}i{n}e")).collect();
    let body = format!("d1:md{names}ee");
    let handshake = parse(&body);
    assert_eq!(handshake.ids.len(), EXTENSION_NAMES_MAX);
    assert_eq!(handshake.id_of(b"063"), Some(63));
}

#[test]
fn names_of_programs_are_made_fit_to_see() {
    let handshake = parse("d1:v9:evil\u{1b}[2J\ne");
    let shown = handshake.client_name().unwrap();
    assert_eq!(shown, r"evil\u{1b}[2J\n");
}

prop_compose! {
    fn fields()(
        ids in btree_map(vec(any::<u8>(), 0..20), any::<u8>(), 0..8),
        client in option::of(vec(any::<u8>(), 1..100)),
        requests_max in option::of(1..u32::MAX),
        listen_port in option::of(1..u16::MAX),
        your_ip in option::of(prop_oneof![
            any::<u32>().prop_map(|bits| IpAddr::from(Ipv4Addr::from(bits))),
            any::<u128>().prop_map(|bits| IpAddr::from(Ipv6Addr::from(bits))),
        ]),
        is_upload_only in option::of(any::<bool>()),
        metadata in option::of(1..=u32::try_from(METAINFO_LEN_BYTES_MAX).unwrap()),
    ) -> (Vec<(Vec<u8>, u8)>, Option<Vec<u8>>, ExtensionHandshake<'static>) {
        let rest = ExtensionHandshake {
            ids: Vec::new(),
            client: None,
            requests_max,
            listen_port,
            your_ip,
            is_upload_only,
            metadata_len_bytes: metadata,
        };
        (ids.into_iter().collect(), client, rest)
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back((ids, client, rest) in fields()) {
        let ids: Vec<_> = ids.iter().map(|(name, id)| (&name[..], *id)).collect();
        let sorted = ExtensionHandshake { ids: ids.clone(), client: client.as_deref(), ..rest };
        let mut shuffled = sorted.clone();
        shuffled.ids.reverse();
        let body = written(&shuffled);
        prop_assert_eq!(ExtensionHandshake::parse(&body), Ok(sorted));
    }

    #[test]
    fn any_bytes_are_judged(body in vec(any::<u8>(), 0..200)) {
        let as_dict = [b"d", &body[..]].concat();
        let _ = ExtensionHandshake::parse(&body);
        let _ = ExtensionHandshake::parse(&as_dict);
    }
}
