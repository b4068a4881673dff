//! One name, made fit to stand in a directory.
//!
//! Every rule replaces and none removes, so that a name never shrinks into another one's shape:
//!
//! 1. Bytes that are not UTF-8 become `_`, one for each broken sequence. An overlong `/` or `.` is
//!    such a sequence, and never becomes what it pretends to be.
//! 2. A character that some system refuses, or that hides or reorders what a person reads, becomes
//!    `_`: see `is_unfit`.
//! 3. A name over 255 bytes, which no common file system takes, loses the end of its stem and keeps
//!    its extension. Two names may become one here; telling files apart is the next room's work.
//! 4. Each dot and space at the end becomes `_`, because Windows drops them, and `a.` would be `a`.
//!    At the front both stay: every file system keeps them, and a leading dot has a meaning.
//! 5. A name that means a device on Windows (`NUL`, `com1.txt`) gets `_` before it.
//! 6. Nothing, `.` and `..` become `_`.
//!
//! Letters stay as they are: Unicode normalisation is a matter of taste among file systems, and a
//! name that was normalised here would no longer be the one that other programs wrote.

use crate::base::is_deceptive;
use crate::base::limits::PATH_COMPONENT_LEN_BYTES_MAX;

/// Beyond this what follows the last dot is a part of a sentence, not the kind of a file.
const EXTENSION_LEN_BYTES_MAX: usize = 16;

/// Enough raw bytes to fill a whole name: four of them give one character at the least, and the
/// last character may be cut through.
const RAW_HEAD_LEN_BYTES: usize = 4 * (PATH_COMPONENT_LEN_BYTES_MAX + 1);

/// Enough raw bytes to hold a dot and the longest extension behind a character that is cut through.
const RAW_TAIL_LEN_BYTES: usize = 4 * (EXTENSION_LEN_BYTES_MAX + 2);

/// Devices without a number; those with one are `COM` and `LPT`.
const DEVICES: [&str; 7] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$"];

/// The safe form of one name: never empty, never `.` or `..`, at most 255 bytes, and its own safe
/// form.
pub fn clean_component(raw: &[u8]) -> String {
    let mut name = String::new();
    append_clean(&mut name, raw);
    name
}

/// The safe form of a torrent's own name. One that shows nothing is `_`, however long it was: it
/// stands alone in the user's directory, where a row of placeholders would tell less.
pub fn clean_name(raw: &[u8]) -> String {
    let name = clean_component(raw);
    if name
        .chars()
        .all(|c| matches!(c, '_' | '.') || c.is_whitespace())
    {
        return "_".to_owned();
    }
    name
}

/// Appends the safe form of `raw`. Most names are safe as they are, and are copied once.
pub(super) fn append_clean(out: &mut String, raw: &[u8]) {
    if let Some(name) = as_clean_ascii(raw) {
        out.push_str(name);
        return;
    }
    if matches!(raw, b"" | b"." | b"..") {
        out.push('_');
        return;
    }
    let start = out.len();
    for part in outer_parts(raw) {
        append_fit_characters(out, part);
    }
    settle(out, start);
}

/// The stem of a file name and its extension with the dot, or nothing where it has none. An
/// extension holds no space, and a name that begins with its only dot is all stem.
pub(super) fn split_extension(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if dot > 0 && is_extension(&name[dot + 1..]) => name.split_at(dot),
        _ => (name, ""),
    }
}

fn is_extension(suffix: &str) -> bool {
    (1..=EXTENSION_LEN_BYTES_MAX).contains(&suffix.len()) && !suffix.contains(' ')
}

/// The name itself where none of the rules would change it and all of it is ASCII.
fn as_clean_ascii(raw: &[u8]) -> Option<&str> {
    let last = *raw.last()?;
    let fits = raw.len() <= PATH_COMPONENT_LEN_BYTES_MAX
        && !matches!(last, b'.' | b' ')
        && raw
            .iter()
            .all(|&byte| byte.is_ascii() && !is_unfit_ascii(byte));
    let name = fits.then(|| str::from_utf8(raw).ok()).flatten()?;
    (!is_device(name)).then_some(name)
}

/// All of a name, or of a very long one only the two ends that its safe form is made of: a name of
/// a hundred megabytes costs no more than one of a kilobyte.
fn outer_parts(raw: &[u8]) -> [&[u8]; 2] {
    if raw.len() <= RAW_HEAD_LEN_BYTES + RAW_TAIL_LEN_BYTES {
        return [raw, &[]];
    }
    [
        &raw[..RAW_HEAD_LEN_BYTES],
        &raw[raw.len() - RAW_TAIL_LEN_BYTES..],
    ]
}

fn append_fit_characters(out: &mut String, raw: &[u8]) {
    for chunk in raw.utf8_chunks() {
        let fit = |c| if is_unfit(c) { '_' } else { c };
        out.extend(chunk.valid().chars().map(fit));
        if !chunk.invalid().is_empty() {
            out.push('_');
        }
    }
}

/// Whether a character may not stand in a name.
fn is_unfit(c: char) -> bool {
    match u8::try_from(c) {
        Ok(byte) if byte.is_ascii() => is_unfit_ascii(byte),
        _ => c.is_control() || is_deceptive(c),
    }
}

/// Separators, which would make two names of one; controls, which terminals obey and C strings end
/// at; and what Windows, exFAT and SMB refuse. The colon is a drive and a stream there.
fn is_unfit_ascii(byte: u8) -> bool {
    byte.is_ascii_control()
        || matches!(byte, b'/' | b'\\')
        || matches!(byte, b'<' | b'>' | b':' | b'"' | b'|' | b'?' | b'*')
}

/// Applies what depends on the whole of the name at `start`. Each cut may uncover a space, and
/// may uncover a device behind many spaces; a mark before a full name makes it too long again.
fn settle(out: &mut String, start: usize) {
    shorten(out, start);
    seal_end(out, start);
    if is_device(&out[start..]) {
        out.insert(start, '_');
        shorten(out, start);
        seal_end(out, start);
    }
}

/// Cuts the stem of the name at `start` so that all of it fits.
fn shorten(out: &mut String, start: usize) {
    let name = &out[start..];
    if name.len() <= PATH_COMPONENT_LEN_BYTES_MAX {
        return;
    }
    let (stem, extension) = split_extension(name);
    let kept = stem.floor_char_boundary(PATH_COMPONENT_LEN_BYTES_MAX - extension.len());
    let cut = start + kept..start + stem.len();
    out.replace_range(cut, "");
}

/// Replaces the dots and spaces at the end of the name at `start`.
fn seal_end(out: &mut String, start: usize) {
    let sealed = out.len();
    let kept = out[start..].trim_end_matches(['.', ' ']).len();
    out.truncate(start + kept);
    out.extend(std::iter::repeat_n('_', sealed - out.len()));
}

/// Whether Windows takes this name for a device: it looks only at what stands before the first dot,
/// without the spaces there, in either case, and takes the superscripts 1 to 3 for digits.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end_matches(' ');
    if DEVICES
        .iter()
        .any(|device| device.eq_ignore_ascii_case(stem))
    {
        return true;
    }
    let Some((port, number)) = stem.split_at_checked(3) else {
        return false;
    };
    let is_port = port.eq_ignore_ascii_case("COM") || port.eq_ignore_ascii_case("LPT");
    let mut digits = number.chars();
    is_port && matches!(digits.next(), Some('0'..='9' | '¹' | '²' | '³')) && digits.next().is_none()
}

#[cfg(test)]
#[path = "component_tests.rs"]
mod tests;
