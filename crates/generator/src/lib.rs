//! The non-autoregressive generator: a matching model between candidates and positions (SPEC §1).
//!
//! ```text
//!   features ─→ X ──[ candidates block ]─ A ─→ X ──[ candidates block ]─ A ─→ X ──┐
//!                                         │                            │          ├─→ log P̂ [n, m]
//!   positions → T ──[ positions block ]───┘─→ T ──[ positions block ]──┘─→ T ─────┘
//! ```
//!
//! P̂ is the softmax of x_i·t_j over the candidates: each position is a distribution over them. All positions are computed
//! in one pass; none depends on what another one chose.

mod config;

pub use config::{CrossSource, GeneratorConfig, PositionSource};

use std::sync::Arc;

use nar4rec_features::{FeatureBatch, InputSpec};
use nar4rec_layers::{CandidateBlock, ConfigError, FeatureEmbedding, LayerNorm, Linear, NormPlacement, PositionBlock};
use nar4rec_tensor::{Exec, Init, Kind, ParameterId, Registry, Segments};

/// Position embeddings begin uniform in ± this: as N(0, 0.1²) in spread.
const POSITION_BOUND: f32 = 0.173;

/// The matching model.
#[derive(Debug, Clone)]
pub struct Generator {
    config: GeneratorConfig,
    input: FeatureEmbedding,
    positions: Positions,
    candidate_blocks: Vec<CandidateBlock>,
    position_blocks: Vec<PositionBlock>,
    /// Of candidates and of positions.
    last_norms: Option<[LayerNorm; 2]>,
}

/// Where the position stream begins.
#[derive(Debug, Clone, Copy)]
enum Positions {
    /// m learned vectors that all requests share.
    Shared(ParameterId),
    /// t_j = W_j · mean_i x_i, so that nothing but the candidates decides; W_j is m matrices in one.
    Candidates(Linear),
}

/// What a forward pass gives, for requests whose candidates are the rows of the batch.
#[derive(Debug, Clone)]
pub struct GeneratorOutput<V> {
    /// log P̂, `[rows, m]`.
    pub log_probabilities: V,
    /// Final candidate states, `[rows, d]`.
    pub candidates: V,
    /// Final position states, `[requests · m, d]`.
    pub positions: V,
    /// The rows of each request.
    pub segments: Arc<Segments>,
}

impl Generator {
    /// Declares the parameters of a generator for inputs of this shape.
    ///
    /// # Errors
    /// If the configuration cannot be built.
    pub fn new(registry: &mut Registry, spec: &InputSpec, config: &GeneratorConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let (block, m, d) = (config.block(), config.list_length, config.width);
        let layers = 0..config.layers;
        Ok(Self {
            input: registry.scope("input", |registry| FeatureEmbedding::new(registry, spec, d)),
            positions: match config.positions {
                PositionSource::Shared => {
                    let init = Init::Uniform(POSITION_BOUND);
                    Positions::Shared(registry.add("positions", [m, d], Kind::Table, init))
                }
                PositionSource::Candidates => Positions::Candidates(
                    registry.scope("positions", |registry| Linear::without_bias(registry, d, m * d)),
                ),
            },
            candidate_blocks: registry.scope("candidate_blocks", |registry| {
                layers.clone().map(|l| registry.scope(l, |registry| CandidateBlock::new(registry, &block))).collect()
            }),
            position_blocks: registry.scope("position_blocks", |registry| {
                layers.map(|l| registry.scope(l, |registry| PositionBlock::new(registry, &block))).collect()
            }),
            last_norms: (config.norm == NormPlacement::Pre).then(|| {
                // Two normalised vectors have products of order √d; with gains of d^-¼ they begin at order 1.
                let gain = (d as f32).powf(-0.25);
                ["candidate_norm", "position_norm"]
                    .map(|name| registry.scope(name, |registry| LayerNorm::new(registry, d, gain)))
            }),
            config: config.clone(),
        })
    }

    /// The configuration it was made from.
    pub fn config(&self) -> &GeneratorConfig {
        &self.config
    }

    /// The matching model's outputs for a batch.
    pub fn forward<E: Exec>(&self, ex: &mut E, batch: &FeatureBatch) -> GeneratorOutput<E::Value> {
        let segments = Arc::new(Segments::from_offsets(&batch.request_offsets));
        let x = self.input.forward(ex, batch);
        let mut x = ex.dropout(x, self.config.dropout);
        let position_segments = Arc::new(Segments::uniform(segments.count(), self.config.list_length));
        let mut b = self.first_positions(ex, x, &segments, &position_segments);
        let memories = self.candidate_states(ex, &mut x, &segments);
        for (l, block) in self.position_blocks.iter().enumerate() {
            let memory = match self.config.cross_source {
                CrossSource::SameLayer => memories[l],
                CrossSource::Final => x,
            };
            let t = block.read(ex, (b, &position_segments), (memory, &segments));
            b = match self.position_blocks.get(l + 1) {
                Some(next) => next.attend(ex, t, &position_segments),
                None => t,
            };
        }
        let (candidates, positions) = match self.last_norms {
            Some([of_candidates, of_positions]) => (of_candidates.forward(ex, x), of_positions.forward(ex, b)),
            None => (x, b),
        };
        let log_probabilities = ex.log_probabilities(candidates, positions, &segments, self.config.list_length);
        GeneratorOutput { log_probabilities, candidates, positions, segments }
    }

    /// Runs the candidates encoder: x becomes the final state; the states after each layer's self-attention come back.
    fn candidate_states<E: Exec>(&self, ex: &mut E, x: &mut E::Value, segments: &Arc<Segments>) -> Vec<E::Value> {
        let mut memories = Vec::with_capacity(self.candidate_blocks.len());
        for block in &self.candidate_blocks {
            let a = block.attend(ex, *x, segments);
            memories.push(a);
            *x = block.feed(ex, a);
        }
        memories
    }

    /// The position stream after the first layer's self-attention. Shared positions are the same for all requests until
    /// they read candidates, so they are attended to once and then repeated.
    fn first_positions<E: Exec>(
        &self,
        ex: &mut E,
        x: E::Value,
        segments: &Arc<Segments>,
        position_segments: &Arc<Segments>,
    ) -> E::Value {
        let m = self.config.list_length;
        let first = &self.position_blocks[0];
        match self.positions {
            Positions::Shared(table) => {
                let t = ex.parameter(table);
                let b = first.attend(ex, t, &Arc::new(Segments::uniform(1, m)));
                let rows: Arc<[u32]> = (0..segments.count()).flat_map(|_| 0..m as u32).collect();
                ex.gather(b, &rows)
            }
            Positions::Candidates(projection) => {
                let mean = ex.segment_mean(x, segments);
                let all = projection.forward(ex, mean);
                let t = ex.reshape(all, self.config.width);
                first.attend(ex, t, position_segments)
            }
        }
    }
}
