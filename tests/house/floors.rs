//! Which room stands on which floor, and the imports that run upward or sideways.

use crate::finding::Finding;
use crate::tokens::{Token, begins_with, closing, tokens};

const FLOORS: [(&str, u8); 13] = [
    ("base", 0),
    ("hash", 1),
    ("bencode", 1),
    ("metainfo", 2),
    ("wire", 2),
    ("peer", 3),
    ("swarm", 4),
    ("tracker", 4),
    ("engine", 5),
    ("storage", 6),
    ("reactor", 6),
    ("sim", 7),
    ("cli", 8),
];

const NEW_ROOM_REMEDY: &str =
    "give the room a floor in `FLOORS` of tests/house/floors.rs and in the table of src/lib.rs";

/// The room that a file under `src/` belongs to; `None` for those that stand above all rooms.
pub(crate) fn room_of(path_in_src: &str) -> Option<&str> {
    match path_in_src {
        "lib.rs" | "main.rs" => None,
        _ => Some(path_in_src.split('/').next()?.trim_end_matches(".rs")),
    }
}

/// What is wrong with the imports of one file.
///
/// Test modules are exempt, whether inline (`#[cfg(test)] mod tests { … }`) or in files of their
/// own: a test may set the scene with whatever it needs.
pub(crate) fn wrong_imports(path_in_src: &str, source: &str) -> Vec<Finding> {
    let Some(room) = room_of(path_in_src) else {
        return Vec::new();
    };
    let Some(floor) = floor_of(room) else {
        return vec![Finding::new(
            1,
            format!("room `{room}` has no floor"),
            NEW_ROOM_REMEDY,
        )];
    };
    if is_test_file(path_in_src) {
        return Vec::new();
    }
    let code = without_test_modules(&tokens(source));
    let imports = imports(&code, modules_above(path_in_src));
    imports
        .iter()
        .filter_map(|import| wrong_import(room, floor, import))
        .collect()
}

fn floor_of(room: &str) -> Option<u8> {
    FLOORS
        .iter()
        .find(|(name, _)| *name == room)
        .map(|(_, floor)| *floor)
}

fn wrong_import(room: &str, floor: u8, import: &Token<'_>) -> Option<Finding> {
    let other = import.text;
    match floor_of(other) {
        _ if other == room => None,
        Some(other_floor) if other_floor < floor => None,
        Some(other_floor) => Some(Finding::new(
            import.line,
            format!(
                "room `{room}` (floor {floor}) imports from `{other}` (floor {other_floor}), \
                 but a room imports only from floors below its own"
            ),
            "move what both need down to a lower room, or hand it in from above",
        )),
        None => Some(Finding::new(
            import.line,
            format!("room `{room}` imports `{other}` from the crate root, which is no room"),
            format!("name the room that defines it; if `{other}` is a new room, {NEW_ROOM_REMEDY}"),
        )),
    }
}

fn is_test_file(path_in_src: &str) -> bool {
    path_in_src.ends_with("/tests.rs") || path_in_src.ends_with("_tests.rs")
}

/// How many `super`s lead from the top of the file to the crate root.
fn modules_above(path_in_src: &str) -> usize {
    let folders = path_in_src.matches('/').count();
    if path_in_src.ends_with("/mod.rs") {
        folders
    } else {
        folders + 1
    }
}

fn without_test_modules<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    let mut kept = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        match test_module_end(tokens, at) {
            Some(end) => at = end + 1,
            None => {
                kept.push(tokens[at]);
                at += 1;
            }
        }
    }
    kept
}

/// Where a `#[cfg(test)] mod name { … }` that begins at `at` ends. Other attributes may follow the
/// first; any other item under `#[cfg(test)]` counts as code.
fn test_module_end(tokens: &[Token<'_>], at: usize) -> Option<usize> {
    if !begins_with(&tokens[at..], &["#", "[", "cfg", "(", "test", ")", "]"]) {
        return None;
    }
    let mut item = at;
    while begins_with(&tokens[item..], &["#", "["]) {
        item = closing(tokens, item + 1) + 1;
    }
    let is_inline_module =
        begins_with(&tokens[item..], &["mod"]) && tokens.get(item + 2)?.text == "{";
    is_inline_module.then(|| closing(tokens, item + 2))
}

/// The names that paths from the crate root begin with: after `crate::`, and after as many
/// `super::`s as lead there.
fn imports<'a>(tokens: &[Token<'a>], modules_above_file: usize) -> Vec<Token<'a>> {
    let mut found = Vec::new();
    let mut inline_module_ends = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        inline_module_ends.retain(|end| at < *end);
        let rest = &tokens[at..];
        if begins_with(rest, &["mod"]) && rest.get(2).is_some_and(|brace| brace.text == "{") {
            inline_module_ends.push(closing(tokens, at + 2));
        }
        let depth = modules_above_file + inline_module_ends.len();
        let root_len = match token.text {
            "crate" if begins_with(rest, &["crate", "as"]) => Some(1),
            "crate" if begins_with(rest, &["crate", "::"]) => Some(2),
            "super" if begins_with(rest, &["super", "::"].repeat(depth)) => Some(2 * depth),
            _ => None,
        };
        if let Some(root_len) = root_len {
            found.extend(first_names(tokens, at + root_len));
        }
    }
    found
}

/// The first name of every path of a use tree: `base` and `hash` of `{base::{X, Y}, hash}`.
fn first_names<'a>(tokens: &[Token<'a>], at: usize) -> Vec<Token<'a>> {
    match tokens.get(at) {
        Some(brace) if brace.text == "{" => {}
        name => return name.copied().into_iter().collect(),
    }
    let mut names = Vec::new();
    let end = closing(tokens, at);
    let mut next = at + 1;
    while next < end {
        names.extend(first_names(tokens, next));
        while next < end && tokens[next].text != "," {
            next = if tokens[next].text == "{" {
                closing(tokens, next)
            } else {
                next + 1
            };
        }
        next += 1;
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong_lines(path_in_src: &str, source: &str) -> Vec<usize> {
        wrong_imports(path_in_src, source)
            .iter()
            .map(|finding| finding.line)
            .collect()
    }

    #[test]
    fn imports_from_below_and_within_are_fine() {
        let source = "use crate::base::X;\nuse crate::wire;\nuse crate::{hash, peer::Y};";
        assert_eq!(wrong_lines("peer/mod.rs", source), [0; 0]);
    }

    #[test]
    fn an_upward_edge_is_found() {
        assert_eq!(wrong_lines("hash/mod.rs", "\nuse crate::metainfo::X;"), [2]);
        assert_eq!(
            wrong_lines("hash/lanes.rs", "fn f() { crate::cli::main() }"),
            [1]
        );
    }

    #[test]
    fn a_sideways_edge_is_found() {
        assert_eq!(wrong_lines("hash/mod.rs", "use crate::bencode::X;"), [1]);
    }

    #[test]
    fn edges_in_nested_braces_are_found() {
        let source = "use crate::{\n  base::{A, B},\n  sim,\n  {peer::{C, D}},\n  hash,\n};";
        assert_eq!(wrong_lines("wire/mod.rs", source), [3, 4]);
        assert_eq!(
            wrong_lines("wire/mod.rs", "use {std::fmt, crate::cli};"),
            [1]
        );
    }

    #[test]
    fn the_crate_root_cannot_be_reached_by_another_name() {
        assert_eq!(wrong_lines("wire/mod.rs", "use super::cli;"), [1]);
        assert_eq!(
            wrong_lines("wire/http.rs", "use super::super::{base, cli};"),
            [1]
        );
        assert_eq!(wrong_lines("wire/http.rs", "use super::cli;"), [0; 0]);
        assert_eq!(
            wrong_lines("wire/http.rs", "mod a { use super::super::cli; }"),
            [0; 0]
        );
        assert_eq!(
            wrong_lines("wire/http.rs", "mod a { }\nuse super::super::cli;"),
            [2]
        );
        assert_eq!(wrong_lines("wire/mod.rs", "use crate as root;"), [1]);
        assert_eq!(wrong_lines("wire/mod.rs", "use crate::*;"), [1]);
    }

    #[test]
    fn an_unknown_room_is_found_on_both_ends() {
        assert_eq!(wrong_lines("attic/mod.rs", ""), [1]);
        assert_eq!(wrong_lines("cli/mod.rs", "use crate::attic;"), [1]);
        let finding = &wrong_imports("attic/mod.rs", "")[0];
        assert!(
            finding.to_string().contains("tests/house/floors.rs"),
            "{finding}"
        );
    }

    #[test]
    fn comments_strings_and_test_modules_are_not_imports() {
        let source = "// use crate::cli;\nconst S: &str = \"crate::cli\";\npub(crate) fn f() {}\n\
            #[cfg(test)]\n#[allow(x)]\nmod tests { use crate::cli; fn g() {} }\nuse crate::sim;";
        assert_eq!(wrong_lines("base/mod.rs", source), [7]);
        assert_eq!(wrong_lines("base/hex_tests.rs", "use crate::cli;"), [0; 0]);
        assert_eq!(wrong_lines("base/hex/tests.rs", "use crate::cli;"), [0; 0]);
    }

    #[test]
    fn only_the_two_roots_stand_above_the_rooms() {
        assert_eq!(room_of("lib.rs"), None);
        assert_eq!(room_of("main.rs"), None);
        assert_eq!(room_of("base/lib.rs"), Some("base"));
        assert_eq!(room_of("base.rs"), Some("base"));
    }
}
