//! A vector in chunks: growing it moves little, shrinking it gives memory back, and the slack is at
//! most a chunk.

use std::mem::size_of;

const CHUNK_LEN: usize = 512;
const CHUNK_SHIFT: u32 = CHUNK_LEN.trailing_zeros();

/// Memory that an allocator spends on each allocation beside what was asked for.
pub(super) const ALLOCATION_OVERHEAD_BYTES: usize = 16;

#[derive(Debug)]
pub(super) struct Chunked<T> {
    /// All there is in most swarms.
    first: Vec<T>,
    /// Each with room for a whole chunk; all but the last are full.
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
    pub(super) fn len(&self) -> usize {
        match self.rest.last() {
            None => self.first.len(),
            Some(last) => self.rest.len() * CHUNK_LEN + last.len(),
        }
    }

    pub(super) fn get(&self, at: usize) -> Option<&T> {
        match (at >> CHUNK_SHIFT).checked_sub(1) {
            None => self.first.get(at),
            Some(chunk) => self.rest.get(chunk)?.get(at % CHUNK_LEN),
        }
    }

    pub(super) fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        match (at >> CHUNK_SHIFT).checked_sub(1) {
            None => self.first.get_mut(at),
            Some(chunk) => self.rest.get_mut(chunk)?.get_mut(at % CHUNK_LEN),
        }
    }

    pub(super) fn push(&mut self, value: T) {
        let len = self.first.len();
        if len < CHUNK_LEN {
            if len == self.first.capacity() {
                // By half and not by all of it: in swarms of ten, slots that nobody has are dear.
                let more = (len / 2).max(4).min(CHUNK_LEN - len);
                self.first.reserve_exact(more);
            }
            self.first.push(value);
            return;
        }
        match self.rest.last_mut().filter(|last| last.len() < CHUNK_LEN) {
            Some(last) => last.push(value),
            None => {
                let mut chunk = Vec::with_capacity(CHUNK_LEN);
                chunk.push(value);
                self.rest.push(chunk);
            }
        }
    }

    pub(super) fn pop(&mut self) -> Option<T> {
        let Some(last) = self.rest.last_mut() else {
            let value = self.first.pop();
            if self.first.len() < self.first.capacity() / 4 {
                self.first.shrink_to(self.first.capacity() / 2);
            }
            return value;
        };
        let value = last.pop();
        if last.is_empty() {
            self.rest.pop();
            if self.rest.len() < self.rest.capacity() / 4 {
                self.rest.shrink_to(self.rest.capacity() / 2);
            }
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
        match (at >> CHUNK_SHIFT).checked_sub(1) {
            None => &self.first[at],
            Some(chunk) => &self.rest[chunk][at % CHUNK_LEN],
        }
    }
}

impl<T> std::ops::IndexMut<usize> for Chunked<T> {
    fn index_mut(&mut self, at: usize) -> &mut T {
        match (at >> CHUNK_SHIFT).checked_sub(1) {
            None => &mut self.first[at],
            Some(chunk) => &mut self.rest[chunk][at % CHUNK_LEN],
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
        for round in 0..20_000_u32 {
            // Grows at first, then shrinks.
            if rng.below(20_000) > round {
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
