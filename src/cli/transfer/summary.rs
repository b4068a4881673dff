//! What came of a transfer, and what it cost.

use std::io::Write;
use std::time::Duration;

use anyhow::{Result, bail};
use serde::Serialize;

use super::show::state;
use crate::cli::size::Size;
use crate::engine::{Limit, Phase, TorrentReport};
use crate::reactor::{Ended, Stats};

#[derive(Debug)]
pub(super) struct Outcome {
    /// `None` where there was nothing to transfer.
    pub(super) last: Option<TorrentReport>,
    /// Nothing came for so long.
    pub(super) gave_up_after: Option<Duration>,
    pub(super) figures: Figures,
    pub(super) shows_stats: bool,
    pub(super) ended: Ended,
    /// Everything was there from the start.
    pub(super) is_seed: bool,
}

/// What the process used.
#[derive(Debug)]
pub(super) struct Figures {
    elapsed: Duration,
    cpu: Duration,
    peak: PeakMemory,
    stats: Stats,
}

/// The most that was resident: the process's own memory, and in all. Mapped files are the rest.
#[derive(Clone, Copy, Debug, Default)]
struct PeakMemory {
    anonymous_bytes: u64,
    resident_bytes: u64,
}

#[derive(Serialize)]
struct Summary<'a> {
    event: &'static str,
    name: &'a str,
    state: &'static str,
    complete: bool,
    total_bytes: u64,
    have_bytes: u64,
    downloaded_bytes: u64,
    uploaded_bytes: u64,
    wasted_bytes: u64,
    seconds: f64,
    download_seconds: Option<f64>,
    cpu_seconds: f64,
    memory: Memory,
    limited_by: Option<&'static str>,
    waited_seconds: Option<Waited>,
    reactor: Stats,
}

#[derive(Serialize)]
struct Memory {
    anonymous_bytes: u64,
    mapped_bytes: u64,
    peak_resident_bytes: u64,
}

#[derive(Serialize)]
struct Waited {
    peers: f64,
    network: f64,
    hash: f64,
    disk: f64,
    limit: f64,
}

impl Figures {
    pub(super) fn now(elapsed: Duration, stats: Stats) -> Self {
        let cpu = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        let seconds = u64::try_from(cpu.tv_sec).unwrap_or(0);
        let nanos = u32::try_from(cpu.tv_nsec).unwrap_or(0);
        Self {
            elapsed,
            cpu: Duration::new(seconds, nanos),
            peak: peak_memory().unwrap_or_default(),
            stats,
        }
    }
}

/// As the kernel counts it; nothing where it does not.
fn peak_memory() -> Option<PeakMemory> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let field = |name: &str| -> Option<u64> {
        let line = status.lines().find(|line| line.starts_with(name))?;
        let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kib * 1024)
    };
    Some(PeakMemory {
        anonymous_bytes: field("RssAnon:")?,
        resident_bytes: field("VmHWM:")?,
    })
}

impl Outcome {
    fn is_complete(&self) -> bool {
        let is_there = |report: &TorrentReport| {
            matches!(report.phase, Phase::Seeding | Phase::Finishing) && report.left_bytes() == 0
        };
        self.last.as_ref().is_none_or(is_there)
    }

    fn limited_by(&self) -> Option<Limit> {
        self.last.as_ref()?.waits.longest()
    }

    pub(super) fn show(&self, name: &str) {
        let mut err = std::io::stderr();
        if let Some(report) = &self.last {
            let _ = writeln!(err, "{}", self.sentence(report, name));
        } else {
            let name = crate::base::printable(name);
            let _ = writeln!(
                err,
                "`{name}`: all of its files are empty; nothing to transfer"
            );
        }
        if self.shows_stats {
            let _ = writeln!(err, "{}", self.figures.stats);
        }
    }

    fn sentence(&self, report: &TorrentReport, name: &str) -> String {
        let peak = self.figures.peak;
        let mapped_bytes = peak.resident_bytes.saturating_sub(peak.anonymous_bytes);
        let mut text = format!(
            "`{}`: {} of {} there; {} down, {} up",
            crate::base::printable(name),
            Size(report.have_bytes),
            Size(report.total_bytes),
            Size(report.downloaded_bytes),
            Size(report.uploaded_bytes),
        );
        if let Some(took) = report.download_took {
            let rate = rate_of(report.downloaded_bytes, took);
            text += &format!(" in {:.2} s ({}/s)", took.as_secs_f64(), Size(rate));
        }
        text += &format!(
            "; {:.2} s of CPU, {} of memory and {} of mapped files at most",
            self.figures.cpu.as_secs_f64(),
            Size(peak.anonymous_bytes),
            Size(mapped_bytes),
        );
        if let Some(limit) = self.limited_by() {
            text += &format!("; limited by: {}", limit.name());
        }
        text
    }

    pub(super) fn write_json(&self, out: &mut impl Write, name: &str) -> Result<()> {
        let peak = self.figures.peak;
        let report = self.last.as_ref();
        let of = |field: fn(&TorrentReport) -> u64| report.map_or(0, field);
        let summary = Summary {
            event: "done",
            name,
            state: report.map_or("seeding", |report| state(&report.phase)),
            complete: self.is_complete(),
            total_bytes: of(|report| report.total_bytes),
            have_bytes: of(|report| report.have_bytes),
            downloaded_bytes: of(|report| report.downloaded_bytes),
            uploaded_bytes: of(|report| report.uploaded_bytes),
            wasted_bytes: of(|report| report.wasted_bytes),
            seconds: self.figures.elapsed.as_secs_f64(),
            download_seconds: report
                .and_then(|report| report.download_took)
                .map(|took| took.as_secs_f64()),
            cpu_seconds: self.figures.cpu.as_secs_f64(),
            memory: Memory {
                anonymous_bytes: peak.anonymous_bytes,
                mapped_bytes: peak.resident_bytes.saturating_sub(peak.anonymous_bytes),
                peak_resident_bytes: peak.resident_bytes,
            },
            limited_by: self.limited_by().map(Limit::name),
            waited_seconds: report.map(|report| Waited {
                peers: report.waits.peers.as_secs_f64(),
                network: report.waits.network.as_secs_f64(),
                hash: report.waits.hash.as_secs_f64(),
                disk: report.waits.disk.as_secs_f64(),
                limit: report.waits.limit.as_secs_f64(),
            }),
            reactor: self.figures.stats,
        };
        serde_json::to_writer(&mut *out, &summary)?;
        writeln!(out)?;
        Ok(())
    }

    /// The exit status.
    pub(super) fn into_result(self) -> Result<()> {
        if let Some(TorrentReport {
            phase: Phase::Failed(fault),
            ..
        }) = self.last
        {
            return Err(fault.into());
        }
        let is_complete = self.is_complete();
        match (self.ended, self.last) {
            (Ended::AtOnce, _) => bail!("stopped at once, as it was asked to twice"),
            (_, Some(report)) if !self.is_seed && !is_complete => {
                let why = match self.gave_up_after {
                    Some(patience) => format!(", and nothing more for {patience:?}"),
                    None => String::new(),
                };
                bail!(
                    "{} of {} came{why}; run the same command again to go on from there",
                    Size(report.have_bytes),
                    Size(report.total_bytes)
                )
            }
            _ => Ok(()),
        }
    }
}

fn rate_of(bytes: u64, took: Duration) -> u64 {
    let nanos = took.as_nanos().max(1);
    u64::try_from(u128::from(bytes) * 1_000_000_000 / nanos).unwrap_or(u64::MAX)
}
