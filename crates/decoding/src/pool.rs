//! Values that are used again instead of being made again.

/// A list of values whose memory outlives them: clearing it keeps them for those that come next.
#[derive(Debug, Clone)]
pub struct Pool<T> {
    values: Vec<T>,
    used: usize,
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self { values: Vec::new(), used: 0 }
    }
}

impl<T> Pool<T> {
    /// No values.
    pub fn clear(&mut self) {
        self.used = 0;
    }

    /// One more value, as its memory was left by an earlier one, or else as `new` makes it.
    pub fn next(&mut self, new: impl FnOnce() -> T) -> &mut T {
        if self.used == self.values.len() {
            self.values.push(new());
        }
        self.used += 1;
        &mut self.values[self.used - 1]
    }

    /// Makes sure that there is memory for `count` values, each made ready by `prepare`.
    pub fn reserve(&mut self, count: usize, new: impl FnMut() -> T, prepare: impl FnMut(&mut T)) {
        if self.values.len() < count {
            self.values.resize_with(count, new);
        }
        self.values.iter_mut().for_each(prepare);
    }

    /// At most `length` values.
    pub fn truncate(&mut self, length: usize) {
        self.used = self.used.min(length);
    }

    /// The values.
    pub fn as_slice(&self) -> &[T] {
        &self.values[..self.used]
    }

    /// The values, to change.
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        &mut self.values[..self.used]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cleared_comes_back_as_memory() {
        let mut pool = Pool::default();
        pool.next(|| vec![1]).push(2);
        pool.next(Vec::new).push(3);
        pool.truncate(1);
        assert_eq!(pool.as_slice(), [[1, 2]]);
        pool.clear();
        assert!(pool.as_slice().is_empty());
        assert_eq!(*pool.next(Vec::new), [1, 2]);
        assert_eq!(*pool.next(Vec::new), [3]);
    }
}
