//! An ordered choice of distinct candidates: what every decoder returns.

/// An ordered choice of distinct candidates out of n. It exists only if it is valid.
///
/// ```
/// use nar4rec_slate::Permutation;
/// let list = Permutation::new(vec![4, 0, 2], 5)?;
/// assert_eq!(list.as_slice(), [4, 0, 2]);
/// assert!(Permutation::new(vec![1, 1], 5).is_err());
/// # Ok::<(), nar4rec_slate::PermutationError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Permutation(Vec<usize>);

/// Why a sequence of indices is no permutation of candidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PermutationError {
    /// An index at or beyond the number of candidates.
    #[error("position {position} holds candidate {index}, but there are only {candidates} candidates")]
    OutOfRange {
        /// Where it stands.
        position: usize,
        /// The index found there.
        index: usize,
        /// The number of candidates.
        candidates: usize,
    },
    /// The same candidate at two positions.
    #[error("position {position} holds candidate {index}, which stands at an earlier position already")]
    Repeated {
        /// Where it stands the second time.
        position: usize,
        /// The repeated index.
        index: usize,
    },
}

impl Permutation {
    /// The list `indices`, whose entry at place j is the candidate shown at position j, out of `candidates` candidates.
    ///
    /// # Errors
    /// If an index is out of range or stands twice.
    pub fn new(indices: Vec<usize>, candidates: usize) -> Result<Self, PermutationError> {
        check(&indices, candidates)?;
        Ok(Self(indices))
    }

    /// Becomes the list `indices` of `candidates` candidates, in the memory it has; unchanged if there is an error.
    ///
    /// ```
    /// use nar4rec_slate::Permutation;
    /// let mut list = Permutation::default();
    /// list.refill(&[1, 3], 4)?;
    /// assert!(list.refill(&[1, 1, 1], 4).is_err());
    /// assert_eq!(list.as_slice(), [1, 3]);
    /// # Ok::<(), nar4rec_slate::PermutationError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Permutation::new`].
    pub fn refill(&mut self, indices: &[usize], candidates: usize) -> Result<(), PermutationError> {
        check(indices, candidates)?;
        self.0.clear();
        self.0.extend_from_slice(indices);
        Ok(())
    }

    /// Makes room for `length` candidates, so that refilling with no more of them allocates nothing.
    pub fn reserve(&mut self, length: usize) {
        self.0.reserve(length.saturating_sub(self.0.len()));
    }

    /// The candidate at each position.
    pub fn as_slice(&self) -> &[usize] {
        &self.0
    }

    /// The number of positions filled.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no position is filled.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The candidates, in order of position.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = usize> + '_ {
        self.0.iter().copied()
    }
}

/// The size of the table of [`check`].
const MARKS: usize = 512;

/// Whether every index is below `candidates` and stands once.
///
/// Indices are marked in a table that fits the stack, where those that differ by a multiple of its size share a mark: an
/// index whose mark is there already is looked for among those before it.
fn check(indices: &[usize], candidates: usize) -> Result<(), PermutationError> {
    let mut marks = [0_u64; MARKS / 64];
    for (position, &index) in indices.iter().enumerate() {
        if index >= candidates {
            return Err(PermutationError::OutOfRange { position, index, candidates });
        }
        let (word, bit) = (&mut marks[index % MARKS / 64], 1 << (index % 64));
        if *word & bit != 0 && indices[..position].contains(&index) {
            return Err(PermutationError::Repeated { position, index });
        }
        *word |= bit;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_distinct_existing_candidates() {
        assert!(Permutation::new(vec![], 0).unwrap().is_empty());
        assert_eq!(Permutation::new(vec![2, 0], 3).unwrap().len(), 2);
        assert_eq!(
            Permutation::new(vec![0, 3], 3),
            Err(PermutationError::OutOfRange { position: 1, index: 3, candidates: 3 })
        );
        assert_eq!(Permutation::new(vec![1, 0, 1], 3), Err(PermutationError::Repeated { position: 2, index: 1 }));
    }

    /// Against a mark for every candidate, over indices of which many share one of the table's.
    #[test]
    fn repeated_indices_are_found_wherever_they_stand() {
        let number = |i: usize| (i * 2_654_435_761) % 1_000_003;
        for seed in 0..2_000 {
            let length = seed % 40;
            let indices: Vec<usize> = (0..length).map(|i| number(seed * 40 + i) % 40 * (MARKS / 8)).collect();
            let mut seen = vec![false; 40 * MARKS];
            let repeated = indices.iter().position(|&index| std::mem::replace(&mut seen[index], true));
            let expected = repeated
                .map_or(Ok(()), |position| Err(PermutationError::Repeated { position, index: indices[position] }));
            assert_eq!(check(&indices, 40 * MARKS), expected);
        }
    }

    #[test]
    fn what_is_refused_changes_nothing() {
        let mut list = Permutation::new(vec![4, 0, 2], 5).unwrap();
        assert!(list.refill(&[0, 5], 5).is_err() && list.refill(&[3, 3], 5).is_err());
        assert_eq!(list.as_slice(), [4, 0, 2]);
        list.refill(&[600, 88], 601).unwrap();
        assert_eq!(list.as_slice(), [600, 88]);
    }
}
