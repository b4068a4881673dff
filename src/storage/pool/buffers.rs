//! Buffers that are used again: fresh pages cost more than the bytes that are put in them.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::memory::Memory;

/// A buffer is used for what is shorter than it by one part in so many.
const SLACK_ONE_IN: usize = 8;

/// Buffers of one process, a bounded number of bytes of them.
#[derive(Debug)]
pub(super) struct Buffers {
    max_bytes: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    free: Vec<Memory>,
    /// Free and in use.
    total_bytes: usize,
}

impl Buffers {
    pub(super) fn new(max_bytes: usize) -> Arc<Self> {
        Arc::new(Self {
            max_bytes,
            state: Mutex::default(),
        })
    }

    /// How many bytes so many buffers may need that hold so much in all.
    pub(super) fn bytes_for(held_bytes: usize, buffer_count: usize) -> usize {
        let whole_pages = buffer_count * rustix::param::page_size();
        let pages_bytes = held_bytes.saturating_add(whole_pages);
        pages_bytes.saturating_add(pages_bytes / SLACK_ONE_IN)
    }

    /// A buffer of at least so many bytes, which hold anything. More than all may have is an error.
    pub(super) fn take(&self, len_bytes: usize) -> io::Result<Memory> {
        let wanted = len_bytes
            .max(1)
            .next_multiple_of(rustix::param::page_size());
        let longest = wanted + wanted / SLACK_ONE_IN;
        let fits = |memory: &Memory| (wanted..=longest).contains(&memory.len_bytes());
        let mut state = self.lock();
        if let Some(at) = state.free.iter().position(fits) {
            return Ok(state.free.swap_remove(at));
        }
        let mut others = Vec::new();
        while state.total_bytes + wanted > self.max_bytes {
            let Some(other) = state.free.pop() else {
                let max_bytes = self.max_bytes;
                return Err(io::Error::other(format!(
                    "no more than {max_bytes} bytes may be held in buffers"
                )));
            };
            state.total_bytes -= other.len_bytes();
            others.push(other);
        }
        state.total_bytes += wanted;
        drop(state);
        drop(others);
        Memory::buffer(wanted).inspect_err(|_| self.lock().total_bytes -= wanted)
    }

    pub(super) fn give_back(&self, buffer: Memory) {
        self.lock().free.push(buffer);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_used_again_and_bounded() {
        let page = rustix::param::page_size();
        let buffers = Buffers::new(4 * page);
        let [one, two] = [1, 2].map(|pages| buffers.take(pages * page).unwrap());
        assert!(buffers.take(2 * page).is_err(), "one page is left");
        let address = two.start();
        buffers.give_back(two);
        assert_eq!(buffers.take(page + 1).unwrap().start(), address);
        buffers.give_back(one);
        // What is free of another size makes room.
        assert_eq!(buffers.take(2 * page).unwrap().len_bytes(), 2 * page);
    }
}
