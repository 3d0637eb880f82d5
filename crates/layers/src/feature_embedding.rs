//! From encoded features to candidate states: x_i = W_c·[candidate features] + W_u·[user features] + b.
//!
//! User features are concatenated to every candidate's before the projection (docs/method.md §1); the product with a
//! concatenation is the sum of two products, and the user's is the same for all candidates of a request, so it is made once.
//!
//! ```text
//!   user       [numbers | mean embedding of each bag]                                           one row per request
//!   candidate  [numbers | mean embedding of each bag | user bag ∘ candidate bag of one table]   one row per candidate
//! ```

use std::sync::Arc;

use nar4rec_features::{Bags, FeatureBatch, InputSpec};
use nar4rec_tensor::{Exec, Init, Interaction, Kind, ParameterId, Registry, Segments};

use crate::{Linear, items::Split};

/// Embeddings begin uniform in ± this: small beside standardised numbers, so that rare ids add little noise.
const TABLE_BOUND: f32 = 0.1;

/// The input layer of generator and evaluator.
#[derive(Debug, Clone)]
pub struct FeatureEmbedding {
    /// For each bag of the user its table; likewise of the candidate.
    user_bags: Vec<ParameterId>,
    pub(crate) candidate_bags: Vec<ParameterId>,
    interactions: Arc<[Interaction]>,
    user_numbers: usize,
    pub(crate) candidate_numbers: usize,
    /// `None` if the schema has no user features.
    user: Option<Linear>,
    pub(crate) candidate: Linear,
    pub(crate) split: Split,
}

impl FeatureEmbedding {
    /// Declares the parameters for inputs of this shape and states of `width` numbers.
    pub fn new(registry: &mut Registry, spec: &InputSpec, width: usize) -> Self {
        let tables: Vec<ParameterId> = registry.scope("tables", |registry| {
            let table = spec.tables.iter().map(|table| {
                let init = Init::Uniform(TABLE_BOUND);
                registry.add(&table.name, [table.rows, table.dim], Kind::Table, init)
            });
            table.collect()
        });
        let (user, candidate) = (block_starts(spec, &spec.user_bags), block_starts(spec, &spec.candidate_bags));
        let interactions: Arc<[Interaction]> = spec
            .interactions
            .iter()
            .map(|&(of_user, of_candidate)| Interaction {
                wide: user[of_user],
                x: candidate[of_candidate],
                columns: spec.tables[spec.user_bags[of_user].table].dim,
            })
            .collect();
        let products: usize = interactions.iter().map(|block| block.columns).sum();
        let user_width = spec.user_numbers + user[spec.user_bags.len()];
        let candidate_width = spec.candidate_numbers + candidate[spec.candidate_bags.len()] + products;
        Self {
            user_bags: spec.user_bags.iter().map(|bag| tables[bag.table]).collect(),
            candidate_bags: spec.candidate_bags.iter().map(|bag| tables[bag.table]).collect(),
            interactions,
            user_numbers: spec.user_numbers,
            candidate_numbers: spec.candidate_numbers,
            user: (user_width > 0)
                .then(|| registry.scope("user", |registry| Linear::edge_without_bias(registry, user_width, width))),
            candidate: registry.scope("candidate", |registry| Linear::edge(registry, candidate_width, width)),
            split: Split::new(spec, [&user, &candidate]),
        }
    }

    /// The table of each of a candidate's bags.
    pub fn candidate_tables(&self) -> &[ParameterId] {
        &self.candidate_bags
    }

    /// The state of every candidate of the batch, `[rows, width]`; `segments` are its requests' rows.
    pub fn forward<E: Exec>(&self, ex: &mut E, batch: &FeatureBatch, segments: &Arc<Segments>) -> E::Value {
        ex.scope(|ex| {
            let user_bags = self.embed_user(ex, batch);
            let candidate_bags = embed(ex, &self.candidate_bags, &batch.candidate_bags);
            let products = user_bags
                .zip(candidate_bags)
                .filter(|_| !self.interactions.is_empty())
                .map(|(user, candidate)| ex.interact(user, candidate, segments, &self.interactions));
            let numbers =
                (self.candidate_numbers > 0).then(|| ex.input(&batch.candidate_numbers, self.candidate_numbers));
            let input = joined(ex, [numbers, candidate_bags, products]);
            let x = self.candidate.forward(ex, input);
            self.add_user(ex, (x, segments), batch, user_bags)
        })
    }

    /// The embeddings of the user's bags side by side, if there are any.
    pub(crate) fn embed_user<E: Exec>(&self, ex: &mut E, batch: &FeatureBatch) -> Option<E::Value> {
        embed(ex, &self.user_bags, &batch.user_bags)
    }

    /// x with W_u·[user features] added to every candidate of the user's.
    pub(crate) fn add_user<E: Exec>(
        &self,
        ex: &mut E,
        (x, segments): (E::Value, &Arc<Segments>),
        batch: &FeatureBatch,
        user_bags: Option<E::Value>,
    ) -> E::Value {
        let Some(user) = self.user else { return x };
        let numbers = (self.user_numbers > 0).then(|| ex.input(&batch.user_numbers, self.user_numbers));
        let input = joined(ex, [numbers, user_bags, None]);
        let u = user.forward(ex, input);
        ex.add_spread(x, u, segments)
    }
}

/// The first column of each bag's embedding among those of all, and at the end their number.
fn block_starts(spec: &InputSpec, bags: &[nar4rec_features::BagSpec]) -> Vec<usize> {
    let mut starts = vec![0];
    starts.extend(bags.iter().scan(0, |end, bag| {
        *end += spec.tables[bag.table].dim;
        Some(*end)
    }));
    starts
}

/// The embeddings of all bags side by side, if there are any.
pub(crate) fn embed<E: Exec>(ex: &mut E, tables: &[ParameterId], bags: &[Bags]) -> Option<E::Value> {
    (!tables.is_empty()).then(|| ex.embed(tables.iter().copied().zip(bags.iter().map(view))))
}

pub(crate) fn view(bags: &Bags) -> nar4rec_tensor::Bags<'_> {
    nar4rec_tensor::Bags { offsets: &bags.offsets, ids: &bags.ids }
}

/// The parts there are, side by side.
fn joined<E: Exec>(ex: &mut E, parts: [Option<E::Value>; 3]) -> E::Value {
    match parts {
        [Some(only), None, None] | [None, Some(only), None] | [None, None, Some(only)] => only,
        [Some(a), Some(b), None] | [Some(a), None, Some(b)] | [None, Some(a), Some(b)] => ex.concat(&[a, b]),
        [Some(a), Some(b), Some(c)] => ex.concat(&[a, b, c]),
        [None, None, None] => ex.concat(&[]),
    }
}
