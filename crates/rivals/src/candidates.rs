//! What a system is given, and what it gives back.

use nar4rec_evaluator::Lists;
use nar4rec_features::FeatureBatch;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// The candidates of some requests.
#[derive(Debug, Clone, Copy)]
pub struct Candidates<'a> {
    /// Their features.
    pub batch: &'a FeatureBatch,
    /// Of each its place in the upstream ranker's order, from 0: the *initial list* of the literature. `[rows]`
    pub ranks: &'a [u32],
}

/// Some lists that were shown and what users did: one list for each request.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// The candidates of the requests.
    pub candidates: Candidates<'a>,
    /// Of each request the rows that were shown, in display order.
    pub lists: &'a Lists,
    /// Of each candidate what it was worth to the user, as a share of the most an item can be worth; NaN where that is not
    /// known. `[rows]`
    pub targets: &'a [f32],
}

impl Shown<'_> {
    /// The place at which a candidate is learned from: where it stood in its request's list; for one that was not shown a place
    /// drawn with `seed`, another one for each. A place that something which systems see decides, such as the rank in the initial
    /// list, would tell them what was shown and what was not.
    pub(crate) fn place(&self, list: &[u32], row: usize, seed: u64) -> usize {
        let shown = list.iter().position(|shown| *shown as usize == row);
        let rank = u64::from(self.candidates.ranks[row]);
        let drawn = || Pcg64Mcg::seed_from_u64(seed.wrapping_add(rank)).random_range(0..list.len().max(1));
        shown.unwrap_or_else(drawn)
    }
}

/// What a system makes of one request.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked {
    /// The candidates it would show, in display order: distinct indices.
    pub list: Vec<usize>,
    /// How much it likes each candidate: more is better, also than a candidate of another request, as AUC is over all of them.
    pub scores: Vec<f32>,
}

impl Ranked {
    /// The `length` candidates of the greatest score; among equals the one that comes first.
    pub fn greatest(scores: &[f32], length: usize) -> Self {
        let mut list: Vec<usize> = (0..scores.len()).collect();
        list.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
        list.truncate(length);
        Self { list, scores: scores.to_vec() }
    }
}

/// What a place of a list counts, from 0: the discount of DCG.
pub(crate) fn discount(place: usize) -> f32 {
    1.0 / ((place + 2) as f32).log2()
}

/// ln softmax of a request's logits: what a system says whose loss leaves open what is added to all of them.
pub(crate) fn log_softmax(logits: &[f32]) -> Vec<f32> {
    let greatest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = logits.iter().map(|z| (z - greatest).exp()).sum();
    logits.iter().map(|z| z - greatest - sum.ln()).collect()
}

/// The greatest of each request's rows.
pub(crate) fn greatest_of_each(batch: &FeatureBatch, scores: &[f32], length: usize) -> Vec<Ranked> {
    batch.request_rows().map(|rows| Ranked::greatest(&scores[rows], length)).collect()
}

#[cfg(test)]
mod tests {
    use nar4rec_features::InputSpec;
    use rand::Rng;

    use super::*;

    #[test]
    fn equals_stand_as_they_come() {
        let ranked = Ranked::greatest(&[0.5, 2.0, 0.5, -1.0, 2.0], 4);
        assert_eq!(ranked.list, [1, 4, 0, 2]);
        assert_eq!(Ranked::greatest(&[1.0], 3).list, [0]);
        assert_eq!(Ranked::greatest(&[], 3).list, [0; 0]);
    }

    /// Were it decided by the rank, which systems see, a network could tell from rank and place what was not shown.
    #[test]
    fn what_was_not_shown_stands_anywhere_whatever_its_rank() {
        let batch = FeatureBatch::new(&InputSpec::default());
        let (ranks, lists) = ([4, 0, 2, 1, 3], Lists::new([&[3, 1, 4][..]]));
        let shown =
            Shown { candidates: Candidates { batch: &batch, ranks: &ranks }, lists: &lists, targets: &[0.0; 5] };
        let mut seeds = Pcg64Mcg::seed_from_u64(1);
        let mut counts = [[0; 3]; 2];
        for _ in 0..3000 {
            let seed = seeds.next_u64();
            assert_eq!([3, 1, 4].map(|row| shown.place(lists.rows(), row, seed)), [0, 1, 2]);
            [0, 2].iter().zip(&mut counts).for_each(|(row, counts)| counts[shown.place(lists.rows(), *row, seed)] += 1);
        }
        // Four standard deviations of 3,000 draws of one in three are 103.
        assert!(counts.as_flattened().iter().all(|count: &i32| (count - 1000).abs() < 103), "{counts:?}");
    }
}
