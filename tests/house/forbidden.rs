//! What may stand in few places, or in none.

use crate::finding::Finding;
use crate::floors::room_of;
use crate::tokens::tokens;

const UNSAFE_ROOMS: [&str; 3] = ["hash", "storage", "reactor"];

/// The same as in deny.toml.
const ASYNC_RUNTIMES: [&str; 11] = [
    "async-executor",
    "async-global-executor",
    "async-io",
    "async-std",
    "compio",
    "futures-executor",
    "glommio",
    "monoio",
    "smol",
    "tokio",
    "tokio-uring",
];

/// Every `unsafe` of a file that may hold none; `path` is relative to the repository.
pub(crate) fn misplaced_unsafe(path: &str, source: &str) -> Vec<Finding> {
    let room = path.strip_prefix("src/").and_then(room_of);
    if room.is_some_and(|room| UNSAFE_ROOMS.contains(&room)) {
        return Vec::new();
    }
    let uses = tokens(source)
        .into_iter()
        .filter(|token| token.text == "unsafe");
    uses.map(|token| {
        Finding::new(
            token.line,
            "`unsafe` stands only in src/hash, src/storage and src/reactor".to_owned(),
            "write it safely, or put it behind a safe function of one of these rooms",
        )
    })
    .collect()
}

/// Every async runtime that a `Cargo.lock` holds.
pub(crate) fn async_runtimes(lock: &str) -> Vec<Finding> {
    let packages = lock.lines().enumerate().filter_map(|(index, line)| {
        let name = line.strip_prefix("name = \"")?.strip_suffix('"')?;
        ASYNC_RUNTIMES.contains(&name).then_some((index + 1, name))
    });
    packages
        .map(|(line, name)| {
            Finding::new(
                line,
                format!("`{name}` is locked, but no async runtime may be part of the build"),
                format!(
                    "ask `cargo tree --invert {name}` beside this lock what pulls it in, \
                     and do without that"
                ),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unsafe_lines(path: &str, source: &str) -> Vec<usize> {
        misplaced_unsafe(path, source)
            .iter()
            .map(|finding| finding.line)
            .collect()
    }

    #[test]
    fn unsafe_outside_its_rooms_is_found() {
        let source = "#![deny(unsafe_code)]\n// unsafe\nfn f() { \"unsafe\"; unsafe { g() } }";
        for path in [
            "src/wire/mod.rs",
            "src/lib.rs",
            "src/main.rs",
            "benches/hash.rs",
        ] {
            assert_eq!(unsafe_lines(path, source), [3], "{path}");
        }
        for path in [
            "src/hash/lanes.rs",
            "src/storage/mod.rs",
            "src/reactor/mod.rs",
        ] {
            assert_eq!(unsafe_lines(path, source), [0; 0], "{path}");
        }
    }

    #[test]
    fn a_locked_runtime_is_found() {
        let lock = "[[package]]\nname = \"tokio-free\"\n\n[[package]]\nname = \"tokio\"\n";
        let lines: Vec<_> = async_runtimes(lock)
            .iter()
            .map(|finding| finding.line)
            .collect();
        assert_eq!(lines, [5]);
    }
}
