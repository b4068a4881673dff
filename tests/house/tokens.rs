//! Just enough of a Rust lexer to tell code from what only looks like code.
//!
//! Comments and literals are dropped, so that a brace or a keyword inside one counts for nothing.
//! It trusts that the file compiles: what rustc refuses may be misread here.

/// A word (identifier, keyword, lifetime or number), `::`, or one character of punctuation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) text: &'a str,
    /// Counted from 1.
    pub(crate) line: usize,
}

impl Token<'_> {
    pub(crate) fn is_word(&self) -> bool {
        self.text.starts_with(is_word_char)
    }
}

pub(crate) fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut rest = source;
    let mut line = 1;
    while let Some(first) = rest.chars().next() {
        let (len, kind) = next_lexeme(rest, first);
        let (text, after) = rest.split_at(len);
        if kind == Lexeme::Code {
            found.push(Token { text, line });
        }
        line += text.matches('\n').count();
        rest = after;
    }
    found
}

/// The index of the token that closes the bracket which opens at `open`; the last token where
/// nothing does.
pub(crate) fn closing(tokens: &[Token<'_>], open: usize) -> usize {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" if depth <= 1 => return index,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
    }
    tokens.len().saturating_sub(1)
}

/// Whether the texts of `tokens` begin with `pattern`.
pub(crate) fn begins_with(tokens: &[Token<'_>], pattern: &[&str]) -> bool {
    tokens.len() >= pattern.len()
        && tokens
            .iter()
            .zip(pattern)
            .all(|(token, text)| token.text == *text)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lexeme {
    Code,
    Dropped,
}

fn next_lexeme(rest: &str, first: char) -> (usize, Lexeme) {
    if rest.starts_with("//") {
        return (rest.find('\n').unwrap_or(rest.len()), Lexeme::Dropped);
    }
    if rest.starts_with("/*") {
        return (block_comment_len(rest), Lexeme::Dropped);
    }
    if let Some(len) = raw_string_len(rest) {
        return (len, Lexeme::Dropped);
    }
    match first {
        '"' => (quoted_len(rest, '"'), Lexeme::Dropped),
        '\'' => char_or_lifetime(rest),
        _ if rest.starts_with("r#") => (2 + word_len(&rest[2..]), Lexeme::Code),
        _ if is_word_char(first) => (word_len(rest), Lexeme::Code),
        _ if first.is_whitespace() => (first.len_utf8(), Lexeme::Dropped),
        _ if rest.starts_with("::") => (2, Lexeme::Code),
        _ => (first.len_utf8(), Lexeme::Code),
    }
}

fn is_word_char(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn word_len(rest: &str) -> usize {
    rest.find(|c| !is_word_char(c)).unwrap_or(rest.len())
}

/// Block comments nest.
fn block_comment_len(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        match rest.as_bytes().get(at..at + 2) {
            Some(b"/*") => {
                depth += 1;
                at += 2;
            }
            Some(b"*/") => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    rest.len()
}

/// `None` where no raw string begins here; `r#name` is a word.
fn raw_string_len(rest: &str) -> Option<usize> {
    let prefix = ["r", "br", "cr"].into_iter().find(|prefix| {
        let after = rest.strip_prefix(prefix).unwrap_or_default();
        after.trim_start_matches('#').starts_with('"')
    })?;
    let after = &rest[prefix.len()..];
    let hashes = after.len() - after.trim_start_matches('#').len();
    let content = prefix.len() + hashes + 1;
    let end = format!("\"{}", "#".repeat(hashes));
    let len = rest[content..]
        .find(&end)
        .map(|at| content + at + end.len());
    Some(len.unwrap_or(rest.len()))
}

/// The length of a literal with escapes that opens and closes with `quote`.
fn quoted_len(rest: &str, quote: char) -> usize {
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        if c == '\\' {
            chars.next();
        } else if c == quote {
            return at + 1;
        }
    }
    rest.len()
}

/// `'x'` and `'\n'` are literals, `'name` is a lifetime or a label.
fn char_or_lifetime(rest: &str) -> (usize, Lexeme) {
    let mut after_quote = rest.chars().skip(1);
    let escaped = after_quote.next() == Some('\\');
    if escaped || after_quote.next() == Some('\'') {
        (quoted_len(rest, '\''), Lexeme::Dropped)
    } else {
        (1 + word_len(&rest[1..]), Lexeme::Code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<&str> {
        tokens(source).iter().map(|token| token.text).collect()
    }

    #[test]
    fn comments_are_dropped() {
        assert_eq!(texts("a // { b\nc /* } /* d */ } */ e"), ["a", "c", "e"]);
    }

    #[test]
    fn strings_are_dropped() {
        assert_eq!(texts(r#"a("{ \" }", b"}\\")"#), ["a", "(", ",", "b", ")"]);
        assert_eq!(texts(r###"a r#" " } "# br"\" c"###), ["a", "c"]);
        assert_eq!(texts("r#type br r"), ["r#type", "br", "r"]);
    }

    #[test]
    fn char_literals_are_told_from_lifetimes() {
        assert_eq!(texts(r"'{' '\'' '\u{7b}' b'}' 'é' x"), ["b", "x"]);
        assert_eq!(texts("<'a, 'b>"), ["<", "'a", ",", "'b", ">"]);
        assert_eq!(texts("'outer: loop {"), ["'outer", ":", "loop", "{"]);
    }

    #[test]
    fn lines_are_counted_through_literals() {
        let lines: Vec<_> = tokens("a\n/*\n*/ b \"\n\n\" c")
            .iter()
            .map(|t| t.line)
            .collect();
        assert_eq!(lines, [1, 3, 5]);
    }

    #[test]
    fn brackets_are_matched() {
        let all = tokens("f(a[1], '}') { g() } h");
        assert_eq!(all[closing(&all, 1)].text, ")");
        let body = all.iter().position(|token| token.text == "{").unwrap();
        assert_eq!(all[closing(&all, body) + 1].text, "h");
    }
}
