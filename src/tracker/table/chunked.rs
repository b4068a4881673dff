//! A vector in chunks: growing it moves little, shrinking it gives memory back. All slack is in the last
//! chunk: a third of it at most while it grows, and three quarters once it shrinks.

use std::mem::size_of;

/// Of so many bytes at most is what growing moves, beside the list of chunks. Most swarms fit into one chunk, where a place is one step away.
const CHUNK_BYTES_MAX: usize = 32 << 10;

/// Memory that an allocator spends on each allocation beside what was asked for.
pub(super) const ALLOCATION_OVERHEAD_BYTES: usize = 16;

#[derive(Debug)]
pub(super) struct Chunked<T> {
    /// All there is in most swarms.
    first: Vec<T>,
    /// All but the last are full.
    rest: Vec<Vec<T>>,
}

impl<T> Default for Chunked<T> {
    fn default() -> Self {
        Self {
            first: Vec::new(),
            rest: Vec::new(),
        }
    }
}

impl<T> Chunked<T> {
    const CHUNK_SHIFT: u32 = (CHUNK_BYTES_MAX / size_of::<T>()).ilog2();
    const CHUNK_LEN: usize = 1 << Self::CHUNK_SHIFT;

    pub(super) fn len(&self) -> usize {
        match self.rest.last() {
            None => self.first.len(),
            Some(last) => self.rest.len() * Self::CHUNK_LEN + last.len(),
        }
    }

    pub(super) fn get(&self, at: usize) -> Option<&T> {
        match (at >> Self::CHUNK_SHIFT).checked_sub(1) {
            None => self.first.get(at),
            Some(chunk) => self.rest.get(chunk)?.get(at % Self::CHUNK_LEN),
        }
    }

    pub(super) fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        match (at >> Self::CHUNK_SHIFT).checked_sub(1) {
            None => self.first.get_mut(at),
            Some(chunk) => self.rest.get_mut(chunk)?.get_mut(at % Self::CHUNK_LEN),
        }
    }

    pub(super) fn push(&mut self, value: T) {
        let chunk = match self.rest.last_mut() {
            None if self.first.len() < Self::CHUNK_LEN => &mut self.first,
            Some(last) if last.len() < Self::CHUNK_LEN => last,
            _ => self.rest.push_mut(Vec::new()),
        };
        if chunk.len() == chunk.capacity() {
            // By half and not by all of it: in swarms of ten, slots that nobody has are dear.
            let more = (chunk.len() / 2).max(4);
            chunk.reserve_exact(more.min(Self::CHUNK_LEN - chunk.len()));
        }
        chunk.push(value);
    }

    pub(super) fn pop(&mut self) -> Option<T> {
        let chunk = self.rest.last_mut().unwrap_or(&mut self.first);
        let value = chunk.pop();
        if chunk.len() < chunk.capacity() / 4 {
            chunk.shrink_to(chunk.capacity() / 2);
        }
        if chunk.is_empty()
            && self.rest.pop().is_some()
            && self.rest.len() < self.rest.capacity() / 4
        {
            self.rest.shrink_to(self.rest.capacity() / 2);
        }
        value
    }

    /// Replaces what stands at `at` by the last; gives what stood there.
    pub(super) fn swap_remove(&mut self, at: usize) -> Option<T> {
        let last = self.pop()?;
        match self.get_mut(at) {
            Some(place) => Some(std::mem::replace(place, last)),
            None => Some(last),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.first.iter().chain(self.rest.iter().flatten())
    }

    /// What is allocated, the allocator's own share included.
    pub(super) fn heap_bytes(&self) -> usize {
        let allocated = |bytes: usize| match bytes {
            0 => 0,
            _ => bytes + ALLOCATION_OVERHEAD_BYTES,
        };
        let chunks: usize = self
            .rest
            .iter()
            .map(|chunk| allocated(chunk.capacity() * size_of::<T>()))
            .sum();
        allocated(self.first.capacity() * size_of::<T>())
            + allocated(self.rest.capacity() * size_of::<Vec<T>>())
            + chunks
    }
}

impl<T> std::ops::Index<usize> for Chunked<T> {
    type Output = T;

    fn index(&self, at: usize) -> &T {
        match (at >> Self::CHUNK_SHIFT).checked_sub(1) {
            None => &self.first[at],
            Some(chunk) => &self.rest[chunk][at % Self::CHUNK_LEN],
        }
    }
}

impl<T> std::ops::IndexMut<usize> for Chunked<T> {
    fn index_mut(&mut self, at: usize) -> &mut T {
        match (at >> Self::CHUNK_SHIFT).checked_sub(1) {
            None => &mut self.first[at],
            Some(chunk) => &mut self.rest[chunk][at % Self::CHUNK_LEN],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behaves_as_a_vector() {
        let mut chunked = Chunked::default();
        let mut vector = Vec::new();
        let mut rng = crate::base::Rng::new(3);
        for round in 0..100_000_u32 {
            // Grows at first, then shrinks.
            if rng.below(100_000) > round {
                chunked.push(round);
                vector.push(round);
            } else if !vector.is_empty() {
                let at = rng.below(u32::try_from(vector.len()).unwrap()) as usize;
                assert_eq!(chunked.swap_remove(at), Some(vector.swap_remove(at)));
            }
            assert_eq!(chunked.len(), vector.len());
        }
        assert!(chunked.iter().eq(&vector));
        assert!(
            vector
                .iter()
                .enumerate()
                .all(|(at, value)| chunked[at] == *value)
        );
        assert_eq!(chunked.get(vector.len()), None);
        while chunked.pop().is_some() {}
        assert!(chunked.heap_bytes() < 200, "{}", chunked.heap_bytes());
    }
}
