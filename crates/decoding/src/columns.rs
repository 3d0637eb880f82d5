//! The candidates of each position in order of probability, worked out once per task for all decoders.
//!
//! The order is by log P̂, the greatest first, then by index. Of a pinned position it is the pinned candidate alone, of
//! any other the choices that are possible there. A position is sorted when a decoder first asks for it.
//!
//! Up to [`COUNTING_LIMIT`] candidates are sorted by counting for each how many are more probable: n² comparisons without a
//! branch, several at a time, are faster than n log n that depend on one another. Where two are exactly as probable, which
//! shows in the sum of the counts, they are sorted after all.

use crate::task::Task;

/// A candidate at its place in a column.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Ranked {
    candidate: u32,
    pub(crate) log_p: f32,
}

impl Ranked {
    pub(crate) fn candidate(self) -> usize {
        self.candidate as usize
    }
}

/// The columns of a task.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    /// `[positions, width]`, of each position the first `sizes[position]` in order.
    ranked: Vec<Ranked>,
    width: usize,
    sizes: Vec<usize>,
    /// The column being sorted.
    unsorted: Vec<Ranked>,
    keys: Vec<i32>,
    order: Vec<u64>,
}

/// The size of a column that nobody has asked for.
const UNSORTED: usize = usize::MAX;

/// Above this many candidates sorting is faster than counting.
const COUNTING_LIMIT: usize = 96;

/// How many candidates are counted side by side.
const LANES: usize = 4;

impl Columns {
    /// Columns of another task.
    pub(crate) fn begin(&mut self, task: &Task) {
        self.width = task.choices.len().max(1);
        self.sizes.clear();
        self.sizes.resize(task.length, UNSORTED);
        self.ranked.resize(task.length * self.width, Ranked::default());
        self.order.clear();
        self.order.reserve(self.width);
    }

    /// What may stand at `position`, the most probable first.
    pub(crate) fn column(&mut self, task: &Task, position: usize) -> &[Ranked] {
        if self.sizes[position] == UNSORTED {
            self.gather(task, position);
            self.sizes[position] = self.unsorted.len();
            let sorted = &mut self.ranked[position * self.width..][..self.unsorted.len()];
            let is_counted = sorted.len() <= COUNTING_LIMIT && count(&self.unsorted, &mut self.keys, sorted);
            if !is_counted {
                sort(&self.unsorted, &mut self.order, sorted);
            }
        }
        self.sorted(position)
    }

    /// A column that was asked for before.
    pub(crate) fn sorted(&self, position: usize) -> &[Ranked] {
        &self.ranked[position * self.width..][..self.sizes[position]]
    }

    fn gather(&mut self, task: &Task, position: usize) {
        let at = |candidate: usize| Ranked {
            candidate: candidate as u32,
            log_p: task.scores.log_probability(candidate, position),
        };
        self.unsorted.clear();
        match task.pinned[position] {
            Some(candidate) => self.unsorted.push(at(candidate)),
            None => self.unsorted.extend(task.choices.iter().map(|&choice| at(choice))),
        }
        if task.has_holes {
            self.unsorted.retain(|cell| cell.log_p > f32::NEG_INFINITY);
        }
    }
}

/// An integer that orders as `log_p` does under `total_cmp`.
pub(crate) fn key(log_p: f32) -> i32 {
    let bits = log_p.to_bits() as i32;
    bits ^ (((bits >> 31) as u32) >> 1) as i32
}

/// Sorts `cells`, which are in order of index, into `sorted`.
fn sort(cells: &[Ranked], order: &mut Vec<u64>, sorted: &mut [Ranked]) {
    let entry = |(place, cell): (usize, &Ranked)| {
        // The greatest key first: its complement, moved from the order of signed numbers to that of unsigned ones.
        let descending = (!key(cell.log_p) as u32) ^ (1 << 31);
        u64::from(descending) << 32 | place as u64
    };
    order.clear();
    order.extend(cells.iter().enumerate().map(entry));
    order.sort_unstable();
    for (slot, entry) in sorted.iter_mut().zip(&*order) {
        *slot = cells[(entry & u64::from(u32::MAX)) as usize];
    }
}

/// The same by counting, [`LANES`] candidates at a time, unless two are equal.
fn count(cells: &[Ranked], keys: &mut Vec<i32>, sorted: &mut [Ranked]) -> bool {
    keys.clear();
    keys.extend(cells.iter().map(|cell| key(cell.log_p)));
    keys.resize(cells.len().next_multiple_of(LANES), i32::MIN);
    let mut sum = 0;
    for (block, cells) in keys.as_chunks::<LANES>().0.iter().zip(cells.chunks(LANES)) {
        let mut greater = [0_i32; LANES];
        for &other in &*keys {
            (0..LANES).for_each(|lane| greater[lane] += i32::from(other > block[lane]));
        }
        for (cell, rank) in cells.iter().zip(greater) {
            sorted[rank as usize] = *cell;
            sum += rank as usize;
        }
    }
    2 * sum == cells.len() * cells.len().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cells of which many are equal, and both zeros.
    fn tied(length: usize) -> Vec<Ranked> {
        let values = [-1.5, 0.0, -0.0, -3.0, f32::MIN, 2.5, -1e-40, f32::MIN_POSITIVE];
        (0..length).map(|i| Ranked { candidate: 3 * i as u32, log_p: values[(i * 7919 + length) % 31 % 8] }).collect()
    }

    fn distinct(length: usize) -> Vec<Ranked> {
        let value = |i: usize| ((i * 7919) % 1009) as f32 - 500.0;
        (0..length).map(|i| Ranked { candidate: 3 * i as u32, log_p: value(i) }).collect()
    }

    #[test]
    fn counting_and_sorting_agree_with_the_definition_at_every_size() {
        for length in [0, 1, 2, LANES - 1, LANES, LANES + 1, 3 * LANES, COUNTING_LIMIT, COUNTING_LIMIT + 1, 300] {
            for (cells, is_distinct) in [(distinct(length), true), (tied(length), length < 2)] {
                let mut expected = cells.clone();
                expected.sort_by(|a, b| b.log_p.total_cmp(&a.log_p).then(a.candidate.cmp(&b.candidate)));
                let mut sorted = vec![Ranked::default(); length];
                sort(&cells, &mut Vec::new(), &mut sorted);
                assert_eq!(sorted, expected);
                let is_counted = count(&cells, &mut Vec::new(), &mut sorted);
                assert!(is_counted || !is_distinct);
                assert!(!is_counted || sorted == expected);
            }
        }
    }
}
