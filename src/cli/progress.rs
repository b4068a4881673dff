//! A progress bar on a terminal, and nothing elsewhere.

use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use indicatif::ProgressStyle;

use super::terminal;
use crate::storage::Progress;

const REDRAW: Duration = Duration::from_millis(100);

/// Runs `work` and shows meanwhile how far it is.
pub(super) fn with_bar<T>(
    what: &'static str,
    total_bytes: u64,
    progress: &Progress,
    work: impl FnOnce() -> T,
) -> T {
    let bar = terminal::bar(total_bytes);
    if bar.is_hidden() {
        return work();
    }
    let template = "{msg} {wide_bar} {percent:>3} %  {binary_bytes_per_sec}  {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_message(what);
    let (done, is_done) = mpsc::channel::<()>();
    let result = thread::scope(|scope| {
        let bar = &bar;
        scope.spawn(move || {
            // The other end is dropped when the work is done, or has panicked.
            while is_done.recv_timeout(REDRAW) == Err(RecvTimeoutError::Timeout) {
                bar.set_position(progress.hashed_bytes.load(Ordering::Relaxed));
            }
        });
        let result = work();
        drop(done);
        result
    });
    bar.finish_and_clear();
    result
}
