//! What is accepted, and each fault at its exact byte.

use super::super::{Error, Fault, Limits, parse, parse_prefix};

const ANY_VALUE: &str = "an integer, a string, a list or a dictionary";
const KEY: &str = "a key (a string) or the end of the dictionary";

#[track_caller]
fn assert_accepted(document: &[u8]) {
    let parsed = parse(document, Limits::METAINFO).unwrap();
    assert_eq!(parsed.value.raw(), document);
    assert_eq!(parsed.first_unsorted_key, None);
}

#[track_caller]
fn assert_refused_within(limits: Limits, document: &[u8], at: usize, fault: Fault) {
    let error = parse(document, limits).unwrap_err();
    assert_eq!(error, Error { at, fault }, "`{}`", document.escape_ascii());
}

#[track_caller]
fn assert_refused(document: &[u8], at: usize, fault: Fault) {
    assert_refused_within(Limits::METAINFO, document, at, fault);
}

fn unexpected(expected: &'static str, found: u8) -> Fault {
    Fault::Unexpected { expected, found }
}

fn duplicate(key: &[u8]) -> Fault {
    Fault::DuplicateKey(key.to_vec())
}

#[test]
fn the_examples_of_bep_3_are_accepted() {
    let examples: [&[u8]; 7] = [
        b"4:spam",
        b"i3e",
        b"i-3e",
        b"i0e",
        b"l4:spam4:eggse",
        b"d3:cow3:moo4:spam4:eggse",
        b"d4:spaml1:a1:bee",
    ];
    examples.into_iter().for_each(assert_accepted);
}

#[test]
fn empty_values_are_accepted() {
    let empty: [&[u8]; 6] = [
        b"0:",
        b"le",
        b"de",
        b"d0:0:e",
        b"lledee",
        b"d0:de1:ale1:b0:e",
    ];
    empty.into_iter().for_each(assert_accepted);
}

#[test]
fn every_truncation_is_refused() {
    let document = b"d1:ad2:bbi-120e3:cccl0:lei7eee10:dictionaryde4:list\
        ll11:nested text4:spami0eed1:xi1eeee";
    assert_accepted(document);
    for len in 0..document.len() {
        let error = parse(&document[..len], Limits::METAINFO).unwrap_err();
        assert!(error.at <= len, "{error}");
    }
}

#[test]
fn the_end_of_the_document_is_told_by_what_it_cuts() {
    assert_refused(b"", 0, Fault::Truncated("a value"));
    assert_refused(b"l", 1, Fault::Truncated("a list"));
    assert_refused(b"li1e", 4, Fault::Truncated("a list"));
    assert_refused(b"d", 1, Fault::Truncated("a dictionary"));
    assert_refused(b"d1:a", 4, Fault::Truncated("a value"));
    assert_refused(b"d1:ai1e", 7, Fault::Truncated("a dictionary"));
    for integer in [&b"i"[..], b"i-", b"i1", b"i-12"] {
        assert_refused(integer, 0, Fault::Truncated("an integer"));
    }
    assert_refused(b"li12", 1, Fault::Truncated("an integer"));
    assert_refused(b"12", 0, Fault::Truncated("a string"));
    assert_refused(b"d12", 1, Fault::Truncated("a string"));
}

#[test]
fn bytes_after_the_value_are_refused_by_parse_and_returned_by_parse_prefix() {
    assert_refused(b"i1ei2e", 3, Fault::Trailing(3));
    assert_refused(b"4:spam\n", 6, Fault::Trailing(1));
    assert_refused(b"lee", 2, Fault::Trailing(1));
    let (parsed, rest) = parse_prefix(b"d1:ai1eepiece", Limits::METAINFO).unwrap();
    assert_eq!(parsed.value.raw(), b"d1:ai1ee");
    assert_eq!(rest, b"piece");
}

#[test]
fn integers_have_one_spelling() {
    for zeros in [&b"i00e"[..], b"i03e", b"i-03e", b"i-00e"] {
        assert_refused(zeros, 0, Fault::IntegerLeadingZero);
    }
    assert_refused(b"li-0ee", 1, Fault::IntegerNegativeZero);
    assert_refused(b"i+3e", 1, unexpected("a digit", b'+'));
    assert_refused(b"ie", 1, unexpected("a digit", b'e'));
    assert_refused(b"i 1e", 1, unexpected("a digit", b' '));
    assert_refused(b"i-e", 2, unexpected("a digit", b'e'));
    assert_refused(b"i--1e", 2, unexpected("a digit", b'-'));
    assert_refused(b"i1.0e", 2, unexpected("a digit or `e`", b'.'));
    assert_refused(b"i12-e", 3, unexpected("a digit or `e`", b'-'));
    assert_refused(b"i1i2ee", 2, unexpected("a digit or `e`", b'i'));
}

#[test]
fn integers_fit_64_bits() {
    for value in [i64::MAX, i64::MAX - 1, i64::MIN, i64::MIN + 1] {
        let document = format!("i{value}e");
        let parsed = parse(document.as_bytes(), Limits::METAINFO).unwrap();
        assert_eq!(parsed.value.as_i64(), Some(value));
    }
    let many_digits = format!("i{}e", "9".repeat(100_000));
    let beyond = [
        "i9223372036854775808e",
        "i-9223372036854775809e",
        "i18446744073709551616e",
        "i99999999999999999999e",
        &many_digits,
    ];
    for document in beyond {
        assert_refused(document.as_bytes(), 0, Fault::IntegerTooLarge);
    }
}

#[test]
fn lengths_have_one_spelling() {
    for zeros in ["00:", "01:a", "004:spam", "0000000000:"] {
        assert_refused(zeros.as_bytes(), 0, Fault::LengthLeadingZero);
    }
    assert_refused(b"1x", 1, unexpected("a digit or `:`", b'x'));
    assert_refused(b"4 :spam", 1, unexpected("a digit or `:`", b' '));
    assert_refused(b"-1:a", 0, unexpected(ANY_VALUE, b'-'));
    assert_refused(b"+1:a", 0, unexpected(ANY_VALUE, b'+'));
    assert_refused(b":", 0, unexpected(ANY_VALUE, b':'));
}

#[test]
fn a_string_stays_inside_the_document() {
    assert_refused(
        b"4:spa",
        0,
        Fault::StringBeyondEnd {
            len_bytes: 4,
            left_bytes: 3,
        },
    );
    for len_bytes in [
        i32::MAX as u64,
        1 << 31,
        u64::from(u32::MAX),
        1 << 32,
        9_999_999_999,
    ] {
        let document = format!("l{len_bytes}:abce");
        let left_bytes = 4;
        let fault = Fault::StringBeyondEnd {
            len_bytes,
            left_bytes,
        };
        assert_refused(document.as_bytes(), 1, fault);
    }
}

#[test]
fn a_length_with_more_digits_than_any_document_needs_is_refused() {
    let lengths: [u128; 5] = [
        10_000_000_000,
        1 << 63,
        (1 << 64) - 1,
        1 << 64,
        (1 << 64) + 4,
    ];
    for len_bytes in lengths {
        let document = format!("{len_bytes}:spam");
        assert_refused(document.as_bytes(), 0, Fault::LengthTooLarge(10));
    }
    assert_refused(b"00000000004:spam", 0, Fault::LengthTooLarge(10));
}

#[test]
fn a_value_begins_as_one_of_four() {
    for first in (0..=u8::MAX).filter(|byte| !b"ild0123456789".contains(byte)) {
        assert_refused(&[first], 0, unexpected(ANY_VALUE, first));
    }
}

#[test]
fn keys_are_strings() {
    assert_refused(b"di1e1:ae", 1, unexpected(KEY, b'i'));
    assert_refused(b"dle1:ae", 1, unexpected(KEY, b'l'));
    assert_refused(b"dde1:ae", 1, unexpected(KEY, b'd'));
    assert_refused(b"d1:a0:i2e0:e", 6, unexpected(KEY, b'i'));
}

#[test]
fn keys_have_values() {
    assert_refused(b"d1:ae", 4, unexpected(ANY_VALUE, b'e'));
    assert_refused(b"d1:a0:1:be", 9, unexpected(ANY_VALUE, b'e'));
}

#[test]
fn no_key_stands_twice() {
    assert_refused(b"d1:ai1e1:ai2ee", 7, duplicate(b"a"));
    assert_refused(b"d0:0:0:0:e", 5, duplicate(b""));
    // Far apart, where only a look at all keys finds it.
    assert_refused(b"d1:b0:1:a0:1:b0:e", 11, duplicate(b"b"));
    assert_refused(b"d1:a0:1:c0:1:b0:1:d0:1:c0:e", 21, duplicate(b"c"));
    // In an inner dictionary, while keys of the outer one wait.
    assert_refused(b"d1:bd1:y0:1:x0:1:y0:e1:a0:e", 15, duplicate(b"y"));
    // In the outer dictionary, after an inner one is done with.
    assert_refused(b"d1:bd1:y0:1:x0:e1:a0:1:b0:e", 21, duplicate(b"b"));
    assert_refused(b"ld1:b0:1:a0:1:b0:ee", 12, duplicate(b"b"));
}

#[test]
fn dictionaries_in_each_other_may_share_keys() {
    let document = b"d1:bd1:b0:1:a0:e1:ad1:b0:1:a0:ee";
    let parsed = parse(document, Limits::METAINFO).unwrap();
    assert_eq!(parsed.first_unsorted_key, Some(10));
    assert_accepted(b"ld1:a0:ed1:a0:ee");
}

#[test]
fn the_first_key_out_of_order_is_reported() {
    let unsorted: [(&[u8], usize); 6] = [
        (b"d1:b0:1:a0:e", 6),
        (b"d1:a0:1:c0:1:b0:0:0:e", 11),
        (b"d1:ad1:y0:1:x0:e1:b0:e", 10),
        (b"d1:bd1:y0:1:x0:e1:a0:e", 10),
        // Order is by bytes, not by length and not by text.
        (b"d1:b0:2:aa0:e", 6),
        (b"d1:\xff0:1:a0:e", 6),
    ];
    for (document, at) in unsorted {
        let parsed = parse(document, Limits::METAINFO).unwrap();
        assert_eq!(parsed.first_unsorted_key, Some(at));
    }
    assert_accepted(b"d1:a0:2:aa0:1:b0:e");
    assert_accepted(b"d0:0:1:Z0:1:a0:1:\xff0:e");
}

#[test]
fn a_document_is_no_longer_than_the_limit() {
    let limits = |len_bytes| Limits {
        len_bytes,
        ..Limits::METAINFO
    };
    assert!(parse(b"4:spam", limits(6)).is_ok());
    let fault = Fault::TooLong {
        len_bytes: 6,
        max_bytes: 5,
    };
    assert_refused_within(limits(5), b"4:spam", 5, fault);
}

#[test]
fn brackets_nest_no_deeper_than_the_limit() {
    let limits = |depth| Limits {
        depth,
        ..Limits::METAINFO
    };
    assert!(parse(b"i1e", limits(0)).is_ok());
    assert_refused_within(limits(0), b"le", 0, Fault::TooDeep(0));
    assert!(parse(b"llelleleed0:0:ee", limits(2)).is_err());
    assert!(parse(b"lleleled0:0:ee", limits(2)).is_ok());
    assert_refused_within(limits(2), b"llleee", 2, Fault::TooDeep(2));
    assert_refused_within(limits(2), b"d0:d0:deee", 6, Fault::TooDeep(2));
    let nested = |depth| [b"l".repeat(depth), b"e".repeat(depth)].concat();
    assert_accepted(&nested(Limits::METAINFO.depth));
    assert_refused(&nested(257), 256, Fault::TooDeep(256));
    assert_refused(&nested(1_000_000), 256, Fault::TooDeep(256));
}

#[test]
fn keys_and_brackets_count_toward_the_limit_of_values() {
    let counts: [(&[u8], usize); 4] = [
        (b"i1e", 1),
        (b"le", 2),
        (b"li1e1:ae", 4),
        (b"d1:ai1e1:blee", 7),
    ];
    for (document, values) in counts {
        let limits = |values| Limits {
            values,
            ..Limits::METAINFO
        };
        assert!(parse(document, limits(values)).is_ok());
        let error = parse(document, limits(values - 1)).unwrap_err();
        assert_eq!(error.fault, Fault::TooManyValues(values - 1));
    }
    let limits = Limits {
        values: 3,
        ..Limits::METAINFO
    };
    assert_refused_within(limits, b"li1ei2ei3ee", 7, Fault::TooManyValues(3));
}

#[test]
fn an_error_says_where_and_what() {
    let told = |document: &[u8]| parse(document, Limits::METAINFO).unwrap_err().to_string();
    assert_eq!(
        told(b"d1:a\xffe"),
        format!("byte 4: expected {ANY_VALUE}, found `\\xff`")
    );
    let long_key = [&b"70:"[..], &[b'k'; 70], b"0:"].concat();
    let twice = [b"d", &long_key[..], &long_key[..], b"e"].concat();
    assert_eq!(
        told(&twice),
        format!("byte 76: the key `{}...` is there twice", "k".repeat(64))
    );
}
