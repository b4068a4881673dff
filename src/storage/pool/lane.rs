//! A thread that does one thing after the other, where each may block.

use std::io;
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};

type Task = Box<dyn FnOnce() + Send>;

/// Dropping it waits for what it was given.
#[derive(Debug)]
pub(super) struct Lane {
    tasks: Option<Sender<Task>>,
    thread: Option<JoinHandle<()>>,
}

impl Lane {
    pub(super) fn start(name: &str) -> io::Result<Self> {
        let (tasks, given) = channel::<Task>();
        let run = move || given.into_iter().for_each(|task| task());
        let thread = thread::Builder::new().name(name.to_owned()).spawn(run)?;
        Ok(Self {
            tasks: Some(tasks),
            thread: Some(thread),
        })
    }

    /// Takes a task and returns at once. How many wait is bounded by whoever gives them: every
    /// task holds a place or a piece, of which there are few.
    pub(super) fn run(&self, task: impl FnOnce() + Send + 'static) {
        if let Some(tasks) = &self.tasks {
            // Its thread lives as long as there are tasks to come.
            let _ = tasks.send(Box::new(task));
        }
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        drop(self.tasks.take());
        // The last user of a pool may be a task of its own.
        if let Some(thread) = self
            .thread
            .take()
            .filter(|it| it.thread().id() != thread::current().id())
        {
            // A panic in it was reported when it happened.
            let _ = thread.join();
        }
    }
}
