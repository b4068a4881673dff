//! Where bars are drawn.

use std::io;

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, TermLike};

/// As often as a bar is drawn, at most.
const DRAWS_PER_S: u8 = 20;

/// A bar on the terminal of standard error; none where that is something else.
pub(super) fn bar(len: u64) -> ProgressBar {
    let term = Term::buffered_stderr();
    let target = if term.is_term() {
        ProgressDrawTarget::term_like_with_hz(Box::new(Returning(term)), DRAWS_PER_S)
    } else {
        ProgressDrawTarget::hidden()
    };
    ProgressBar::with_draw_target(Some(len), target)
}

/// A terminal whose cursor goes back to the front of the last line. Bars fill that line to its end, where
/// the echo of Ctrl-C would begin another, and one too few would be taken away when the bar goes.
#[derive(Debug)]
struct Returning(Term);

impl TermLike for Returning {
    fn width(&self) -> u16 {
        TermLike::width(&self.0)
    }

    fn height(&self) -> u16 {
        TermLike::height(&self.0)
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_up(n)
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_down(n)
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_right(n)
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_left(n)
    }

    fn write_line(&self, line: &str) -> io::Result<()> {
        self.0.write_line(line)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.0.write_str(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.0.clear_line()
    }

    fn flush(&self) -> io::Result<()> {
        self.0.write_str("\r")?;
        self.0.flush()
    }
}
