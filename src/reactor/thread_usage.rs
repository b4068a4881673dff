//! What the kernel counts about the thread that asks.
#![allow(unsafe_code)]

use std::time::Duration;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ThreadUsage {
    pub(super) major_faults: u64,
    pub(super) minor_faults: u64,
    pub(super) blocks_input: u64,
    pub(super) voluntary_switches: u64,
    pub(super) involuntary_switches: u64,
}

impl ThreadUsage {
    #[cfg(target_os = "linux")]
    pub(super) fn now() -> Self {
        // SAFETY: the call fills a structure of numbers, for which all zeros is a value.
        let usage = unsafe {
            let mut usage: libc::rusage = std::mem::zeroed();
            libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage);
            usage
        };
        let count = |count| u64::try_from(count).unwrap_or(0);
        Self {
            major_faults: count(usage.ru_majflt),
            minor_faults: count(usage.ru_minflt),
            blocks_input: count(usage.ru_inblock),
            voluntary_switches: count(usage.ru_nvcsw),
            involuntary_switches: count(usage.ru_nivcsw),
        }
    }

    /// Other systems count for the whole process only, which says nothing of this thread.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn now() -> Self {
        Self::default()
    }

    pub(super) fn since(&self, earlier: &Self) -> Self {
        Self {
            major_faults: self.major_faults - earlier.major_faults,
            minor_faults: self.minor_faults - earlier.minor_faults,
            blocks_input: self.blocks_input - earlier.blocks_input,
            voluntary_switches: self.voluntary_switches - earlier.voluntary_switches,
            involuntary_switches: self.involuntary_switches - earlier.involuntary_switches,
        }
    }
}

pub(super) fn thread_cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}
