//! Values from outside, made fit for an error message.

use super::is_deceptive;

/// More than this of a value helps nobody to find it.
const EXCERPT_LEN_CHARS_MAX: usize = 80;

/// The text as a message may show it: shortened where it is long, with escapes for the characters
/// by which a hostile value would drive the terminal or turn the words around it.
pub fn excerpt(text: &str) -> String {
    let mut shown = String::new();
    for (position, character) in text.chars().enumerate() {
        if position == EXCERPT_LEN_CHARS_MAX {
            shown.push('…');
            break;
        }
        if character.is_control() || is_deceptive(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
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
    fn long_text_is_cut_between_characters() {
        assert_eq!(excerpt(&"é".repeat(81)), "é".repeat(80) + "…");
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(excerpt("a\0b\u{1b}[2J\n"), r"a\u{0}b\u{1b}[2J\n");
    }
    #[test]
    fn what_hides_or_turns_text_is_escaped() {
        assert_eq!(
            excerpt("a\u{202e}gpj.exe\u{200b}"),
            r"a\u{202e}gpj.exe\u{200b}"
        );
    }
}
