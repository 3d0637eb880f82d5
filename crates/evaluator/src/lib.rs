//! The evaluator: what a whole list is worth to a user (docs/method.md §4).
//!
//! ```text
//!   items in display order → features → + position (+ likeness to the items above) → L × { self-attention, feed-forward }
//!     → one logit per item and kind
//!   utility of the list = Σ_items Σ_kinds weight_kind · p(feedback of that kind)
//! ```
//!
//! Items attend to the items beside them, so the same item is worth more in one list than in another.

mod config;
mod likeness;

pub use config::{EvaluatorConfig, FeedbackKind};

use std::sync::Arc;

use nar4rec_features::{FeatureBatch, InputSpec};
use nar4rec_layers::{CandidateBlock, ConfigError, FeatureEmbedding, LayerNorm, Linear, NormPlacement};
use nar4rec_tensor::{Exec, Init, Kind, ParameterId, Registry, Segments};

use likeness::Likeness;

/// Position embeddings begin uniform in ± this.
const POSITION_BOUND: f32 = 0.1;

/// Lists over the rows of a feature batch. Cleared and filled again they allocate nothing, once they have held as much.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lists {
    /// The row of the batch that each place of each list holds.
    rows: Arc<Vec<u32>>,
    /// The places of each list.
    segments: Arc<Segments>,
}

impl Lists {
    /// Lists of rows, each in display order.
    pub fn new<'a>(lists: impl IntoIterator<Item = &'a [u32]>) -> Self {
        let mut all = Self::default();
        lists.into_iter().for_each(|list| all.push(list.iter().copied()));
        all
    }

    /// Appends a list of rows in display order.
    pub fn push(&mut self, list: impl ExactSizeIterator<Item = u32>) {
        Arc::make_mut(&mut self.segments).push(list.len());
        Arc::make_mut(&mut self.rows).extend(list);
    }

    /// Removes the lists and keeps the memory.
    pub fn clear(&mut self) {
        Arc::make_mut(&mut self.rows).clear();
        Arc::make_mut(&mut self.segments).clear();
    }

    /// The row of the batch that each place of each list holds, list by list.
    pub fn rows(&self) -> &Arc<Vec<u32>> {
        &self.rows
    }

    /// The places of each list.
    pub fn segments(&self) -> &Arc<Segments> {
        &self.segments
    }
}

/// The list model.
#[derive(Debug, Clone)]
pub struct Evaluator {
    config: EvaluatorConfig,
    input: FeatureEmbedding,
    positions: ParameterId,
    /// `None` if attention alone is to find what is alike.
    likeness: Option<Likeness>,
    blocks: Vec<CandidateBlock>,
    last_norm: Option<LayerNorm>,
    head: Linear,
}

impl Evaluator {
    /// Declares the parameters of an evaluator for inputs of this shape and lists of at most `list_length` items.
    ///
    /// # Errors
    /// If the configuration cannot be built.
    pub fn new(
        registry: &mut Registry,
        spec: &InputSpec,
        list_length: usize,
        config: &EvaluatorConfig,
    ) -> Result<Self, ConfigError> {
        config.validate()?;
        let (block, d) = (config.block(), config.width);
        Ok(Self {
            input: registry.scope("input", |registry| FeatureEmbedding::new(registry, spec, d)),
            positions: registry.add("positions", [list_length, d], Kind::Table, Init::Uniform(POSITION_BOUND)),
            likeness: registry.scope("likeness", |registry| Likeness::new(registry, list_length, d, config.likeness)),
            blocks: registry.scope("blocks", |registry| {
                let layers = 0..config.layers;
                layers.map(|l| registry.scope(l, |registry| CandidateBlock::new(registry, &block))).collect()
            }),
            last_norm: (config.norm == NormPlacement::Pre)
                .then(|| registry.scope("last_norm", |registry| LayerNorm::new(registry, d, 1.0))),
            head: registry.scope("head", |registry| Linear::edge(registry, d, config.feedback.len())),
            config: config.clone(),
        })
    }

    /// The configuration it was made from.
    pub fn config(&self) -> &EvaluatorConfig {
        &self.config
    }

    /// The logit of each feedback kind for every place of every list, `[places, kinds]`.
    ///
    /// # Panics
    /// If a list is longer than the evaluator was made for.
    pub fn forward<E: Exec>(&self, ex: &mut E, batch: &FeatureBatch, lists: &Lists) -> E::Value {
        let requests = ex.segments(batch.lengths());
        let states = self.input.forward(ex, batch, &requests);
        self.forward_from(ex, states, lists)
    }

    /// From features to the states of candidates.
    pub fn input(&self) -> &FeatureEmbedding {
        &self.input
    }

    /// The same from candidate states that [`Evaluator::input`] made, `[rows, d]`.
    ///
    /// # Panics
    /// If a list is longer than the evaluator was made for.
    pub fn forward_from<E: Exec>(&self, ex: &mut E, states: E::Value, lists: &Lists) -> E::Value {
        let shown = ex.gather(states, &lists.rows);
        let x = ex.add_places(shown, self.positions, &lists.segments);
        let x = match &self.likeness {
            Some(likeness) => likeness.forward(ex, x, states, lists),
            None => x,
        };
        let mut x = ex.dropout(x, self.config.dropout);
        for block in &self.blocks {
            let a = block.attend(ex, x, &lists.segments);
            x = block.feed(ex, a);
        }
        let x = self.last_norm.map_or(x, |norm| norm.forward(ex, x));
        self.head.forward(ex, x)
    }

    /// Σ over the places of a list and the kinds of weight · p, given the list's probabilities `[places, kinds]`.
    pub fn utility(&self, probabilities: &[f32]) -> f32 {
        let weights = self.config.feedback.iter().map(|kind| kind.weight);
        let places = probabilities.chunks_exact(self.config.feedback.len());
        places.map(|place| place.iter().zip(weights.clone()).map(|(p, weight)| p * weight).sum::<f32>()).sum()
    }
}
