use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::metainfo::safe_path::component::clean_component;

fn arena_of(paths: &[impl AsRef<str>]) -> PathArena {
    let mut arena = PathArena::with_capacity(paths.len(), 0);
    for path in paths {
        arena
            .push(path.as_ref().split('/').map(str::as_bytes))
            .unwrap();
    }
    arena
}

fn distinct_with_padding(paths: &[&str], padding: &[usize]) -> Vec<String> {
    let mut arena = arena_of(paths);
    arena.make_distinct(|file| padding.contains(&file)).unwrap();
    arena.iter().map(str::to_owned).collect()
}

fn distinct(paths: &[&str]) -> Vec<String> {
    distinct_with_padding(paths, &[])
}

/// The rules, checked the slow and plain way.
fn assert_distinct(arena: &PathArena) {
    let fold_path = |path: &str| fold::folded(path).collect::<String>();
    let folded: Vec<String> = arena.iter().map(fold_path).collect();
    let unique: BTreeSet<&str> = folded.iter().map(String::as_str).collect();
    assert_eq!(unique.len(), folded.len(), "a path repeats");
    for path in &folded {
        for (slash, _) in path.match_indices('/') {
            assert!(
                !unique.contains(&path[..slash]),
                "a file stands where `{path}` needs a directory"
            );
        }
    }
    for name in arena.iter().flat_map(|path| path.split('/')) {
        assert_eq!(clean_component(name.as_bytes()), name);
    }
}

#[test]
fn leaves_distinct_paths_alone() {
    let paths = ["a", "b/a", "b/c/a", "c", "b/d", "a b/c", "ab"];
    assert_eq!(distinct(&paths), paths);
    assert_eq!(distinct(&[]), [""; 0]);
}

#[test]
fn numbers_repeated_paths_before_the_extension() {
    assert_eq!(
        distinct(&["d/a.txt", "d/A.TXT", "d/a.txt", "e/a.txt"]),
        ["d/a.txt", "d/A (2).TXT", "d/a (3).txt", "e/a.txt"]
    );
    assert_eq!(distinct(&[".rc", ".rc"]), [".rc", ".rc (2)"]);
    assert_eq!(
        distinct(&["Dr. No way", "Dr. No way"]),
        ["Dr. No way", "Dr. No way (2)"]
    );
    assert_eq!(distinct(&["x.y/a", "x.y/a"]), ["x.y/a", "x.y/a (2)"]);
    assert_eq!(distinct(&["D/a", "d/A"]), ["D/a", "d/A (2)"]);
}

#[test]
fn skips_names_that_came_with_the_torrent() {
    assert_eq!(
        distinct(&["a", "a", "a", "A (2)", "a (4)"]),
        ["a", "a (3)", "a (5)", "A (2)", "a (4)"]
    );
    assert_eq!(
        distinct(&["a", "a (2)", "a (2)", "a"]),
        ["a", "a (2)", "a (2) (2)", "a (3)"]
    );
}

#[test]
fn a_file_gives_way_to_a_directory() {
    assert_eq!(distinct(&["a", "a/b"]), ["a (2)", "a/b"]);
    assert_eq!(distinct(&["A/b", "a", "a"]), ["A/b", "a (2)", "a (3)"]);
    assert_eq!(
        distinct(&["a", "a/b", "a (2)/c", "a/b/d"]),
        ["a (3)", "a/b (2)", "a (2)/c", "a/b/d"]
    );
    assert_eq!(
        distinct(&["x", "x", "X (2).y/z", "x (2)/z"]),
        ["x", "x (3)", "X (2).y/z", "x (2)/z"]
    );
}

#[test]
fn real_files_come_before_padding() {
    assert_eq!(
        distinct_with_padding(&[".pad/7", "a", ".pad/7", ".pad/7"], &[0, 2]),
        [".pad/7 (2)", "a", ".pad/7 (3)", ".pad/7"]
    );
    assert_eq!(
        distinct_with_padding(&["a", "a", "a", "a"], &[0, 1]),
        ["a (3)", "a (4)", "a", "a (2)"]
    );
}

#[test]
fn long_names_are_cut_for_their_number() {
    let long = "x".repeat(255);
    let cut = "x".repeat(255 - NUMBER_LEN_BYTES_MAX);
    assert_eq!(
        distinct(&[&long, &long]),
        [long.clone(), format!("{cut} (2)")]
    );
    let wide = format!("{}.mkv", "é".repeat(125));
    let paths = distinct(&[&wide, &wide]);
    assert_eq!(paths[1], format!("{}.mkv", "é".repeat(119) + " (2)"));
}

#[test]
fn families_that_meet_in_the_cut_share_their_numbers() {
    let (a, b) = (
        format!("{}a", "x".repeat(250)),
        format!("{}b", "x".repeat(250)),
    );
    let paths = distinct(&[&a, &b, &b, &a]);
    let cut = "x".repeat(255 - NUMBER_LEN_BYTES_MAX);
    assert_eq!(paths[2..], [format!("{cut} (2)"), format!("{cut} (3)")]);
}

#[test]
fn an_extension_that_only_folds_short_is_still_told_apart() {
    let kelvin = "\u{212a}".repeat(16);
    let plain = "k".repeat(16);
    let (a, b) = (format!("a.{kelvin}"), format!("a.{plain}"));
    let (c, d) = (format!("a (2).{kelvin}"), format!("a.{plain} (2)"));
    let mut arena = arena_of(&[&a, &b, &a, &b, &c, &d]);
    arena.make_distinct(|_| false).unwrap();
    assert_distinct(&arena);
}

#[test]
fn renames_nothing_where_there_is_no_room() {
    let mut arena = PathArena::with_text_limit(12);
    for _ in 0..3 {
        arena.push([&b"abc"[..]]).unwrap();
    }
    let too_long = Err(PathsError::TooLong { len_bytes_max: 12 });
    assert_eq!(arena.make_distinct(|_| false), too_long);
    assert_eq!(arena.iter().collect::<Vec<_>>(), ["abc"; 3]);
}

#[test]
fn equal_hashes_are_not_equal_paths() {
    let arena = arena_of(&["b", "a", "B", "a/x", "c", "A"]);
    let flooded = |at| Entry { hash: 7, at };
    let mut files: Vec<Entry> = (0..6).map(flooded).collect();
    let compare = |a, b| fold::compare(arena.path_of(a), arena.path_of(b));
    sort_entries(&mut files, compare, |_| false);
    let mut gives_way = vec![false; 6];
    mark_repeated_paths(&arena, &files, &mut gives_way);
    assert_eq!(gives_way, [false, false, true, false, false, true]);
    let found = |text| find(&files, (7, text), |file| arena.path_of(file)).map(|file| file.at);
    assert_eq!(found("a"), Some(1));
    assert_eq!(found("A/X"), Some(3));
    assert_eq!(found("d"), None);
    assert_eq!(find(&files, (8, "a"), |file| arena.path_of(file)), None);
}

/// Two extensions that give names of one hash: with 32 bits there are some among so many.
fn extensions_of_one_hash() -> (String, String) {
    let name = |number: u32| format!("x.{number}");
    let mut hashed: Vec<(u32, u32)> = (0..400_000)
        .map(|number| (FoldedHash::of(&name(number)), number))
        .collect();
    hashed.sort_unstable();
    let pair = hashed
        .windows(2)
        .find(|pair| pair[0].0 == pair[1].0)
        .unwrap();
    (name(pair[0].1), name(pair[1].1))
}

#[test]
fn names_of_one_hash_are_numbered_apart() {
    let (a, b) = extensions_of_one_hash();
    let number = |name: &str, number| name.replace('.', &format!(" ({number})."));
    assert_eq!(
        distinct(&[&a, &b, &a, &b, &a]),
        [
            a.clone(),
            b.clone(),
            number(&a, 2),
            number(&b, 2),
            number(&a, 3)
        ]
    );
    let inside = format!("{a}/y");
    assert_eq!(distinct(&[&b, &inside]), [b, inside]);
}

/// Runs for some seconds without optimisation; with steps in the square of the files it would not
/// end.
#[test]
fn a_hundred_thousand_files_of_one_name() {
    const FILES: usize = 100_000;
    let taken = |number: usize| format!("d/a ({number})");
    let repeated = (0..FILES).map(|file| {
        if file % 2 == 0 {
            "d/a".to_owned()
        } else {
            taken(file)
        }
    });
    let mut arena = arena_of(&repeated.collect::<Vec<_>>());
    arena.make_distinct(|_| false).unwrap();
    assert_eq!(arena.get(0), "d/a");
    assert_eq!(arena.get(FILES - 1), taken(FILES - 1));
    assert_eq!(arena.get(FILES - 2), taken(FILES - 2));
    assert_distinct(&arena);
}

/// Few names and shallow trees, so that all kinds of collisions happen.
fn crowded_paths() -> impl Strategy<Value = Vec<String>> {
    let long = |end: &str| format!("{}{end}", "l".repeat(250));
    let names = vec![
        "a".to_owned(),
        "A".to_owned(),
        "a (2)".to_owned(),
        "a (3)".to_owned(),
        "a (2) (2)".to_owned(),
        "a.x".to_owned(),
        "A.X".to_owned(),
        "a (2).x".to_owned(),
        "ß".to_owned(),
        "SS".to_owned(),
        long("1"),
        long("2"),
        long(".x"),
        format!("{} (2)", "l".repeat(242)),
    ];
    let path = prop::collection::vec(prop::sample::select(names), 1..4);
    prop::collection::vec(path.prop_map(|names| names.join("/")), 0..40)
}

proptest! {
    #[test]
    fn keeps_the_rules(
        paths in crowded_paths(),
        padding in prop::collection::vec(any::<bool>(), 40),
    ) {
        let mut arena = arena_of(&paths);
        let is_padding = |file: usize| padding[file];
        arena.make_distinct(is_padding).unwrap();
        assert_distinct(&arena);

        let fold_path = |path: &str| fold::folded(path).collect::<String>();
        let folded: Vec<String> = paths.iter().map(|path| fold_path(path)).collect();
        for (file, path) in paths.iter().enumerate() {
            let inside = format!("{}/", folded[file]);
            let is_directory = folded.iter().any(|other| other.starts_with(&inside));
            let comes_before = |other: &usize| (padding[*other], *other) < (padding[file], file);
            let mut rivals = (0..paths.len()).filter(|&other| folded[other] == folded[file]);
            let keeps = !is_directory && !rivals.any(|other| comes_before(&other));
            prop_assert_eq!(arena.get(file) == path, keeps, "`{}`", path);
            let (directory, _) = path.rsplit_once('/').unwrap_or(("", path));
            prop_assert_eq!(arena.get(file).rsplit_once('/').unwrap_or(("", "")).0, directory);
        }

        let mut again = arena_of(&paths);
        again.make_distinct(is_padding).unwrap();
        prop_assert!(again.iter().eq(arena.iter()));
        let settled: Vec<String> = arena.iter().map(str::to_owned).collect();
        arena.make_distinct(is_padding).unwrap();
        prop_assert!(settled.iter().eq(arena.iter()));
    }
}
