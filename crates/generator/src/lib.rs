//! The non-autoregressive generator: a matching model between candidates and positions (docs/method.md §1).
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

/// What [`Generator::first_positions`] computes: `[m, d]`, if positions are shared.
#[derive(Debug, Clone)]
pub struct FirstPositions(Option<Vec<f32>>);

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
        // Two normalised vectors have products of order √d; with gains of d^-¼ they begin at order 1.
        let last_gain = (d as f32).powf(-0.25);
        let layers = 0..config.layers;
        let scale = |layer: usize| if layer + 1 == config.layers { last_gain } else { 1.0 };
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
                layers
                    .clone()
                    .map(|l| registry.scope(l, |registry| CandidateBlock::ending(registry, &block, scale(l))))
                    .collect()
            }),
            position_blocks: registry.scope("position_blocks", |registry| {
                layers
                    .map(|l| registry.scope(l, |registry| PositionBlock::ending(registry, &block, scale(l))))
                    .collect()
            }),
            last_norms: (config.norm == NormPlacement::Pre).then(|| {
                ["candidate_norm", "position_norm"]
                    .map(|name| registry.scope(name, |registry| LayerNorm::new(registry, d, last_gain)))
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
        let segments = ex.segments(batch.lengths());
        let x = self.input.forward(ex, batch, &segments);
        self.run(ex, (x, segments), None)
    }

    /// The same from candidate states that [`Generator::input`] made, `[rows, d]`, the rows of each request being a segment, and
    /// what [`Generator::first_positions`] computed.
    pub fn forward_from<E: Exec>(
        &self,
        ex: &mut E,
        states: (E::Value, Arc<Segments>),
        first: &FirstPositions,
    ) -> GeneratorOutput<E::Value> {
        self.run(ex, states, first.0.as_deref())
    }

    /// From features to the first candidate states.
    pub fn input(&self) -> &FeatureEmbedding {
        &self.input
    }

    /// The position stream up to its first look at the candidates, which is the same for every request where positions are
    /// shared: compute it once, serve many.
    pub fn first_positions<E: Exec>(&self, ex: &mut E) -> FirstPositions {
        let shared = |table| {
            let b = self.attended_table(ex, table);
            ex.data(b).to_vec()
        };
        FirstPositions(self.positions.table().map(shared))
    }

    fn run<E: Exec>(
        &self,
        ex: &mut E,
        (x, segments): (E::Value, Arc<Segments>),
        first: Option<&[f32]>,
    ) -> GeneratorOutput<E::Value> {
        let m = self.config.list_length;
        let position_segments = ex.segments(std::iter::repeat_n(m, segments.count()));
        let mut x = ex.dropout(x, self.config.dropout);
        let mut b = self.before_candidates(ex, (x, &segments), first, &position_segments);
        for (l, block) in self.candidate_blocks.iter().enumerate() {
            let a = block.attend(ex, x, &segments);
            if self.config.cross_source == CrossSource::SameLayer {
                b = self.read(ex, l, (b, &position_segments), (a, &segments));
            }
            x = block.feed(ex, a);
        }
        if self.config.cross_source == CrossSource::Final {
            for l in 0..self.position_blocks.len() {
                b = self.read(ex, l, (b, &position_segments), (x, &segments));
            }
        }
        let (candidates, positions) = match self.last_norms {
            Some([of_candidates, of_positions]) => (of_candidates.forward(ex, x), of_positions.forward(ex, b)),
            None => (x, b),
        };
        let log_probabilities = ex.log_probabilities(candidates, positions, &segments, m);
        GeneratorOutput { log_probabilities, candidates, positions, segments }
    }

    /// Layer l of the position stream after its self-attention, and the self-attention of the next.
    fn read<E: Exec>(
        &self,
        ex: &mut E,
        l: usize,
        (b, segments): (E::Value, &Arc<Segments>),
        memory: (E::Value, &Arc<Segments>),
    ) -> E::Value {
        let t = self.position_blocks[l].read(ex, (b, segments), memory);
        match self.position_blocks.get(l + 1) {
            Some(next) => next.attend(ex, t, segments),
            None => t,
        }
    }

    /// The position stream after the first layer's self-attention. Shared positions are the same for all requests until
    /// they read candidates, so they are attended to once, or were before, and then repeated.
    fn before_candidates<E: Exec>(
        &self,
        ex: &mut E,
        (x, segments): (E::Value, &Arc<Segments>),
        first: Option<&[f32]>,
        position_segments: &Arc<Segments>,
    ) -> E::Value {
        match self.positions {
            Positions::Shared(table) => ex.scope(|ex| {
                let b = match first {
                    Some(b) => ex.input(b, self.config.width),
                    None => self.attended_table(ex, table),
                };
                ex.repeat(b, segments.count())
            }),
            Positions::Candidates(projection) => {
                let mean = ex.segment_mean(x, segments);
                let all = projection.forward(ex, mean);
                let t = ex.reshape(all, self.config.width);
                self.position_blocks[0].attend(ex, t, position_segments)
            }
        }
    }

    /// The shared positions after the first layer's self-attention, `[m, d]`.
    fn attended_table<E: Exec>(&self, ex: &mut E, table: ParameterId) -> E::Value {
        let one = ex.segments(std::iter::once(self.config.list_length));
        let t = ex.parameter(table);
        self.position_blocks[0].attend(ex, t, &one)
    }
}

impl Positions {
    fn table(self) -> Option<ParameterId> {
        match self {
            Self::Shared(table) => Some(table),
            Self::Candidates(_) => None,
        }
    }
}
