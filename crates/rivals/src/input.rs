//! From features to states, for every system alike: the input layer of `nar4rec-layers`, and an embedding of the place in the
//! initial list.

use nar4rec_features::InputSpec;
use nar4rec_layers::FeatureEmbedding;
use nar4rec_tensor::{Exec, ParameterId, Registry, Segments};
use std::sync::Arc;

use crate::{Candidates, places::Places};

/// x_i = features of candidate i, projected + embedding of its place in the initial list.
#[derive(Debug, Clone)]
pub(crate) struct Input {
    features: FeatureEmbedding,
    ranks: Places,
}

impl Input {
    /// Declares the parameters.
    pub(crate) fn new(registry: &mut Registry, spec: &InputSpec, width: usize) -> Self {
        Self {
            features: registry.scope("input", |registry| FeatureEmbedding::new(registry, spec, width)),
            ranks: Places::new(registry, "ranks", width),
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
        (self.ranks.add_to(ex, x, candidates.ranks.iter().map(|rank| *rank as usize)), segments)
    }
}
