//! A set of cells (row, candidate), one bit each.

/// The bits of a row, or of any set of candidates.
pub(crate) type Bits = Vec<u64>;

/// Makes a set of those of `candidates` for which `is_in` holds.
pub(crate) fn collect(bits: &mut Bits, candidates: usize, is_in: impl Fn(usize) -> bool) {
    bits.clear();
    bits.resize(candidates.div_ceil(64), 0);
    for candidate in (0..candidates).filter(|candidate| is_in(*candidate)) {
        bits[candidate / 64] |= 1 << (candidate % 64);
    }
}

/// A set of cells.
#[derive(Debug, Default)]
pub(crate) struct Cells {
    /// Row after row.
    bits: Bits,
    /// Words per row.
    words: usize,
}

impl Cells {
    /// Becomes the set of all cells.
    pub(crate) fn fill(&mut self, rows: usize, candidates: usize) {
        self.words = candidates.div_ceil(64);
        self.bits.clear();
        self.bits.resize(rows * self.words, u64::MAX);
    }

    /// Makes room for so many cells.
    pub(crate) fn reserve(&mut self, rows: usize, candidates: usize) {
        let words = rows * candidates.div_ceil(64);
        self.bits.reserve(words.saturating_sub(self.bits.len()));
    }

    /// Becomes a copy of `other`.
    pub(crate) fn copy(&mut self, other: &Self) {
        self.bits.clone_from(&other.bits);
        self.words = other.words;
    }

    pub(crate) fn has(&self, row: usize, candidate: usize) -> bool {
        self.bits[row * self.words + candidate / 64] >> (candidate % 64) & 1 == 1
    }

    /// Takes a cell out.
    pub(crate) fn remove(&mut self, row: usize, candidate: usize) {
        self.row_mut(row)[candidate / 64] &= !(1 << (candidate % 64));
    }

    /// Takes out of a row all cells but one, which stays if it was there.
    pub(crate) fn keep_only(&mut self, row: usize, candidate: usize) {
        let bit = u64::from(self.has(row, candidate)) << (candidate % 64);
        let bits = self.row_mut(row);
        bits.fill(0);
        bits[candidate / 64] = bit;
    }

    /// Takes out of a row what is in `set`.
    pub(crate) fn remove_all(&mut self, row: usize, set: &[u64]) {
        self.row_mut(row).iter_mut().zip(set).for_each(|(bits, set)| *bits &= !set);
    }

    /// Takes out of a row what is not in `set`.
    pub(crate) fn keep_all(&mut self, row: usize, set: &[u64]) {
        self.row_mut(row).iter_mut().zip(set).for_each(|(bits, set)| *bits &= set);
    }

    fn row_mut(&mut self, row: usize) -> &mut [u64] {
        &mut self.bits[row * self.words..][..self.words]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_beside_vectors_of_booleans() {
        let candidates = 130;
        let mut odd = Bits::new();
        collect(&mut odd, candidates, |candidate| candidate % 2 == 1);
        let mut cells = Cells::default();
        let is_row = |cells: &Cells, row, expected: &dyn Fn(usize) -> bool| {
            (0..candidates).all(|candidate| cells.has(row, candidate) == expected(candidate))
        };
        cells.fill(4, candidates);
        cells.remove(0, 64);
        cells.keep_all(1, &odd);
        cells.remove_all(2, &odd);
        cells.keep_only(3, 129);
        assert!(is_row(&cells, 0, &|candidate| candidate != 64));
        assert!(is_row(&cells, 1, &|candidate| candidate % 2 == 1));
        assert!(is_row(&cells, 2, &|candidate| candidate % 2 == 0));
        assert!(is_row(&cells, 3, &|candidate| candidate == 129));
        let mut copy = Cells::default();
        copy.copy(&cells);
        copy.keep_only(3, 5);
        assert!(is_row(&copy, 3, &|_| false) && is_row(&copy, 0, &|candidate| candidate != 64));
    }
}
