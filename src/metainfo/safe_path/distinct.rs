//! No two files of a torrent on one place of the disk.
//!
//! Paths are judged as `fold` compares them, so that the answer is the same on a disk that tells
//! cases apart and on one that does not:
//!
//! - Of files with one path the first in the torrent's order keeps it. Real files come before
//!   padding files, which commonly repeat a path and are never looked at.
//! - A file with the path of a directory that any file lives in gives way: a directory has many
//!   files to move, the file only itself.
//! - Who gives way gets ` (2)`, ` (3)`, ... at the end of its last name, before the extension, and
//!   takes the first number that is no other path and no directory. Names that came with the torrent
//!   are never taken, not even those that nobody keeps.
//!
//! # Why the time is bounded
//!
//! Paths are looked up in a list sorted by hash, then by the folded path itself: whoever makes all
//! hashes equal gets a plain sorted list, and no wrong answer. Files that give way are grouped into
//! families with one common stem and extension, and a family counts upwards only: each number that
//! it skips belongs to a path of the torrent, and a path is skipped by one family at most.
//!
//! # Why new names need no lookup among each other
//!
//! A new path is stem, ` (`, number, `)` and extension. No extension holds a space, and folding makes
//! neither spaces nor parentheses, so that the last ` (` of the path is where the number begins and
//! the three parts can be read back from it: different families never give one name. That is also
//! why a stem is cut for the longest number at once, not for the number at hand.

use std::cmp::Ordering;

use crate::base::limits::PATH_COMPONENT_LEN_BYTES_MAX;
use crate::metainfo::safe_path::arena::{PathArena, PathsError};
use crate::metainfo::safe_path::component::split_extension;
use crate::metainfo::safe_path::fold::{self, FoldedHash};

/// The room that ` (4294967295)` takes.
const NUMBER_LEN_BYTES_MAX: usize = 13;

/// What every new name holds, and hardly any other.
const NUMBER_PREFIX: &str = " (";

/// The number of the first file that gives way: the one that stays counts as the first.
const FIRST_NUMBER: u32 = 2;

/// A text by its hash. `at` says which text: a file's number, or where in the arena a directory's
/// path ends.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Entry {
    hash: u32,
    at: u32,
}

/// All that a new path must not be.
#[derive(Debug)]
struct Taken {
    files: Vec<Entry>,
    numbered_directories: Vec<Entry>,
}

impl PathArena {
    /// Renames as few files as it takes for all paths to be distinct and for none to be a directory
    /// of another. Takes eight bytes and a flag for each file, and more only for what gives way. On
    /// an error no file is renamed.
    pub fn make_distinct(&mut self, is_padding: impl Fn(usize) -> bool) -> Result<(), PathsError> {
        let files = sorted_files(self, &is_padding);
        let mut gives_way = vec![false; self.len()];
        mark_repeated_paths(self, &files, &mut gives_way);
        mark_files_at_directories(self, &files, &mut gives_way);
        if !gives_way.contains(&true) {
            return Ok(());
        }
        let families = sorted_by_family(self, &gives_way, &is_padding);
        drop(gives_way);
        let numbered_directories = sorted_numbered_directories(self);
        let taken = Taken {
            files,
            numbered_directories,
        };
        let new_starts = append_new_paths(self, &families, &taken)?;
        for (file, start) in families.iter().zip(new_starts) {
            self.starts[file.at as usize] = start;
        }
        Ok(())
    }

    fn path_of(&self, file: Entry) -> &str {
        self.get(file.at as usize)
    }

    /// No path holds NUL, so the one before an end is where the path of that directory begins.
    fn directory_of(&self, end: Entry) -> &str {
        let text = &self.text[..end.at as usize];
        &text[text.rfind('\0').map_or(0, |nul| nul + 1)..]
    }
}

/// All files by path; of one path, the file that keeps it first.
fn sorted_files(arena: &PathArena, is_padding: impl Fn(usize) -> bool) -> Vec<Entry> {
    let hashed = arena.iter().zip(0..);
    let mut files: Vec<Entry> = hashed
        .map(|(path, at)| Entry {
            hash: FoldedHash::of(path),
            at,
        })
        .collect();
    let compare = |a, b| fold::compare(arena.path_of(a), arena.path_of(b));
    sort_entries(&mut files, compare, |file| is_padding(file.at as usize));
    files
}

/// Sorts by hash and text; of one text, those that `comes_last` says come last, and else by position.
fn sort_entries(
    entries: &mut [Entry],
    compare: impl Fn(Entry, Entry) -> Ordering,
    comes_last: impl Fn(Entry) -> bool,
) {
    entries.sort_unstable();
    let runs = entries.chunk_by_mut(|a, b| a.hash == b.hash);
    for run in runs.filter(|run| run.len() > 1) {
        // Stable, so that positions stay in order; and one pass where all texts are equal, as they
        // are when a million files have one name. A second order in here would cost that.
        run.sort_by(|&a, &b| compare(a, b));
        for same in run.chunk_by_mut(|&a, &b| compare(a, b).is_eq()) {
            same.sort_by_key(|&entry| comes_last(entry));
        }
    }
}

/// The first entry with this text, among entries sorted by hash and folded text.
fn find<'a>(
    entries: &[Entry],
    (hash, text): (u32, &str),
    text_of: impl Fn(Entry) -> &'a str,
) -> Option<Entry> {
    let order = |entry: Entry| {
        let by_hash = entry.hash.cmp(&hash);
        by_hash.then_with(|| fold::compare(text_of(entry), text))
    };
    let first = entries.partition_point(|&entry| order(entry).is_lt());
    let entry = *entries.get(first)?;
    order(entry).is_eq().then_some(entry)
}

fn mark_repeated_paths(arena: &PathArena, files: &[Entry], gives_way: &mut [bool]) {
    for (&before, &file) in files.iter().zip(files.iter().skip(1)) {
        if before.hash == file.hash
            && fold::compare(arena.path_of(before), arena.path_of(file)).is_eq()
        {
            gives_way[file.at as usize] = true;
        }
    }
}

/// Marks the file that would have kept the path of a directory; others with that path are marked
/// already.
fn mark_files_at_directories(arena: &PathArena, files: &[Entry], gives_way: &mut [bool]) {
    for_each_new_directory(arena, |_, directory, hash| {
        if let Some(file) = find(files, (hash, directory), |file| arena.path_of(file)) {
            gives_way[file.at as usize] = true;
        }
    });
}

/// Calls `visit` with a file, a directory on the way to it and the directory's hash. A directory
/// that the file before lives in too is not visited again.
fn for_each_new_directory(arena: &PathArena, mut visit: impl FnMut(usize, &str, u32)) {
    let mut previous = "";
    for (file, path) in arena.iter().enumerate() {
        let visited_len_bytes = fold::shared_len_bytes(previous, path);
        let mut hash = FoldedHash::new();
        let mut hashed_len_bytes = 0;
        for (slash, _) in path.match_indices('/') {
            hash.push(&path[hashed_len_bytes..slash]);
            hashed_len_bytes = slash;
            if slash >= visited_len_bytes {
                visit(file, &path[..slash], hash.finish());
            }
        }
        previous = path;
    }
}

/// The directories that a new path might be, by path.
fn sorted_numbered_directories(arena: &PathArena) -> Vec<Entry> {
    let mut directories = Vec::new();
    for_each_new_directory(arena, |file, directory, hash| {
        let (_, name) = directory.rsplit_once('/').unwrap_or(("", directory));
        if name.contains(NUMBER_PREFIX) {
            let at = arena.starts[file] + offset_in_arena(directory.len());
            directories.push(Entry { hash, at });
        }
    });
    let compare = |a, b| fold::compare(arena.directory_of(a), arena.directory_of(b));
    sort_entries(&mut directories, compare, |_| false);
    directories
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the arena's text is limited below 32 bits"
)]
fn offset_in_arena(len_bytes: usize) -> u32 {
    len_bytes as u32
}

/// The files that give way, families together, each in the order in which it counts.
fn sorted_by_family(
    arena: &PathArena,
    gives_way: &[bool],
    is_padding: impl Fn(usize) -> bool,
) -> Vec<Entry> {
    let marked = gives_way.iter().zip(0..).filter(|&(&marked, _)| marked);
    let mut families: Vec<Entry> = marked
        .map(|(_, at)| {
            let (stem, extension) = numbered_parts(arena.get(at as usize));
            let mut hash = FoldedHash::new();
            hash.push(stem);
            hash.push(extension);
            Entry {
                hash: hash.finish(),
                at,
            }
        })
        .collect();
    let compare = |a, b| compare_families(arena, a, b);
    sort_entries(&mut families, compare, |file| is_padding(file.at as usize));
    families
}

/// What stands before and behind the number in a new path: the directory with the stem, cut so that
/// any number fits, and the extension.
fn numbered_parts(path: &str) -> (&str, &str) {
    let name_start = path.rfind('/').map_or(0, |slash| slash + 1);
    let (stem, extension) = split_extension(&path[name_start..]);
    let room = PATH_COMPONENT_LEN_BYTES_MAX - NUMBER_LEN_BYTES_MAX - extension.len();
    let kept = stem.floor_char_boundary(room);
    (&path[..name_start + kept], extension)
}

fn compare_families(arena: &PathArena, a: Entry, b: Entry) -> Ordering {
    let (stem_a, extension_a) = numbered_parts(arena.path_of(a));
    let (stem_b, extension_b) = numbered_parts(arena.path_of(b));
    fold::compare(stem_a, stem_b).then_with(|| fold::compare(extension_a, extension_b))
}

/// Appends a new path for each file and says where each starts. The files keep their old ones
/// meanwhile, which the sorted lists refer to.
fn append_new_paths(
    arena: &mut PathArena,
    families: &[Entry],
    taken: &Taken,
) -> Result<Vec<u32>, PathsError> {
    let mut new_starts = Vec::with_capacity(families.len());
    let mut path = String::new();
    let mut number = FIRST_NUMBER;
    let mut before = None;
    for &file in families {
        if !before.is_some_and(|before| is_one_family(arena, before, file)) {
            number = FIRST_NUMBER;
        }
        before = Some(file);
        loop {
            write_numbered(&mut path, arena.path_of(file), number);
            number += 1;
            if !taken.contains(arena, &path) {
                break;
            }
        }
        new_starts.push(arena.append_safe(&path)?);
    }
    Ok(new_starts)
}

fn is_one_family(arena: &PathArena, a: Entry, b: Entry) -> bool {
    a.hash == b.hash && compare_families(arena, a, b).is_eq()
}

fn write_numbered(out: &mut String, path: &str, number: u32) {
    let (stem, extension) = numbered_parts(path);
    out.clear();
    for part in [stem, NUMBER_PREFIX, &number.to_string(), ")", extension] {
        out.push_str(part);
    }
}

impl Taken {
    fn contains(&self, arena: &PathArena, path: &str) -> bool {
        let wanted = (FoldedHash::of(path), path);
        find(&self.files, wanted, |file| arena.path_of(file)).is_some()
            || find(&self.numbered_directories, wanted, |end| {
                arena.directory_of(end)
            })
            .is_some()
    }
}

#[cfg(test)]
#[path = "distinct_tests.rs"]
mod tests;
