//! What a system is given, and what it gives back.

use nar4rec_evaluator::Lists;
use nar4rec_features::FeatureBatch;

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
    /// that its rank in the initial list decides, so that such candidates are spread over all places.
    pub(crate) fn place(&self, list: &[u32], row: usize) -> usize {
        let shown = list.iter().position(|shown| *shown as usize == row);
        shown.unwrap_or(self.candidates.ranks[row] as usize % list.len().max(1))
    }
}

/// What a system makes of one request.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked {
    /// The candidates it would show, in display order: distinct indices.
    pub list: Vec<usize>,
    /// How much it likes each candidate: more is better.
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

/// The greatest of each request's rows.
pub(crate) fn greatest_of_each(batch: &FeatureBatch, scores: &[f32], length: usize) -> Vec<Ranked> {
    batch.request_rows().map(|rows| Ranked::greatest(&scores[rows], length)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_stand_as_they_come() {
        let ranked = Ranked::greatest(&[0.5, 2.0, 0.5, -1.0, 2.0], 4);
        assert_eq!(ranked.list, [1, 4, 0, 2]);
        assert_eq!(Ranked::greatest(&[1.0], 3).list, [0]);
        assert_eq!(Ranked::greatest(&[], 3).list, [0; 0]);
    }
}
