//! Characters that deceive the eye.

/// Whether a character makes a text read as another: it shows nothing, breaks the line, or turns
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
