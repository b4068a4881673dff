//! `mt client verify` held to a naive model, over directories spoilt at random.

use std::fs;
use std::ops::Range;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::support::{Place, noise};

#[derive(Clone, Debug)]
enum Spoil {
    Flip(Index),
    Truncate(Index),
    Append(usize),
    Delete,
}

fn spoil() -> impl Strategy<Value = Spoil> {
    prop_oneof![
        any::<Index>().prop_map(Spoil::Flip),
        any::<Index>().prop_map(Spoil::Truncate),
        (1..40_000_usize).prop_map(Spoil::Append),
        Just(Spoil::Delete),
    ]
}

/// A file as the torrent has it, and as it is found.
#[derive(Clone, Debug)]
struct Stored {
    wanted: Vec<u8>,
    found: Option<Vec<u8>>,
}

impl Stored {
    fn apply(&mut self, spoil: &Spoil) {
        let Some(found) = &mut self.found else {
            return;
        };
        match spoil {
            Spoil::Flip(_) | Spoil::Truncate(_) if found.is_empty() => {}
            Spoil::Flip(at) => *at.get_mut(found) ^= 0x40,
            Spoil::Truncate(at) => found.truncate(at.index(found.len())),
            Spoil::Append(count) => found.extend(noise(77, *count)),
            Spoil::Delete => self.found = None,
        }
    }

    fn piece(&self, range: &Range<usize>) -> Piece {
        if range.is_empty() {
            return Piece::Good;
        }
        match self
            .found
            .as_ref()
            .and_then(|found| found.get(range.clone()))
        {
            None => Piece::Unknown,
            Some(found) if *found == self.wanted[range.clone()] => Piece::Good,
            Some(_) => Piece::Bad,
        }
    }

    fn told(&self, path: &str, pieces: &[(Piece, Range<usize>)]) -> Value {
        let failed = || pieces.iter().filter(|(piece, _)| *piece != Piece::Good);
        let mut bad: Vec<Range<usize>> = Vec::new();
        for (_, range) in failed() {
            match bad.last_mut() {
                Some(last) if last.end == range.start => last.end = range.end,
                _ => bad.push(range.clone()),
            }
        }
        let found_len = self.found.as_ref().map(Vec::len);
        let (state, found_size) = match found_len {
            None => ("missing", None),
            Some(len) if len < self.wanted.len() => ("short", found_len),
            Some(len) if len > self.wanted.len() => ("long", found_len),
            _ if failed().any(|(piece, _)| *piece == Piece::Bad) => ("bad", None),
            _ if failed().next().is_some() => ("unverified", None),
            _ => ("whole", None),
        };
        let bad: Vec<[usize; 2]> = bad.iter().map(|range| [range.start, range.end]).collect();
        json!({
            "path": path, "size": self.wanted.len(), "state": state, "found_size": found_size,
            "bad": bad,
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Piece {
    Good,
    Bad,
    Unknown,
}

/// Cuts files into pieces: for each piece, the parts of files that it is made of.
fn cut(files: &[Stored], piece_len: usize, is_v1: bool) -> Vec<Vec<(usize, Range<usize>)>> {
    let mut pieces: Vec<Vec<(usize, Range<usize>)>> = Vec::new();
    let mut room = 0;
    for (index, file) in files.iter().enumerate() {
        let mut start = 0;
        if !is_v1 {
            room = 0;
        }
        while start < file.wanted.len() {
            if room == 0 {
                pieces.push(Vec::new());
                room = piece_len;
            }
            let end = (start + room).min(file.wanted.len());
            room -= end - start;
            pieces.last_mut().unwrap().push((index, start..end));
            start = end;
        }
    }
    pieces
}

fn model(files: &[Stored], piece_len: usize, is_v1: bool) -> Value {
    let mut by_file: Vec<Vec<(Piece, Range<usize>)>> = vec![Vec::new(); files.len()];
    let pieces = cut(files, piece_len, is_v1);
    let mut good = 0;
    for parts in &pieces {
        let state = parts
            .iter()
            .map(|(file, range)| files[*file].piece(range))
            .max()
            .unwrap();
        good += usize::from(state == Piece::Good);
        for (file, range) in parts {
            by_file[*file].push((state, range.clone()));
        }
    }
    let told: Vec<Value> = files
        .iter()
        .zip(&by_file)
        .enumerate()
        .map(|(index, (file, pieces))| file.told(&format!("set/{}", path_of(index)), pieces))
        .collect();
    let whole = told.iter().all(|file| file["state"] == "whole");
    json!({"files": told, "whole": whole, "piece_count": pieces.len(), "good_pieces": good})
}

fn path_of(index: usize) -> String {
    format!("{}/{index:03}", index / 3)
}

fn store(place: &Place, files: &[Stored]) {
    for (index, file) in files.iter().enumerate() {
        let path = place.path("set").join(path_of(index));
        match &file.found {
            Some(found) => drop(place.file(path, found)),
            None => fs::remove_file(path).unwrap(),
        }
    }
}

fn check(lens_bytes: &[usize], spoils: &[(Index, Spoil)], piece_len: usize, meta: &str) {
    let place = Place::new();
    let stored = |(seed, len_bytes): (u64, &usize)| {
        let wanted = noise(seed, *len_bytes);
        Stored {
            found: Some(wanted.clone()),
            wanted,
        }
    };
    let mut files: Vec<Stored> = (1..).zip(lens_bytes).map(stored).collect();
    store(&place, &files);
    place
        .line(&format!(
            "create set -o x.torrent --meta {meta} --piece-length {piece_len}"
        ))
        .ok();
    for (file, spoil) in spoils {
        file.get_mut(&mut files).apply(spoil);
    }
    store(&place, &files);
    let expected = model(&files, piece_len, meta == "v1");
    for io in ["auto", "positional"] {
        let ran = place.line(&format!("verify --json --io {io} x.torrent set"));
        let told: Value = serde_json::from_str(&ran.out).unwrap();
        for key in ["files", "whole", "piece_count", "good_pieces"] {
            assert_eq!(told[key], expected[key], "{key}, {meta}, {io}");
        }
        assert_eq!(ran.status.success(), expected["whole"] == true);
    }
}

#[test]
fn verdicts_are_those_of_the_model() {
    let len_bytes = prop_oneof![
        Just(0_usize),
        Just(1),
        Just(16_384),
        1..5_000_usize,
        10_000..60_000_usize,
        150_000..400_000_usize,
    ];
    let lens_bytes = prop::collection::vec(len_bytes, 2..9);
    let spoils = prop::collection::vec((any::<Index>(), spoil()), 0..4);
    let piece_len = prop_oneof![Just(16_384_usize), Just(65_536), Just(1 << 20)];
    let meta = prop_oneof![Just("v1"), Just("v2"), Just("hybrid")];
    let config = Config {
        cases: 40,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new(config)
        .run(
            &(lens_bytes, spoils, piece_len, meta),
            |(lens_bytes, spoils, piece_len, meta)| {
                check(&lens_bytes, &spoils, piece_len, meta);
                Ok(())
            },
        )
        .unwrap();
}
