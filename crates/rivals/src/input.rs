//! From features to states, for every system alike: the input layer of `nar4rec-layers`, and an embedding of the place in the
//! initial list.

use nar4rec_features::InputSpec;
use nar4rec_layers::FeatureEmbedding;
use nar4rec_tensor::{Bags, Exec, Init, Kind, ParameterId, Registry, Segments};
use std::sync::Arc;

use crate::Candidates;

/// Places that have an embedding of their own; those further down share the last.
const RANKS: usize = 64;

/// Embeddings of places begin uniform in ± this.
const RANK_BOUND: f32 = 0.1;

/// x_i = features of candidate i, projected + embedding of its place in the initial list.
#[derive(Debug, Clone)]
pub(crate) struct Input {
    features: FeatureEmbedding,
    ranks: ParameterId,
}

impl Input {
    /// Declares the parameters.
    pub(crate) fn new(registry: &mut Registry, spec: &InputSpec, width: usize) -> Self {
        Self {
            features: registry.scope("input", |registry| FeatureEmbedding::new(registry, spec, width)),
            ranks: registry.add("ranks", [RANKS, width], Kind::Table, Init::Uniform(RANK_BOUND)),
        }
    }

    /// The table of each of a candidate's bags.
    pub(crate) fn candidate_tables(&self) -> &[ParameterId] {
        self.features.candidate_tables()
    }

    /// `[rows, width]`, and which rows are whose.
    pub(crate) fn forward<E: Exec>(&self, ex: &mut E, candidates: Candidates<'_>) -> (E::Value, Arc<Segments>) {
        let segments = ex.segments(candidates.batch.lengths());
        let x = self.features.forward(ex, candidates.batch, &segments);
        let offsets: Vec<u32> = (0..=candidates.ranks.len() as u32).collect();
        let ids: Vec<u32> = candidates.ranks.iter().map(|rank| (*rank).min(RANKS as u32 - 1)).collect();
        let places = ex.embed(std::iter::once((self.ranks, Bags { offsets: &offsets, ids: &ids })));
        (ex.add(x, places), segments)
    }
}
