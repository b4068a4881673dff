//! What people see while a transfer runs: a bar on a terminal, a line a second for programs.

use std::io::Write as _;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::cli::logging::write_above;
use crate::cli::size::{Counted, Size};
use crate::cli::terminal;
use crate::engine::{Phase, Report, TorrentReport};

const LINE_EVERY: Duration = Duration::from_secs(1);

pub(super) struct Watcher {
    json: bool,
    bar: ProgressBar,
    last_line: Option<Instant>,
}

/// One line of `--json` while a transfer runs.
#[derive(Serialize)]
struct Line<'a> {
    event: &'static str,
    state: &'static str,
    have_bytes: u64,
    total_bytes: u64,
    down_bytes_per_second: u64,
    up_bytes_per_second: u64,
    downloaded_bytes: u64,
    uploaded_bytes: u64,
    peers: usize,
    seeds: usize,
    seconds_left: Option<u64>,
    trackers: Vec<TrackerLine<'a>>,
}

#[derive(Serialize)]
struct TrackerLine<'a> {
    url: &'a str,
    peers: Option<usize>,
    error: Option<&'a str>,
}

impl Watcher {
    pub(super) fn new(name: &str, json: bool, is_seed: bool) -> Self {
        let bar = if json {
            ProgressBar::hidden()
        } else {
            terminal::bar(1)
        };
        // Lines that a narrow terminal would break are cut, and the bar has one of its own.
        let template = if is_seed {
            "{prefix}  {wide_msg}"
        } else {
            "{prefix} {wide_bar} {percent:>3} %\n  {wide_msg}"
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        write_above((!bar.is_hidden()).then_some(&bar));
        bar.set_prefix(shortened(&crate::base::printable(name)));
        Self {
            json,
            bar,
            last_line: None,
        }
    }

    /// Shows reports until there are no more; gives back the last.
    pub(super) fn watch(mut self, reports: &Receiver<Box<Report>>) -> Option<Report> {
        let mut last = None;
        for report in reports {
            for torrent in &report.torrents {
                self.show(torrent, report.has_stopped);
            }
            last = Some(*report);
        }
        write_above(None);
        self.bar.finish_and_clear();
        last
    }

    fn show(&mut self, torrent: &TorrentReport, is_last: bool) {
        if self.json {
            let is_due = self
                .last_line
                .is_none_or(|last| last.elapsed() >= LINE_EVERY);
            if is_due && !is_last {
                self.last_line = Some(Instant::now());
                write_line(torrent);
            }
            return;
        }
        self.bar.set_length(torrent.total_bytes);
        self.bar.set_position(torrent.have_bytes);
        self.bar.set_message(message(torrent));
    }
}

/// Leaves room for a bar beside it.
fn shortened(name: &str) -> String {
    const CHARS_MAX: usize = 24;
    if name.chars().count() <= CHARS_MAX {
        return name.to_owned();
    }
    let kept: String = name.chars().take(CHARS_MAX - 1).collect();
    format!("{kept}\u{2026}")
}

/// What matters most comes first: the end may be cut off.
fn message(torrent: &TorrentReport) -> String {
    let mut words = Vec::new();
    match torrent.phase {
        Phase::Downloading => {
            words.push(format!("{}/s down", Size(torrent.down_bytes_per_second)));
        }
        Phase::Finishing => words.push("finishing".to_owned()),
        Phase::Seeding => words.push("seeding".to_owned()),
        Phase::Failed(_) => words.push("stopped".to_owned()),
    }
    if let Some(seconds) = seconds_left(torrent) {
        words.push(format!("{} left", clock(seconds)));
    }
    words.push(format!("{}/s up", Size(torrent.up_bytes_per_second)));
    let peers = Counted(torrent.connected_peers as u64, "peer");
    words.push(match torrent.connected_seeds {
        0 => peers.to_string(),
        seeds => format!("{peers} ({seeds} with all)"),
    });
    words.push(trackers(torrent));
    words.join("  ")
}

fn trackers(torrent: &TorrentReport) -> String {
    let mut answers = torrent.trackers.iter();
    let answered = answers.find(|tracker| matches!(tracker.last, Some(Ok(_))));
    match (answered, torrent.trackers.first()) {
        (Some(tracker), _) => format!("via {}", crate::base::printable(&tracker.url)),
        (None, Some(_)) => "no tracker answers".to_owned(),
        (None, None) => String::new(),
    }
}

fn seconds_left(torrent: &TorrentReport) -> Option<u64> {
    (torrent.left_bytes() > 0)
        .then(|| {
            torrent
                .left_bytes()
                .checked_div(torrent.down_bytes_per_second)
        })
        .flatten()
}

/// `1:02:03`, without what is not needed.
fn clock(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

fn write_line(torrent: &TorrentReport) {
    let line = Line {
        event: "progress",
        state: state(&torrent.phase),
        have_bytes: torrent.have_bytes,
        total_bytes: torrent.total_bytes,
        down_bytes_per_second: torrent.down_bytes_per_second,
        up_bytes_per_second: torrent.up_bytes_per_second,
        downloaded_bytes: torrent.downloaded_bytes,
        uploaded_bytes: torrent.uploaded_bytes,
        peers: torrent.connected_peers,
        seeds: torrent.connected_seeds,
        seconds_left: seconds_left(torrent),
        trackers: torrent.trackers.iter().map(tracker_line).collect(),
    };
    if let Ok(text) = serde_json::to_string(&line) {
        // Whoever stopped reading has seen enough; the transfer goes on.
        let _ = writeln!(std::io::stdout(), "{text}");
    }
}

fn tracker_line(tracker: &crate::engine::TrackerReport) -> TrackerLine<'_> {
    let (peers, error) = match &tracker.last {
        Some(Ok(answer)) => (Some(answer.peers), None),
        Some(Err(why)) => (None, Some(why.as_str())),
        None => (None, None),
    };
    TrackerLine {
        url: &tracker.url,
        peers,
        error,
    }
}

pub(super) fn state(phase: &Phase) -> &'static str {
    match phase {
        Phase::Downloading => "downloading",
        Phase::Finishing => "finishing",
        Phase::Seeding => "seeding",
        Phase::Failed(_) => "failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_leave_room() {
        assert_eq!(shortened("model.bin"), "model.bin");
        let long = shortened(&"\u{fc}".repeat(200));
        assert_eq!(long.chars().count(), 24);
        assert!(long.ends_with('\u{2026}'));
    }
}
