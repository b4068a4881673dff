//! Text from outside, made fit for people to see.

use std::borrow::Cow;
use std::fmt;

/// More than this of a value helps nobody to find it.
const EXCERPT_LEN_CHARS_MAX: usize = 80;

/// The text as a message may show it: shortened where it is long, and with all that could drive
/// the terminal or deceive the eye escaped.
pub fn excerpt(text: &str) -> String {
    let mut shown = String::new();
    for (position, character) in text.chars().enumerate() {
        if position == EXCERPT_LEN_CHARS_MAX {
            shown.push('…');
            break;
        }
        push_escaped(&mut shown, character);
    }
    shown
}

/// Bytes that may be text, as a message may show them.
pub fn excerpt_bytes(bytes: &[u8]) -> String {
    // No character has more bytes than four.
    let front = &bytes[..bytes.len().min(4 * (EXCERPT_LEN_CHARS_MAX + 1))];
    excerpt(&String::from_utf8_lossy(front))
}

/// The whole text as a terminal may show it.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unprintable) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    text.chars()
        .for_each(|character| push_escaped(&mut shown, character));
    Cow::Owned(shown)
}

fn is_unprintable(character: char) -> bool {
    character.is_control() || is_deceptive(character)
}

fn push_escaped(out: &mut String, character: char) {
    if is_unprintable(character) {
        out.extend(character.escape_default());
    } else {
        out.push(character);
    }
}

/// A number with its noun in a sentence: `1 byte`, `20 bytes`.
#[derive(Clone, Copy, Debug)]
pub struct Amount<N>(pub N, pub &'static str);

impl<N: fmt::Display + PartialEq + From<u8>> fmt::Display for Amount<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(number, noun) = self;
        let ending = if *number == N::from(1) { "" } else { "s" };
        write!(f, "{number} {noun}{ending}")
    }
}

/// Whether a character makes a name read as another: it shows nothing, breaks the line, or turns
/// the direction of its neighbours (`exe.txt` behind an override is a program).
///
/// These are the characters that Unicode tells programs to draw as nothing, without the variation
/// selectors (they only choose how the sign before them looks) and with the line separators, the
/// embedding controls and the annotation marks. That takes the joiners from some scripts and from
/// composed emoji too: a less pretty name is better than two that look the same.
pub fn is_deceptive(c: char) -> bool {
    matches!(c,
        '\u{ad}'                        // soft hyphen
        | '\u{34f}'                     // grapheme joiner
        | '\u{61c}'                     // Arabic letter mark
        | '\u{115f}'..='\u{1160}'       // Hangul fillers
        | '\u{17b4}'..='\u{17b5}'       // Khmer inherent vowels
        | '\u{180e}'                    // Mongolian vowel separator
        | '\u{200b}'..='\u{200f}'       // zero-width space and joiners, direction marks
        | '\u{2028}'..='\u{202e}'       // line and paragraph separators, embeddings, overrides
        | '\u{2060}'..='\u{206f}'       // word joiner, invisible operators, isolates
        | '\u{3164}'                    // Hangul filler
        | '\u{feff}'                    // byte order mark
        | '\u{ffa0}'                    // Hangul filler, half width
        | '\u{fff0}'..='\u{fffb}'       // reserved as invisible, interlinear annotation
        | '\u{1bca0}'..='\u{1bca3}'     // shorthand format controls
        | '\u{1d173}'..='\u{1d17a}'     // musical format controls
        | '\u{e0000}'..='\u{e00ff}'     // tags
        | '\u{e01f0}'..='\u{e0fff}'     // reserved as invisible
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_text_stays() {
        assert_eq!(excerpt("Ünïcode 'quoted'"), "Ünïcode 'quoted'");
        assert_eq!(excerpt(&"é".repeat(80)), "é".repeat(80));
    }

    #[test]
    fn one_is_no_plural() {
        let amounts = [0, 1, 2].map(|number: u64| Amount(number, "byte").to_string());
        assert_eq!(amounts, ["0 bytes", "1 byte", "2 bytes"]);
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(excerpt(&"é".repeat(81)), "é".repeat(80) + "…");
    }

    #[test]
    fn what_turns_or_hides_text_is_escaped() {
        assert_eq!(excerpt("a\u{202e}b\u{200b}"), "a\\u{202e}b\\u{200b}");
        assert_eq!(printable("plain"), "plain");
        assert_eq!(printable("two\nlines\u{2066}"), "two\\nlines\\u{2066}");
    }

    #[test]
    fn of_bytes_the_front_is_shown() {
        assert_eq!(excerpt_bytes(b"a\xff\n"), "a\u{fffd}\\n");
        let long = "\u{10348}".repeat(10_000);
        assert_eq!(excerpt_bytes(long.as_bytes()), excerpt(&long));
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(excerpt("a\0b\u{1b}[2J\n"), r"a\u{0}b\u{1b}[2J\n");
    }
}
