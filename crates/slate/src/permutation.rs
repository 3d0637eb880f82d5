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
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
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
        let mut taken = vec![false; candidates];
        for (position, &index) in indices.iter().enumerate() {
            let slot = taken.get_mut(index).ok_or(PermutationError::OutOfRange { position, index, candidates })?;
            if std::mem::replace(slot, true) {
                return Err(PermutationError::Repeated { position, index });
            }
        }
        Ok(Self(indices))
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
}
