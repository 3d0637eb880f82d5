//! The answer to a request.

use nar4rec_decoding::Decoded;
use nar4rec_slate::{Permutation, Request};
use serde::Serialize;

/// What a caller may ask beyond the best list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// How many items to show; the model's list length if not given, and never more than it.
    pub length: Option<usize>,
    /// How many lists besides the best to return.
    pub alternatives: usize,
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ranking {
    /// The request's id.
    pub request_id: String,
    /// The list to show.
    pub best: ScoredList,
    /// Other lists that were considered, the most valuable first; empty unless asked for.
    pub alternatives: Vec<ScoredList>,
}

/// A list and what the evaluator says it is worth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScoredList {
    /// The items in display order.
    pub items: Vec<PlacedItem>,
    /// Σ over items and feedback kinds of weight · probability.
    pub utility: f32,
    /// Σ over positions of log P̂ of the item there.
    pub log_probability: f32,
}

/// An item of a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlacedItem {
    /// The candidate's id.
    pub id: String,
    /// Its index among the request's candidates, from 0.
    pub index: usize,
    /// Where it stands, from 1.
    pub position: usize,
    /// P̂ of this candidate at this position: the position's distribution over all candidates.
    pub p: f32,
    /// The evaluator's probability of each feedback kind, in the model's order of kinds.
    pub feedback: Vec<f32>,
}

/// Everything that was computed for a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// log P̂, row-major `[candidates, positions]`.
    pub log_probabilities: Vec<f32>,
    /// The number of positions.
    pub positions: usize,
    /// The lists that were proposed, in the order of the decoders; the first is the generator's own choice.
    pub proposals: Vec<ScoredList>,
    /// Which of them is the best.
    pub best: usize,
}

impl Trace {
    /// The answer: the best list and the most valuable others.
    pub(crate) fn into_ranking(self, request: &Request, alternatives: usize) -> Ranking {
        let mut proposals = self.proposals;
        let best = proposals.remove(self.best);
        // A stable sort: of lists worth the same the one proposed first comes first.
        proposals.sort_by(|a, b| b.utility.total_cmp(&a.utility));
        proposals.truncate(alternatives);
        Ranking { request_id: request.request_id().to_owned(), best, alternatives: proposals }
    }
}

/// A list before the evaluator has seen it.
pub(crate) fn unscored(
    request: &Request,
    decoded: &Decoded,
    log_probabilities: &[f32],
    positions: usize,
) -> ScoredList {
    let p = |position: usize, index: usize| log_probabilities[index * positions + position].exp();
    ScoredList { log_probability: decoded.log_probability, ..placed(request, &decoded.list, p) }
}

/// A list of items without scores, whose probabilities `p` gives by position and index.
pub(crate) fn placed(request: &Request, list: &Permutation, p: impl Fn(usize, usize) -> f32) -> ScoredList {
    let place = |(position, index): (usize, usize)| PlacedItem {
        id: request.candidates()[index].id.clone(),
        index,
        position: position + 1,
        p: p(position, index),
        feedback: Vec::new(),
    };
    ScoredList { items: list.iter().enumerate().map(place).collect(), utility: 0.0, log_probability: 0.0 }
}
