//! The writer, and the promises that it holds its caller to.

use super::super::Writer;

#[test]
fn writes_the_only_spelling() {
    let mut writer = Writer::default();
    writer.begin_dict();
    writer.key(b"").integer(i64::MIN);
    writer.key(b"a").begin_list();
    writer.integer(0).bytes(b"").bytes(b"\xff:");
    writer.begin_dict().end().end();
    writer.key(b"aa").integer(u64::MAX);
    writer.key(b"b").raw(b"l1:xe");
    writer
        .key(b"c")
        .bytes_with(11, |out| out.extend_from_slice(b"eleven byte"));
    writer.end();
    let wanted = b"d0:i-9223372036854775808e1:ali0e0:2:\xff:dee2:aai18446744073709551615e\
        1:bl1:xe1:c11:eleven bytee";
    assert_eq!(
        writer.finish().escape_ascii().to_string(),
        wanted.escape_ascii().to_string()
    );
}

#[test]
fn keys_of_a_dictionary_are_compared_with_their_own_siblings() {
    let mut writer = Writer::with_capacity(32);
    writer.begin_dict().key(b"b").begin_dict();
    writer.key(b"a").integer(1).end();
    writer.key(b"c").integer(2).end();
    assert_eq!(writer.finish(), b"d1:bd1:ai1ee1:ci2ee");
}

#[test]
#[should_panic(expected = "keys rise: b then a")]
fn a_falling_key_is_refused() {
    let mut writer = Writer::default();
    writer.begin_dict().key(b"b").integer(1).key(b"a");
}

#[test]
#[should_panic(expected = "keys rise: a then a")]
fn a_repeated_key_is_refused() {
    let mut writer = Writer::default();
    writer.begin_dict().key(b"a").integer(1).key(b"a");
}

#[test]
#[should_panic(expected = "a key outside of a dictionary")]
fn a_key_in_a_list_is_refused() {
    Writer::default().begin_list().key(b"a");
}

#[test]
#[should_panic(expected = "every bracket is closed")]
fn an_open_bracket_is_refused() {
    let mut writer = Writer::default();
    writer.begin_list();
    writer.finish();
}

#[test]
#[should_panic(expected = "an end without a beginning")]
fn an_end_too_many_is_refused() {
    Writer::default().begin_list().end().end();
}

#[test]
#[should_panic(expected = "a string of the length that was said")]
fn a_string_of_another_length_is_refused() {
    Writer::default().bytes_with(2, |out| out.push(b'x'));
}
