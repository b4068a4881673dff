//! The files as a tree, drawn while they are walked: a million of them are not collected first.

use std::io::{self, Write};

use crate::base::printable;
use crate::cli::size::{Counted, Size};
use crate::metainfo::{File, Info};

const INDENT: &str = "  ";

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
        let mut directories: Vec<&str> = file.path.split('/').collect();
        let name = directories.pop().unwrap_or_default();
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
