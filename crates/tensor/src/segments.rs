//! Which rows of a ragged batch belong together.

use std::ops::Range;

/// Consecutive runs of rows: the candidates of each request, or the positions, or the items of each list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segments {
    offsets: Vec<usize>,
}

impl Default for Segments {
    /// No segments.
    fn default() -> Self {
        Self { offsets: vec![0] }
    }
}

impl Segments {
    /// Segments of the given lengths, in order.
    pub fn of_lengths(lengths: impl IntoIterator<Item = usize>) -> Self {
        let mut segments = Self::default();
        segments.set(lengths);
        segments
    }

    /// Becomes segments of the given lengths and keeps the memory.
    pub fn set(&mut self, lengths: impl IntoIterator<Item = usize>) {
        self.clear();
        lengths.into_iter().for_each(|length| self.push(length));
    }

    /// Appends a segment.
    pub fn push(&mut self, length: usize) {
        self.offsets.push(self.rows() + length);
    }

    /// Removes all segments and keeps the memory.
    pub fn clear(&mut self) {
        self.offsets.truncate(1);
    }

    /// `count` segments of `length` rows each.
    pub fn uniform(count: usize, length: usize) -> Self {
        Self::of_lengths(std::iter::repeat_n(length, count))
    }

    /// The number of segments.
    pub fn count(&self) -> usize {
        self.offsets.len() - 1
    }

    /// The number of rows in all segments.
    pub fn rows(&self) -> usize {
        *self.offsets.last().expect("offsets begin with 0")
    }

    /// The rows of segment `index`.
    ///
    /// # Panics
    /// If there is no such segment.
    pub fn range(&self, index: usize) -> Range<usize> {
        self.offsets[index]..self.offsets[index + 1]
    }

    /// The rows of each segment, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Range<usize>> + '_ {
        self.offsets.windows(2).map(|pair| pair[0]..pair[1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_segments_agree() {
        let segments = Segments::of_lengths([2, 0, 3]);
        assert_eq!((segments.count(), segments.rows()), (3, 5));
        assert_eq!(segments.iter().collect::<Vec<_>>(), [0..2, 2..2, 2..5]);
        assert_eq!(Segments::uniform(2, 3), Segments::of_lengths([3, 3]));
        let mut again = segments.clone();
        again.clear();
        assert_eq!((again.count(), again.rows()), (0, 0));
        again.set([2, 0]);
        again.push(3);
        assert_eq!(again, segments);
    }
}
