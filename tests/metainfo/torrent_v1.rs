//! What the info dictionary of a v1 torrent must have; its files are in `v1_files`.

use mt::base::limits::{PIECE_LENGTH_BYTES_MAX, TOTAL_SIZE_BYTES_MAX};
use mt::bencode::{self, Kind};
use mt::hash::sha1;
use mt::metainfo::{Fault, Metainfo, Version};

use crate::build::{Node, assert_refused, dict, error};
use crate::samples::{v1_directory, v1_single};

const NOT_A_STRING: Fault = Fault::WrongType {
    wanted: Kind::Bytes,
    found: Kind::Integer,
};
const NOT_AN_INTEGER: Fault = Fault::WrongType {
    wanted: Kind::Integer,
    found: Kind::Bytes,
};

#[test]
fn a_single_file_says_all_of_itself() {
    let metainfo = v1_single().read();
    let info = &metainfo.info;
    assert_eq!(info.version(), Version::V1);
    assert_eq!((info.name(), info.is_directory()), ("one.bin", false));
    assert_eq!((info.piece_length(), info.piece_count()), (16_384, 3));
    assert_eq!(info.v1_hashes().map(<[u8]>::len), Some(60));
    assert_eq!((info.is_private(), info.source()), (false, None));
    let file = info.files().get(0);
    assert_eq!((file.path, file.len_bytes), ("one.bin", 40_000));
    assert_eq!((file.root, file.symlink), (None, None));
    assert!(metainfo.oddities.described().is_empty());
    assert_eq!(metainfo.to_torrent(), v1_single().encode());
}

#[test]
fn whatever_is_cut_off_is_missed() {
    for sample in [v1_single(), v1_directory()].map(|sample| sample.encode()) {
        for len_bytes in 0..sample.len() {
            let refusal = Metainfo::from_torrent(sample[..len_bytes].to_vec()).unwrap_err();
            assert_eq!(refusal.place, "document");
            let Fault::Bencode(fault) = &refusal.fault else {
                panic!("{len_bytes} bytes: {refusal}");
            };
            assert!(fault.at <= len_bytes, "{len_bytes} bytes: {refusal}");
            let is_end = matches!(
                fault.fault,
                bencode::Fault::Truncated(_) | bencode::Fault::StringBeyondEnd { .. }
            );
            assert!(is_end, "{len_bytes} bytes: {refusal}");
        }
    }
}

#[test]
fn nothing_follows_the_document() {
    let document = v1_single().encode();
    let at = document.len();
    let trailing = Metainfo::from_torrent([&document[..], b"\n"].concat()).unwrap_err();
    let fault = bencode::Fault::Trailing(1);
    assert_eq!(
        trailing,
        error("document", Fault::Bencode(bencode::Error { at, fault }))
    );
}

#[test]
fn the_info_dictionary_is_needed() {
    let sample = v1_single();
    assert_refused(&sample.clone().without(&["info"]), "info", Fault::Missing);
    let wrong = |found| Fault::WrongType {
        wanted: Kind::Dict,
        found,
    };
    for (value, found) in [
        (Node::from(1), Kind::Integer),
        ("de".into(), Kind::Bytes),
        (Node::List(Vec::new()), Kind::List),
    ] {
        assert_refused(
            &sample.clone().with(&["info"], value.clone()),
            "info",
            wrong(found),
        );
        assert_refused(&value, "document", wrong(found));
    }
    assert_refused(
        &dict([("info", dict([]))]),
        "info.piece length",
        Fault::Missing,
    );
}

#[test]
fn the_name_is_a_string_that_says_something() {
    let sample = v1_single();
    let name = ["info", "name"];
    assert_refused(&sample.clone().without(&name), "info.name", Fault::Missing);
    assert_refused(&sample.clone().with(&name, ""), "info.name", Fault::Empty);
    assert_refused(&sample.with(&name, 5), "info.name", NOT_A_STRING);
}

#[test]
fn the_name_in_utf8_wins_where_it_can_be_used() {
    let sample = v1_single().with(&["info", "name"], &b"caf\xe9"[..]);
    let named = |twin: Node| {
        let metainfo = sample.clone().with(&["info", "name.utf-8"], twin).read();
        metainfo.info.name().to_owned()
    };
    assert_eq!(named("café".into()), "café");
    for unusable in [Node::from(""), Node::from(&b"caf\xe9"[..]), Node::from(7)] {
        assert_eq!(named(unusable), "caf_");
    }
    assert_eq!(
        sample
            .without(&["info", "name"])
            .with(&["info", "name.utf-8"], "alone")
            .read()
            .info
            .name(),
        "alone"
    );
}

#[test]
fn a_hostile_name_is_made_safe() {
    for (name, safe) in [
        ("..", "_"),
        ("/etc/passwd", "_etc_passwd"),
        ("a\u{202e}b\n", "a_b_"),
        ("NUL", "_NUL"),
    ] {
        for sample in [v1_single(), v1_directory()] {
            let metainfo = sample.with(&["info", "name"], name).read();
            assert_eq!(metainfo.info.name(), safe);
        }
    }
}

#[test]
fn a_piece_length_is_positive_and_not_absurd() {
    let place = ["info", "piece length"];
    let sample = v1_single();
    for wrong in [
        0,
        -1,
        i64::MIN,
        i64::from(PIECE_LENGTH_BYTES_MAX) + 1,
        i64::MAX,
    ] {
        assert_refused(
            &sample.clone().with(&place, wrong),
            "info.piece length",
            Fault::PieceLength(wrong),
        );
    }
    assert_refused(
        &sample.clone().without(&place),
        "info.piece length",
        Fault::Missing,
    );
    assert_refused(
        &sample.clone().with(&place, "16384"),
        "info.piece length",
        NOT_AN_INTEGER,
    );
    let any = sample
        .with(&place, i64::from(PIECE_LENGTH_BYTES_MAX))
        .with(&["info", "pieces"], vec![7; 20])
        .read();
    assert_eq!(any.info.piece_count(), 1);
    let odd = v1_single()
        .with(&place, 40_001 / 3)
        .with(&["info", "pieces"], vec![7; 20 * 4])
        .read();
    assert_eq!(odd.info.piece_count(), 4);
}

#[test]
fn the_length_is_no_less_than_nothing_and_no_more_than_all() {
    let place = ["info", "length"];
    let sample = v1_single();
    for wrong in [-1, i64::MIN] {
        assert_refused(
            &sample.clone().with(&place, wrong),
            "info.length",
            Fault::Negative(wrong),
        );
    }
    for wrong in [TOTAL_SIZE_BYTES_MAX + 1, i64::MAX.unsigned_abs()] {
        let too_large = Fault::TooLarge {
            value: wrong,
            max: TOTAL_SIZE_BYTES_MAX,
        };
        let value = i64::try_from(wrong).unwrap();
        assert_refused(
            &sample.clone().with(&place, value),
            "info.length",
            too_large,
        );
    }
    assert_refused(
        &sample.clone().with(&place, "9"),
        "info.length",
        NOT_AN_INTEGER,
    );
    assert_refused(
        &sample.clone().without(&place),
        "info.length",
        Fault::Missing,
    );
    assert_refused(
        &sample.with(&["info", "files"], Node::List(Vec::new())),
        "info",
        Fault::LengthAndFiles,
    );
    let overlong = v1_single().with(&place, Node::Raw(b"i99999999999999999999e".to_vec()));
    let Fault::Bencode(fault) = overlong.refusal().fault else {
        panic!("{}", overlong.refusal());
    };
    assert_eq!(fault.fault, bencode::Fault::IntegerTooLarge);
}

#[test]
fn an_empty_file_has_no_pieces() {
    let empty = v1_single()
        .with(&["info", "length"], 0)
        .with(&["info", "pieces"], "");
    let info = empty.read().info;
    assert_eq!((info.piece_count(), info.files().content_bytes()), (0, 0));
    let fault = Fault::WrongHashCount {
        found: 1,
        wanted: 0,
        size_bytes: 0,
        piece_length_bytes: 16_384,
    };
    assert_refused(
        &empty.with(&["info", "pieces"], vec![7; 20]),
        "info.pieces",
        fault,
    );
}

#[test]
fn the_pieces_are_whole_hashes_for_the_whole_size() {
    let place = ["info", "pieces"];
    let sample = v1_single();
    for len_bytes in [1, 19, 21, 59, 61] {
        let fault = Fault::NotWholeHashes {
            len_bytes,
            unit_bytes: 20,
        };
        assert_refused(
            &sample.clone().with(&place, vec![7; len_bytes]),
            "info.pieces",
            fault,
        );
    }
    for found in [0, 1, 2, 4, 100] {
        let fault = Fault::WrongHashCount {
            found,
            wanted: 3,
            size_bytes: 40_000,
            piece_length_bytes: 16_384,
        };
        let pieces = vec![7; 20 * usize::try_from(found).unwrap()];
        assert_refused(&sample.clone().with(&place, pieces), "info.pieces", fault);
    }
    assert_refused(
        &sample.clone().without(&place),
        "info.pieces",
        Fault::Missing,
    );
    assert_refused(&sample.with(&place, 1), "info.pieces", NOT_A_STRING);
}

#[test]
fn keys_out_of_order_are_borne_and_the_hash_is_of_the_bytes_as_they_are() {
    let info = b"d4:name1:x6:lengthi3e6:pieces20:aaaaaaaaaaaaaaaaaaaa12:piece lengthi16384ee";
    let document = [&b"d4:info"[..], info, b"8:announce20:http://t.example/anne"].concat();
    let metainfo = Metainfo::from_torrent(document.clone()).unwrap();
    assert_eq!(metainfo.info.hashes().v1, Some(sha1(info)));
    assert_eq!(metainfo.info.raw(), &info[..]);
    assert_eq!(metainfo.to_torrent(), document);
    assert_eq!(
        metainfo.oddities.described(),
        ["`info`: keys are not in order"]
    );
}

#[test]
fn a_key_twice_is_one_too_many() {
    let document = b"d4:infod6:lengthi3e6:lengthi4eee".to_vec();
    let refusal = Metainfo::from_torrent(document).unwrap_err();
    let fault = bencode::Fault::DuplicateKey(b"length".to_vec());
    assert_eq!(
        refusal,
        error("document", Fault::Bencode(bencode::Error { at: 19, fault }))
    );
    assert_eq!(
        refusal.to_string(),
        "`document`: byte 19: the key `length` is there twice"
    );
}

#[test]
fn private_counts_inside_of_the_info_only() {
    let private = ["info", "private"];
    let of = |sample: Node| {
        let metainfo = sample.read();
        (
            metainfo.info.is_private(),
            metainfo.oddities.described().to_vec(),
        )
    };
    assert_eq!(of(v1_single().with(&private, 1)), (true, vec![]));
    assert_eq!(of(v1_single().with(&private, 0)), (false, vec![]));
    let odd = "`info.private`: is neither 0 nor 1; taken as private".to_owned();
    for value in [Node::from(2), Node::from(-1), Node::from("1")] {
        assert_eq!(
            of(v1_single().with(&private, value)),
            (true, vec![odd.clone()])
        );
    }
    let outside = "`private`: stands outside of `info`, where it means nothing; ignored";
    assert_eq!(
        of(v1_single().with(&["private"], 1)),
        (false, vec![outside.to_owned()])
    );
}

#[test]
fn a_source_is_a_label() {
    let sample = |source: Node| v1_single().with(&["info", "source"], source).read();
    assert_eq!(sample("S-1".into()).info.source(), Some(&b"S-1"[..]));
    assert_eq!(
        sample("a\u{1b}[2J".into()).info.source(),
        Some(&b"a\x1b[2J"[..])
    );
    assert_eq!(sample(1.into()).info.source(), None);
}
