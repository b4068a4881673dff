//! How content is divided among workers, within a budget of memory.

use std::fs::File;

use super::hash_units::Job;
use super::reader::{IoMode, open_content};
use crate::base::limits;
use crate::hash::merkle::LEAF_LEN_BYTES;

/// So many units side by side fill the widest hasher.
const LANES: usize = 16;

/// How much of the content may be in memory at once, in all workers together.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    pub mapped_bytes: usize,
    pub copied_bytes: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            mapped_bytes: limits::MAPPED_BYTES_MAX,
            copied_bytes: limits::COPIED_BYTES_MAX,
        }
    }
}

/// How the units are divided.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) unit_count: u64,
    units_per_batch: usize,
    /// How much of each unit one round takes.
    pub(super) stretch_len_bytes: u32,
}

impl Plan {
    pub(super) fn new(job: &Job<'_>, workers: usize) -> Self {
        let unit_len = job.layout.unit_len_bytes();
        let unit_count = job.layout.unit_count();
        let budget = if copies_much(job) {
            job.budget.copied_bytes
        } else {
            job.budget.mapped_bytes
        };
        let round_bytes = budget / workers;
        // Of whole leaves, and of one at least.
        let lane_bytes = round_bytes / LANES / LEAF_LEN_BYTES * LEAF_LEN_BYTES;
        let stretch_len_bytes =
            u32::try_from(lane_bytes.max(LEAF_LEN_BYTES)).unwrap_or(limits::PIECE_LENGTH_BYTES_MAX);
        let fitting = round_bytes / unit_len.min(stretch_len_bytes) as usize;
        // Enough batches that all workers end at about the same time.
        let fair = usize::try_from(unit_count / (8 * workers as u64)).unwrap_or(usize::MAX);
        let share = usize::try_from(unit_count.div_ceil(workers as u64)).unwrap_or(usize::MAX);
        let units_per_batch = fitting
            .min(fair.max(LANES))
            .min(share)
            .clamp(1, limits::UNITS_PER_BATCH_MAX);
        Self {
            unit_count,
            units_per_batch,
            stretch_len_bytes,
        }
    }

    pub(super) fn batch_count(&self) -> usize {
        let batches = self.unit_count.div_ceil(self.units_per_batch as u64);
        usize::try_from(batches).unwrap_or(usize::MAX)
    }

    pub(super) fn batch(&self, index: usize) -> Option<std::ops::Range<u64>> {
        let start = (index as u64).checked_mul(self.units_per_batch as u64)?;
        let end = start
            .saturating_add(self.units_per_batch as u64)
            .min(self.unit_count);
        (start < end).then_some(start..end)
    }
}

/// Whether more is copied than may be in memory at once. Small files are, wherever they stand.
fn copies_much(job: &Job<'_>) -> bool {
    let file_count = job.layout.file_count();
    let mean_file_bytes = job.layout.total_bytes() / (file_count as u64).max(1);
    let lens = (0..file_count).map(|file| job.layout.file_len_bytes(file));
    let small_bytes: u64 = lens
        .filter(|len| *len < limits::MAPPED_LEN_BYTES_MIN as u64)
        .sum();
    job.mode == IoMode::Positional
        || mean_file_bytes < 1 << 20
        || small_bytes > job.budget.copied_bytes as u64
}

/// How a job can be read: by position where one of its file systems cannot map. A worker that met
/// that only later would copy as much as it may map.
pub(super) fn mode_that_works(job: &Job<'_>, can_map: impl Fn(&File) -> bool) -> IoMode {
    if job.mode == IoMode::Positional {
        return IoMode::Positional;
    }
    for probes in job.sources.file_systems().probes() {
        // A file that cannot be opened tells nothing of its file system.
        let opened = probes
            .iter()
            .find_map(|path| Some((path, open_content(path).ok()?)));
        if let Some((path, file)) = opened
            && !can_map(&file)
        {
            log::debug!("`{}` cannot be mapped; reading by position", path.display());
            return IoMode::Positional;
        }
    }
    IoMode::Auto
}

#[cfg(test)]
mod tests {
    use super::super::file_table::FileTable;
    use super::super::hash_units::{Algorithms, Progress};
    use super::super::layout::{Layout, Shape};
    use super::super::scan::{ScanOptions, scan};
    use super::super::source::Sources;
    use super::super::window::Window;
    use super::*;

    fn job<'a>(
        layout: &'a Layout<'a>,
        sources: &'a dyn Sources,
        budget: Budget,
        progress: &'a Progress,
    ) -> Job<'a> {
        Job {
            layout,
            sources,
            algorithms: Algorithms {
                sha1: true,
                sha1_padded: false,
                merkle: false,
            },
            trees: None,
            mode: IoMode::Auto,
            budget,
            progress,
            unreadable: None,
        }
    }

    const LEN_BYTES: u64 = 1 << 30;

    fn large_file() -> (tempfile::NamedTempFile, FileTable) {
        let named = tempfile::NamedTempFile::new().unwrap();
        named.as_file().set_len(LEN_BYTES).unwrap();
        let found = scan(named.path(), &ScanOptions::default()).unwrap();
        (named, found.files)
    }

    fn layout_of(unit_len_bytes: u32) -> Layout<'static> {
        Layout::new(
            Shape::Contiguous,
            std::iter::once(LEN_BYTES),
            unit_len_bytes,
        )
    }

    #[test]
    fn what_cannot_be_mapped_is_read_by_position_within_the_budget_of_copies() {
        let (_named, files) = large_file();
        let layout = layout_of(1 << 20);
        let (budget, progress) = (Budget::default(), Progress::default());
        let job = job(&layout, &files, budget, &progress);
        assert_eq!(mode_that_works(&job, Window::can_open), IoMode::Auto);
        let mode = mode_that_works(&job, |_| false);
        assert_eq!(mode, IoMode::Positional);
        let plan = Plan::new(&Job { mode, ..job }, 4);
        let taken = plan.units_per_batch * plan.stretch_len_bytes as usize;
        assert!(taken <= budget.copied_bytes / 4, "{plan:?}");
    }

    #[test]
    fn a_batch_fits_its_share_of_the_budget() {
        let (_named, files) = large_file();
        let (budget, progress) = (Budget::default(), Progress::default());
        for unit_len_log2 in 0..=30 {
            let unit_len_bytes = 1 << unit_len_log2;
            let layout = layout_of(unit_len_bytes);
            let plan = Plan::new(&job(&layout, &files, budget, &progress), 4);
            let taken = plan.units_per_batch * unit_len_bytes.min(plan.stretch_len_bytes) as usize;
            assert!(taken <= budget.mapped_bytes / 4, "{plan:?}");
            assert!(
                plan.units_per_batch <= limits::UNITS_PER_BATCH_MAX,
                "{plan:?}"
            );
        }
    }
}
