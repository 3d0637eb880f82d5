//! FPSM, the fine-grained permutation selection module: of the proposed lists those nearest to what the user took before.
//!
//! ```text
//!   past items r_1 … r_H, the newest last → past lists of m items: list 0 = (r_{H−m+1} … r_H), list 1 before it, …
//!   distance(list) = Σ_k recency^k · Hamming(hash(list), hash(past list k))      nearest first, equals as they are proposed
//! ```
//!
//! Nothing here is differentiable: what it selects is a decision, and gradients flow through what is predicted of the selected.

use super::{
    PierConfig,
    proposals::proposed,
    simhash::{SimHash, distance},
};

/// Decides the planes of every PIER alike: they are no parameters, and a saved model needs them again.
const PLANES_SEED: u64 = 0x5049_4552;

/// The module.
#[derive(Debug, Clone)]
pub(super) struct Fpsm {
    /// Nothing if the user's features tell of no past items.
    hash: Option<SimHash>,
    enumerated: usize,
    beam: usize,
    recency: f32,
}

/// What is known of one request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request<'a> {
    /// What the item tower predicts of each candidate.
    pub(super) scores: &'a [f32],
    /// The candidates' vectors, `[candidates, dim]`.
    pub(super) candidates: &'a [f32],
    /// Those of the past items, the newest last, `[past items, dim]`.
    pub(super) past: &'a [f32],
}

/// Lists in the order of selection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Selection {
    /// Candidates of the request, in display order.
    pub(super) lists: Vec<Vec<u32>>,
    /// Whether the nearest to the past comes first; without a past it is the greatest value.
    pub(super) measured: bool,
}

impl Fpsm {
    /// A module over vectors of `dim` numbers, if the user's features tell of past items.
    pub(super) fn new(config: &PierConfig, dim: Option<usize>) -> Self {
        Self {
            hash: dim.map(|dim| SimHash::new(config.bits, dim, PLANES_SEED)),
            enumerated: config.enumerated,
            beam: config.beam,
            recency: config.recency,
        }
    }

    /// The lists of `length`, or of all candidates if there are fewer, that are proposed to one request, nearest to its past
    /// first.
    pub(super) fn select(&self, request: Request<'_>, length: usize) -> Selection {
        let length = length.min(request.scores.len());
        let lists = proposed(request.scores, length, self.enumerated, self.beam);
        match &self.hash {
            Some(hash) if !request.past.is_empty() && length > 0 => {
                let distances = self.distances(hash, request, &lists, length);
                Selection { lists: nearest_first(lists, &distances), measured: true }
            }
            _ => Selection { lists, measured: false },
        }
    }

    /// How far each list is from the past.
    fn distances(&self, hash: &SimHash, request: Request<'_>, lists: &[Vec<u32>], length: usize) -> Vec<f32> {
        let bits = hash.bits();
        let (candidates, past) = (hash.products(request.candidates), hash.products(request.past));
        let past = past.rchunks(length * bits).map(|list| hash.hash(list.chunks_exact(bits)));
        let weights = std::iter::successors(Some(1.0), |weight| Some(weight * self.recency));
        let past: Vec<(u64, f32)> = past.zip(weights).collect();
        let items = |list: &[u32]| hash.hash(list.iter().map(|c| &candidates[*c as usize * bits..][..bits]));
        lists.iter().map(|list| distance(items(list), &past)).collect()
    }
}

/// The lists by their distances; equals as they came.
fn nearest_first(mut lists: Vec<Vec<u32>>, distances: &[f32]) -> Vec<Vec<u32>> {
    let mut order: Vec<usize> = (0..lists.len()).collect();
    order.sort_by(|a, b| distances[*a].total_cmp(&distances[*b]));
    order.into_iter().map(|index| std::mem::take(&mut lists[index])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIM: usize = 3;

    fn module(bits: usize) -> Fpsm {
        Fpsm::new(&PierConfig { bits, enumerated: 100, beam: 20, recency: 0.7, ..PierConfig::default() }, Some(DIM))
    }

    fn wave(count: usize, step: f32) -> Vec<f32> {
        (0..count).map(|i| (i as f32 * step + 0.3).sin()).collect()
    }

    /// Distances from vectors and planes directly.
    fn naive(fpsm: &Fpsm, request: Request<'_>, list: &[u32], length: usize) -> f32 {
        let hash = fpsm.hash.as_ref().unwrap();
        let of = |rows: Vec<&[f32]>| {
            let pooled: Vec<f32> = (0..DIM)
                .map(|c| rows.iter().enumerate().map(|(j, row)| row[c] / ((j + 2) as f32).log2()).sum())
                .collect();
            hash.products(&pooled).iter().map(|p| *p > 0.0).collect::<Vec<bool>>()
        };
        let list = of(list.iter().map(|c| &request.candidates[*c as usize * DIM..][..DIM]).collect());
        let past: Vec<&[f32]> = request.past.chunks(DIM).collect();
        let (mut end, mut sum, mut weight) = (past.len(), 0.0, 1.0);
        while end > 0 {
            let start = end.saturating_sub(length);
            let other = of(past[start..end].to_vec());
            sum += weight * list.iter().zip(&other).filter(|(a, b)| a != b).count() as f32;
            (end, weight) = (start, weight * 0.7);
        }
        sum
    }

    #[test]
    fn the_nearest_are_those_of_a_naive_sort() {
        let fpsm = module(16);
        let (scores, candidates, past) = (wave(4, 0.9), wave(4 * DIM, 1.3), wave(7 * DIM, 0.8));
        let request = Request { scores: &scores, candidates: &candidates, past: &past };
        for length in 1..=4 {
            let selection = fpsm.select(request, length);
            let mut expected = proposed(&scores, length, 100, 20);
            expected.sort_by(|a, b| naive(&fpsm, request, a, length).total_cmp(&naive(&fpsm, request, b, length)));
            assert_eq!(selection, Selection { lists: expected, measured: true });
        }
    }

    #[test]
    fn the_list_of_the_past_is_the_nearest() {
        let fpsm = module(64);
        let candidates = wave(5 * DIM, 1.9);
        let past: Vec<f32> = [3, 0, 4].iter().flat_map(|c| &candidates[c * DIM..][..DIM]).copied().collect();
        let request = Request { scores: &[0.5; 5], candidates: &candidates, past: &past };
        assert_eq!(fpsm.select(request, 3).lists[0], [3, 0, 4]);
    }

    #[test]
    fn without_a_past_the_order_is_that_of_the_proposals() {
        let (scores, candidates) = (wave(4, 0.9), wave(4 * DIM, 1.3));
        let request = Request { scores: &scores, candidates: &candidates, past: &[] };
        let expected = Selection { lists: proposed(&scores, 2, 100, 20), measured: false };
        assert_eq!(module(16).select(request, 2), expected);
        assert_eq!(Fpsm::new(&PierConfig::default(), None).select(request, 2), expected);
        assert_eq!(module(16).select(Request { past: &[1.0; DIM], ..request }, 0).lists, [[0; 0]]);
    }
}
