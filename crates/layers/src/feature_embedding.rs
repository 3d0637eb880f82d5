//! From encoded features to candidate states: x_i = W_c·[candidate features] + W_u·[user features] + b.
//!
//! User features are concatenated to every candidate's before the projection (SPEC §1); the product with a concatenation is
//! the sum of two products, and the user's is the same for all candidates of a request, so it is made once.
//!
//! ```text
//!   user       [numbers | mean embedding of each bag]                                           one row per request
//!   candidate  [numbers | mean embedding of each bag | user bag ∘ candidate bag of one table]   one row per candidate
//! ```

use std::sync::Arc;

use nar4rec_features::{Bags, FeatureBatch, InputSpec};
use nar4rec_tensor::{Exec, Init, Kind, ParameterId, Registry};

use crate::Linear;

/// Embeddings begin uniform in ± this: small beside standardised numbers, so that rare ids add little noise.
const TABLE_BOUND: f32 = 0.1;

/// The input layer of generator and evaluator.
#[derive(Debug, Clone)]
pub struct FeatureEmbedding {
    tables: Vec<ParameterId>,
    /// For each bag of the user its table; likewise of the candidate.
    user_bags: Vec<usize>,
    candidate_bags: Vec<usize>,
    interactions: Vec<(usize, usize)>,
    user_numbers: usize,
    candidate_numbers: usize,
    /// `None` if the schema has no user features.
    user: Option<Linear>,
    candidate: Linear,
}

impl FeatureEmbedding {
    /// Declares the parameters for inputs of this shape and states of `width` numbers.
    pub fn new(registry: &mut Registry, spec: &InputSpec, width: usize) -> Self {
        let dim = |bag: usize| spec.tables[bag].dim;
        let user_bags: Vec<usize> = spec.user_bags.iter().map(|bag| bag.table).collect();
        let candidate_bags: Vec<usize> = spec.candidate_bags.iter().map(|bag| bag.table).collect();
        let user_width = spec.user_numbers + user_bags.iter().map(|table| dim(*table)).sum::<usize>();
        let products = spec.interactions.iter().map(|(user, _)| dim(user_bags[*user])).sum::<usize>();
        let bags = candidate_bags.iter().map(|table| dim(*table)).sum::<usize>();
        Self {
            tables: registry.scope("tables", |registry| {
                let tables = spec.tables.iter();
                let table = tables.map(|table| {
                    let init = Init::Uniform(TABLE_BOUND);
                    registry.add(&table.name, [table.rows, table.dim], Kind::Table, init)
                });
                table.collect()
            }),
            user: (user_width > 0)
                .then(|| registry.scope("user", |registry| Linear::without_bias(registry, user_width, width))),
            candidate: registry
                .scope("candidate", |registry| Linear::new(registry, spec.candidate_numbers + bags + products, width)),
            user_bags,
            candidate_bags,
            interactions: spec.interactions.clone(),
            user_numbers: spec.user_numbers,
            candidate_numbers: spec.candidate_numbers,
        }
    }

    /// The state of every candidate of the batch, `[rows, width]`.
    pub fn forward<E: Exec>(&self, ex: &mut E, batch: &FeatureBatch) -> E::Value {
        ex.scope(|ex| {
            let request_of_row: Arc<[u32]> = request_of_row(batch);
            let user_bags = self.embed(ex, &self.user_bags, &batch.user_bags);
            let candidate_bags = self.embed(ex, &self.candidate_bags, &batch.candidate_bags);

            let mut parts = Vec::with_capacity(1 + candidate_bags.len() + self.interactions.len());
            if self.candidate_numbers > 0 {
                parts.push(ex.input(&batch.candidate_numbers, self.candidate_numbers));
            }
            parts.extend(&candidate_bags);
            for (user, candidate) in &self.interactions {
                let repeated = ex.gather(user_bags[*user], &request_of_row);
                parts.push(ex.multiply(repeated, candidate_bags[*candidate]));
            }
            let input = joined(ex, &parts);
            let x = self.candidate.forward(ex, input);

            let Some(user) = self.user else { return x };
            let mut parts = Vec::with_capacity(1 + user_bags.len());
            if self.user_numbers > 0 {
                parts.push(ex.input(&batch.user_numbers, self.user_numbers));
            }
            parts.extend(&user_bags);
            let input = joined(ex, &parts);
            let u = user.forward(ex, input);
            let u = ex.gather(u, &request_of_row);
            ex.add(x, u)
        })
    }

    fn embed<E: Exec>(&self, ex: &mut E, tables: &[usize], bags: &[Bags]) -> Vec<E::Value> {
        let of = |bags: &Bags, table: usize, ex: &mut E| {
            ex.embed(self.tables[table], nar4rec_tensor::Bags { offsets: &bags.offsets, ids: &bags.ids })
        };
        bags.iter().zip(tables).map(|(bags, table)| of(bags, *table, ex)).collect()
    }
}

fn joined<E: Exec>(ex: &mut E, parts: &[E::Value]) -> E::Value {
    if let [only] = parts { *only } else { ex.concat(parts) }
}

fn request_of_row(batch: &FeatureBatch) -> Arc<[u32]> {
    let mut rows = Vec::new();
    batch.request_of_row(&mut rows);
    rows.into()
}
