//! Files and functions short enough to read at a sitting.

use crate::finding::Finding;
use crate::tokens::{Token, closing, tokens};

/// The aim is 500; the slack spares a split for a few lines.
const FILE_LINES_MAX: usize = 550;

/// The aim is 70; the slack spares a split for a few lines.
const FUNCTION_LINES_MAX: usize = 75;

pub(crate) fn long_file(source: &str) -> Option<Finding> {
    let lines = source.lines().count();
    (lines > FILE_LINES_MAX).then(|| {
        Finding::new(
            FILE_LINES_MAX + 1,
            format!("the file has {lines} lines, more than {FILE_LINES_MAX}"),
            "split it by what its parts are for, or move its tests to a sibling `tests.rs`",
        )
    })
}

pub(crate) fn long_functions(source: &str) -> Vec<Finding> {
    functions(&tokens(source))
        .into_iter()
        .filter(|function| function.lines > FUNCTION_LINES_MAX)
        .map(|Function { name, line, lines }| {
            Finding::new(
                line,
                format!("function `{name}` has {lines} lines, more than {FUNCTION_LINES_MAX}"),
                "give each thing that it does a function of its own",
            )
        })
        .collect()
}

#[derive(Debug, PartialEq, Eq)]
struct Function<'a> {
    name: &'a str,
    line: usize,
    /// From the line of `fn` to that of the closing brace, both included.
    lines: usize,
}

/// Every function with a body; one inside another counts for both.
fn functions<'a>(tokens: &[Token<'a>]) -> Vec<Function<'a>> {
    let keywords = tokens
        .iter()
        .enumerate()
        .filter(|(_, token)| token.text == "fn");
    keywords
        .filter_map(|(at, _)| function_at(tokens, at))
        .collect()
}

fn function_at<'a>(tokens: &[Token<'a>], keyword: usize) -> Option<Function<'a>> {
    let is_macro_parameter = tokens.get(keyword + 1)?.text == "$";
    let name = tokens.get(keyword + 1 + usize::from(is_macro_parameter))?;
    if !name.is_word() {
        return None; // A function pointer type.
    }
    let body = body_start(tokens, keyword)?;
    let line = tokens[keyword].line;
    let lines = tokens[closing(tokens, body)].line - line + 1;
    Some(Function {
        name: name.text,
        line,
        lines,
    })
}

/// Where the signature that begins at `at` gives way to a body; `None` where a `;` ends it.
/// Braces in brackets, or right after `<`, hold the value of a const generic.
fn body_start(tokens: &[Token<'_>], at: usize) -> Option<usize> {
    let mut at = at;
    loop {
        match tokens.get(at)?.text {
            ";" => return None,
            "{" if tokens[at - 1].text != "<" => return Some(at),
            "(" | "[" | "{" => at = closing(tokens, at) + 1,
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(source: &str) -> Vec<(&str, usize, usize)> {
        let functions = functions(&tokens(source));
        functions
            .into_iter()
            .map(|f| (f.name, f.line, f.lines))
            .collect()
    }

    fn function_of(lines: usize) -> String {
        format!("\nfn long() {{\n{}}}\n", "work();\n".repeat(lines - 2))
    }

    #[test]
    fn a_long_function_is_found() {
        assert_eq!(long_functions(&function_of(FUNCTION_LINES_MAX)), []);
        let findings = long_functions(&function_of(FUNCTION_LINES_MAX + 1));
        assert_eq!(
            findings
                .iter()
                .map(|finding| finding.line)
                .collect::<Vec<_>>(),
            [2]
        );
        assert!(
            findings[0].to_string().contains("`long` has 76 lines"),
            "{}",
            findings[0]
        );
    }

    #[test]
    fn a_long_file_is_found() {
        assert_eq!(long_file(&"\n".repeat(FILE_LINES_MAX)), None);
        assert!(long_file(&"\n".repeat(FILE_LINES_MAX + 1)).is_some());
    }

    #[test]
    fn braces_in_literals_and_comments_do_not_end_a_function() {
        let source = "fn a<'a>(x: &'a str) {\n\"}\"; '}'; r#\"}\"#; // }\n/* } */\n}\nfn b() {}";
        assert_eq!(measured(source), [("a", 1, 4), ("b", 5, 1)]);
    }

    #[test]
    fn a_signature_may_take_several_lines() {
        let source = "fn a<T>(\n  b: [u8; 4],\n) -> C<{ 1 + 1 }>\nwhere\n  T: D,\n{\n}\n";
        assert_eq!(measured(source), [("a", 1, 7)]);
    }

    #[test]
    fn only_functions_with_a_body_are_measured() {
        assert_eq!(measured("trait T { fn a(&self) -> [u8; 2]; }\n{\n}\n"), []);
        assert_eq!(measured("type F = fn(u8) -> u8;"), []);
    }

    #[test]
    fn functions_inside_functions_and_macros_are_measured() {
        assert_eq!(
            measured("fn a() {\nfn b() {\n}\n}"),
            [("a", 1, 4), ("b", 2, 2)]
        );
        assert_eq!(
            measured("($name:ident) => { fn $name() {\n} }"),
            [("name", 1, 2)]
        );
    }
}
