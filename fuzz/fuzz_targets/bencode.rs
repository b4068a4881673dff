//! Any bytes are bencode or an error, every view of a document agrees with its bytes, and a
//! document with its keys in order is what the writer would write.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mt::bencode::{Kind, Limits, Token, Value, Walk, Writer, parse, parse_prefix};

/// Looking into a value walks its span again: of deep and wide documents only a part is looked at
/// so, that the work stays bounded.
const VIEWED_BYTES_MAX: usize = 1 << 20;

fuzz_target!(|document: &[u8]| {
    let prefix = parse_prefix(document, Limits::METAINFO);
    let Ok(parsed) = parse(document, Limits::METAINFO) else {
        if let Ok((prefix, rest)) = prefix {
            assert!(!rest.is_empty());
            assert_eq!(prefix.value.raw().len() + rest.len(), document.len());
        }
        return;
    };
    assert_eq!(parsed.value.raw(), document);
    let is_sorted = parsed.first_unsorted_key.is_none();
    let written = rewrite(parsed.value, is_sorted);
    assert_eq!(written, document);
    view(parsed.value, &mut { VIEWED_BYTES_MAX });
});

/// Walks through every token and writes it again. The writer refuses keys that are out of order, so
/// those are written as the strings that they are.
fn rewrite(value: Value<'_>, is_sorted: bool) -> Vec<u8> {
    let mut writer = Writer::default();
    let mut walk = Walk::resume(value, 0);
    let mut open: Vec<Kind> = Vec::new();
    while let Some(token) = walk.peek() {
        let in_dictionary = open.last() == Some(&Kind::Dict);
        if in_dictionary && let Some(key) = walk.string() {
            if is_sorted {
                writer.key(key);
            } else {
                writer.bytes(key);
            }
        }
        // What follows a key is its value; the end of the dictionary follows none.
        match if in_dictionary {
            walk.peek()
        } else {
            Some(token)
        } {
            Some(Token::Starts(kind @ (Kind::List | Kind::Dict))) => {
                open.push(kind);
                walk.step_over_bracket();
                match kind {
                    Kind::Dict => writer.begin_dict(),
                    _ => writer.begin_list(),
                };
            }
            Some(Token::Starts(Kind::Integer)) => {
                let integer = walk.value().and_then(Value::as_i64);
                writer.integer(integer.expect("a checked integer fits"));
            }
            Some(Token::Starts(Kind::Bytes)) => {
                writer.bytes(walk.string().expect("a checked string is whole"));
            }
            Some(Token::Ends) => {
                open.pop().expect("an end ends something");
                walk.step_over_bracket();
                writer.end();
            }
            None => panic!("a key without a value was accepted"),
        }
    }
    assert_eq!(walk.offset(), value.raw().len());
    writer.finish()
}

/// Goes through a value by its views; the spans of its parts add up to its own.
fn view(value: Value<'_>, budget_bytes: &mut usize) {
    let Some(left) = budget_bytes.checked_sub(value.raw().len()) else {
        return;
    };
    *budget_bytes = left;
    let len_bytes = match value.kind() {
        Kind::Integer => {
            let integer = value.as_i64().expect("a checked integer fits");
            assert_eq!(value.raw(), format!("i{integer}e").as_bytes());
            value.raw().len()
        }
        Kind::Bytes => spelled_len(value.as_bytes().expect("a checked string is whole")),
        Kind::List => {
            let items = value.as_list().expect("a list is one");
            assert_eq!(items.raw(), value.raw());
            let lens = items.map(|item| {
                view(item, budget_bytes);
                item.raw().len()
            });
            2 + lens.sum::<usize>()
        }
        Kind::Dict => {
            let dict = value.as_dict().expect("a dictionary is one");
            let first = dict.iter().next();
            assert_eq!(
                first.and_then(|(key, _)| dict.get(key)),
                first.map(|(_, value)| value)
            );
            let lens = dict.iter().map(|(key, value)| {
                view(value, budget_bytes);
                spelled_len(key) + value.raw().len()
            });
            2 + lens.sum::<usize>()
        }
    };
    assert_eq!(len_bytes, value.raw().len());
}

fn spelled_len(text: &[u8]) -> usize {
    text.len().to_string().len() + 1 + text.len()
}
