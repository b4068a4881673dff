//! The files as a tree, drawn while they are walked: a million of them are not collected first.

use std::io::{self, Write};

use crate::base::printable;
use crate::cli::size::{Counted, Size};
use crate::metainfo::{File, Info};

const INDENT: &str = "  ";

/// Directories that lie deeper are drawn as one, by their joined path: an indentation for each would
/// make much output of a small torrent.
const DRAWN_DEPTH_MAX: usize = 32;

/// Writes each file below its directories. A directory that was left is named again when the
/// torrent comes back to it.
pub(super) fn write_tree(out: &mut impl Write, info: &Info) -> io::Result<()> {
    let mut open: Vec<&str> = Vec::new();
    if info.is_directory() {
        writeln!(out, "{INDENT}{}/", printable(info.name()))?;
    }
    let base_depth = 1 + usize::from(info.is_directory());
    let mut padding = (0_u64, 0_u64);
    for file in info.files().iter() {
        if file.attributes.padding {
            padding = (padding.0 + 1, padding.1 + file.len_bytes);
            continue;
        }
        let (directories, name) = drawn(file.path);
        let shared = open
            .iter()
            .zip(&directories)
            .take_while(|(open, own)| open == own)
            .count();
        for (depth, directory) in directories.iter().enumerate().skip(shared) {
            let indent = INDENT.repeat(base_depth + depth);
            writeln!(out, "{indent}{}/", printable(directory))?;
        }
        let indent = INDENT.repeat(base_depth + directories.len());
        writeln!(out, "{indent}{}  {}", printable(name), remarks(&file))?;
        open = directories;
    }
    if padding.0 > 0 {
        let (count, bytes) = padding;
        writeln!(
            out,
            "{INDENT}(and {} of {} in all, never stored)",
            Counted(count, "padding file"),
            Size(bytes)
        )?;
    }
    Ok(())
}

/// The directories of a file, as many as are drawn, and its name.
fn drawn(path: &str) -> (Vec<&str>, &str) {
    match path.rsplit_once('/') {
        Some((directories, name)) => (directories.splitn(DRAWN_DEPTH_MAX, '/').collect(), name),
        None => (Vec::new(), path),
    }
}

fn remarks(file: &File<'_>) -> String {
    let mut remarks = match file.symlink {
        Some(target) => format!("-> {}", printable(target)),
        None => Size(file.len_bytes).to_string(),
    };
    let attributes = [
        (file.attributes.executable, ", executable"),
        (file.attributes.hidden, ", hidden"),
    ];
    remarks.extend(
        attributes
            .iter()
            .filter(|(is, _)| *is)
            .map(|(_, text)| *text),
    );
    remarks
}
