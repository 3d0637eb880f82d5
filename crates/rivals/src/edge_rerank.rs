//! Edge-Rerank: the probability of each next item in view of the items before it, and a beam search for the list of greatest
//! expected reward (Gong et al. 2022, "Real-time Short Video Recommendation on Mobile Devices").
//!
//! ```text
//!   context of place t   [start; x of the items at places 0..t] + places
//!   a = attention of x_i over the context        z_i = wᵀ hidden layers of [x_i + place t; a]
//!   P(i is wanted at t | items before) = σ(z_i)        loss = binary cross-entropy        shown: the list of greatest LR found
//! ```
//!
//! Training scores the item of every place given the items that were shown before it, and every candidate that was not shown but
//! whose worth is known once, as if it stood at a place of the list that is drawn anew in each step. So each known item counts once,
//! as with the item-wise systems. Where candidates are known that were not shown, the same is done with
//! `drawn_lists` lists drawn of all that are known, in proportion to e^z at the first place: the search will ask about what
//! follows items that the network itself likes, and shown lists alone do not say that some of them are strangers. Candidates are
//! embedded once a pass, and the rest is one call per step of the search and one or two for the whole of training.
//!
//! # Where this is not the paper's
//!
//! - The paper predicts several kinds of feedback with a tower each, under mixed experts. A shown list here says of an item one
//!   thing, what it was worth, so there is one tower, and the reward of an item is its probability of being wanted.
//! - The reward is discounted by the probability that the user goes on, which the paper predicts from the same context. Logs of
//!   shown lists do not say where a user stopped, so it is a constant, `has_next`, 1 unless configured.
//! - The paper searches anew after each item that was watched and shows what the search has settled on. A list is asked for at once
//!   here: a search that has settled (see `search.rs`) goes on greedily to the end.
//! - What the device alone knows, such as what was watched since the last answer of the server, is no part of a request.

mod contexts;
mod search;

use nar4rec_autograd::{Gradients, Tape};
use nar4rec_evaluator::Lists;
use nar4rec_features::InputSpec;
use nar4rec_layers::{ConfigError, Linear};
use nar4rec_losses::binary_cross_entropy;
use nar4rec_tensor::{Activation, AttentionOperands, AttentionShape, Eager, Exec, Registry, Weights, Workspace};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

use crate::{
    Candidates, Counted, Ranked, Rival, Shown,
    config::{check_drawn_lists, check_share, checked_sizes, out_of_range},
    dnn::Hidden,
    drawn::{drawn, known_beyond},
    input::Input,
    places::Places,
};

pub(crate) use contexts::Contexts;
pub(crate) use search::BeamSearch;
#[cfg(test)]
pub(crate) use search::Found;

/// What an Edge-Rerank is made of, and how it searches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EdgeRerankConfig {
    /// Width of items and of the attention to those before.
    pub width: usize,
    /// Attention heads; they divide the width.
    pub heads: usize,
    /// Widths of the layers after the attention.
    pub hidden: Vec<usize>,
    /// Probability of dropping a number of an item's state in training.
    pub dropout: f32,
    /// Lists that the search keeps.
    pub beam: usize,
    /// The search goes on with the best list alone once least / greatest reward is above this; at 1 it never does.
    pub stability: f32,
    /// Probability that a user goes on to the next item.
    pub has_next: f32,
    /// Lists drawn of known candidates that are learned from with each shown list, where candidates not shown are known.
    pub drawn_lists: usize,
}

impl Default for EdgeRerankConfig {
    fn default() -> Self {
        Self {
            width: 128,
            heads: 4,
            hidden: vec![128, 64],
            dropout: 0.1,
            beam: 5,
            stability: 0.95,
            has_next: 1.0,
            drawn_lists: 1,
        }
    }
}

impl EdgeRerankConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        checked_sizes(self.width, &self.hidden, self.dropout)?;
        out_of_range("heads", self.heads, self.width)?;
        if !self.width.is_multiple_of(self.heads) {
            let problem = format!("{}, expected a divisor of the width {}", self.heads, self.width);
            return Err(ConfigError::new("heads", problem));
        }
        out_of_range("beam", self.beam, 1 << 10)?;
        check_drawn_lists(self.drawn_lists)?;
        check_share("stability", self.stability)?;
        check_share("has_next", self.has_next)
    }
}

/// The network and its search.
#[derive(Debug, Clone)]
pub struct EdgeRerank {
    input: Input,
    places: Places,
    query: Linear,
    key_value: Linear,
    hidden: Hidden,
    head: Linear,
    shape: AttentionShape,
    search: BeamSearch,
    dropout: f32,
    drawn_lists: usize,
}

/// Candidates, whatever stands before them.
struct Items<V> {
    /// `[rows, w]`
    x: V,
    /// Their queries, `[rows, w]`.
    q: V,
}

impl EdgeRerank {
    /// Declares the parameters.
    ///
    /// # Errors
    /// If a field is out of its range.
    pub fn new(registry: &mut Registry, spec: &InputSpec, config: &EdgeRerankConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let width = config.width;
        let last = config.hidden.last().copied().unwrap_or(2 * width);
        Ok(Self {
            input: Input::new(registry, spec, width),
            places: Places::new(registry, "places", width),
            query: registry.scope("query", |registry| Linear::new(registry, width, width)),
            key_value: registry.scope("key_value", |registry| Linear::new(registry, width, 2 * width)),
            hidden: Hidden::new(registry, 2 * width, &config.hidden),
            head: registry.scope("head", |registry| Linear::edge(registry, last, 1)),
            shape: AttentionShape { heads: config.heads, width },
            search: BeamSearch { beam: config.beam, stability: config.stability, has_next: config.has_next },
            dropout: config.dropout,
            drawn_lists: config.drawn_lists,
        })
    }

    fn items<E: Exec>(&self, ex: &mut E, candidates: Candidates<'_>) -> Items<E::Value> {
        let (x, _) = self.input.forward(ex, candidates);
        let x = ex.dropout(x, self.dropout);
        Items { x, q: self.query.forward(ex, x) }
    }

    /// The logit of each item that may come next, `[items, 1]`.
    fn logits<E: Exec>(&self, ex: &mut E, items: &Items<E::Value>, contexts: &Contexts) -> E::Value {
        ex.scope(|ex| {
            let (keys, key_segments) = contexts.keys(ex, items.x, self.places);
            let key_value = self.key_value.forward(ex, keys);
            let (x, query_segments) = contexts.queries(ex, items.x, self.places);
            let q = ex.gather(items.q, &Arc::new(contexts.items().to_vec()));
            let seen = ex.attention(AttentionOperands {
                q: (q, 0),
                k: (key_value, 0),
                v: (key_value, self.shape.width),
                query_segments: &query_segments,
                key_segments: &key_segments,
                shape: self.shape,
            });
            let both = ex.concat(&[x, seen]);
            let last = self.hidden.forward(ex, both);
            self.head.forward(ex, last)
        })
    }

    /// σ of them.
    fn wanted(&self, ex: &mut Eager<'_>, items: &Items<<Eager<'_> as Exec>::Value>, contexts: &Contexts) -> Vec<f32> {
        let p = ex.scope(|ex| {
            let logits = self.logits(ex, items, contexts);
            ex.activate(logits, Activation::Sigmoid)
        });
        ex.data(p).to_vec()
    }
}

/// Adds what training scores of some lists, one for each request or none; `seed` decides where candidates stand that are not in
/// them.
fn known<'l>(
    (shown, seed): (&Shown<'_>, u64),
    lists: impl Iterator<Item = Option<&'l [u32]>>,
    contexts: &mut Contexts,
) {
    let requests = shown.candidates.batch.request_rows();
    for (rows, list) in requests.zip(lists).filter_map(|(rows, list)| Some((rows, list?))) {
        let mut at: Vec<Vec<u32>> = vec![Vec::new(); list.len().max(1)];
        for row in rows.filter(|row| !shown.targets[*row].is_nan()) {
            at[shown.place(list, row, seed)].push(row as u32);
        }
        at.into_iter().enumerate().for_each(|(place, items)| contexts.push(&list[..place], items.into_iter()));
    }
}

impl EdgeRerank {
    /// Adds what training scores of lists drawn for the requests with known candidates that were not shown.
    fn draw<'a>(
        &self,
        tape: &mut Tape<'a>,
        items: &Items<<Tape<'a> as Exec>::Value>,
        shown: &Shown<'_>,
        contexts: &mut Contexts,
    ) {
        if self.drawn_lists == 0 {
            return;
        }
        let requests = shown.candidates.batch.request_rows();
        let beyond: Vec<(Vec<u32>, usize)> = requests
            .zip(shown.lists.segments().iter())
            .map(|(rows, places)| {
                let list = &shown.lists.rows()[places];
                (known_beyond(rows, list, shown.targets), list.len())
            })
            .collect();
        let mut first = Contexts::default();
        beyond.iter().for_each(|(rows, _)| first.push(&[], rows.iter().copied()));
        if first.items().is_empty() {
            return;
        }
        let mut rng = Pcg64Mcg::seed_from_u64(tape.draw_seed());
        let logits = self.logits(tape, items, &first);
        let mut by_row = vec![0.0; shown.targets.len()];
        first.items().iter().zip(tape.data(logits)).for_each(|(row, z)| by_row[*row as usize] = *z);
        for _ in 0..self.drawn_lists {
            let lists: Vec<Vec<u32>> =
                beyond.iter().map(|(rows, length)| drawn(rows, &by_row, *length, &mut rng)).collect();
            // A request for which nothing could be drawn has been learned from already.
            let drawn = lists.iter().map(Vec::as_slice).zip(&beyond);
            known((shown, rng.next_u64()), drawn.map(|(list, (rows, _))| (!rows.is_empty()).then_some(list)), contexts);
        }
    }
}

impl Rival for EdgeRerank {
    fn counted(&self) -> Counted {
        Counted::Items
    }

    fn loss(&self, mut tape: Tape<'_>, shown: &Shown<'_>, scale: f32, gradients: &mut Gradients) -> f64 {
        let lists = shown.lists.segments().iter().map(|places| &shown.lists.rows()[places]);
        let mut contexts = Contexts::default();
        known((shown, tape.draw_seed()), lists.map(Some), &mut contexts);
        if contexts.items().is_empty() {
            return 0.0;
        }
        let items = self.items(&mut tape, shown.candidates);
        self.draw(&mut tape, &items, shown, &mut contexts);
        let targets: Vec<f32> = contexts.items().iter().map(|row| shown.targets[*row as usize]).collect();
        let logits = self.logits(&mut tape, &items, &contexts);
        let mut d = tape.output_gradient(logits);
        let loss = binary_cross_entropy(tape.data(logits), &targets, scale, &mut d);
        tape.backward([d], gradients);
        loss
    }

    /// Scores are probabilities at the first place.
    fn rank(
        &self,
        weights: &Weights,
        memory: &mut Workspace,
        candidates: Candidates<'_>,
        length: usize,
    ) -> Vec<Ranked> {
        let mut ex = Eager::new(weights, memory);
        let items = self.items(&mut ex, candidates);
        let requests = candidates.batch.request_rows();
        let found = self.search.run(requests, length, |contexts| self.wanted(&mut ex, &items, contexts));
        let firsts = candidates.batch.request_offsets.iter();
        let ranked = found.into_iter().zip(firsts).map(|(found, first)| Ranked {
            list: found.list.iter().map(|row| *row as usize - first).collect(),
            scores: found.first,
        });
        ranked.collect()
    }

    fn probabilities(
        &self,
        weights: &Weights,
        memory: &mut Workspace,
        candidates: Candidates<'_>,
        lists: &Lists,
    ) -> Option<Vec<f32>> {
        let mut contexts = Contexts::default();
        for places in lists.segments().iter() {
            let list = &lists.rows()[places];
            for (place, row) in list.iter().enumerate() {
                contexts.push(&list[..place], std::iter::once(*row));
            }
        }
        if contexts.items().is_empty() {
            return Some(Vec::new());
        }
        let mut ex = Eager::new(weights, memory);
        let items = self.items(&mut ex, candidates);
        Some(self.wanted(&mut ex, &items, &contexts))
    }
}
