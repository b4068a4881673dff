//! Random documents: what the writer writes reads back as the same, and whatever the bytes are,
//! a naive reader that shares no code with ours judges and sees them alike.

use proptest::prelude::*;

use super::super::{Kind, Limits, Token, Value, Walk, Writer, parse};

/// A whole tree in memory; the order of keys is that of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Tree {
    Integer(i64),
    Bytes(Vec<u8>),
    List(Vec<Tree>),
    Dict(Vec<(Vec<u8>, Tree)>),
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(proptest::sample::select(&b"abe:i0\xff"[..]), 0..3),
        proptest::collection::vec(any::<u8>(), 0..24),
    ]
}

/// Trees whose dictionaries have no key twice, in any order.
fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(Tree::Integer),
        (-2..2_i64).prop_map(Tree::Integer),
        text().prop_map(Tree::Bytes),
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        let entries = proptest::collection::btree_map(text(), inner.clone(), 0..6)
            .prop_map(|map| map.into_iter().collect::<Vec<_>>())
            .boxed();
        prop_oneof![
            proptest::collection::vec(inner, 0..6).prop_map(Tree::List),
            entries.clone().prop_map(Tree::Dict),
            entries.prop_shuffle().prop_map(Tree::Dict),
        ]
    })
}

impl Tree {
    fn sorted(self) -> Self {
        match self {
            Self::List(items) => Self::List(items.into_iter().map(Self::sorted).collect()),
            Self::Dict(mut entries) => {
                entries.sort_by(|a, b| a.0.cmp(&b.0));
                let entries = entries.into_iter();
                Self::Dict(entries.map(|(key, value)| (key, value.sorted())).collect())
            }
            scalar => scalar,
        }
    }

    /// Without the writer, which refuses keys out of order.
    fn spelled(&self) -> Vec<u8> {
        let string = |text: &[u8]| [format!("{}:", text.len()).as_bytes(), text].concat();
        match self {
            Self::Integer(value) => format!("i{value}e").into_bytes(),
            Self::Bytes(text) => string(text),
            Self::List(items) => {
                let items: Vec<u8> = items.iter().flat_map(Self::spelled).collect();
                [b"l", &items[..], b"e"].concat()
            }
            Self::Dict(entries) => {
                let entries = entries.iter();
                let entries: Vec<u8> = entries
                    .flat_map(|(key, value)| [string(key), value.spelled()].concat())
                    .collect();
                [b"d", &entries[..], b"e"].concat()
            }
        }
    }

    fn write(&self, writer: &mut Writer) {
        match self {
            Self::Integer(value) => {
                writer.integer(*value);
            }
            Self::Bytes(text) => {
                writer.bytes(text);
            }
            Self::List(items) => {
                writer.begin_list();
                items.iter().for_each(|item| item.write(writer));
                writer.end();
            }
            Self::Dict(entries) => {
                writer.begin_dict();
                for (key, value) in entries {
                    writer.key(key);
                    value.write(writer);
                }
                writer.end();
            }
        }
    }

    fn from_value(value: Value<'_>) -> Self {
        match value.kind() {
            Kind::Integer => Self::Integer(value.as_i64().unwrap()),
            Kind::Bytes => Self::Bytes(value.as_bytes().unwrap().to_vec()),
            Kind::List => Self::List(value.as_list().unwrap().map(Self::from_value).collect()),
            Kind::Dict => {
                let entries = value.as_dict().unwrap().iter();
                let owned = entries.map(|(key, value)| (key.to_vec(), Self::from_value(value)));
                Self::Dict(owned.collect())
            }
        }
    }

    /// Reads the value at the cursor, stepping into every bracket.
    fn from_walk(walk: &mut Walk<'_>) -> Self {
        let Some(Token::Starts(kind)) = walk.peek() else {
            panic!("a value stands here");
        };
        if matches!(kind, Kind::Integer | Kind::Bytes) {
            return Self::from_value(walk.value().unwrap());
        }
        walk.step_over_bracket();
        let mut items = Vec::new();
        let mut entries = Vec::new();
        while walk.peek() != Some(Token::Ends) {
            if kind == Kind::Dict {
                let key = walk.string().unwrap().to_vec();
                entries.push((key, Self::from_walk(walk)));
            } else {
                items.push(Self::from_walk(walk));
            }
        }
        walk.step_over_bracket();
        match kind {
            Kind::Dict => Self::Dict(entries),
            _ => Self::List(items),
        }
    }
}

/// Reads by recursion and by spelling numbers again; knows no limit but the stack's.
struct Naive<'a> {
    rest: &'a [u8],
    document_len: usize,
    first_unsorted_key: Option<usize>,
}

impl Naive<'_> {
    fn read(document: &[u8]) -> Option<(Tree, Option<usize>)> {
        let mut naive = Naive {
            rest: document,
            document_len: document.len(),
            first_unsorted_key: None,
        };
        let tree = naive.value()?;
        naive
            .rest
            .is_empty()
            .then_some((tree, naive.first_unsorted_key))
    }

    fn take(&mut self, len: usize) -> Option<Vec<u8>> {
        let (taken, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(taken.to_vec())
    }

    /// A number up to `end`, in the spelling that formatting gives it.
    fn number<N: std::str::FromStr + ToString>(&mut self, end: u8) -> Option<N> {
        let len = self.rest.iter().position(|byte| *byte == end)?;
        let spelled = String::from_utf8(self.take(len)?).ok()?;
        self.take(1)?;
        let number: N = spelled.parse().ok()?;
        (number.to_string() == spelled).then_some(number)
    }

    fn string(&mut self) -> Option<Vec<u8>> {
        let len = self.number::<u64>(b':')?;
        self.take(usize::try_from(len).ok()?)
    }

    fn value(&mut self) -> Option<Tree> {
        match self.rest.first()? {
            b'i' => {
                self.take(1)?;
                self.number::<i64>(b'e').map(Tree::Integer)
            }
            b'l' => {
                self.take(1)?;
                let mut items = Vec::new();
                while *self.rest.first()? != b'e' {
                    items.push(self.value()?);
                }
                self.take(1)?;
                Some(Tree::List(items))
            }
            b'd' => {
                self.take(1)?;
                self.entries()
            }
            _ => self.string().map(Tree::Bytes),
        }
    }

    fn entries(&mut self) -> Option<Tree> {
        let mut entries: Vec<(Vec<u8>, Tree)> = Vec::new();
        while *self.rest.first()? != b'e' {
            let at = self.document_len - self.rest.len();
            let key = self.string()?;
            if entries.iter().any(|(known, _)| *known == key) {
                return None;
            }
            if entries.last().is_some_and(|(last, _)| key < *last) {
                self.first_unsorted_key.get_or_insert(at);
            }
            entries.push((key, self.value()?));
        }
        self.take(1)?;
        Some(Tree::Dict(entries))
    }
}

#[track_caller]
fn assert_judged_alike(document: &[u8]) {
    let shown = document.escape_ascii();
    match (parse(document, Limits::METAINFO), Naive::read(document)) {
        (Ok(parsed), Some((tree, first_unsorted_key))) => {
            assert_eq!(parsed.value.raw(), document, "`{shown}`");
            assert_eq!(parsed.first_unsorted_key, first_unsorted_key, "`{shown}`");
            assert_eq!(Tree::from_value(parsed.value), tree, "`{shown}`");
            let mut walk = Walk::resume(parsed.value, 0);
            assert_eq!(Tree::from_walk(&mut walk), tree, "`{shown}`");
            assert_eq!(walk.offset(), document.len());
        }
        (Err(_), None) => {}
        (ours, naive) => panic!("`{shown}`: {ours:?}, but the naive reader has {naive:?}"),
    }
}

/// Bytes and whole words of the grammar, so that some of it holds together.
fn bencode_like() -> impl Strategy<Value = Vec<u8>> {
    const WORDS: [&[u8]; 16] = [
        b"i", b"e", b"l", b"d", b":", b"-", b"0", b"1", b"9", b"1:a", b"1:b", b"0:", b"i0e",
        b"i-7e", b"de", b"le",
    ];
    proptest::collection::vec(proptest::sample::select(&WORDS[..]), 0..24)
        .prop_map(|words| words.concat())
}

#[derive(Clone, Copy, Debug)]
enum Edit {
    Replace(u8),
    Insert(u8),
    Remove,
    Repeat(usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    let byte = || proptest::sample::select(&b"ield:-0129a"[..]);
    prop_oneof![
        byte().prop_map(Edit::Replace),
        byte().prop_map(Edit::Insert),
        Just(Edit::Remove),
        (1..12_usize).prop_map(Edit::Repeat),
    ]
}

fn edited(mut document: Vec<u8>, at: usize, edit: Edit) -> Vec<u8> {
    match edit {
        Edit::Replace(byte) => document[at] = byte,
        Edit::Insert(byte) => document.insert(at, byte),
        Edit::Remove => {
            document.remove(at);
        }
        Edit::Repeat(len) => {
            let span = document[at..(at + len).min(document.len())].to_vec();
            document.splice(at..at, span);
        }
    }
    document
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn what_is_written_reads_back(tree in tree()) {
        let tree = tree.sorted();
        let mut writer = Writer::default();
        tree.write(&mut writer);
        let document = writer.finish();
        prop_assert_eq!(&document, &tree.spelled());
        let parsed = parse(&document, Limits::METAINFO).unwrap();
        prop_assert_eq!(parsed.first_unsorted_key, None);
        prop_assert_eq!(Tree::from_value(parsed.value), tree);
    }

    #[test]
    fn documents_with_keys_in_any_order_are_judged_alike(tree in tree()) {
        let document = tree.spelled();
        prop_assert!(parse(&document, Limits::METAINFO).is_ok());
        assert_judged_alike(&document);
    }

    #[test]
    fn documents_with_one_edit_are_judged_alike(
        tree in tree(),
        at in any::<proptest::sample::Index>(),
        edit in edit(),
    ) {
        let document = tree.spelled();
        let at = at.index(document.len());
        assert_judged_alike(&edited(document, at, edit));
    }

    #[test]
    fn words_of_bencode_are_judged_alike(document in bencode_like()) {
        assert_judged_alike(&document);
    }
}
