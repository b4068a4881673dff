//! The thread that does what the reactor's must not: it writes the state file, reads lists, and opens
//! the log afresh.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use super::TrackerArgs;
use super::settings::config;
use super::state::StateFile;
use crate::cli::logging::ServiceLog;
use crate::reactor::Completions;
use crate::tracker::service::{Done, Job, JournalError, PairReport, Standing};

/// The service has one step of the journal, one report and one reload under way at a time.
const JOBS_WAITING_MAX: usize = 16;

pub(super) struct Worker {
    jobs: SyncSender<(Job, Completions<Done>)>,
    thread: JoinHandle<()>,
}

impl Worker {
    pub(super) fn start(args: TrackerArgs, mut state: Option<StateFile>, log: ServiceLog) -> Self {
        let (jobs, waiting) = sync_channel::<(Job, Completions<Done>)>(JOBS_WAITING_MAX);
        let thread = thread::spawn(move || {
            for (job, completions) in waiting {
                let done = match job {
                    Job::Journal(job) => {
                        let written = state.as_mut().map_or(Ok(()), |state| state.carry_out(&job));
                        Done::Journal(written.map_err(|()| JournalError))
                    }
                    Job::Report(report) => {
                        say(report);
                        Done::Reported
                    }
                    Job::Reload => Done::Reloaded(reload(&args, &log)),
                };
                // Where the reactor has ended, nobody waits for the answer.
                let _ = completions.send(done);
            }
        });
        Self { jobs, thread }
    }

    /// Called on the reactor's thread: it does not wait. A second reload before the first is done
    /// says nothing new.
    pub(super) fn submit(&self, job: Job, completions: &Completions<Done>) {
        let _ = self.jobs.try_send((job, completions.clone()));
    }

    /// Waits for what is under way.
    pub(super) fn finish(self) {
        drop(self.jobs);
        let _ = self.thread.join();
    }
}

fn say(report: PairReport) {
    match report.standing {
        Standing::Calling | Standing::Paired => log::info!("{report}"),
        Standing::Trouble(_) => log::warn!("{report}"),
    }
}

fn reload(args: &TrackerArgs, log: &ServiceLog) -> Option<Box<crate::tracker::server::Config>> {
    log.reopen();
    match config(args) {
        Ok(config) => {
            log::info!("read the lists again");
            Some(Box::new(config))
        }
        Err(error) => {
            log::error!("the old lists stay: {error:#}");
            None
        }
    }
}
