//! Looking into checked values.

use super::super::{Kind, Limits, Token, Value, Walk, parse};

fn checked(document: &[u8]) -> Value<'_> {
    parse(document, Limits::METAINFO).unwrap().value
}

#[test]
fn a_value_is_of_one_kind() {
    let kinds: [(&[u8], Kind); 6] = [
        (b"i-1e", Kind::Integer),
        (b"0:", Kind::Bytes),
        (b"4:i1ee", Kind::Bytes),
        (b"9:lllllllll", Kind::Bytes),
        (b"le", Kind::List),
        (b"de", Kind::Dict),
    ];
    for (document, kind) in kinds {
        let value = checked(document);
        assert_eq!(value.kind(), kind);
        assert_eq!(value.as_i64().is_some(), kind == Kind::Integer);
        assert_eq!(value.as_bytes().is_some(), kind == Kind::Bytes);
        assert_eq!(value.as_list().is_some(), kind == Kind::List);
        assert_eq!(value.as_dict().is_some(), kind == Kind::Dict);
        let has_inside = matches!(kind, Kind::List | Kind::Dict);
        assert_eq!(Walk::inside(value).is_some(), has_inside);
    }
}

#[test]
fn strings_are_bytes_and_sometimes_text() {
    assert_eq!(checked(b"4:spam").as_str(), Some("spam"));
    assert_eq!(checked(b"0:").as_str(), Some(""));
    assert_eq!(checked(b"2:\xc3\xa9").as_str(), Some("é"));
    assert_eq!(checked(b"2:\xc3\x28").as_str(), None);
    assert_eq!(checked(b"2:\xc3\x28").as_bytes(), Some(&b"\xc3\x28"[..]));
}

#[test]
fn a_list_yields_raw_spans_in_order() {
    let items: Vec<_> = checked(b"li-5e2:eelli1eeed1:a1:eee")
        .as_list()
        .unwrap()
        .map(Value::raw)
        .collect();
    let wanted: [&[u8]; 4] = [b"i-5e", b"2:ee", b"lli1eee", b"d1:a1:ee"];
    assert_eq!(items, wanted);
    assert_eq!(checked(b"le").as_list().unwrap().count(), 0);
}

#[test]
fn a_dictionary_yields_pairs_in_the_order_of_the_document() {
    let dict = checked(b"d1:bd1:xi1ee1:ali2eee").as_dict().unwrap();
    assert_eq!(dict.raw(), b"d1:bd1:xi1ee1:ali2eee");
    let pairs: Vec<_> = dict.iter().map(|(key, value)| (key, value.raw())).collect();
    let wanted: [(&[u8], &[u8]); 2] = [(b"b", b"d1:xi1ee"), (b"a", b"li2ee")];
    assert_eq!(pairs, wanted);
    assert_eq!(checked(b"de").as_dict().unwrap().iter().count(), 0);
}

#[test]
fn a_look_up_sees_own_keys_only() {
    let dict = checked(b"d1:ad1:bi1ee1:ci2e1:d1:ee").as_dict().unwrap();
    assert_eq!(dict.get(b"a").unwrap().raw(), b"d1:bi1ee");
    assert_eq!(dict.get(b"c").unwrap().as_i64(), Some(2));
    assert!(dict.get(b"b").is_none());
    assert!(dict.get(b"e").is_none());
    assert!(dict.get(b"").is_none());
}

#[test]
fn a_walk_goes_token_by_token_and_ends_with_the_value() {
    let mut walk = Walk::inside(checked(b"d1:ali1e2:eeee")).unwrap();
    assert_eq!(walk.offset(), 1);
    assert_eq!(walk.peek(), Some(Token::Starts(Kind::Bytes)));
    assert_eq!(walk.string(), Some(&b"a"[..]));
    assert_eq!(walk.string(), None, "a list is no string");
    assert_eq!(walk.peek(), Some(Token::Starts(Kind::List)));
    walk.step_over_bracket();
    assert_eq!(walk.peek(), Some(Token::Starts(Kind::Integer)));
    assert_eq!(walk.string(), None, "an integer is no string");
    assert_eq!(walk.value().unwrap().as_i64(), Some(1));
    assert_eq!(walk.string(), Some(&b"ee"[..]));
    assert_eq!(walk.value(), None, "the list ends here");
    for _ in 0..2 {
        assert_eq!(walk.peek(), Some(Token::Ends));
        walk.step_over_bracket();
    }
    assert_eq!(walk.offset(), b"d1:ali1e2:eeee".len());
    assert_eq!(walk.peek(), None);
    assert_eq!(walk.value(), None);
    assert_eq!(walk.string(), None);
}

#[test]
fn a_walk_skips_whole_values() {
    let document = b"d1:ad1:bl4:eeeei1eee1:ci7ee";
    let mut walk = Walk::inside(checked(document)).unwrap();
    assert_eq!(walk.string(), Some(&b"a"[..]));
    assert_eq!(walk.value().unwrap().raw(), b"d1:bl4:eeeei1eee");
    assert_eq!(walk.string(), Some(&b"c"[..]));
    assert_eq!(walk.value().unwrap().raw(), b"i7e");
    assert_eq!(walk.peek(), Some(Token::Ends));
}

#[test]
fn a_walk_resumes_where_an_offset_was_kept() {
    let document = b"d1:a3:one1:b3:two1:c5:threee";
    let value = checked(document);
    let mut walk = Walk::inside(value).unwrap();
    let mut starts = Vec::new();
    loop {
        let start = walk.offset();
        if walk.string().is_none() {
            break;
        }
        walk.value().unwrap();
        starts.push(start);
    }
    assert_eq!(starts, [1, 9, 17]);
    let mut resumed = Walk::resume(value, starts[1]);
    assert_eq!(resumed.string(), Some(&b"b"[..]));
    assert_eq!(resumed.value().unwrap().as_bytes(), Some(&b"two"[..]));
    assert_eq!(resumed.string(), Some(&b"c"[..]));
}

#[test]
fn deep_values_are_skipped_without_recursion() {
    let depth = Limits::METAINFO.depth;
    let document = [b"l".repeat(depth), b"e".repeat(depth)].concat();
    let mut value = checked(&document);
    for _ in 1..depth {
        value = value.as_list().unwrap().next().unwrap();
    }
    assert_eq!(value.raw(), b"le");
}

#[test]
fn a_value_shows_itself_as_text() {
    assert_eq!(format!("{:?}", checked(b"2:a\xff")), r"`2:a\xff`");
}

/// The promise of `Value::from_checked` about bytes that were never checked.
#[test]
fn unchecked_bytes_give_nonsense_but_no_panic() {
    let unchecked: [&[u8]; 14] = [
        b"",
        b"e",
        b"i",
        b"i1",
        b"ie",
        b"l",
        b"d",
        b"d1:a",
        b"li1",
        b"9:short",
        b"l18446744073709551615:e",
        b"18446744073709551615:",
        b"99999999999999999999999999:",
        b":",
    ];
    for raw in unchecked {
        let value = Value::from_checked(raw);
        assert_eq!(value.as_i64(), None);
        assert_eq!(value.as_bytes(), None);
        assert_eq!(value.as_list().into_iter().flatten().count(), 0);
        let pairs = value.as_dict().map(|dict| dict.iter().count());
        assert_eq!(pairs.unwrap_or_default(), 0);
    }
}
