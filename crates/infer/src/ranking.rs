//! The answer to a request.

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
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Ranking {
    /// The request's id.
    pub request_id: String,
    /// The list to show. It has fewer items than were asked for where fewer candidates may be shown.
    pub best: ScoredList,
    /// Other lists that were judged, those worth most first; empty unless asked for.
    pub alternatives: Vec<ScoredList>,
}

/// A list and what the model says of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ScoredList {
    /// The items in display order.
    pub items: Vec<PlacedItem>,
    /// Σ over items and feedback kinds of weight · probability, by the evaluator; of a `composed` list by the means that its
    /// items have, for it was not judged itself.
    pub utility: f32,
    /// Σ over positions of log P̂ of the item there, by the generator.
    pub log_probability: f32,
    /// The decoder that proposed it first, by its kind in the configuration such as `greedy`; `given` if the caller did,
    /// `composed` if it was made of the items worth most (`choice = "items"`), `exchanged` if of the list worth most by an exchange
    /// (`exchanges`).
    pub source: &'static str,
}

/// An item of a list.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct PlacedItem {
    /// The candidate's id.
    pub id: String,
    /// Its index among the request's candidates, from 0.
    pub index: usize,
    /// Where it stands, from 1.
    pub position: usize,
    /// P̂ of this candidate at this position: the position's distribution over all candidates.
    pub p: f32,
    /// The evaluator's probability of each feedback kind, in the model's order of kinds; in a `composed` list the mean over all lists that
    /// were judged.
    pub feedback: Vec<f32>,
}

/// Everything that was computed for a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// log P̂, row-major `[candidates, positions]`.
    pub log_probabilities: Vec<f32>,
    /// The number of positions.
    pub positions: usize,
    /// The distinct lists that were proposed, as the evaluator judged them, in the order of the decoders; the first is the generator's own
    /// choice. Those found by exchanges follow, round by round.
    pub proposals: Vec<ScoredList>,
    /// The list to show: the one of them worth most, or with `choice = "items"` that of the items worth most in all of them, which need not
    /// be one of them.
    pub chosen: ScoredList,
}
