//! Which rows of a ragged batch belong together.

use std::ops::Range;

/// Consecutive runs of rows: the candidates of each request, or the positions, or the items of each list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segments {
    offsets: Vec<usize>,
}

impl Segments {
    /// Segments of the given lengths, in order.
    pub fn of_lengths(lengths: impl IntoIterator<Item = usize>) -> Self {
        let mut offsets = vec![0];
        let mut end = 0;
        offsets.extend(lengths.into_iter().map(|length| {
            end += length;
            end
        }));
        Self { offsets }
    }

    /// Segments between consecutive offsets, of which the first is 0 and none is less than the one before.
    ///
    /// # Panics
    /// If the offsets are not such.
    pub fn from_offsets(offsets: &[usize]) -> Self {
        assert!(offsets.first() == Some(&0) && offsets.is_sorted(), "offsets begin with 0 and never fall");
        Self { offsets: offsets.to_vec() }
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

    /// For every row the segment it belongs to.
    pub fn of_rows(&self) -> Vec<u32> {
        self.iter().enumerate().flat_map(|(segment, rows)| rows.map(move |_| segment as u32)).collect()
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
        assert_eq!(segments.of_rows(), [0, 0, 2, 2, 2]);
        assert_eq!(Segments::uniform(2, 3), Segments::of_lengths([3, 3]));
        assert_eq!(Segments::from_offsets(&[0, 2, 2, 5]), segments);
    }
}
