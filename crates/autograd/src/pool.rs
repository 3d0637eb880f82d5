//! Buffers that go from step to step, so that training does not ask the system for memory.
//!
//! A tape of a thousand operations takes and gives as many buffers, of a few sizes: so they are kept by size, and finding one
//! does not look through all of them.

use std::collections::BTreeMap;

/// Buffers nobody uses at the moment, by capacity.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    free: BTreeMap<usize, Vec<Vec<f32>>>,
}

impl Pool {
    /// A buffer of `len` numbers of unspecified value: the smallest free one that is large enough.
    pub(crate) fn take(&mut self, len: usize) -> Vec<f32> {
        let mut fits = self.free.range_mut(len..).filter_map(|(_, buffers)| buffers.pop());
        let mut buffer = fits.next().unwrap_or_default();
        buffer.resize(len, 0.0);
        buffer
    }

    /// The numbers that all free buffers have room for.
    pub(crate) fn numbers(&self) -> usize {
        self.free.iter().map(|(capacity, buffers)| capacity * buffers.len()).sum()
    }

    /// Gives a buffer back.
    pub(crate) fn give(&mut self, buffer: Vec<f32>) {
        if buffer.capacity() > 0 {
            self.free.entry(buffer.capacity()).or_default().push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_that_is_large_enough_comes_back() {
        let mut pool = Pool::default();
        let capacities = [7, 3, 9, 3].map(|len| {
            let buffer = Vec::with_capacity(len);
            let capacity = buffer.capacity();
            pool.give(buffer);
            capacity
        });
        assert_eq!(capacities, [7, 3, 9, 3]);
        let mut taken = |len| (pool.take(len).capacity(), len);
        assert_eq!([taken(3), taken(2), taken(3), taken(8)], [(3, 3), (3, 2), (7, 3), (9, 8)]);
        assert_eq!(pool.take(4), [0.0; 4], "there is none left");
        pool.give(Vec::new());
        assert_eq!(pool.numbers(), 0);
        pool.give(Vec::with_capacity(5));
        assert_eq!(pool.numbers(), 5);
        pool.take(1);
        assert!(pool.free.values().all(Vec::is_empty));
    }
}
